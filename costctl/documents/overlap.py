"""Where two rules want the same requests: part of the workload map."""

from __future__ import annotations

import msgspec


class Overlap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests that a rule took and that a later rule of another class would have taken.

    rule, request_class: the rule that took them, and the class it gave.  also_rule, also_request_class: the later
    rule.  requests: how many; always more than none.  of_requests: that the first rule took for the class. Where both
    are equal, the later rule is wider by design; where they differ, the two cut across one another.
    """

    rule: str
    request_class: str
    also_rule: str
    also_request_class: str
    requests: int
    of_requests: int
