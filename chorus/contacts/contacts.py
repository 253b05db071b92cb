"""The contacts of a picture, in memory and in `contacts` files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chorus import store
from chorus.body.regions import LEFT, RIGHT
from chorus.contacts.matrix import region_pairs
from chorus.contacts.sides import Distances, Repair, Repaired, choices_of, choose, is_sure, named, possible
from chorus.contacts.votes import Sides, Voted
from chorus.masks import Ragged


@dataclass(frozen=True)
class PartContact:
    """One part of person 1 that touches a part of person 2 or the object.

    Attributes:
        first, second: coarse parts (keys of `chorus.body.regions.PARTS`), `second` empty for the object.
        told_first, told_second: the same as the answers told them, before the sides were checked.
        weight: 0..1, the share of the answers that name it.
        margin: of the check of the sides, NaN where there was none.
        repair: what became of the sides.
    """

    first: str
    second: str
    told_first: str
    told_second: str
    weight: float
    margin: float
    repair: Repair

    @property
    def sure(self) -> bool:
        """Whether its sides can be relied on (`sides.is_sure`)."""
        return is_sure(self.repair, self.margin)


@dataclass(frozen=True)
class ImageContacts:
    """What touches in one image, by so many usable answers; none of them means that nobody knows."""

    index: int
    answers: int
    contacts: tuple[PartContact, ...]


def part_contacts(voted: Sequence[Voted], distances: Distances, least_margin: float) -> tuple[PartContact, ...]:
    """The contacts of a picture with their sides checked.

    A contact of one pair of parts has its sides checked; where both hands are told, nothing is to be chosen.
    """
    found: dict[tuple[str, str], PartContact] = {}
    for item in voted:
        for contact in _checked(item, distances, least_margin):
            known = found.get((contact.first, contact.second))
            if known is None or known.weight < contact.weight:
                found[contact.first, contact.second] = contact
    return tuple(found.values())


def _checked(item: Voted, distances: Distances, least_margin: float) -> Iterable[PartContact]:
    if len(item.sides) > 1:  # more than one pair of them touches
        for sides in dict.fromkeys(x for told in item.sides for x in possible(item.first, item.second, told)):
            yield _contact(item, sides, Repaired(sides, np.nan, Repair.NOTHING_TO_CHOOSE), item.weight)
        return
    options = choices_of(item.first, item.second, _relation(item))
    stated = next((sides for sides, _ in item.told if sides in options), item.sides[0])
    result = choose(options, (item.first, item.second), stated, distances, least_margin)
    either = possible(item.first, item.second, result.sides)
    for sides in either:
        yield _contact(item, sides, result, item.weight / len(either))


def _relation(item: Voted) -> Sides:
    """Sides of the relation, same or opposite, that most answers tell; the most told sides where they are divided."""
    same = sum(votes for (a, b), votes in item.told if a and a == b)
    opposite = sum(votes for (a, b), votes in item.told if a and b and a != b)
    if same == opposite:
        return item.sides[0]
    return (LEFT, LEFT) if same > opposite else (LEFT, RIGHT)


def _contact(item: Voted, sides: Sides, result: Repaired, weight: float) -> PartContact:
    told = item.sides[0] if len(item.sides) == 1 else sides
    return PartContact(
        named(item.first, sides[0]), named(item.second, sides[1]),
        named(item.first, told[0]), named(item.second, told[1]), weight, result.margin, result.outcome,
    )  # fmt: skip


def arrays_of(images: Sequence[ImageContacts]) -> dict[str, Any]:
    """Datasets of a `contacts` file."""
    every = [contact for image in images for contact in image.contacts]
    pairs = [region_pairs((c.first, c.second, c.weight) for c in image.contacts) for image in images]
    offset = np.cumsum([0, *(len(pair.weight) for pair in pairs)]).astype(np.int64)
    return {
        "index": np.array([image.index for image in images], np.int64),
        "answers": np.array([image.answers for image in images], np.uint8),
        "contact_offset": np.cumsum([0, *(len(image.contacts) for image in images)]).astype(np.int64),
        **{name: np.array([getattr(c, name) for c in every], str) for name in _TEXTS},
        "weight": np.array([c.weight for c in every], np.float32),
        "margin": np.array([c.margin for c in every], np.float32),
        "repair": np.array([c.repair for c in every], np.uint8),
        "region_offset": offset,
        "region_first": np.concatenate([np.zeros(0, np.uint8), *(pair.first for pair in pairs)]),
        "region_second": np.concatenate([np.zeros(0, np.uint8), *(pair.second for pair in pairs)]),
        "region_weight": np.concatenate([np.zeros(0, np.float32), *(pair.weight for pair in pairs)]),
    }


_TEXTS = ("first", "second", "told_first", "told_second")


def read_contacts(path: Path) -> list[ImageContacts]:
    """The contacts of every image of a `contacts` file."""
    file = store.read_arrays(path, "contacts")
    first, second, told_first, told_second = (file[name] for name in _TEXTS)
    rows = [
        PartContact(
            str(first[row]), str(second[row]), str(told_first[row]), str(told_second[row]),
            float(file["weight"][row]), float(file["margin"][row]), Repair(int(file["repair"][row])),
        )
        for row in range(len(first))
    ]  # fmt: skip
    rows_of = Ragged(np.arange(len(rows)), file["contact_offset"])
    return [
        ImageContacts(int(index), int(file["answers"][i]), tuple(rows[row] for row in rows_of[i]))
        for i, index in enumerate(file["index"])
    ]
