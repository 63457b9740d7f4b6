"""What is kept of one text, said plainly: the slow twin of costctl.ingest.discretion. It shares the lists of words."""

from __future__ import annotations

import hashlib
import re
import string
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from costctl.ingest.content import is_content_key

PLAIN = frozenset(string.ascii_letters + string.digits + "_.:/-")


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((files("costctl.ingest") / "content_keys.toml").read_text("utf-8"))["words"]


def words_slowly(text: str) -> list[str]:
    """Words, in lower case: of camel case, and between marks and digits."""
    return re.sub(r"([a-z])([A-Z])", r"\1 \2", text).translate(_BLANKS).lower().split()


def sort_slowly(key: str) -> str:
    """Which list of words says what is under a key that is not listed as content."""
    words = " " + " ".join(words_slowly(key))
    return next(
        (
            each
            for each in ("holds", "number", "name")
            if words.endswith(tuple(f" {w}" for w in _words()[each]))
        ),
        "said" if set(words.split()) & set(_words()["said"]) else "any",
    )


def _certain(key: str) -> str:
    """Below a word of speech, what is not made of known words is hashed with all that follows."""
    known = {word for listed in _words().values() for each in listed for word in each.split()}
    parts = key.split(".")
    speech = next(
        (at for at, part in enumerate(parts) if set(words_slowly(part)) & set(_words()["said"])), len(parts)
    )
    for at in range(speech + 1, len(parts)):
        if not set(words_slowly(parts[at])) <= known:
            digest = hashlib.sha256(".".join(parts[at:]).encode()).hexdigest()[:16]
            return ".".join([*parts[:at], f"sha256:{digest}"])
    return key


def kept_slowly(key: str, text: str | None) -> str | None:
    """The text, a URL without its query; None where it is not kept. Of keys that are not listed as content."""
    if not text:
        return text
    sort = sort_slowly(key)
    if sort in ("holds", "said"):
        return None
    if sort == "number":
        return text if _is_number(text) else None
    return _shown(text, is_name=sort == "name")


_BLANKS = {ord(each): " " for each in string.punctuation + string.digits}


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(?:\d+[.]?\d*|[.]\d+)(?:[eE][+-]?\d+)?", text) is not None


def _shown(text: str, *, is_name: bool) -> str | None:
    if _is_number(text):
        return text
    scheme, there, rest = text.partition("://")
    if there and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) and rest[:1].strip("/?# \t\r\n"):
        place = re.split(r"[?#]", rest)[0]
        host, slash, path = place.partition("/")
        shown = f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
        return shown if set(shown) <= PLAIN | set("$*~{}%+") and len(shown) <= 256 else None
    if text.startswith("/"):
        path = re.split(r"[?#]", text)[0]
        return path if set(path) <= PLAIN | set("$*~{}%+") and len(path) <= 256 else None
    if text.startswith(("sk-", "eyJ")):
        return None
    if set(text) <= PLAIN | set("$#*~") and len(text) <= 128:
        return text
    words = text.split(" ")
    is_short = len(words) <= 5 and len(text) <= 64 and all(words) and len(text.split()) == len(words)
    return text if is_name and is_short and not set(text) & set('{}[]<>"@') else None


def key_slowly(key: str) -> str:
    """The key, or its hash where it could be something that was said."""
    if key and set(key) <= PLAIN | set("$*~@[]") and len(key) <= 128:
        return key if is_content_key(key) or sort_slowly(key) not in ("holds", "said") else _certain(key)
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()[:16] if key else ""


def column_slowly(value: Any) -> Any:
    """What a column has: a text of several lines, or of more bytes than 256, as its hash."""
    if not isinstance(value, str) or (len(value.encode()) <= 256 and not set(value) & set("\r\n")):
        return value
    return "sha256:" + hashlib.sha256(value.encode()).hexdigest()[:16]
