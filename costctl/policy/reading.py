"""What does a policy file say? For policies that were reviewed, or written by hand.

In: text, JSON or YAML. Out: the policy document. Its shape is checked here; ``checks`` does the rest.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import yaml

from costctl.documents.policy import SCHEMA_VERSION, Policy
from costctl.errors import InputError

_RESOLVERS: Final = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_MERGE: Final = "tag:yaml.org,2002:merge"
_MOST_VALUES: Final = 1_000_000  # of a file that people review
MOST_DEEP: Final = 100
TOO_DEEP: Final = "it is nested too deeply"


def _mapping(loader: Any, node: yaml.MappingNode) -> Any:
    """A map, in which no key stands twice: of two values a reader would keep one, and not say which."""
    seen: set[tuple[str, str]] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
            if (key.tag, key.value) in seen:
                raise yaml.constructor.ConstructorError(None, None, "a key stands twice", key.start_mark)
            seen.add((key.tag, key.value))
    return yaml.SafeLoader.construct_yaml_map(loader, node)


def _composed(loader: Any) -> Any:
    """The nodes of a document that, with every alias written out, holds as many values as a reader can be shown."""
    root = yaml.SafeLoader.compose_document(loader)
    sizes: dict[int, int] = {}
    _require_finite(root, sizes, set())
    if sizes[id(root)] > _MOST_VALUES:
        problem = f"by its aliases it would hold more than {_MOST_VALUES:,} values"
        raise yaml.composer.ComposerError(None, None, problem, root.start_mark)
    return root


def _node(loader: Any, parent: Any, index: Any) -> Any:
    """A node that does not stand too deep: what follows takes a time that grows with the square of the depth."""
    loader.depth = getattr(loader, "depth", 0) + 1
    if loader.depth > MOST_DEEP:
        raise yaml.composer.ComposerError(None, None, TOO_DEEP, loader.peek_event().start_mark)
    found = yaml.SafeLoader.compose_node(loader, parent, index)
    loader.depth -= 1
    return found


def _require_finite(node: Any, sizes: dict[int, int], around: set[int]) -> None:
    """Find out how many values a node holds, each alias written out; raise ComposerError where it holds itself."""
    if id(node) in around:
        raise yaml.composer.ComposerError(None, None, "an alias stands within what it means", node.start_mark)
    if id(node) in sizes:
        return
    around.add(id(node))
    value = node.value
    children = [] if isinstance(node, yaml.ScalarNode) else value
    if isinstance(node, yaml.MappingNode):
        children = [each for pair in value for each in pair]
    for each in children:
        _require_finite(each, sizes, around)
    around.discard(id(node))
    sizes[id(node)] = 1 + sum(sizes[id(each)] for each in children)


# YAML without timestamps: an instant stays the text that the document wants.
PlainLoader: Any = type(
    "PlainLoader",
    (yaml.SafeLoader,),
    {"yaml_implicit_resolvers": _RESOLVERS, "compose_document": _composed, "compose_node": _node},
)
PlainLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_yaml(text: str) -> Any:
    """YAML or JSON as scalars, lists and dicts; instants stay text. Raises ValueError, which quotes nothing of it, also
    where a key stands twice in one map, or aliases make it endless, or larger than anybody could review.
    """
    try:
        # PlainLoader is a SafeLoader.
        return yaml.load(text, Loader=PlainLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise ValueError(
            f"{error.problem}" + ("" if mark is None else f" in line {mark.line + 1}")
        ) from error
    except yaml.YAMLError as error:
        raise ValueError("it holds characters that YAML does not allow") from error


def policy_from_text(text: str, name: str = "") -> Policy:
    """The policy in a JSON or YAML text. name: of its file, for messages.

    Raises InputError where the text is neither, or is no policy of this version.
    """
    try:
        content = read_yaml(text)
    except ValueError as error:
        raise _unreadable(name, f"It is neither JSON nor YAML: {error}.") from error
    if content is None:
        raise _unreadable(name, "It is empty.")
    _require_version(content)
    try:
        return msgspec.convert(content, Policy)
    except msgspec.ValidationError as error:
        raise _unreadable(name, f"{error}.") from error


def _unreadable(name: str, why: str) -> InputError:
    return InputError(
        f"The policy {name} cannot be read." if name else "The policy cannot be read.",
        why=why,
        next_step="See what it must hold with: costctl schema policy.",
    )


def _require_version(content: Any) -> None:
    """Raise InputError for a policy of another version, which says what to do better than a schema can."""
    version = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(version, str) and version.startswith("costctl.policy/") and version != SCHEMA_VERSION:
        raise InputError(
            f"The policy is of another version than {SCHEMA_VERSION}.",
            why="Limits and waits are written in another way there.",
            next_step="Make it again with costctl emit --target policy; CHANGELOG.md says what changed.",
        )
