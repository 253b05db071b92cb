"""A model that knows what truly touches and tells it badly: the content of the loopback server's answers."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chorus.body.regions import PARTS
from chorus.contacts.vocabulary import SIDED, UNSIDED
from tests.attacks.chat_server import Reply


@dataclass(frozen=True)
class Corruption:
    """Probabilities of what goes wrong, by contact or by answer.

    Attributes:
        swap: a contact's side is the other one.
        drop: a contact is left out.
        invent: an answer also names a part that does not touch.
        plural: a contact of one side is told as both.
        unknown: a contact is told with a word that is not in the vocabulary.
        prose, cut, refusal, table: the answer is prose, cut-off JSON, a refusal, a Markdown table.
    """

    swap: float = 0.0
    drop: float = 0.0
    invent: float = 0.0
    plural: float = 0.0
    unknown: float = 0.0
    prose: float = 0.0
    cut: float = 0.0
    refusal: float = 0.0
    table: float = 0.0


USUAL = Corruption(0.4, 0.15, 0.3, 0.05, 0.05, 0.03, 0.05, 0.02, 0.1)
_OTHER = {"left": "right", "right": "left"}


def told(parts: Sequence[str], rng: np.random.Generator, wrong: Corruption) -> Reply:
    """What a model says of coarse parts that touch."""
    entries = [_entry(*cell) for cell in _cells(parts, rng, wrong)]
    form = rng.random()
    for share, reply in (
        (wrong.prose, Reply("The person seems to hold it, but I would not be sure.")),
        (wrong.refusal, Reply(refusal="I'm sorry, I can't help with pictures of people.")),
        (wrong.cut, Reply(json.dumps({"contacts": entries})[: int(rng.integers(5, 200))], finish="length")),
        (wrong.table, Reply(_table(entries))),
    ):
        if form < share:
            return reply
        form -= share
    return Reply(json.dumps({"contacts": entries}))


def _cells(parts: Sequence[str], rng: np.random.Generator, wrong: Corruption) -> list[tuple[str, str]]:
    """(part, side) of every contact that is told: both sides of a noun stand in one."""
    sides: dict[str, list[str]] = {}
    for name in parts:
        sides.setdefault(PARTS[name].noun.replace("_", " "), []).append(PARTS[name].side)
    cells = []
    for noun, found in sides.items():
        if rng.random() < wrong.drop:
            continue
        side = "both" if len(found) == 2 else found[0] or "none"
        if side in _OTHER:
            side = _OTHER[side] if rng.random() < wrong.swap else side
            side = "both" if rng.random() < wrong.plural else side
        cells.append(("tentacle" if rng.random() < wrong.unknown else noun, side))
    if rng.random() < wrong.invent:
        noun = str(rng.choice([*SIDED, *UNSIDED]))
        cells.append((noun, str(rng.choice(["left", "right", "both"])) if noun in SIDED else "none"))
    return cells


def _entry(part: str, side: str) -> dict:
    return {"person_1": {"part": part, "side": side}, "confidence": 0.8}


def _table(entries: Sequence[dict]) -> str:
    rows = (f"| {entry['person_1']['part']} | {entry['person_1']['side']} |\n" for entry in entries)
    return "Here is what I see:\n\n| Part | Side |\n|---|---|\n" + "".join(rows)


def telling(truth: Callable[[], Mapping[str, Sequence[str]]], wrong: Corruption) -> Callable[[dict], Reply]:
    """A server's reply: the request's picture is looked up by its SHA-256, and its seed draws what goes wrong."""

    def reply(request: dict) -> Reply:
        picture = picture_of(request)
        seed = int(hashlib.sha256(picture).hexdigest()[:12], 16), request["seed"]
        return told(truth()[hashlib.sha256(picture).hexdigest()], np.random.default_rng(seed), wrong)

    return reply


def picture_of(request: dict) -> bytes:
    """The JPEG of a request."""
    url = request["messages"][0]["content"][1]["image_url"]["url"]
    return base64.b64decode(url.removeprefix("data:image/jpeg;base64,"))
