"""Who signed this? Signatures as minisign writes and reads them, by Ed25519 of the package ``cryptography``.

In: bytes and a key. Out: a signature, or what is wrong with one. Keys are made by ``minisign -G``; a key that a
password protects is unlocked with it. https://jedisct1.github.io/minisign/
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from costctl.errors import InputError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SUFFIX: Final = ".minisig"
_PLAIN: Final = b"Ed"
_HASHED: Final = b"ED"
_LOCKED: Final = b"Sc"
_UNLOCKED: Final = b"\0\0"
_BLAKE: Final = b"B2"
_TRUSTED: Final = "trusted comment: "
_SECRET_BYTES: Final = 158
_PUBLIC_BYTES: Final = 42
_NEXT: Final = "Make a pair of keys with: minisign -G"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """number: 8 bytes that name the pair.  key: 32 bytes."""

    number: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class SecretKey:
    """number: of the pair.  seed: 32 bytes, never shown."""

    number: bytes
    seed: bytes

    def __repr__(self) -> str:
        return f"SecretKey({self.number.hex()})"


def looks_like_key(text: str) -> bool:
    """Whether a text is as long as a key, in base64."""
    return len(_decoded(text) or b"") == _PUBLIC_BYTES


def public_key(text: str) -> PublicKey:
    """A public key: the file that minisign writes, or its second line. Raises InputError."""
    content = _decoded(text.strip().splitlines()[-1] if text.strip() else "")
    if content is None or len(content) != _PUBLIC_BYTES or content[:2] != _PLAIN:
        raise InputError(
            "It is no public key of minisign.", why="Its form is another.", next_step=f"{_NEXT}."
        )
    return PublicKey(content[2:10], content[10:])


def secret_key(text: str, password: str | None) -> SecretKey:
    """A secret key. password: None where it has none. Raises InputError, UsageError where a password is missing."""
    content = _decoded(text.strip().splitlines()[-1] if text.strip() else "")
    if content is None or len(content) != _SECRET_BYTES or content[:2] != _PLAIN or content[4:6] != _BLAKE:
        raise InputError(
            "It is no secret key of minisign.", why="Its form is another.", next_step=f"{_NEXT}."
        )
    kind, salt, inner = content[2:4], content[6:38], content[54:]
    if kind == _LOCKED:
        inner = _unlocked(content, salt, inner, password)
    elif kind != _UNLOCKED:
        raise InputError(
            "The secret key cannot be read.", why="Its lock is not known.", next_step=f"{_NEXT}."
        )
    number, seed, public, checksum = inner[:8], inner[8:40], inner[40:72], inner[72:104]
    found = SecretKey(number, seed)
    is_whole = kind == _UNLOCKED or hashlib.blake2b(_PLAIN + inner[:72], digest_size=32).digest() == checksum
    if not is_whole or _private(found).public_key().public_bytes_raw() != public:
        raise InputError(
            "The secret key cannot be unlocked.",
            why="The password is another, or the file is damaged.",
            next_step="Check the password and the file.",
        )
    return found


def signed(content: bytes, key: SecretKey, comment: str) -> str:
    """The signature file of the content. comment: a line that is signed too."""
    private = _private(key)
    signature = private.sign(hashlib.blake2b(content).digest())
    trusted = comment.encode()
    lines = (
        "untrusted comment: signature by costctl",
        base64.b64encode(_HASHED + key.number + signature).decode(),
        f"{_TRUSTED}{comment}",
        base64.b64encode(private.sign(signature + trusted)).decode(),
    )
    return "".join(f"{line}\n" for line in lines)


def fault_in_signature(content: bytes, signature: bytes, key: PublicKey) -> str | None:
    """What is wrong with a signature file; None where the key's owner signed this content and its comment."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    lines = signature.decode("utf-8", "replace").splitlines()
    parts = [_decoded(line) for line in lines[1:4:2]]
    if len(lines) != 4 or not lines[2].startswith(_TRUSTED) or None in parts:
        return "Its signature cannot be read."
    first, second = (part or b"" for part in parts)
    if len(first) != 74 or first[:2] not in (_PLAIN, _HASHED):
        return "Its signature cannot be read."
    if first[2:10] != key.number:
        return "It is signed with another key."
    message = hashlib.blake2b(content).digest() if first[:2] == _HASHED else content
    public = Ed25519PublicKey.from_public_bytes(key.key)
    try:
        public.verify(first[10:], message)
        public.verify(second, first[10:] + lines[2].removeprefix(_TRUSTED).encode())
    except InvalidSignature:
        return "Its signature does not hold: it was changed after it was signed."
    return None


def _private(key: SecretKey) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(key.seed)


def _unlocked(content: bytes, salt: bytes, inner: bytes, password: str | None) -> bytes:
    """What a password protects: bits turned over by its scrypt, whose limits stand in the file (libsodium's)."""
    if password is None:
        raise UsageError(
            "The secret key has a password.",
            why="COSTCTL_SIGN_PASSWORD is not set.",
            next_step="Set it, or make a key without one: minisign -G -W",
        )
    operations, memory = struct.unpack("<QQ", content[38:54])
    n_log2, r, p = _scrypt_cost(operations, memory)
    stream = hashlib.scrypt(
        password.encode(), salt=salt, n=1 << n_log2, r=r, p=p, maxmem=2**31 - 1, dklen=len(inner)
    )
    return bytes(a ^ b for a, b in zip(inner, stream, strict=True))


def _scrypt_cost(operations: int, memory: int) -> tuple[int, int, int]:
    """N (as a power of two), r and p, as libsodium picks them from its limits."""
    operations, r = max(operations, 32_768), 8
    if operations < memory // 32:
        most = operations // (r * 4)
        return _power_above_half(most), r, 1
    n_log2 = _power_above_half(memory // (r * 128))
    most_rp = min((operations // 4) >> n_log2, 0x3FFFFFFF)
    return n_log2, r, max(1, most_rp // r)


def _power_above_half(most: int) -> int:
    """The smallest power of two, as its exponent from 1 to 63, that is more than half of a number."""
    return next((each for each in range(1, 63) if (1 << each) > most // 2), 63)


def _decoded(line: str) -> bytes | None:
    try:
        return base64.b64decode(line.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
