"""Which of the images that pass are drawn for the paper's ablations (4.3), by what an image is and never by its turn.

Every image has a place in one fixed order, a hash of run seed, category, prompt text and image index; the first so many
are drawn. So draws are nested: the images of a smaller share are among those of a larger one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chorus.naming import seed_of
from chorus.screening.cascade import Row, Sight, screen
from chorus.screening.reasons import Reason

if TYPE_CHECKING:
    from chorus.config import Boxes, Screening

_EXACT_DIGITS = 9  # 0.1 of 30 images are 3, though 0.1 * 30 is a little more in binary


@dataclass(frozen=True)
class Lot:
    """Whose images are drawn: run seed, category and text of the prompt."""

    seed: int
    category: str
    prompt: str

    def place(self, index: int) -> int:
        """Place of an image in the order of the draw."""
        return seed_of("draw", self.seed, self.category, self.prompt, index)


def screened_prompt(sights: Sequence[Sight], box_rule: Boxes, rule: Screening, lot: Lot) -> list[Row]:
    """Run the cascade on all images of a prompt and draw those that `without` and `share` ask for."""
    rows = [screen(sight, box_rule, relaxed(rule)) for sight in sights]
    if rule.without != "nothing":
        kept = sum(screen(sight, box_rule, rule).kept for sight in sights)
        rows = drawn(rows, kept, lot)
    if rule.share < 1.0:
        rows = drawn(rows, share_of(sum(row.kept for row in rows), rule.share), lot)
    return rows


def relaxed(rule: Screening) -> Screening:
    """The rule without the screens that `without` names."""
    off: dict[str, object] = {"required_keypoints": []} if rule.without != "nothing" else {}
    if rule.without == "keypoints_and_pose":
        off["pose_score"] = 0.0
    return rule.model_copy(update=off)


def share_of(kept: int, share: float) -> int:
    """How many of `kept` images are a share of them, rounded up: one image at least where any is kept."""
    return math.ceil(round(share * kept, _EXACT_DIGITS))


def drawn(rows: Sequence[Row], number: int, lot: Lot) -> list[Row]:
    """The rows with all kept images but the first `number` in the order of the draw marked as not drawn."""
    order = sorted((row for row in rows if row.kept), key=lambda row: lot.place(row.index))
    left = {row.index for row in order[number:]}
    return [replace(row, reason=Reason.NOT_DRAWN, weight=0) if row.index in left else row for row in rows]
