"""What must hold of every reader, whatever bytes it is given: it ends, and says of each record what became of it."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from costctl.errors import InputError
from costctl.ingest.batch import Batch
from costctl.ingest.detect import detect
from costctl.ingest.dialect import Translation, shipped_vocabulary
from costctl.ingest.landing import drop_duplicates, insert_batch
from costctl.ingest.source import Source
from costctl.ingest.stream import SourceStream
from costctl.ingest.unnamed_calls import UnnamedCalls
from costctl.store.database import create_tables
from costctl.store.spans import MODEL_OPERATIONS

REQUIRED = ("trace_id", "span_id", "source_position")


def batches_of(data: bytes) -> Iterator[Batch]:
    """The batches that some bytes are read as; none where they are refused."""
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        path = None
        if data.startswith(b"PAR1"):  # its index stands at the end: it is read from a file
            file.write(data)
            file.flush()
            path = Path(file.name)
        source = Source("fuzz", path, size=len(data))
        try:
            stream = SourceStream(io.BytesIO(data), "fuzz")
            yield from detect(stream, source, Translation(shipped_vocabulary()), None).batches
        except InputError:
            return


def held(data: bytes) -> list[Batch]:
    """The batches, after each was held to what must be true of it."""
    calls = UnnamedCalls()
    found = [calls.named(batch) for batch in batches_of(data)]
    for batch in found:
        for name in REQUIRED:
            assert batch.spans.column(name).null_count == 0, name
        timeless = batch.spans.filter(batch.spans["start_ns"].is_null())
        assert set(timeless["operation"].to_pylist()) <= set(MODEL_OPERATIONS)
        assert batch.records == batch.spans.num_rows + sum(reject.records for reject in batch.rejects)
        assert all(len(reject.excerpt) <= 200 and reject.code for reject in batch.rejects)
    return found


class Store:
    """A store in memory, to hold what lands to what was read."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        create_tables(self._connection)

    def land(self, batches: list[Batch]) -> None:
        """Records in = spans + rejected + duplicates; the store is left empty."""
        landed = 0
        for batch in batches:
            insert_batch(self._connection, 1, landed, batch)
            landed += batch.spans.num_rows
        duplicates = drop_duplicates(self._connection, 1)
        ((spans,),) = self._connection.execute("SELECT COUNT(*) FROM spans").fetchall()
        rejected = sum(reject.records for batch in batches for reject in batch.rejects)
        assert sum(batch.records for batch in batches) == spans + rejected + duplicates
        for table in ("spans", "resources", "quarantine"):
            self._connection.execute(f"DELETE FROM {table}")
