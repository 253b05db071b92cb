"""Which interaction types a run supports: the clusters (prompt, body part) that rest on enough and steady evidence.

The paper names its clusters by eye. Here every cluster is listed with the figures that decide, and the rule is written
down (`RULE`), so that nobody has to look for the ones that came out well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from chorus.distribution.touching import GEOMETRY, PartSpaces, Told
from chorus.distribution.types import InteractionVotes
from chorus.occupancy.field import field_of
from chorus.occupancy.field_stage import merged, read_votes
from chorus.occupancy.votes import TOTAL, Votes

RULE = {"share": 0.1, "effective_images": 10.0, "directions": 6, "stability": 0.9}


@dataclass(frozen=True)
class Cluster:
    """One interaction type and what it rests on.

    Attributes:
        interaction: interaction name of the prompts, empty for all prompts or one prompt.
        prompt: text of the prompt, empty for several prompts.
        part: body part that the masks touch, empty for any.
        images: number of images.
        share: images / images of the same prompts whatever they touch.
        effective_images: Kish's effective number, with azimuth bins weighted alike (A.6).
        directions: number of the 12 azimuth bins that have an image.
        stability: least Pearson r of the field without one azimuth bin with the whole field; None where the cluster is
            too small to be looked at further.
        distance: 1 - Pearson r with the field of the same prompts whatever they touch; likewise None.
        fails: the keys of RULE that it does not meet; a cluster that fails none is plausible.
        named_by: who says that the part touches the object: the source of the contacts, `geometry`, or nobody (empty).
        told: share of the pictures with an answer that name the part; None where there is none.
        geometry: whether the field of the same prompts agrees; None for no part.
    """

    interaction: str
    prompt: str
    part: str
    images: int
    share: float
    effective_images: float
    directions: int
    stability: float | None
    distance: float | None
    fails: tuple[str, ...]
    named_by: str = ""
    told: float | None = None
    geometry: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"fails": list(self.fails), "plausible": not self.fails}


@dataclass(frozen=True)
class Evidence:
    """What is known of touching: the spaces around the parts, and what was told of the prompts' pictures."""

    spaces: PartSpaces
    told: Mapping[str, Told]

    def of_prompts(self, texts: Sequence[str]) -> Told:
        """What was told of the pictures of several prompts."""
        return sum((self.told[text] for text in texts if text in self.told), Told(GEOMETRY, 0, {}))


def clusters_of(votes: InteractionVotes, evidence: Evidence | None = None) -> list[Cluster]:
    """All clusters: all prompts, each interaction name and each prompt, whatever is touched and by body part.

    Args:
        evidence: by it every part is said to touch or not.
    """
    found: dict[tuple[str, str], list[Cluster]] = {}
    whole: dict[tuple[str, str], Votes] = {}
    selections = _selections(votes)
    for part in votes.groups:
        parts = [read_votes(path, part) for path in votes.files]
        for key, rows in selections.items():
            chosen = merged([parts[row] for row in rows])
            whole.setdefault(key, chosen)
            found.setdefault(key, []).append(_cluster(key, "" if part == TOTAL else part, chosen, whole[key]))
    if evidence is None:
        return [cluster for group in found.values() for cluster in group]
    result = []
    for key, group in found.items():
        told = evidence.of_prompts([votes.prompts[row] for row in selections[key]])
        result += _named(group, told, evidence.spaces.touched(field_of(whole[key]).phi))
    return result


def _named(group: Sequence[Cluster], told: Told, touched: Collection[str]) -> list[Cluster]:
    """The clusters of some prompts, each with who says that its part touches."""
    named = []
    for cluster in group:
        if not cluster.part:
            named.append(cluster)
            continue
        share, agrees = told.share(cluster.part), cluster.part in touched
        # Where nobody was asked, the field alone decides.
        says = agrees if share is None else share >= RULE["share"]
        source = GEOMETRY if share is None else told.source
        named.append(replace(cluster, named_by=source if says else "", told=share, geometry=agrees))
    return named


def _selections(votes: InteractionVotes) -> dict[tuple[str, str], Sequence[int]]:
    """(interaction, prompt) -> rows of the files; sets of prompts that occurred already are left out."""
    everyone = range(len(votes.files))
    named = {(name, ""): [row for row in everyone if votes.names[row] == name] for name in votes.interactions}
    single = {("", text): [row] for row, text in enumerate(votes.prompts)}
    kept: dict[tuple[str, str], Sequence[int]] = {("", ""): list(everyone)}
    for key, rows in (named | single).items():
        if rows not in kept.values():
            kept[key] = rows
    return kept


def _cluster(key: tuple[str, str], part: str, chosen: Votes, whole: Votes) -> Cluster:
    images = int(chosen.images.sum())
    rate = np.where(chosen.count > 0, 1.0 / np.maximum(chosen.count, 1), 0.0)
    squares = float((rate**2 * chosen.images).sum())
    figures: dict[str, Any] = {
        "share": round(images / max(int(whole.images.sum()), 1), 4),
        "effective_images": round(float((rate * chosen.images).sum()) ** 2 / squares, 2) if squares else 0.0,
        "directions": int((chosen.images > 0).sum()),
    }
    fails = [name for name, value in figures.items() if value < RULE[name]]
    steady = None if fails else round(stability(chosen), 4)
    if steady is not None and steady < RULE["stability"]:
        fails.append("stability")
    distance = None if steady is None else round(1.0 - _pearson(field_of(chosen).phi, field_of(whole).phi), 4)
    return Cluster(*key, part, images, **figures, stability=steady, distance=distance, fails=tuple(fails))


def stability(votes: Votes) -> float:
    """Least Pearson r, over azimuth bins with images, of the field without the bin with the whole field (jackknife)."""
    rate = np.where(votes.count > 0, 1.0 / np.maximum(votes.count, 1), 0.0)
    numerator, denominator = (
        array.astype(np.float32).reshape(len(rate), -1) * rate[:, None].astype(np.float32)
        for array in (votes.numerator, votes.denominator)
    )
    n, d = numerator.sum(axis=0), denominator.sum(axis=0)
    whole = n / np.where(d > 0, d, 1.0)
    return min(
        _pearson((n - numerator[b]) / np.where(d - denominator[b] > 1e-6, d - denominator[b], 1.0), whole)
        for b in np.flatnonzero(votes.images)
    )


def _pearson(first: np.ndarray, second: np.ndarray) -> float:
    a, b = (values.reshape(-1).astype(float) for values in (first, second))
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
