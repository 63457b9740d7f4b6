"""How does a file that would be written differ from the one that is there? By what stands at each place of the two.

Values of keys that may hold a secret are never here.
"""

from __future__ import annotations

import msgspec


class Placed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that only one of the files has. place: keys, from the top.  values: how many stand there.

    value: of a single one, as text, masked where it may be a secret; None of several.
    """

    place: str
    values: int
    value: str | None = None


class Changed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that both have and that differs: the one that is there, and the one that would be written."""

    place: str
    present: str
    written: str


class FileChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """added: would be new.  changed: both have it.  only_present: only the file that is there has it.

    same: values that both have.  comment_lines: lines of the file that is there, from 1, with a
    comment that would not be written; comments are not compared.
    """

    added: tuple[Placed, ...]
    changed: tuple[Changed, ...]
    only_present: tuple[Placed, ...]
    same: int
    comment_lines: tuple[int, ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing would be added or changed, and nothing stands there besides."""
        return not (self.added or self.changed or self.only_present)


class MergedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a file that settings were merged into. lines: of the file without ours, all of which it keeps;
    commented: those of them that it keeps as comments, as they are written anew with ours among them.

    written: lines of ours, in so many blocks.  taken_out: blocks of an earlier merge.  replaced: values that ours stand
    in place of.
    """

    lines: int
    commented: int
    written: int
    blocks: int
    taken_out: int
    replaced: tuple[Changed, ...] = ()
