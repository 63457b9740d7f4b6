"""One input of every format and layout that the tests generate: where mutations begin.

Shape out: names and bytes.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from tests.ingest.one_trace import WRITTEN, as_logs, logs_message
from tests.ingest.otlp_exports import LAYOUTS, SPELLINGS, as_lines, as_message, export, framed_big_endian
from tests.ingest.test_log_mappings import SPEND, UNKNOWN_LOG


def generated() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of inputs that need no file."""
    for name, (_, write) in WRITTEN.items():
        yield name, write()
    exports = [export(seed, 2) for seed in range(2)]
    for layout in LAYOUTS:
        yield layout.__name__, layout(exports)
    for spelling in SPELLINGS:
        yield spelling.__name__, as_lines([spelling(each) for each in exports])
    yield "framed", framed_big_endian([as_message(each) for each in exports])
    yield "logs", json.dumps(as_logs()).encode()
    yield "logs_protobuf", logs_message(as_logs())
    yield "packed", gzip.compress(as_lines(exports))
    yield "spend", json.dumps(SPEND).encode()
    yield "unknown", json.dumps(UNKNOWN_LOG).encode()
    yield "csv", b"start_ns,input_tokens,output_tokens,operation\n1795478400000000000,3,4,chat\n1,x,,\n"
    yield "azure", b"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n"
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"start_ns": [1795478400000000000], "input_tokens": [3]}), sink)
    yield "parquet", sink.getvalue().to_pybytes()
