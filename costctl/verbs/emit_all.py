"""Bundles: one policy as the files of all consumers, signed where a key is given, and held to what was written."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from costctl.documents.bundle import Bundle
from costctl.documents.file_changes import FileChanges
from costctl.documents.policy import Policy
from costctl.errors import InfeasibleError, InputError, NotEnoughDataError, UsageError
from costctl.observation import Question
from costctl.progress import Progress
from costctl.verbs.audit import head_of
from costctl.verbs.emit import changes_of_file, sound_policy
from costctl.verbs.policy import Checked, checked

if TYPE_CHECKING:
    from costctl.policy.signature import PublicKey, SecretKey

PASSWORD: Final = "COSTCTL_SIGN_PASSWORD"  # of the secret key: the name of a variable


@dataclass(frozen=True, slots=True)
class Bundled:
    """files: by path within the folder.  warnings: of the traces and settings that the policy was made from.

    policy: what they all say.
    """

    bundle: Bundle
    files: dict[str, str]
    warnings: tuple[str, ...]
    policy: Policy


@dataclass(frozen=True, slots=True)
class CheckedFolder:
    """faults: what is wrong with the files.  policy: its own findings; None where it cannot be read.

    is_signed, is_verified: whether a signature lies there, and whether it held against the key that was given.
    """

    faults: tuple[str, ...]
    bundle: Bundle | None
    policy: Checked | None
    is_signed: bool
    is_verified: bool


def emit_bundle(
    question: Question,
    *,
    policy_path: Path | None,
    progress: Progress,
    grades: Path | None = None,
    sign_with: Path | None = None,
) -> Bundled:
    """The policy for all consumers. sign_with: the file of a secret key of minisign.

    Raises InfeasibleError where no consumer can keep its boundaries, NotEnoughDataError where none can use it at all.
    """
    from costctl.policy.bundle import SUMS, bundle_of
    from costctl.policy.bundle_check import SIGNATURE

    key = None if sign_with is None else _secret_key(sign_with)  # what cannot be signed is not made
    policy, warnings = sound_policy(question, policy_path, progress, grades)
    bundle, files = bundle_of(policy)
    if not bundle.files:
        kind = InfeasibleError if any(each.is_boundary for each in bundle.left_out) else NotEnoughDataError
        raise kind(
            "No consumer can be given this policy.",
            why=" ".join(f"{each.target}: {each.reason}" for each in bundle.left_out),
            next_step="Emit it for one of them with --target NAME, which says what would help.",
        )
    if key is not None:
        from costctl.policy.signature import signed

        said = f"{bundle.policy_id} {bundle.policy_digest}{_audited(question)}"
        files[SIGNATURE] = signed(files[SUMS].encode(), key, said)
    return Bundled(bundle, files, warnings, policy)


def changes_of_folder(bundled: Bundled, present: Path) -> dict[str, FileChanges | None]:
    """By path of each consumer's file, how the one in a folder differs; None where the folder has none."""
    if not present.is_dir():
        raise InputError(
            f"Cannot compare with {present}.",
            why="It is no folder.",
            next_step="Give --diff the folder that an earlier --target all wrote.",
        )
    return {
        each.path: changes_of_file(each.target, bundled.files[each.path], present / each.path)
        if (present / each.path).is_file()
        else None
        for each in bundled.bundle.files
    }


def check_folder(folder: Path, public: str | None) -> CheckedFolder:
    """Hold a bundle to its digests, its policy to its checks, and its signature to a public key: the name of its file,
    or the key itself. Raises InputError.
    """
    from costctl.policy.bundle_check import check_bundle

    found = check_bundle(_files(folder), None if public is None else _public_key(public))
    is_sound = None if found.policy is None else checked(found.policy)
    return CheckedFolder(found.faults, found.bundle, is_sound, found.is_signed, found.is_verified)


def _audited(question: Question) -> str:
    """The end of the store's audit trail as it is now, for a signature to hold; nothing where there is none."""
    store = question.store
    found = None if store is None else head_of(store)
    return "" if found is None else f" audit sha256:{found}"


def is_signed(bundled: Bundled) -> bool:
    """Whether a signature is among its files."""
    from costctl.policy.bundle_check import SIGNATURE

    return SIGNATURE in bundled.files


def has_signature(folder: Path) -> bool:
    """Whether a signature lies in the folder of a bundle."""
    from costctl.policy.bundle_check import SIGNATURE

    return (folder / SIGNATURE).is_file()


def is_bundle(path: Path) -> bool:
    """Whether a path is the folder of a bundle."""
    from costctl.policy.bundle import CONTENTS, SUMS

    return (path / SUMS).is_file() or (path / CONTENTS).is_file()


def _files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, by path within it."""
    try:
        paths = sorted(each for each in folder.rglob("*") if each.is_file() or each.is_symlink())
        return {each.relative_to(folder).as_posix(): each.read_bytes() for each in paths}
    except OSError as error:
        raise InputError(
            f"Cannot read the bundle {folder}.",
            why=f"{error.strerror or error}.",
            next_step="Pass the folder that `costctl emit --target all --out DIR` wrote.",
        ) from error


def _public_key(said: str) -> PublicKey:
    from costctl.policy.signature import looks_like_key, public_key

    _require_cryptography()
    path = Path(said)
    if not path.is_file() and not looks_like_key(said):
        raise InputError(
            f"There is no public key {said}.",
            why="It is no file, and no key of minisign.",
            next_step="Pass the file that minisign -G wrote beside the secret key, or the second line of it.",
        )
    return public_key(_text(path) if path.is_file() else said)


def _secret_key(path: Path) -> SecretKey:
    from costctl.policy.signature import secret_key

    _require_cryptography()
    return secret_key(_text(path), os.environ.get(PASSWORD))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "It is no text"
        raise InputError(
            f"Cannot read the key {path}.", why=f"{reason}.", next_step="Pass a key that minisign -G wrote."
        ) from error


def _require_cryptography() -> None:
    if importlib.util.find_spec("cryptography") is None:
        raise UsageError(
            "Signatures need a package that is not installed.",
            why="It is an extra, since nothing else needs it.",
            next_step="Install it: pip install 'costctl[sign]'.",
        )
