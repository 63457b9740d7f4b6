"""Inputs grown by coverage: ``python -m fuzz.guided --inputs 200000``.

Atheris mutates the corpus and keeps what reaches new code. Two processes share the inputs; an input that
crashes a reader, breaks what must hold, or takes longer than ten seconds is written to fuzz/found/ and ends
the run with an error.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROCESSES = 2
LAND_EVERY = 64
FOUND = Path(__file__).parent / "found"
SLOWEST_S = 10


def grow(inputs: int, seed: int, corpus: str) -> None:
    """One process: so many inputs. Does not return."""
    import atheris

    with atheris.instrument_imports(include=["costctl.ingest"], enable_loader_override=False):
        from tests.ingest.reader_laws import Store, held
    store = Store()
    count = 0

    def one(data: bytes) -> None:
        nonlocal count
        count += 1
        batches = held(data)
        if count % LAND_EVERY == 0:
            store.land(batches)

    options = [
        f"-runs={inputs}",
        f"-seed={seed}",
        "-max_len=24000",
        f"-timeout={SLOWEST_S}",
        "-rss_limit_mb=3000",
        f"-artifact_prefix={FOUND}/",
        "-verbosity=0",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, corpus], one)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--grow", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.grow:
        grow(asked.inputs, asked.seed, asked.grow)
    from fuzz.corpus import write_corpus

    FOUND.mkdir(exist_ok=True)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        size = write_corpus(Path(folder))
        each = -(-asked.inputs // PROCESSES)
        command = [sys.executable, "-m", "fuzz.guided", "--grow", folder, "--inputs", str(each)]
        running = [
            subprocess.Popen(
                [*command, "--seed", str(asked.seed + number)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for number in range(PROCESSES)
        ]
        outputs = [process.communicate()[0] for process in running]
    executed = sum(
        int(line.rpartition(":")[2])
        for output in outputs
        for line in output.splitlines()
        if line.startswith("stat::number_of_executed_units")
    )
    failed = [output for process, output in zip(running, outputs, strict=True) if process.returncode]
    print(
        f"{executed:,} inputs grown from {size} in {time.monotonic() - begin:,.0f} s; "
        f"{len(failed)} of {PROCESSES} runs failed"
    )
    for output in failed:
        said = [
            line for line in output.splitlines() if "leaked" not in line
        ]  # by libraries, once a process is cut short
        print("\n".join(said[-40:]))
    return 1 if failed or executed < asked.inputs else 0


if __name__ == "__main__":
    sys.exit(main())
