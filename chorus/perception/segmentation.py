"""Stage `masks`: people and objects of every image.

Backends: `annotations` (COCO json), `transformers`, `open_vocabulary` and `detectron2` (networks).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chorus import coco
from chorus.detections import OBJECT, PERSON, Detection, ImageDetections, arrays_of
from chorus.images import pixels
from chorus.images.shard import read_shard
from chorus.naming import words
from chorus.perception.models import runtime_of
from chorus.perception.protocols import Picture, Segmenter, batches
from chorus.progress import progress

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Write the detections and a thumbnail of every image of a shard."""
    shard, segmenter = read_shard(job.one("images")), segmenter_of(job)
    job.models["segmentation"] = segmenter.name
    found, thumbnails = [], []
    planned = list(batches(range(len(shard)), segmenter.batch, lambda position: tuple(shard.size[position])))
    for positions in progress(planned, "masks"):
        pictures = [Picture(int(shard.index[position]), shard.pixels(position)) for position in positions]
        for position, picture, detections in zip(positions, pictures, segmenter.segment(pictures), strict=True):
            found.append(ImageDetections(picture.index, int(shard.view[position]), picture.size, detections))
            thumbnails.append(pixels.thumbnail(picture.pixels))
    attributes = {"category": job.names["category"], "model": segmenter.name}
    job.write_arrays("masks", arrays_of(found, thumbnails), attributes)


def segmenter_of(job: Job) -> Segmenter:
    """The configured backend, looking for the job's category."""
    chosen, word = job.settings.segmentation, words(job.names["category"])
    if chosen.backend == "annotations":
        return AnnotatedMasks(coco.read_coco(job.one("annotations")), word)
    references, runtime = chosen.references(), runtime_of(job.settings.networks)
    if chosen.backend == "transformers":
        from chorus.perception.universal_masks import UniversalMasks

        return UniversalMasks(references["model"], word, chosen.threshold, runtime)
    if chosen.backend == "open_vocabulary":
        from chorus.perception.word_masks import WordMasks

        return WordMasks(references, word, chosen.word_threshold, runtime)
    from chorus.perception.detectron2_masks import Detectron2Masks

    return Detectron2Masks(references, word, chosen.threshold, runtime)


class AnnotatedMasks:
    """Annotated people and objects as detections of score 1; an unknown image has none."""

    name = "annotations"
    batch = 1

    def __init__(self, file: coco.CocoFile, word: str):
        self._file, self._word = file, word

    def segment(self, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
        """See Segmenter. Empty masks and masks whose size is not the image's are left out."""
        return [self._one(picture) for picture in pictures]

    def _one(self, picture: Picture) -> tuple[Detection, ...]:
        image = self._file.images.get(picture.index)
        instances = self._file.instances(image, (coco.PERSON, self._word)) if image else []
        return tuple(
            Detection.of_mask(PERSON if item.category == coco.PERSON else OBJECT, 1.0, item.mask)
            for item in instances
            if item.mask.shape == picture.size and item.mask.any()
        )
