"""Contact labels as fits are told them, and as answers in words give them: wrong sides, gaps, inventions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from chorus.body.model import mirrored_name
from chorus.body.regions import PARTS
from chorus.contacts.sides import PairDistances, Skeleton, named, repair

Contact = tuple[str, str]
Contacts = tuple[Contact, ...]
PART_NAMES: tuple[str, ...] = tuple(PARTS)
CONFIDENT = 0.2  # keypoints from here on are used to check sides
LEAST_MARGIN = 0.05  # closer calls keep the side that was told


def mirror(contact: Contact) -> Contact:
    """The same contact with left and right exchanged."""
    return mirrored_name(contact[0]), mirrored_name(contact[1])


@dataclass(frozen=True)
class Label:
    """A contact as a fit is told it.

    Attributes:
        contact: coarse parts (of person 1, of person 2).
        weight: how much it is believed, 0..1.
        sure: whether its sides are; if not, the mirrored contact may be meant as well.
    """

    contact: Contact
    weight: float = 1.0
    sure: bool = True


def labels_of(contacts: Iterable[Contact]) -> tuple[Label, ...]:
    """Labels that are fully believed."""
    return tuple(map(Label, contacts))


def contacts_of(labels: Iterable[Label]) -> Contacts:
    """The contacts as they are told."""
    return tuple(label.contact for label in labels)


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


def corrupted(contacts: Sequence[Contact], rng: np.random.Generator, faults: LabelFaults) -> Contacts:
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


def repaired(contacts: Sequence[Contact], keypoints: np.ndarray) -> tuple[Label, ...]:
    """Contacts of one pair with their sides checked against keypoints (2, 17, 3), by `chorus.contacts.sides`."""
    first, second = (Skeleton.of(person, CONFIDENT) for person in keypoints)
    distances = PairDistances(first, second)
    sure: dict[Contact, bool] = {}
    for a, b in contacts:
        parts = PARTS[a], PARTS[b]
        checked = repair(parts[0].noun, parts[1].noun, (parts[0].side, parts[1].side), distances, LEAST_MARGIN)
        contact = named(parts[0].noun, checked.sides[0]), named(parts[1].noun, checked.sides[1])
        sure[contact] = sure.get(contact, False) or checked.sure
    return tuple(Label(contact, sure=sides) for contact, sides in sure.items())
