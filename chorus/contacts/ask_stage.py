"""Stage `ask_contacts`: ask a vision-language model which parts of the body touch the object in every kept picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chorus.contacts.asking import Asked, ask, lines_of, parsed, tokens
from chorus.contacts.picture import boxed_crop
from chorus.contacts.replies import Replies
from chorus.detections import Detection, read_detections
from chorus.errors import ServiceError
from chorus.images.shard import read_shard
from chorus.progress import progress
from chorus.prompts.chat import ChatServer
from chorus.screening.boxes import person_and_object
from chorus.screening.cascade import read_table
from chorus.screening.reasons import Reason

if TYPE_CHECKING:
    from chorus.job import Job


@dataclass(frozen=True)
class Wanted:
    """A kept picture: its index, RGB pixels (H, W, 3), the person and the object."""

    index: int
    pixels: np.ndarray
    person: Detection
    thing: Detection


def run(job: Job) -> None:
    """Ask about the kept pictures; answers that were kept from an earlier run cost nothing.

    Raises:
        ServiceError: the server failed; the answers so far are kept, and the next run goes on from there.
    """
    settings, category = job.settings.contacts, job.names["category"]
    server = ChatServer(
        settings.base_url, settings.model, settings.temperature, settings.timeout, "contacts.source: lvlm"
    )
    output = job.outputs["output"]
    replies = Replies(server, output.with_name(f"{output.stem}.replies"))
    seeds = range(settings.seed, settings.seed + settings.samples)
    asked: list[Asked] = []
    try:
        for item in progress(list(_wanted(job, settings.images)), "contacts"):
            picture = boxed_crop(item.pixels, [item.person.box], item.thing.box)
            asked.append(ask(replies, item.index, picture, (category, False), seeds))
    except ServiceError as error:
        raise ServiceError(
            f"{str(error).rstrip('.')}; {len(asked)} pictures are answered and kept: run it again to go on."
        ) from None
    finally:
        print(
            f"{category}: {replies.calls} requests for {len(asked)} pictures; {tokens(asked, 'prompt_tokens')} tokens "
            f"read and {tokens(asked, 'completion_tokens')} written for all their answers."
        )
    usable = sum(answer.usable for item in asked for answer in parsed(item, pair=False))
    print(f"{category}: {usable} of {len(asked) * settings.samples} answers can be used.")
    job.models["contacts"] = next((a.model for item in asked for a in item.answers if a.model), settings.model)
    job.write_file(lines_of(asked), "ask_contacts")


def _wanted(job: Job, most: int) -> Iterator[Wanted]:
    """The first kept pictures by image index, at most so many."""
    kept = sorted(row.index for row in read_table(job.one("screening")) if row.kept)[:most]
    wanted = set(kept)
    for images, masks in zip(job.many("images"), job.many("masks"), strict=True):
        shard = read_shard(images)
        for position, detections in enumerate(read_detections(masks)):
            if detections.index not in wanted:
                continue
            pair = person_and_object(detections, job.settings.boxes)
            if not isinstance(pair, Reason):
                yield Wanted(detections.index, shard.pixels(position), *pair)
