"""Contact labels as an answer in words gives them: true ones, and the same with wrong sides, gaps and inventions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chorus.body.regions import PARTS
from chorus.contacts.sides import PairDistances, Skeleton, named, repair

Contact = tuple[str, str]
PART_NAMES: tuple[str, ...] = tuple(PARTS)
CONFIDENT = 0.2  # keypoints from here on are used to check sides
LEAST_MARGIN = 0.05  # closer calls keep the side that was told


@dataclass(frozen=True)
class LabelFaults:
    """How wrong labels are, rates 0..1.

    Attributes:
        wrong_side: so many contacts with a sided part are told on the wrong side.
        wrong_relation: of wrong contacts of two sided parts, so many with one wrong side in place of two: told as
            opposite sides where they are the same ones, or the other way round.
        missing: so many contacts are not named.
        invented: so many pairs of people get one contact that is none.
    """

    wrong_side: float = 0.4
    wrong_relation: float = 0.15
    missing: float = 0.1
    invented: float = 0.1


def corrupted(contacts: Sequence[Contact], rng: np.random.Generator, faults: LabelFaults) -> tuple[Contact, ...]:
    """Contacts of one pair with faults; never the same twice, never none at all if there were some."""
    kept = [contact for contact in contacts if rng.random() >= faults.missing] or list(contacts[:1])
    found = [_wrong_side(contact, rng, faults) if rng.random() < faults.wrong_side else contact for contact in kept]
    if rng.random() < faults.invented:
        found.append((str(rng.choice(PART_NAMES)), str(rng.choice(PART_NAMES))))
    return tuple(dict.fromkeys(found))


def _wrong_side(contact: Contact, rng: np.random.Generator, faults: LabelFaults) -> Contact:
    """Both sides exchanged, or only one where the relation is wrong as well."""
    wrong = {0, 1}
    if all(PARTS[part].side for part in contact) and rng.random() < faults.wrong_relation:
        wrong = {int(rng.integers(2))}
    first, second = (PARTS[part].mirror if person in wrong else part for person, part in enumerate(contact))
    return first, second


def repaired(contacts: Sequence[Contact], keypoints: np.ndarray) -> tuple[Contact, ...]:
    """Contacts of one pair with their sides checked against keypoints (2, 17, 3), by `chorus.contacts.sides`."""
    first, second = (Skeleton.of(person, CONFIDENT) for person in keypoints)
    distances = PairDistances(first, second)
    found = []
    for a, b in contacts:
        parts = PARTS[a], PARTS[b]
        sides = repair(parts[0].noun, parts[1].noun, (parts[0].side, parts[1].side), distances, LEAST_MARGIN).sides
        found.append((named(parts[0].noun, sides[0]), named(parts[1].noun, sides[1])))
    return tuple(dict.fromkeys(found))
