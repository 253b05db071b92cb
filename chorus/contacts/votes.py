"""From several answers about one picture to contacts with weights: the share of the answers that name one.

The share is the soft label that the paper leaves open (how uncertain is a contact?); that it is the weight is ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

from chorus.body.regions import LEFT, RIGHT
from chorus.contacts.parsing import Answered, Contact
from chorus.contacts.vocabulary import BOTH, Mention

Sides = tuple[str, str]  # of the first and the second part; nothing where there is none or it is not known


@dataclass(frozen=True)
class Voted:
    """A contact of two nouns and what the answers say of it.

    Attributes:
        first, second: nouns as in names of parts (`upper_arm`); `second` is empty for the object.
        sides: the combinations that are meant: one, or several of a contact with more than one hand.
        weight: share of the usable answers that name it.
        told: votes of each combination of sides.
    """

    first: str
    second: str
    sides: tuple[Sides, ...]
    weight: float
    told: tuple[tuple[Sides, int], ...]


def tally(answers: Sequence[Answered]) -> list[Voted]:
    """The contacts of the usable answers, heaviest first, then by name."""
    usable = [answer for answer in answers if answer.usable]
    said: dict[tuple[str, str], list[list[Sides]]] = {}
    for answer in usable:
        named: dict[tuple[str, str], list[Sides]] = {}
        for contact in answer.contacts:
            nouns = contact.first.key, contact.second.key if contact.second else ""
            named.setdefault(nouns, []).extend(combinations(contact))
        for nouns, sides in named.items():
            said.setdefault(nouns, []).append(list(dict.fromkeys(sides)))
    found = []
    for (first, second), lists in said.items():
        told = Counter(sides for sides_of_one in lists for sides in sides_of_one).most_common()
        number = median_low(len(sides) for sides in lists)
        meant = tuple(sides for sides, _ in told[:number])
        found.append(Voted(first, second, meant, len(lists) / len(usable), tuple(told)))
    return sorted(found, key=lambda voted: (-voted.weight, voted.first, voted.second))


def combinations(contact: Contact) -> list[Sides]:
    """The combinations of sides that a contact means; `both` means the left and the right one."""
    second = contact.second
    return [(a, b) for a in _expanded(contact.first) for b in (_expanded(second) if second else [""])]


def _expanded(part: Mention) -> list[str]:
    return [LEFT, RIGHT] if part.side == BOTH else [part.side]
