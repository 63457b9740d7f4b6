"""Where do the bytes of a source lie, and how are they opened? A file, standard input, or an object of a store.

In: a path, ``-``, or a URI of S3 or Google Cloud Storage. Out: a ``Source``: its name, its size where that is known,
and its bytes, from the beginning or at random.
"""

from __future__ import annotations

import io
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa

from costctl.errors import InputError

_SECRETS: Final = re.compile(r"(?<=://)[^/@]*@|(?<=.)\?[^/]*=.*$", re.DOTALL)

STDIN: Final = "-"
REMOTE_SCHEMES: Final = ("s3://", "gs://", "gcs://")


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of bytes. uri: its name.  path: where it is a local file.  key, filesystem: of a remote object.

    is_named: the user named it; else it was found in a folder, by a glob or below a prefix, among what else lies there.
    """

    uri: str
    path: Path | None = None
    key: str = ""
    filesystem: Any = None
    size: int | None = None
    is_named: bool = True

    def opened(self) -> BinaryIO | io.FileIO:
        """The bytes from the beginning. Raises InputError where they cannot be read."""
        try:
            if self.filesystem is not None:
                remote: BinaryIO = self.filesystem.open_input_stream(self.key, compression=None)
                return remote
            return sys.stdin.buffer if self.path is None else io.FileIO(self.path)
        except OSError as error:
            raise _cannot_read(self.uri, error) from error

    def seekable(self) -> Any:
        """The bytes at random, for formats whose index stands at the end; None for standard input."""
        try:
            if self.filesystem is not None:
                return self.filesystem.open_input_file(self.key)
            return (
                None if self.path is None else pa.OSFile(str(self.path))
            )  # no thread of Arrow's asks Python
        except OSError as error:
            raise _cannot_read(self.uri, error) from error


def local_source(argument: str, *, is_named: bool = True) -> Source:
    """A file, or standard input."""
    if argument == STDIN:
        return Source("stdin")
    path = Path(argument)
    is_regular = path.is_file()
    return Source(argument, path, size=path.stat().st_size if is_regular else None, is_named=is_named)


def is_remote(argument: str) -> bool:
    """Whether the argument names objects of a store."""
    return argument.startswith(REMOTE_SCHEMES)


def remote_objects(argument: str) -> list[Source]:
    """The objects below a URI, sorted by name; a URI with ``*`` names those that match.

    An endpoint of one's own stands behind a question mark: ``s3://traces/day?endpoint_override=minio:9000&scheme=http``.
    Raises InputError where the store cannot be reached.
    """
    from fnmatch import fnmatchcase

    from pyarrow import fs

    location, _, options = argument.partition("?")
    scheme, _, key = location.partition("://")
    pattern = key if any(mark in key for mark in "*[") else None
    base = (
        key
        if pattern is None
        else key[: min(key.find(mark) for mark in "*[" if mark in key)].rpartition("/")[0]
    )
    asked = f"{scheme}://{base}" + (f"?{options}" if options else "")
    try:
        filesystem, root = fs.FileSystem.from_uri(asked)
        info = filesystem.get_file_info(root)
        if info.type == fs.FileType.File:
            infos = [info]
        else:
            infos = filesystem.get_file_info(fs.FileSelector(root, recursive=True, allow_not_found=True))
    except (OSError, ValueError) as error:
        raise _cannot_read(argument, error) from error
    return [
        Source(
            f"{scheme}://{each.path}",
            key=each.path,
            filesystem=filesystem,
            size=each.size,
            is_named=info.type == fs.FileType.File,
        )
        for each in sorted(infos, key=lambda info: str(info.path))
        if each.type == fs.FileType.File and (pattern is None or fnmatchcase(each.path, pattern))
    ]


def without_secrets(uri: str) -> str:
    """A URI without who asks, and with which key. What is none stays as it is."""
    return _SECRETS.sub("", uri) if "://" in uri else uri


def _cannot_read(uri: str, error: Exception) -> InputError:
    said = getattr(error, "strerror", None) or str(error).strip().splitlines()[0]
    return InputError(
        f"Cannot read {without_secrets(uri)}.",
        why=f"{said}.",
        next_step="Check the name and your permission to read it"
        + (
            "; credentials come from the environment, as for the cloud's own tools."
            if is_remote(uri)
            else "."
        ),
    )
