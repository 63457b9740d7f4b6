"""``costctl emit``: routing-policy files for a consumer, each with a manifest of what it carries."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from costctl.cli import completion, options, recording
from costctl.cli.again import again as repeated
from costctl.cli.emit_all import require_folder, say_bundle, write_bundle
from costctl.cli.emit_into import Merging, require_sound, say_into
from costctl.cli.file_format import require_written
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback
from costctl.cli.output import say, say_warnings, say_written, write_text
from costctl.errors import UsageError

if TYPE_CHECKING:
    from costctl.documents.policy import Policy
    from costctl.verbs import Emitted

_ALL: Final = "all"


@grouped
def run(
    *,
    target: Annotated[
        str,
        typer.Option(
            "--target",
            metavar="NAME",
            autocompletion=completion.targets,
            help="The consumer, such as litellm; client for the calling code, policy for the document itself, all for "
            "a folder with the files of every consumer; an unknown name lists all.",
            show_default=False,
        ),
    ],
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            metavar="FILE",
            help="A reviewed policy document, or the folder of a bundle.  [default: derived from the traces]",
        ),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend",
            metavar="NAME",
            help="The backend to configure, where the target's file is of one.",
        ),
    ] = None,
    today: Annotated[
        bool,
        typer.Option(
            "--today",
            help="Leave recommended changes out: what the traces show is done today, as `costctl policy plan --from` "
            "takes it.",
        ),
    ] = False,
    grades: options.Grades = None,
    extrapolate: options.Extrapolate = False,
    diff: Annotated[
        Path | None,
        typer.Option(
            "--diff",
            metavar="FILE",
            help="Show what would change in this present file of the consumer, or in the folder of an earlier "
            "--target all; nothing is written.",
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            metavar="FILE",
            help="Merge into this file of LiteLLM or Envoy, which keeps every line of its own. Says what would change; "
            "--out, which may be the same file, writes it.",
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="With --into: ours stand in place of values in their way, which are kept as comments.",
        ),
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="With --into: take out what an earlier merge wrote.")
    ] = False,
    consumer_version: Annotated[
        str | None,
        typer.Option(
            "--consumer-version",
            metavar="V",
            help="The version of the consumer that is installed; what it lacks is not written.  [default: the newest "
            "that is known]",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")
    ] = False,
    sign: Annotated[
        Path | None,
        typer.Option(
            "--sign",
            metavar="KEY",
            help="With --target all: sign it with this secret key of minisign; COSTCTL_SIGN_PASSWORD unlocks it.",
        ),
    ] = None,
    out: options.Out = None,
    asked: Asked,
    feedback: Feedback,
) -> None:
    """Write the routing policy as gateway, server or client config.

    With --out, a coverage manifest is written beside the file as NAME.coverage.json. For each value of the policy
    it says whether the target supports it exactly, rounded, approximated or not at all. With --diff, what would be
    added (+), changed (~) and is only in the present file (-) is printed, and the exit code is 0 either way. With
    --into, a file that is there keeps every line of its own, comments and all; ours stand between marks, by which the
    next merge updates them, or takes them out. With --target all, --out is a folder: the files of every consumer that
    can keep the policy's boundaries, bundle.json, which says who was left out and why, and SHA256SUMS. PATHs are loaded
    into the store first; the answer is then about them alone.
    """
    from costctl import verbs

    if diff is not None and out is not None:
        raise UsageError(
            "--diff and --out were both given.",
            why="With --diff nothing is written.",
            next_step="Leave one of them out.",
        )
    merging = Merging(into, replace, remove)
    require_sound(merging, target, diff)
    others = {"--policy": policy is not None, "--target all": target == _ALL, "--into": into is not None}
    if today and any(others.values()):
        raise UsageError(
            f"--today and {next(name for name, is_given in others.items() if is_given)} contradict each other.",
            why="It writes one file, made from traces.",
            next_step="Write --target policy --today -o today.json, and pass that to --policy.",
        )
    if target == _ALL:
        _require_no_backend(backend)
        _require_no_version(consumer_version)
        require_folder(out, diff, is_dry=dry_run)
        question = asked.question(is_extrapolating=extrapolate)
        with feedback.progress() as progress:
            bundled = verbs.emit_bundle(
                question, policy_path=policy, progress=progress, grades=grades, sign_with=sign
            )
        _record(bundled.policy, policy, is_given=out is not None and diff is None and not dry_run)
        if out is not None and not dry_run:
            write_bundle(bundled, out)
        say_bundle(bundled, out, diff, _emitting(target, policy), is_dry=dry_run)
        return
    if sign is not None:
        raise UsageError(
            "--sign means nothing to one file.",
            why="What is signed are the digests of a folder.",
            next_step="Use it with --target all.",
        )
    if diff is not None:
        verbs.changes_of_file(target, "", diff)  # a file that cannot be read is refused before the traces are
    form = verbs.written_by(target, backend)
    if form is not None:
        require_written(out, [form])
    again = _emitting(target, policy, backend, consumer_version)
    if into is not None and remove:
        taken = verbs.take_out(target, into=into, is_replacing=replace)
        if out is None or dry_run:
            recording.forget()
        say_into(taken, merging, out, again, is_dry=dry_run)
        return
    question = asked.question(is_extrapolating=extrapolate)
    with feedback.progress() as progress:
        if into is not None:
            found = verbs.emit_into(
                target,
                question,
                into=into,
                policy_path=policy,
                backend=backend,
                version=consumer_version,
                progress=progress,
                grades=grades,
                is_replacing=replace,
            )
            _record(found.emitted.policy, policy, is_given=out is not None and not dry_run)
            say_into(found, merging, out, again, is_dry=dry_run)
            return
        emission = verbs.emit(
            target,
            question,
            policy_path=policy,
            backend=backend,
            progress=progress,
            grades=grades,
            version=consumer_version,
            is_today=today,
        )
    _record(emission.policy, policy, is_given=diff is None and not dry_run)
    say_warnings(emission.warnings)
    if diff is not None:
        _print_changes(target, emission.text, diff, again)
        return
    if not dry_run:
        write_text(emission.text, out)
    manifest = (
        None if out is None or emission.manifest is None else out.with_name(f"{out.name}.coverage.json")
    )
    if manifest is not None and emission.manifest is not None and not dry_run:
        write_text(emission.manifest, manifest)
    _say(target, emission, out, manifest, again, is_dry=dry_run)


def _record(made: Policy | None, reviewed: Path | None, *, is_given: bool) -> None:
    """For the audit trail; where nothing is given out, nothing is to be recorded."""
    if is_given and made is not None:
        recording.gave_policy(made, reviewed)
    else:
        recording.forget()


def _require_no_backend(backend: str | None) -> None:
    if backend is not None:
        raise UsageError(
            "--backend means nothing to --target all.",
            why="It writes a file for each backend that a consumer takes alone.",
            next_step="Leave it out.",
        )


def _require_no_version(version: str | None) -> None:
    if version is not None:
        raise UsageError(
            "--consumer-version means nothing to --target all.",
            why="A version is of one consumer.",
            next_step="Leave it out, or name the consumer with --target.",
        )


def _print_changes(target: str, text: str, present: Path, again: str) -> None:
    """What would change in the present file."""
    from costctl import verbs
    from costctl.render.file_changes import sections

    changes = verbs.changes_of_file(target, text, present)
    say(sections(changes, present.name, f"{again} --out FILE"))


def _say(
    target: str,
    emission: Emitted,
    out: Path | None,
    manifest: Path | None,
    again: str,
    *,
    is_dry: bool,
) -> None:
    """What was written, what is in it, and what to do next. again: the command that writes the same."""
    from costctl.render.written import Written, carried_lines, written_facts

    named = Written(
        "the file to stdout" if out is None else str(out),
        len(emission.text.encode()),
        emission.contents,
        None if manifest is None else str(manifest),
    )
    lines = (
        ()
        if emission.carried is None
        else carried_lines(emission.carried, None if manifest is None else manifest.name)
    )
    if is_dry:
        say([written_facts(named, lines, f"{again} --out FILE", "Would write")])
    else:
        say_written(named, lines, _next(target, out, again), out)


def _next(target: str, out: Path | None, again: str) -> str:
    if out is None:
        return f"{again} --out FILE"
    if target == "policy":
        checked = shlex.quote(str(out))
        return f"costctl policy check {checked} · costctl emit --target litellm --policy {checked}"
    return f"{again} --diff FILE"


def _emitting(
    target: str, policy: Path | None, backend: str | None = None, version: str | None = None
) -> str:
    """The command that writes the same again."""
    made_from = repeated() if policy is None else f" --policy {shlex.quote(str(policy))}"
    of = "" if backend is None else f" --backend {shlex.quote(backend)}"
    to = "" if version is None else f" --consumer-version {shlex.quote(version)}"
    return f"costctl emit --target {shlex.quote(target)}{of}{to}{made_from}"
