"""How many images a screening keeps and what the others are lost to (columns of the paper's Table 3, and reasons)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chorus.screening.cascade import FULL_WEIGHT, Row
from chorus.screening.reasons import Reason

# Share of kept images, percent, below which a grade ends. The paper keeps 25 % of its diffusion images (Table 3).
_GRADES = (
    (5.0, "too few for a good field; make more images"),
    (20.0, "a strict choice; more images would help"),
    (40.0, "as usual: the paper keeps 25 %"),
    (101.0, "more than usual: the paper keeps 25 %"),
)


@dataclass(frozen=True)
class Statistics:
    """Counts of a set of screened images.

    Attributes:
        images: number of images.
        lost: number of rejected images of every reason that occurs, most frequent first.
        votes: sum of the vote weights; a full image counts 1.
        not_drawn: images that passed but were left out by a draw: neither kept nor rejected.
    """

    images: int
    lost: Mapping[Reason, int]
    votes: float
    not_drawn: int = 0

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Statistics:
        """Statistics of rows of screening tables."""
        rows = list(rows)
        order = list(Reason)
        counts = Counter(row.reason for row in rows if not row.kept)
        not_drawn = counts.pop(Reason.NOT_DRAWN, 0)
        lost = dict(sorted(counts.items(), key=lambda item: (-item[1], order.index(item[0]))))
        return cls(len(rows), lost, sum(row.weight for row in rows) / FULL_WEIGHT, not_drawn)

    @property
    def kept(self) -> int:
        """Number of images that vote."""
        return self.images - self.rejected - self.not_drawn

    @property
    def rejected(self) -> int:
        """Number of images that a screen rejects."""
        return sum(self.lost.values())

    def number_of(self, reason: Reason) -> int:
        """Number of images with a reason; the empty one means kept."""
        named = {Reason.KEPT: self.kept, Reason.NOT_DRAWN: self.not_drawn}
        return named.get(reason, self.lost.get(reason, 0))

    @property
    def kept_percent(self) -> float:
        """Share of images that vote; 0 without images."""
        return 100.0 * self.kept / self.images if self.images else 0.0

    @property
    def rejection_percent(self) -> float:
        """Share of images that a screen rejects (Table 3); 0 without images."""
        return 100.0 * self.rejected / self.images if self.images else 0.0

    @property
    def count(self) -> str:
        """`187 of 396 images kept (47 %)`."""
        return f"{self.kept} of {self.images} images kept ({self.kept_percent:.0f} %)"

    @property
    def outcome(self) -> str:
        """The outcome in one graded sentence, with what most images were lost to and what that usually means."""
        if not self.images:
            return f"{self.count}: there was nothing to screen."
        sentence = f"{self.count}: {self._grade}"
        if self.lost:
            reason, number = next(iter(self.lost.items()))
            sentence += f"; {self.not_drawn} more passed but were not drawn" if self.not_drawn else ""
            sentence += f"; most others ({number}) were lost to: {reason}, which usually means {reason.usual_cause}"
        return sentence + "."

    @property
    def _grade(self) -> str:
        if not self.kept:
            return "nothing is left to vote"
        return next(grade for end, grade in _GRADES if self.kept_percent < end)
