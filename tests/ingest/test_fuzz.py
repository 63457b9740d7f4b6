"""Whatever a reader is given, it ends, and says of every record what became of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingest.generated_inputs import generated
from tests.ingest.one_trace import as_jaeger, as_langfuse, as_otlp, as_sdk, as_zipkin
from tests.ingest.reader_laws import Store, held
from tests.thoroughness import how_many

EXAMPLES = how_many(8, thorough=30)
CORPUS = dict(generated())
unhurried = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.just({}),
    st.just([]),
)


@pytest.mark.parametrize("name", CORPUS)
@unhurried
@given(data=st.data())
def test_damaged_bytes(name: str, data: st.DataObject) -> None:
    """Bytes of every format, with some overwritten, taken out, doubled or cut off."""
    content = bytearray(CORPUS[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        kind = data.draw(st.sampled_from(("overwrite", "remove", "repeat", "cut")))
        if kind == "overwrite":
            content[at : at + 3] = data.draw(st.binary(max_size=4))
        elif kind == "remove":
            del content[at : at + data.draw(st.integers(1, 40))]
        elif kind == "repeat":
            content[at:at] = content[at : at + data.draw(st.integers(1, 400))]
        else:
            del content[max(at, 1) :]
    Store().land(held(bytes(content)))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every member of every object and list inside a value."""
    keys = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    return [(value, key) for key in keys] + [inner for key in keys for inner in places(value[key])]


@pytest.mark.parametrize(
    ("write", "records"),
    [
        (lambda spans: [as_otlp()] * spans, 4),
        (lambda spans: [as_jaeger()] * spans, 4),
        (lambda spans: as_zipkin() * spans, 1),
        (lambda spans: as_sdk() * spans, 1),
        (lambda spans: [as_langfuse()] * spans, 4),
    ],
    ids=["otlp", "jaeger", "zipkin", "sdk", "langfuse"],
)
@unhurried
@given(data=st.data())
def test_values_of_another_kind_cost_no_other_record(
    write: Callable[[int], list[Any]], records: int, data: st.DataObject
) -> None:
    """One document of three has a value that no exporter would write: the records of the others are all there."""
    documents = json.loads(json.dumps(write(3)))
    container, key = data.draw(st.sampled_from(places(documents[1])))
    container[key] = data.draw(scalars)
    text = "\n".join(json.dumps(each) for each in documents).encode()
    batches = held(text)
    Store().land(batches)
    found = sum(batch.records for batch in batches)
    assert found >= len(documents) * records - records
