"""Which boundary do calls of a class have that tell what data they carry? The stricter of the class's and their own.

In: what is declared of a class and of data, the classification that calls tell. Out: the boundary, in the words of the
settings and of a policy. A classification that nothing declares may go nowhere.
"""

from __future__ import annotations

from costctl.documents.data_settings import DataBoundary, DataSettings, Keeping, Store, stricter
from costctl.documents.policy import PolicyBoundary, PolicyKeeping, PolicyStore
from costctl.documents.setting_names import toml_key
from costctl.documents.settings import ClassSettings
from costctl.errors import InfeasibleError


def boundary_of(
    request_class: str, declared: ClassSettings, data: DataSettings, told: str | None
) -> DataBoundary | None:
    """The boundary of the calls of a class that tell this classification; None of those that tell none, which have the
    default one. Raises InfeasibleError where nothing declares it, or where both leave no place.
    """
    name = told or data.default
    if name is None:
        return declared.boundary
    found = data.classifications.get(name)
    if found is None:
        raise InfeasibleError(
            f"Calls of {request_class} carry data whose classification is not declared.",
            why=f"They tell {name} by {data.attribute}, and nothing says where such data may go.",
            next_step=f"Declare it in the settings: [data.classifications.{toml_key(name)}].",
        )
    if declared.boundary is None:
        return found
    try:
        return stricter(declared.boundary, found)
    except ValueError as error:
        raise InfeasibleError(
            f"Data of {request_class} that is classified {name} may go nowhere.",
            why=f"The boundary of the class and that of its classification exclude each other: {error}.",
            next_step=f"Change [classes.{toml_key(request_class)}] or [data.classifications.{toml_key(name)}].",
        ) from error


def policy_boundary(declared: DataBoundary | None) -> PolicyBoundary | None:
    """A boundary of the settings as a policy has it: what allows any is left out."""
    if declared is None:
        return None
    return PolicyBoundary(
        enforcement=declared.enforcement,
        regions=declared.regions or None,
        jurisdictions=declared.jurisdictions or None,
        boundaries=declared.boundaries or None,
        cacheable_us=declared.cacheable_us,
        logging=None if declared.logging else False,
        retention_us=declared.retention_us,
        batch=None if declared.batch else False,
    )


def policy_keeping(declared: Keeping) -> PolicyKeeping | None:
    """What a place keeps as a policy has it; None where nothing is declared."""
    found = PolicyKeeping(_store(declared.prompt_cache), _store(declared.logs), _store(declared.batch))
    return None if found == PolicyKeeping() else found


def _store(declared: Store | None) -> PolicyStore | None:
    if declared is None:
        return None
    return PolicyStore(
        at_most_us=declared.at_most_us,
        region=declared.region,
        jurisdiction=declared.jurisdiction,
        boundary=declared.boundary,
        when=declared.when,
    )
