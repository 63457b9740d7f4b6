"""How far were past promises kept? One line beside new advice."""

from __future__ import annotations

from costctl.documents.review import PastAdvice


def past_advice(taken: int, delivered: int, promised_usd: float, delivered_usd: float) -> PastAdvice | None:
    """taken: promises that were, of which so many delivered.  promised_usd, delivered_usd: of the taken ones, for the
    same calls. None where none was taken.
    """
    if not taken:
        return None
    ratio = delivered_usd / promised_usd if promised_usd > 0.0 else None
    return PastAdvice(taken, delivered, float(promised_usd), float(delivered_usd), ratio)
