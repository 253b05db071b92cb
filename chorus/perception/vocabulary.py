"""From a category's word to the class of a network, by name and within that network's own list of names.

Class numbers of different networks never meet: COCO and LVIS number the same words differently. LVIS writes
`bat_(animal)`; the word `bat` finds it as long as it is the only bat, `bat_animal` always does.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from chorus.detections import OBJECT, PERSON
from chorus.errors import ModelError
from chorus.naming import PERSON as PERSON_NAME

_PARENTHESIS = re.compile(r"\(.*?\)")


def labelled_words(word: str) -> dict[int, str]:
    """Label -> word of what is looked for: people and the category's objects; of category `person` people alone."""
    return {PERSON: PERSON_NAME} if word == PERSON_NAME else {PERSON: PERSON_NAME, OBJECT: word}


def class_of(classes: Mapping[int, str], word: str, network: str) -> int:
    """The number of the class that a word names.

    Args:
        classes: class number -> name, as the network has them.
        word: category in words, `sports ball`.
        network: for messages.

    Raises:
        ModelError: no class, or more than one, has that name.
    """
    wanted = plain(word)
    exact = [number for number, name in classes.items() if plain(name) == wanted]
    short = [number for number, name in classes.items() if plain(_PARENTHESIS.sub(" ", name)) == wanted]
    found = exact or short
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(plain(classes[number]).replace(" ", "_") for number in found)
        raise ModelError(f"{network}: {word!r} names {len(found)} of its classes; use one of {names} as category.")
    near = difflib.get_close_matches(wanted, [plain(name) for name in classes.values()], 5)
    hint = f"closest: {', '.join(name.replace(' ', '_') for name in near)}" if near else f"it has {len(classes)} others"
    raise ModelError(
        f"{network}: knows no {word!r} ({hint}); use another category or segmentation.backend open_vocabulary."
    )


def plain(name: str) -> str:
    """A name in small letters and single spaces: `Bat_(animal)` -> `bat animal`."""
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()
