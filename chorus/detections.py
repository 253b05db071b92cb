"""Detections of people and objects, in memory and in `masks` files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chorus import masks, store
from chorus.errors import FileError
from chorus.masks import Ragged

PERSON, OBJECT = 0, 1


@dataclass(frozen=True)
class Detection:
    """One found person or object.

    Attributes:
        label: PERSON or OBJECT.
        score: confidence 0..1.
        box: (4,) x0, y0, x1, y1 pixels, ends exclusive.
        spans: (k, 3) row spans of the mask.
    """

    label: int
    score: float
    box: np.ndarray
    spans: np.ndarray

    @classmethod
    def of_mask(cls, label: int, score: float, mask: np.ndarray) -> Detection:
        """A detection whose box is the tight box of its mask (H, W)."""
        return cls(label, score, masks.box_of(mask), masks.encode(mask))


@dataclass(frozen=True)
class ImageDetections:
    """All detections of one image of `size` (height, width), made for a view suffix."""

    index: int
    view: int
    size: tuple[int, int]
    found: tuple[Detection, ...]

    def of(self, label: int) -> list[Detection]:
        """Detections of a label."""
        return [detection for detection in self.found if detection.label == label]

    def union(self, label: int) -> np.ndarray:
        """(H, W) bool: union of the masks of a label."""
        spans = [detection.spans for detection in self.of(label)] + [masks.NO_SPANS]
        return masks.decode(np.concatenate(spans), self.size)


def arrays_of(images: list[ImageDetections], thumbnails: list[bytes]) -> dict[str, Any]:
    """Datasets of a `masks` file."""
    detections = [detection for image in images for detection in image.found]
    spans = Ragged.of([d.spans for d in detections], masks.NO_SPANS)
    small = Ragged.of([np.frombuffer(content, np.uint8) for content in thumbnails], np.zeros(0, np.uint8))
    return {
        "index": np.array([image.index for image in images], np.int64),
        "view": np.array([image.view for image in images], np.uint8),
        "size": np.array([image.size for image in images], np.int32).reshape(-1, 2),
        "detection_offset": np.cumsum([0, *(len(image.found) for image in images)]).astype(np.int64),
        "label": np.array([d.label for d in detections], np.uint8),
        "score": np.array([d.score for d in detections], np.float32),
        "box": np.array([d.box for d in detections], np.float32).reshape(-1, 4),
        "span": spans.values,
        "span_offset": spans.offset,
        "thumbnail": small.values,
        "thumbnail_offset": small.offset,
    }


def read_detections(path: Path) -> list[ImageDetections]:
    """The detections of every image of a `masks` file."""
    file = store.read_arrays(path, "masks")
    spans, offset = Ragged(file["span"], file["span_offset"]), file["detection_offset"]
    images = []
    for position, index in enumerate(file["index"]):
        found = tuple(
            Detection(int(file["label"][d]), float(file["score"][d]), file["box"][d].astype(float), spans[d])
            for d in range(offset[position], offset[position + 1])
        )
        height, width = file["size"][position]
        images.append(ImageDetections(int(index), int(file["view"][position]), (int(height), int(width)), found))
    return images


@dataclass(frozen=True)
class LabelMasks:
    """The masks of one label in many images, still as row spans.

    Attributes:
        index: (n,) int64 image indices.
        size: (n, 2) int32 height, width.
        spans: row i holds the spans of all detections of image i; where they overlap, the mask is the union.
    """

    index: np.ndarray
    size: np.ndarray
    spans: Ragged

    def rows_of(self, index: np.ndarray) -> np.ndarray:
        """Rows (k,) of the images with these indices (k,).

        Raises:
            FileError: an image is not there.
        """
        order = np.argsort(self.index)
        place = np.searchsorted(self.index, index, sorter=order)
        found = place < len(order)
        found[found] = self.index[order[place[found]]] == index[found]
        if not found.all():
            raise FileError(f"masks: image {index[~found][0]} is missing; run the masks stage again.")
        return order[place]


def read_masks(paths: Sequence[Path], label: int) -> LabelMasks:
    """The masks of a label in all images of `masks` files; thumbnails, boxes and scores are not read."""
    wanted = ("index", "size", "detection_offset", "label", "span", "span_offset")
    files = [store.read_arrays(path, "masks", wanted) for path in paths]
    index = np.concatenate([np.zeros(0, np.int64), *(file["index"] for file in files)])
    size = np.concatenate([np.zeros((0, 2), np.int32), *(file["size"] for file in files)])
    kept = [_spans_of_label(file, label) for file in files]
    values = np.concatenate([masks.NO_SPANS, *(spans for spans, _ in kept)])
    length = np.concatenate([np.zeros(0, np.int64), *(count for _, count in kept)])
    return LabelMasks(index, size, Ragged(values, np.concatenate([[0], np.cumsum(length)])))


def _spans_of_label(file: store.ArrayFile, label: int) -> tuple[np.ndarray, np.ndarray]:
    # Spans (k, 3) of the detections of a label, and how many each image has.
    chosen = file["label"] == label
    length = np.where(chosen, np.diff(file["span_offset"]), 0)
    before = np.concatenate([[0], np.cumsum(length)])
    per_image = np.diff(before[file["detection_offset"]])
    return file["span"][np.repeat(chosen, np.diff(file["span_offset"]))], per_image


def read_thumbnails(path: Path) -> dict[int, bytes]:
    """Image index -> JPEG bytes of the 128-pixel picture."""
    file = store.read_arrays(path, "masks")
    small = Ragged(file["thumbnail"], file["thumbnail_offset"])
    return {int(index): small[position].tobytes() for position, index in enumerate(file["index"])}
