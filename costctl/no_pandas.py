"""How is pandas kept out of commands that do not need it? It comes with statsmodels, takes half a second to load, and
pyarrow loads it at the first array that it makes, for no use, wherever it is installed.

``without_pandas`` has pyarrow find that it cannot be loaded; what needs it asks ``with_pandas`` first. For the command
line alone: in a process of somebody else's, who may use pandas with pyarrow, nothing is hidden.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_NAME = "pandas"


class _Refused(Loader):
    """Loads nothing."""

    def exec_module(self, module: ModuleType) -> None:
        """Raises ImportError."""
        raise ImportError(f"{module.__name__} is not needed")


class _Hidden(MetaPathFinder):
    """Finds pandas, as who only looks for it expects, and has it refused to who loads it."""

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Of pandas alone."""
        return ModuleSpec(fullname, _Refused()) if fullname == _NAME else None


@contextmanager
def without_pandas() -> Iterator[None]:
    """Until the end an import of pandas fails, unless it is loaded already."""
    sys.meta_path.insert(0, _Hidden())
    try:
        yield
    finally:
        with_pandas()


def with_pandas() -> None:
    """From here on it can be imported."""
    sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, _Hidden)]
