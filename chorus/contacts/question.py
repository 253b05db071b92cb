"""What a vision-language model is asked about a picture, in our own words, and the form its answer must have."""

from __future__ import annotations

from typing import Any

from chorus.contacts.vocabulary import NOUNS, SIDED, SIDES
from chorus.naming import words

PEOPLE_COLOURS = ("red", "blue")  # of the boxes of person 1 and person 2
OBJECT_COLOUR = "green"

_OBJECT = """\
The picture shows a person in the red box, numbered 1, and a {object} in the green box.
Which parts of the body of person 1 touch the {object}?"""
_PAIR = """\
The picture shows two people: person 1 in the red box and person 2 in the blue box, each numbered.
Which parts of their bodies touch each other? List every touching pair."""
_RULES = """\
First look at where each hand, arm, leg and foot goes, then answer.
Use these names of parts only: {nouns}.
For {sided} say which side: left or right is the person's own, not the picture's; `both` if both sides touch; for the \
other parts say `none`.
List only what you can see or are sure of. If nothing touches, give an empty list.
Example: {example}
Answer with JSON alone."""
_EXAMPLES = {
    False: '{"contacts": [{"person_1": {"part": "hand", "side": "both"}, "confidence": 0.9}, '
    '{"person_1": {"part": "stomach", "side": "none"}, "confidence": 0.6}]}',
    True: '{"contacts": [{"person_1": {"part": "hand", "side": "right"}, '
    '"person_2": {"part": "shoulder", "side": "left"}, "confidence": 0.9}]}',
}


def question(category: str, pair: bool) -> str:
    """The text that goes with a picture of a person and an object, or of two people."""
    asked = _PAIR if pair else _OBJECT.format(object=words(category))
    rules = _RULES.format(nouns=", ".join(NOUNS), sided=", ".join(SIDED), example=_EXAMPLES[pair])
    return f"{asked}\n{rules}"


def answer_form(pair: bool) -> dict[str, Any]:
    """The JSON schema of an answer."""
    part = _object({"part": {"type": "string", "enum": list(NOUNS)}, "side": {"type": "string", "enum": list(SIDES)}})
    people = {f"person_{number}": part for number in ((1, 2) if pair else (1,))}
    contact = _object({**people, "confidence": {"type": "number"}})
    schema = _object({"contacts": {"type": "array", "items": contact}})
    return {"type": "json_schema", "json_schema": {"name": "contacts", "strict": True, "schema": schema}}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
