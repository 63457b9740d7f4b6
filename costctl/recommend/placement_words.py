"""What is said where no placement is feasible: the requirements that exclude each other, and where each is declared."""

from __future__ import annotations

from collections.abc import Sequence

from costctl.documents.setting_names import toml_key
from costctl.documents.settings import Settings
from costctl.errors import InfeasibleError
from costctl.levers.boundary import must_leave
from costctl.recommend.need import plural
from costctl.recommend.placement_conflict import Requirement


def infeasible(
    conflict: Sequence[Requirement], classes: Sequence[str], pools: Sequence[str], settings: Settings
) -> InfeasibleError:
    """The error that names them. classes, pools: their names, by number in the program."""
    said = [_said(each, classes, pools, settings) for each in conflict]
    if len(said) == 1:
        why = f"This cannot hold: {said[0]}."
    else:
        why = f"These cannot hold together, and without any one of them the others could: {'; '.join(said)}."
    return InfeasibleError(
        "No placement of the classes on the pools keeps every requirement.",
        why=why,
        next_step="Relax one of them in costctl.toml, or add a pool there that serves the class within all of them.",
    )


def _said(each: Requirement, classes: Sequence[str], pools: Sequence[str], settings: Settings) -> str:
    if each.number is None:
        most = settings.placement.most_moves
        return f"no more than {most} of the classes may move ([placement] most_moves)"
    if each.kind == "replicas":
        name = pools[each.number]
        replicas = plural(settings.pools[name].most_replicas or 0)
        return f"{name} has at most {replicas} ([pools.{toml_key(name)}] most_replicas)"
    name = classes[each.number]
    if each.kind == "storage":
        return (
            f"{name} reads only from storage within its data boundary, and not from {_outside(name, settings)} "
            f"([classes.{toml_key(name)}] boundary; region, jurisdiction and boundary of the storage)"
        )
    of_class = {
        "boundary": f"{name} stays within its data boundary ([classes.{toml_key(name)}] boundary; region, jurisdiction "
        "and boundary of the pools)",
        "capability": f"{name} is served by models that it allows, in pools that batch alike "
        f"([classes.{toml_key(name)}] allowed_models)",
        "objective": f"{name} moves only where every objective is kept ([classes.NAME] slo and deadline)",
    }
    return of_class[each.kind]


def _outside(name: str, settings: Settings) -> str:
    """The storage that lies outside of the boundary of the class, for what it declares."""
    boundary = settings.classes[name].boundary
    return " or ".join(tier for tier, each in settings.storage.items() if must_leave(boundary, each))
