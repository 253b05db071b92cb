"""Stage `masks`: people and objects of every image. Backend `annotations` reads a COCO json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chorus import coco
from chorus.detections import OBJECT, PERSON, Detection, ImageDetections, arrays_of
from chorus.images import pixels
from chorus.images.shard import read_shard
from chorus.naming import words
from chorus.progress import progress

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Write the detections and a thumbnail of every image of a shard."""
    shard, file = read_shard(job.one("images")), coco.read_coco(job.one("annotations"))
    job.models["segmentation"] = "annotations"
    found, thumbnails = [], []
    for position in progress(range(len(shard)), "masks"):
        image = shard.pixels(position)
        identity = int(shard.index[position]), int(shard.view[position]), image.shape[:2]
        found.append(ImageDetections(*identity, annotated(file, identity[0], image.shape[:2], job.names["category"])))
        thumbnails.append(pixels.thumbnail(image))
    attributes = {"category": job.names["category"], "model": "annotations"}
    job.write_arrays("masks", arrays_of(found, thumbnails), attributes)


def annotated(file: coco.CocoFile, index: int, size: tuple[int, int], category: str) -> tuple[Detection, ...]:
    """The annotated people and objects of an image as detections of score 1; an unknown image has none.

    Empty masks and masks whose size is not the image's are left out.
    """
    image = file.images.get(index)
    instances = file.instances(image, (coco.PERSON, words(category))) if image else []
    return tuple(
        Detection.of_mask(PERSON if item.category == coco.PERSON else OBJECT, 1.0, item.mask)
        for item in instances
        if item.mask.shape == size and item.mask.any()
    )
