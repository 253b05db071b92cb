"""What a language model is asked (paper 3.2 and A.1), in our own words, and the form its answer must have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chorus.naming import seed_of, words

ANY_PERSON, A_PERSON = "any_person", "a_person"
# The paper's template has two switching phrases for the subject: its category is person, or it is the words "A person".
SUBJECTS = {
    ANY_PERSON: "The subject is one person, named by a general word (man, woman, child, an occupation); vary the word.",
    A_PERSON: 'The subject is always the two words "A person".',
}
_TEMPLATE = """\
List up to {count} different captions of photographs in which a person uses the object "{object}".
Each caption is one short English sentence: subject, verb, object.
{subject} Never use a pronoun as the subject.
The object is named with exactly the words "{object}".
The verb is simple and shows the body and the object physically interacting, in a way that people really do.
Let the verbs differ. Letters, commas, hyphens and apostrophes only; no full stop.{known}
Answer with JSON alone: {{"prompts": ["...", "..."]}}"""
_KNOWN = "\nThese captions exist already; do not repeat them: {texts}."

ANSWER_FORM: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "captions",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"prompts": {"type": "array", "items": {"type": "string"}}},
            "required": ["prompts"],
            "additionalProperties": False,
        },
    },
}


def subject_of(setting: str, seed: int, category: str) -> str:
    """Which of the two switching phrases a category gets: the configured one, or one drawn by seed and category."""
    if setting in SUBJECTS:
        return setting
    return (ANY_PERSON, A_PERSON)[seed_of("subject", seed, category) % 2]


def question(category: str, count: int, subject: str, known: Sequence[str] = ()) -> str:
    """The text of one request: `count` captions of the category that are not among the known ones."""
    repeated = _KNOWN.format(texts="; ".join(known)) if known else ""
    return _TEMPLATE.format(count=count, object=words(category), subject=SUBJECTS[subject], known=repeated)
