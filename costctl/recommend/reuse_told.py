"""What would memories of other sizes have missed, as the recommendations document has it?

In: a curve, and the size of today's memory. Out: ``ReuseCurve``, with as many points as a drawing has room for; None
where nothing is needed again.
"""

from __future__ import annotations

from typing import Final

from costctl.documents.reuse import MissRatio, ReferencesTo, ReuseCurve, SizeUnit
from costctl.reuse.curve import MissRatioCurve

MOST_POINTS: Final = 32


def reuse_told(
    curve: MissRatioCurve, references_to: ReferencesTo, unit: SizeUnit, today_size: float
) -> ReuseCurve | None:
    """The curve of a document. today_size: 0 where there is none, or it is not known."""
    sizes = curve.telling_sizes(MOST_POINTS)
    if not sizes.size:
        return None
    return ReuseCurve(
        references_to=references_to,
        unit=unit,
        references=curve.references,
        compulsory_ratio=curve.compulsory_ratio,
        points=tuple(
            MissRatio(float(size), float(ratio))
            for size, ratio in zip(sizes, curve.miss_ratio(sizes), strict=True)
        ),
        today=MissRatio(today_size, float(curve.miss_ratio(today_size))) if today_size else None,
        one_in=curve.one_in,
    )
