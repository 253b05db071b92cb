"""Contact labels as an answer in words gives them: true ones, and the same with wrong sides, gaps and inventions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chorus.body.regions import PARTS

Contact = tuple[str, str]
PART_NAMES: tuple[str, ...] = tuple(PARTS)


@dataclass(frozen=True)
class LabelFaults:
    """How wrong labels are, rates 0..1.

    Attributes:
        wrong_side: of contacts with a sided part, so many have one wrong side.
        missing: so many contacts are not named.
        invented: so many pairs of people get one contact that is none.
    """

    wrong_side: float = 0.4
    missing: float = 0.1
    invented: float = 0.1


def corrupted(contacts: Sequence[Contact], rng: np.random.Generator, faults: LabelFaults) -> tuple[Contact, ...]:
    """Contacts of one pair with faults; never the same twice, never none at all if there were some."""
    kept = [contact for contact in contacts if rng.random() >= faults.missing] or list(contacts[:1])
    found = [_wrong_side(contact, rng) if rng.random() < faults.wrong_side else contact for contact in kept]
    if rng.random() < faults.invented:
        found.append((str(rng.choice(PART_NAMES)), str(rng.choice(PART_NAMES))))
    return tuple(dict.fromkeys(found))


def _wrong_side(contact: Contact, rng: np.random.Generator) -> Contact:
    sided = [person for person in (0, 1) if PARTS[contact[person]].side]
    if not sided:
        return contact
    wrong = int(rng.choice(sided))
    return (PARTS[contact[0]].mirror if wrong == 0 else contact[0], PARTS[contact[1]].mirror if wrong == 1 else contact[1])
