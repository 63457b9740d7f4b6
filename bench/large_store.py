"""A store of as many requests as a bench asks for: the sample traces again and again, each time under other trace ids
and later.
"""

from __future__ import annotations

from pathlib import Path

from costctl.ingest.loader import ingest
from costctl.store.database import open_store
from costctl.store.spans import SPANS_OF_A_SOURCE

SAMPLE = Path(__file__).resolve().parents[1] / "sample_traces" / "requests.jsonl.gz"
_ROOM = "8GB"


def write_large_store(path: Path, requests: int) -> tuple[int, int]:
    """Write it; how many requests and spans it holds."""
    with open_store(path) as connection:
        ingest(connection, [str(SAMPLE)])
        ((traces, length_ns),) = connection.execute(
            "SELECT COUNT(DISTINCT trace_id), MAX(end_ns) - MIN(start_ns) + 1000000000 FROM spans"
        ).fetchall()
        columns = [row[0] for row in connection.execute("DESCRIBE spans").fetchall()]
        moved = {
            "trace_id": "SUBSTR(trace_id, 1, 8) || PRINTF('%08x', copy) || SUBSTR(trace_id, 17)",  # zeros in the sample
            "start_ns": f"start_ns + copy * {length_ns}",
            "end_ns": f"end_ns + copy * {length_ns}",
            "store_key": f"store_key + copy * {SPANS_OF_A_SOURCE}",
        }
        selected = ", ".join(moved.get(name, name) for name in columns)
        connection.execute(f"SET memory_limit = '{_ROOM}'")
        connection.execute("CREATE TEMP TABLE original AS SELECT * FROM spans")
        copies = max(1, round(requests / traces))
        connection.execute(
            f"INSERT INTO spans SELECT {selected} FROM original, RANGE(1, {copies}) AS c(copy)"
        )
        ((spans,),) = connection.execute("SELECT COUNT(*) FROM spans").fetchall()
    return copies * int(traces), int(spans)
