"""What is asked about the pictures of a prompt, and the answers, in memory and in files of JSON lines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chorus import store
from chorus.contacts.parsing import Answered, parse_contacts
from chorus.contacts.question import answer_form, question
from chorus.contacts.replies import Replies
from chorus.errors import FileError
from chorus.prompts.chat import Answer, Question


@dataclass(frozen=True)
class Asked:
    """One picture and what was answered.

    Attributes:
        index: image index.
        picture: SHA-256 of the picture as it was sent.
        answers: one a sample.
    """

    index: int
    picture: str
    answers: tuple[Answer, ...]


def ask(replies: Replies, index: int, picture: bytes, about: tuple[str, bool], seeds: Sequence[int]) -> Asked:
    """Ask about a picture, once a seed.

    Args:
        about: category, and whether the picture shows two people instead of a person with an object.

    Raises:
        ServiceError: see `Replies.answer`.
    """
    text, form = question(*about), answer_form(about[1])
    answers = tuple(replies.answer(Question(text, form, seed, picture)) for seed in seeds)
    return Asked(index, hashlib.sha256(picture).hexdigest(), answers)


def parsed(asked: Asked, pair: bool) -> list[Answered]:
    """What each answer says; the words of one that refuses are no answer."""
    return [parse_contacts("" if answer.refusal else answer.text, pair) for answer in asked.answers]


def lines_of(asked: Sequence[Asked]) -> bytes:
    """A file of one JSON line a picture."""
    lines = [json.dumps(asdict(item), sort_keys=True, ensure_ascii=False) for item in asked]
    return "".join(line + "\n" for line in lines).encode()


def read_asked(path: Path) -> list[Asked]:
    """The pictures and answers of a file.

    Raises:
        FileError: damaged, or no such file.
    """
    try:
        return [_asked(json.loads(line)) for line in store.read_bytes(path).decode().split("\n") if line]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileError(f"{path}: is no file of answers ({error}); delete it and run again.") from error


def _asked(row: dict[str, Any]) -> Asked:
    return Asked(int(row["index"]), row["picture"], tuple(Answer(**answer) for answer in row["answers"]))


def tokens(asked: Sequence[Asked], name: str) -> int:
    """Sum of one count of the server's usage."""
    return sum(answer.usage.get(name, 0) for item in asked for answer in item.answers)
