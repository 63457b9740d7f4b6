"""What a message says of a URI has no key in it."""

from __future__ import annotations

import pytest

from costctl.ingest.source import without_secrets


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("s3://AKIA:SECRET@bucket/x.jsonl?X-Amz-Signature=SECRET", "s3://bucket/x.jsonl"),
        ("s3://bucket/day-?.jsonl", "s3://bucket/day-?.jsonl"),
        ("gs://bucket/x@y.jsonl", "gs://bucket/x@y.jsonl"),
        ("traces/a?b=c.jsonl", "traces/a?b=c.jsonl"),
    ],
)
def test_a_message_names_the_object_and_not_the_key(uri: str, said: str) -> None:
    assert without_secrets(uri) == said
