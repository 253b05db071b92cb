"""The COCO annotation format: instances with masks and keypoints, read with caps, written from masks."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from chorus.errors import FileError
from chorus.naming import PERSON

KEYPOINT_NAMES = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee",
    "left_ankle", "right_ankle",
)  # fmt: skip
MAX_JSON_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Instance:
    """One annotated person or object.

    Attributes:
        category: the category's name as COCO writes it (`sports ball`).
        mask: (H, W) bool.
        keypoints: (17, 3) x, y, visibility (0 absent, 1 hidden, 2 visible), or None.
        crowd: a region of several instances.
    """

    category: str
    mask: np.ndarray
    keypoints: np.ndarray | None = None
    crowd: bool = False


@dataclass(frozen=True)
class CocoImage:
    """One image of an annotation file: id, file name, size (height, width) and its raw annotations."""

    id: int
    file_name: str
    size: tuple[int, int]
    annotations: tuple[dict[str, Any], ...]

    def has(self, category_id: int) -> bool:
        """Whether some annotation is of a category."""
        return any(item["category_id"] == category_id for item in self.annotations)


@dataclass(frozen=True)
class CocoFile:
    """A parsed annotation file."""

    path: Path
    categories: dict[int, str]
    images: dict[int, CocoImage]

    def category_id(self, name: str) -> int:
        """Id of a category's name.

        Raises:
            FileError: the file has no such category.
        """
        for identity, known in self.categories.items():
            if known == name:
                return identity
        raise FileError(f"{self.path}: has no category {name!r}; it has {', '.join(sorted(self.categories.values()))}.")

    def instances(self, image: CocoImage, names: Iterable[str]) -> list[Instance]:
        """Decoded annotations of an image whose category is among `names`."""
        wanted = set(names)
        return [
            _decode(self, image, item)
            for item in image.annotations
            if self.categories.get(item["category_id"]) in wanted
        ]


def read_coco(path: Path) -> CocoFile:
    """Read a COCO instances (or keypoints) json.

    Raises:
        FileError: missing, too large, or not of the format.
    """
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise FileError(f"{path}: has more than {MAX_JSON_BYTES} bytes; split the annotation file.")
        return parse_coco(json.loads(path.read_bytes()), path)
    except FileNotFoundError:
        raise FileError(f"{path}: no such annotation file; set images.annotations to a COCO json.") from None
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}: is not JSON ({error}); give a COCO instances file.") from None


def parse_coco(value: Any, path: Path) -> CocoFile:
    """A parsed COCO json; `path` is for messages."""
    try:
        annotations: dict[int, list] = defaultdict(list)
        for item in value["annotations"]:
            if not isinstance(item["category_id"], int):
                raise ValueError("category_id is not a number")
            annotations[int(item["image_id"])].append(item)
        categories = {int(item["id"]): str(item["name"]) for item in value["categories"]}
        images = {
            int(item["id"]): CocoImage(
                int(item["id"]),
                str(item["file_name"]),
                (int(item["height"]), int(item["width"])),
                tuple(annotations.get(int(item["id"]), ())),
            )
            for item in value["images"]
        }
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise FileError(f"{path}: is not in COCO's form (problem at {error}); give a COCO instances json.") from None
    return CocoFile(path, categories, images)


def _decode(file: CocoFile, image: CocoImage, item: dict[str, Any]) -> Instance:
    height, width = image.size
    if not (0 < height <= 16384 and 0 < width <= 16384):
        raise FileError(f"{file.path}: image {image.id} claims {height}x{width} pixels; at most 16384 a side are read.")
    try:
        segmentation = item["segmentation"]
        if isinstance(segmentation, list):
            runs = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width)) if segmentation else None
        elif isinstance(segmentation["counts"], list):
            runs = coco_mask.frPyObjects(segmentation, height, width)
        else:
            runs = {"size": segmentation["size"], "counts": str(segmentation["counts"]).encode()}
        if runs is not None and tuple(runs["size"]) != (height, width):
            raise ValueError("the mask's size is not the image's")
        mask = coco_mask.decode(runs).astype(bool) if runs is not None else np.zeros((height, width), bool)
        points = item.get("keypoints")
        keypoints = np.asarray(points, float).reshape(len(KEYPOINT_NAMES), 3) if points and any(points) else None
    except Exception as error:  # pycocotools raises bare exceptions for what it cannot read
        raise FileError(f"{file.path}: an annotation of image {image.id} is not in COCO's form ({error}).") from None
    return Instance(file.categories[item["category_id"]], mask, keypoints, bool(item.get("iscrowd", 0)))


def coco_json(category: str, images: list[tuple[CocoImage, list[Instance]]]) -> dict[str, Any]:
    """A COCO json of images with their instances; categories are `person` and the given one."""
    category_ids = {category: 2, PERSON: 1}
    annotations: list[dict[str, Any]] = []
    for image, instances in images:
        for instance in instances:
            annotations.append(_encode(len(annotations) + 1, image, instance, category_ids[instance.category]))
    return {
        "images": [
            {"id": image.id, "file_name": image.file_name, "height": image.size[0], "width": image.size[1]}
            for image, _ in images
        ],
        "annotations": annotations,
        "categories": [
            {"id": 1, "name": PERSON, "keypoints": list(KEYPOINT_NAMES)},
            *([{"id": 2, "name": category}] if category != PERSON else []),
        ],
    }


def _encode(identity: int, image: CocoImage, instance: Instance, category_id: int) -> dict[str, Any]:
    runs = coco_mask.encode(np.asfortranarray(instance.mask, dtype=np.uint8))
    item = {
        "id": identity,
        "image_id": image.id,
        "category_id": category_id,
        "iscrowd": int(instance.crowd),
        "area": float(coco_mask.area(runs)),
        "bbox": [float(value) for value in coco_mask.toBbox(runs)],
        "segmentation": {"size": list(image.size), "counts": runs["counts"].decode()},
    }
    if instance.keypoints is not None:
        rounded = np.round(instance.keypoints, 2)
        item["keypoints"] = [float(value) for value in rounded.reshape(-1)]
        item["num_keypoints"] = int((rounded[:, 2] > 0).sum())
    return item
