"""The words in which contacts are told: nouns of body parts, sides, and what other words for them mean.

The vocabulary is ours: the nouns of `chorus.body.regions.PARTS`. It is closed, so that every answer either means
regions of the body or is refused with a reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chorus.body.regions import LEFT, MIDDLE, PARTS, RIGHT

BOTH = "both"
SIDED = tuple(dict.fromkeys(part.noun.replace("_", " ") for part in PARTS.values() if part.side))
UNSIDED = tuple(part.name.replace("_", " ") for part in PARTS.values() if not part.side)
NOUNS = (*SIDED, *UNSIDED)
SIDES = (LEFT, RIGHT, BOTH, "none")

_OTHER_WORDS = {
    "palm": "hand", "finger": "hand", "fist": "hand", "thumb": "hand", "wrist": "hand", "elbow": "forearm",
    "lower arm": "forearm", "bicep": "upper arm", "ankle": "foot", "toe": "foot", "heel": "foot", "sole": "foot",
    "shin": "calf", "lower leg": "calf", "knee": "calf", "upper leg": "thigh", "lap": "thigh", "butt": "buttock",
    "bottom": "buttock", "glute": "buttock", "face": "head", "ear": "head", "hair": "head", "throat": "neck",
    "breast": "chest", "upper chest": "chest", "belly": "stomach", "abdomen": "stomach", "hip": "hips",
    "pelvis": "hips", "waist": "hips", "seat": "buttock",
}  # fmt: skip
_FILLING = {LEFT, RIGHT, BOTH, "the", "of", "a", "his", "her", "their"}
_IRREGULAR = {"feet": "foot", "calves": "calf", "thighs": "thigh"}


@dataclass(frozen=True, order=True)
class Mention:
    """A part of the body as an answer names it: a noun of NOUNS and a side.

    `side` is `left`, `right`, `both`, or nothing: of the middle of the body, or not said.
    """

    noun: str
    side: str

    @property
    def sided(self) -> bool:
        """Whether the noun has a left and a right."""
        return self.noun in SIDED

    @property
    def key(self) -> str:
        """The noun as it stands in names of parts: `upper_arm`."""
        return self.noun.replace(" ", "_")

    def names(self) -> tuple[str, ...]:
        """The coarse parts (keys of PARTS) that it may mean: one where the side is known, else two."""
        if not self.sided:
            return (self.key,)
        sides = (self.side,) if self.side in (LEFT, RIGHT) else (LEFT, RIGHT)
        return tuple(f"{side}_{self.key}" for side in sides)


def mention(text: str, side: str = "") -> Mention | None:
    """What a model's words mean, None where they name no part of the vocabulary.

    A side may stand in the text (`left hand`) or beside it; the plural of a sided part means both sides.
    Of alternatives (`hand/forearm`) the first known one counts; a qualifier in brackets is dropped, unless it is a side.
    """
    for words in re.split(r"/|,| or ", text):
        if found := _one(words, side):
            return found
    return None


def _one(text: str, side: str) -> Mention | None:
    plain = re.sub(r"[^a-z() ]", " ", text.casefold())
    words = re.sub(r"\(.*?\)|[()]", " ", plain).split()
    said = [word for word in re.findall("[a-z]+", plain) if word in (LEFT, RIGHT, BOTH)]
    noun, plural = _noun(" ".join(word for word in words if word not in _FILLING))
    if noun not in NOUNS:
        return None
    if noun not in SIDED:
        return Mention(noun, MIDDLE)
    beside = side.casefold().strip()
    stated = BOTH if {LEFT, RIGHT} <= set(said) else said[0] if said else beside
    if stated not in (LEFT, RIGHT, BOTH):
        stated = BOTH if plural else MIDDLE
    return Mention(noun, stated)


def _noun(words: str) -> tuple[str, bool]:
    """The noun of NOUNS, if any, and whether the words were a plural."""
    for singular, plural in ((words, False), (_IRREGULAR.get(words, words.removesuffix("s")), True)):
        known = _OTHER_WORDS.get(singular, singular)
        if known in NOUNS:
            return known, plural
    return words, False
