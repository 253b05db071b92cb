"""Stage `ask_contacts`: ask a vision-language model which parts of the body touch the object in every kept picture.

Of category `person`: which parts of two people touch each other, in every photograph that has a pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chorus import store
from chorus.contacts.asking import Asked, ask, lines_of, parsed, tokens
from chorus.contacts.picture import boxed_crop
from chorus.contacts.replies import Replies
from chorus.detections import read_detections
from chorus.errors import ServiceError
from chorus.images.shard import read_shard
from chorus.naming import PERSON
from chorus.prompts.chat import ChatServer
from chorus.screening.boxes import person_and_object
from chorus.screening.cascade import read_table
from chorus.screening.reasons import Reason

if TYPE_CHECKING:
    from chorus.job import Job


@dataclass(frozen=True)
class Wanted:
    """A picture to ask about: its index, RGB pixels (H, W, 3), boxes (4,) of its people and of the object, if any."""

    index: int
    pixels: np.ndarray
    people: Sequence[np.ndarray]
    thing: np.ndarray | None


def run(job: Job) -> None:
    """Ask about the pictures; answers that were kept from an earlier run cost nothing.

    Raises:
        ServiceError: the server failed; the answers so far are kept, and the next run goes on from there.
    """
    settings, category = job.settings.contacts, job.names["category"]
    pair = category == PERSON
    server = ChatServer(
        settings.base_url, settings.model, settings.temperature, settings.timeout, "contacts.source: lvlm"
    )
    output = job.outputs["output"]
    replies = Replies(server, output.with_name(f"{output.stem}.replies"))
    seeds = range(settings.seed, settings.seed + settings.samples)
    asked: list[Asked] = []
    try:
        for item in _pairs(job, settings.images) if pair else _kept(job, settings.images):
            picture = boxed_crop(item.pixels, item.people, item.thing)
            asked.append(ask(replies, item.index, picture, (category, pair), seeds))
    except ServiceError as error:
        raise ServiceError(
            f"{str(error).rstrip('.')}; {len(asked)} pictures are answered and kept: run it again to go on."
        ) from None
    finally:
        print(
            f"{category}: {replies.calls} requests for {len(asked)} pictures; {tokens(asked, 'prompt_tokens')} tokens "
            f"read and {tokens(asked, 'completion_tokens')} written for all their answers."
        )
    usable = sum(answer.usable for item in asked for answer in parsed(item, pair))
    print(f"{category}: {usable} of {len(asked) * settings.samples} answers can be used.")
    job.models["contacts"] = next((a.model for item in asked for a in item.answers if a.model), settings.model)
    job.write_file(lines_of(asked), "ask_contacts")


def _kept(job: Job, most: int) -> Iterator[Wanted]:
    """The first kept pictures of a person with an object by image index, at most so many."""
    kept = sorted(row.index for row in read_table(job.one("screening")) if row.kept)[:most]
    wanted = set(kept)
    for images, masks in zip(job.many("images"), job.many("masks"), strict=True):
        shard = read_shard(images)
        for position, detections in enumerate(read_detections(masks)):
            if detections.index not in wanted:
                continue
            pair = person_and_object(detections, job.settings.boxes)
            if not isinstance(pair, Reason):
                person, thing = pair
                yield Wanted(detections.index, shard.pixels(position), [person.box], thing.box)


def _pairs(job: Job, most: int) -> Iterator[Wanted]:
    """The first photographs by image index that have a pair, at most so many."""
    files = [_PairsOfShard.read(path) for path in job.many("pair_people")]
    wanted = sorted(int(index) for file in files for index in file.index)[:most]
    for images, file in zip(job.many("images"), files, strict=True):
        shard = read_shard(images)
        position = {int(index): place for place, index in enumerate(shard.index)}
        for index, boxes in zip(file.index, file.boxes, strict=True):
            if index in wanted:
                yield Wanted(int(index), shard.pixels(position[int(index)]), list(boxes), None)


@dataclass(frozen=True)
class _PairsOfShard:
    """Indices (k,) and boxes (k, 2, 4) of the photographs of a shard that have a pair."""

    index: np.ndarray
    boxes: np.ndarray

    @classmethod
    def read(cls, path: Path) -> _PairsOfShard:
        file = store.read_arrays(path, "pair_people", ("index", "reason", "box"))
        found = file["reason"] == ""
        return cls(file["index"][found], file["box"][found].astype(float))
