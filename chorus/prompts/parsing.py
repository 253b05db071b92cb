"""From a language model's answer to prompts: pure text in, prompts and refusals out, whatever the text is.

The answer is somebody else's text. It may be JSON, cut-off JSON, numbered lines, bullets, Markdown, prose, an apology
or an attack; only short plain captions of a person with the object leave this module.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chorus.naming import words

MAX_ANSWER = 20_000  # characters of an answer that are looked at
MAX_PROMPT = 200  # characters
MIN_WORDS = 3  # subject, verb, object
MAX_WORDS = 30
_MAX_CANDIDATES = 500

_PUNCTUATION = " ,'’-"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_MARKER = re.compile(r"^(?:[-*+•·–>#]+\s*|[\[(]?\d{1,3}[.):\]]+\s*)*")
_WRAPPING = "*_`\"“”' ,"
_PRONOUNS = {
    "i", "you", "he", "she", "it", "we", "they", "this", "that", "these", "those", "who", "what", "someone", "somebody",
    "anyone", "anybody", "everyone", "everybody", "nobody", "his", "her", "its", "their", "our", "my", "your",
}  # fmt: skip
_OPENINGS = {"here", "there", "below", "above", "sure", "sorry", "certainly", "okay", "ok", "note", "as"}
# A caption addresses nobody and says nothing about itself; prose around a list does.
_ADDRESSES = re.compile(
    r"\b(?:i|i['’]m|i['’]ll|me|my|we|us|our|you|your|prompts?|captions?|sorry|cannot|can['’]t)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Refusal:
    """A line of an answer that is no usable prompt, and why."""

    text: str
    reason: str


@dataclass
class Parsed:
    """What an answer held: usable prompts in their order, and refused lines."""

    prompts: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def parse_answer(answer: str, category: str, known: Iterable[str] = (), only_a_person: bool = False) -> Parsed:
    """The prompts of an answer.

    Args:
        known: prompts that are there already; repeating one is refused.
        only_a_person: the subject must be the words "A person".
    """
    parsed, seen = Parsed(), {text.casefold() for text in known}
    for candidate in map(encodable, candidates(answer[:MAX_ANSWER])[:_MAX_CANDIDATES]):
        text = tidied(candidate)
        reason = why_not(text, category, only_a_person) or ("repeated" if text.casefold() in seen else None)
        if reason:
            parsed.refused.append(Refusal(candidate[:MAX_PROMPT], reason))
        else:
            seen.add(text.casefold())
            parsed.prompts.append(text)
    return parsed


def candidates(answer: str) -> list[str]:
    """The pieces of an answer that may be prompts: strings of its JSON (even cut off), else its lines."""
    text = re.sub(r"^\s*```\w*[ \t]*$", "", answer, flags=re.MULTILINE).strip()
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if start >= 0:
        try:
            found = _strings(json.JSONDecoder().raw_decode(text[start:])[0])
            if found:
                return [line for piece in found for line in piece.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            # Cut off: every string that was finished counts; keys are no captions and fail the later checks.
            if text[start + 1 :].lstrip()[:1] in {'"', "{", "["}:
                return [_decoded(found) for found in _STRING.findall(text[start:])]
    return [line for line in text.splitlines() if line.strip()]


def _strings(value: Any) -> list[str]:
    """All strings among the values of parsed JSON, in order."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in _strings(item)]


def _decoded(literal: str) -> str:
    try:
        return str(json.loads(literal, strict=False))
    except ValueError:
        return literal


def encodable(text: str) -> str:
    """A text without lone surrogates, which JSON can hold and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def tidied(line: str) -> str:
    """A line without list marks, Markdown, quotation marks and final full stop, its white space single."""
    text = " ".join(unicodedata.normalize("NFC", line).split())
    return _MARKER.sub("", text).strip(_WRAPPING).rstrip(".").strip(_WRAPPING)


def why_not(text: str, category: str, only_a_person: bool = False) -> str | None:
    """Why a tidied line is no usable prompt, or None if it is one."""
    parts = text.split()
    if not MIN_WORDS <= len(parts) <= MAX_WORDS or len(text) > MAX_PROMPT:
        return f"not {MIN_WORDS} to {MAX_WORDS} words within {MAX_PROMPT} characters"
    if not all(letter.isalnum() or letter in _PUNCTUATION for letter in text):
        return "other characters than letters, digits, commas, hyphens and apostrophes"
    first = re.split(r"['’,]", parts[0].casefold())[0]
    if first in _PRONOUNS:
        return "a pronoun as the subject"
    if first in _OPENINGS or not first[:1].isalnum() or _ADDRESSES.search(text):
        return "not the description of a picture"
    if only_a_person and not text.casefold().startswith("a person "):
        return 'the subject is not "A person"'
    if not names_object(text, category):
        return f"without the words {words(category)!r}"
    return None


def names_object(text: str, category: str) -> bool:
    """Whether a text holds the category's words, also in the plural or joined (`cellphone`, `scarves`)."""
    *leading, last = words(category).split()
    stems = [last + ending for ending in ("", "s", "es")]
    stems += [last[:-1] + "ies"] if last.endswith("y") else []
    stems += [re.sub("fe?$", "ves", last)] if re.search("fe?$", last) else []
    pattern = r"[ -]?".join([*map(re.escape, leading), f"(?:{'|'.join(map(re.escape, stems))})"])
    return re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE) is not None
