"""How is a loop compiled? With numba, kept on disk where a directory can be written, free of the GIL.

Python function in, compiled function of the same signature out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib import resources
from typing import Any, Final, TypeVar, cast

from numba import njit
from numba.extending import register_jitable

Compilable = TypeVar("Compilable", bound=Callable[..., Any])

# _nrt: these loops allocate nothing, so arrays need no reference counts. Counting them, for tuples of thirty
# arrays at every inner call, made the replay 40 times slower (numba 0.68); numba has no public name for it.
_OPTIONS: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "_nrt": False}


def compiled(function: Compilable) -> Compilable:
    """The function compiled to machine code at its first call; the next process finds it on disk.

    It must not allocate. numba notices a change of the file that holds the function, not of files whose
    functions it calls: keep a loop and its parts in one file, or use `compiled_with_package`.
    """
    try:
        return cast("Compilable", njit(cache=True, no_cfunc_wrapper=True, **_OPTIONS)(function))
    except RuntimeError:
        # Neither the package's directory nor the user's cache is writable: every process compiles anew.
        return part(function)


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
    """A function that compiled functions call: compiled with, and kept within, each of its callers."""
    return cast("Compilable", register_jitable(no_cfunc_wrapper=True, **_OPTIONS)(function))


def inlined_part(function: Compilable) -> Compilable:
    """A part that its callers hold a copy of: for what runs at every event.

    A call that is not inlined passes each array of its arguments as seven words; for tuples of thirty
    arrays that costs more than the parts do.
    """
    return cast("Compilable", register_jitable(forceinline=True, no_cfunc_wrapper=True, **_OPTIONS)(function))


def digest(package: str) -> int:
    """A number that changes when the source of any module of the package does."""
    sources = hashlib.sha256()
    for file in sorted(resources.files(package).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".py"):
            sources.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return int.from_bytes(sources.digest()[:7], "big")
