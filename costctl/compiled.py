"""How is a loop compiled? With numba, kept on disk where a directory can be written, free of the GIL.

Python function in, compiled function of the same signature out. Compiled code is kept in NUMBA_CACHE_DIR, else beside
the package, else in the user's cache directory, else in one of our own among temporary files.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
from numba.core import config, event
from numba.extending import register_jitable

Compilable = TypeVar("Compilable", bound=Callable[..., Any])

# _nrt: these loops allocate nothing, so arrays need no reference counts. Counting them, for tuples of thirty
# arrays at every inner call, made the replay 40 times slower (numba 0.68); numba has no public name for it.
_OPTIONS: Final[dict[str, Any]] = {
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
    "_nrt": False,
}
_LOOPS: Final[list[Any]] = []

# What is compiled while somebody waits, in words, and seconds of one processor that it takes (measured 2026-11).
_NAMED: Final = {
    "costctl.simulate": ("the replay", 12),
    "costctl.span_trees": ("the span trees", 4),
    "costctl.rebill": ("the prompt caches", 5),
    "costctl.reuse": ("the stack distances", 2),
}


def compiled(function: Compilable) -> Compilable:
    """The function compiled to machine code at its first call; the next process finds it on disk.

    It must not allocate. numba notices a change of the file that holds the function, not of files whose
    functions it calls: keep a loop and its parts in one file, or use `compiled_with_package`.
    """
    return _kept(function, _OPTIONS)


def compiled_allocating(function: Compilable) -> Compilable:
    """As ``compiled``, for a function that makes arrays, with Python's rules of division."""
    return _kept(function, {"nogil": True})


def compiled_with_package(package: str) -> Callable[[Compilable], Compilable]:
    """Compile a function whose parts lie in other modules of the package: anew when any of them has changed.

    numba names the files of a compiled function by its qualified name, and unpickles the classes of its arguments
    before it looks whether they are current: code of an older version, whose classes may be gone, is not opened.
    """

    def compile_it(function: Compilable) -> Compilable:
        function.__qualname__ = f"{function.__qualname__}_{digest(package):x}"
        return compiled(function)

    return compile_it


def part(function: Compilable) -> Compilable:
    """A function that compiled functions call: compiled with, and kept within, each of its callers. Python that calls
    it runs it as it stands: a way in from Python, for each part, was half of what there was to compile.
    """
    return register_jitable(**_OPTIONS)(function)


def inlined_part(function: Compilable) -> Compilable:
    """A part that its callers hold a copy of: for what runs at every event.

    A call that is not inlined passes each array of its arguments as seven words; for tuples of thirty
    arrays that costs more than the parts do.
    """
    return register_jitable(forceinline=True, **_OPTIONS)(function)


def digest(package: str) -> int:
    """A number that changes when the source of any module of the package does."""
    sources = hashlib.sha256()
    for file in sorted(resources.files(package).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".py"):
            sources.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return int.from_bytes(sources.digest()[:7], "big")


def is_compiled(loop: Callable[..., Any]) -> bool:
    """Whether the loop can run at once: compiled in this process, or by another one that kept it."""
    dispatcher = cast("Any", loop)
    folder = dispatcher.stats.cache_path
    name = f"*.{loop.__qualname__}-*.nbi"  # as numba names its index of a function
    return bool(dispatcher.signatures) or (folder is not None and any(Path(folder).glob(name)))


def kept_in() -> Path | None:
    """The directory below which compiled code is kept; None where it is compiled in every process anew."""
    paths = [path for loop in _LOOPS if (path := loop.stats.cache_path) is not None]
    return Path(os.path.commonpath(paths)) if paths else None


def is_kept_for_good() -> bool:
    """Whether compiled code outlives what clears temporary files."""
    folder = kept_in()
    return folder is not None and _temporary_folder() not in (folder, *folder.parents)


@contextmanager
def compiling(say: Callable[[str], None]) -> Iterator[list[str]]:
    """Say what is compiled, before it is; the names of the functions, as they come."""
    listener = _Listener(say)
    with event.install_listener("numba:compile", listener):
        yield listener.names


class _Listener(event.Listener):
    """Hears of each compilation. Those within another one are its parts."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.names: list[str] = []
        self._say = say
        self._said: set[str] = set()
        self._depth = 0

    def on_start(self, begun: event.Event) -> None:
        if self._depth == 0:
            function = begun.data["dispatcher"].py_func
            self.names.append(f"{function.__module__}.{function.__name__}")
            package = function.__module__.rpartition(".")[0]
            if package in _NAMED and package not in self._said:
                self._said.add(package)
                self._say(_sentence(*_NAMED[package]))
        self._depth += 1

    def on_end(self, _: event.Event) -> None:
        self._depth -= 1


def _sentence(what: str, seconds: int) -> str:
    folder = kept_in()
    if folder is None:
        return f"Compiling {what} (~{seconds} s in every run: set NUMBA_CACHE_DIR to a writable directory)"
    if not is_kept_for_good():
        return f"Compiling {what} (~{seconds} s; kept in {folder}: set NUMBA_CACHE_DIR to keep it for good)"
    return f"Compiling {what} (once per installation, ~{seconds} s)"


def _kept(function: Compilable, options: dict[str, Any]) -> Compilable:
    try:
        loop = numba.njit(function, cache=True, **options)
    except RuntimeError:  # numba found no directory to write to
        loop = _kept_among_temporary_files(function, options)
    _LOOPS.append(loop)
    return cast("Compilable", loop)


def _kept_among_temporary_files(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    """As the last place; and where that cannot be written either, compiled in every process anew."""
    folder = _temporary_folder()
    if _is_ours_alone(folder):
        os.environ["NUMBA_CACHE_DIR"] = str(folder)
        cast("Any", config).reload_config()
        return numba.njit(function, cache=True, **options)
    return numba.njit(function, **options)


def _temporary_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"costctl-compiled-{os.getuid()}"


def _is_ours_alone(folder: Path) -> bool:
    """Make the directory; whether no one else can put code there that we would run."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
