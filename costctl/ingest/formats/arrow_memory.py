"""How are bytes given to Arrow's threads so that the process can end at any time? In memory that is Arrow's own.

Shape in: bytes of Python.  Shape out: a reader over a copy of them.

Arrow reads CSV and JSON in threads of its own, and they may let go of their input a little after the call has
returned. Where the input is memory of Python (``pa.BufferReader(data)``), the last thread to let go must take the
interpreter's lock (``arrow::py::PyBuffer::~PyBuffer`` calls ``PyGILState_Ensure``). If the interpreter is by then being
finalised, CPython below 3.14 ends that thread with ``pthread_exit`` inside a C++ destructor, which may not be unwound:
``std::terminate``, "terminate called without an active exception", SIGABRT. Seen with gdb in the thread that held
``AsyncThreadedTableReader`` while the main thread stood in ``Py_FinalizeEx``: a draft of a mapping, which reads one
small CSV and is done, died so in 78 of 100 runs on one processor. A copy costs some milliseconds for 16 MB.
"""

from __future__ import annotations

import pyarrow as pa


def arrow_reader(data: bytes) -> pa.BufferReader:
    """A reader over a copy of the bytes that no thread needs the interpreter to let go of."""
    copy = pa.allocate_buffer(len(data))
    memoryview(copy).cast("B")[:] = data
    return pa.BufferReader(copy)
