"""A photograph and what its annotations say: the person, and the objects that learned fields can explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chorus import coco
from chorus.errors import FileError
from chorus.images import pixels as encoded_pixels
from chorus.masks import box_of
from chorus.naming import words
from chorus.screening.boxes import intersections


@dataclass(frozen=True)
class Photo:
    """A photograph.

    Attributes:
        name: its file name.
        content: its encoded bytes.
        pixels: (H, W, 3) uint8.
        person: the annotated person with the largest mask; None without annotations.
        masks: category -> (H, W) bool, the annotated object whose box overlaps most with the person's.
    """

    name: str
    content: bytes
    pixels: np.ndarray
    person: coco.Instance | None
    masks: dict[str, np.ndarray]


def read_photo(path: Path, annotations: Path | None, categories: Sequence[str]) -> Photo:
    """Read a photograph and, from a COCO json, what stands about it there under its file name.

    Raises:
        FileError: a file is missing, too large or not of its format, or the annotations do not fit the photograph.
    """
    if not path.is_file():
        raise FileError(f"{path}: no such photograph; give a PNG, JPEG or WebP file.")
    if path.stat().st_size > encoded_pixels.MAX_BYTES:
        raise FileError(f"{path}: has more than {encoded_pixels.MAX_BYTES} bytes; make the photograph smaller.")
    content = path.read_bytes()
    pixels = encoded_pixels.decode(content, str(path))
    if annotations is None:
        return Photo(path.name, content, pixels, None, {})
    file = coco.read_coco(annotations)
    image = _image_of(file, path.name)
    if image.size != pixels.shape[:2]:
        raise FileError(
            f"{path}: is {pixels.shape[0]}x{pixels.shape[1]} pixels, its annotation says {image.size[0]}x"
            f"{image.size[1]}; annotate it again."
        )
    people = [item for item in file.instances(image, (coco.PERSON,)) if item.mask.any() and not item.crowd]
    if not people:
        raise FileError(f"{annotations}: marks no person in {path.name}; annotate one, or leave --annotations out.")
    person = max(people, key=lambda item: int(item.mask.sum()))
    masks = {category: _nearest(file.instances(image, (words(category),)), person) for category in categories}
    return Photo(path.name, content, pixels, person, {name: mask for name, mask in masks.items() if mask is not None})


def _image_of(file: coco.CocoFile, name: str) -> coco.CocoImage:
    found = [image for image in file.images.values() if Path(image.file_name).name == name]
    if len(found) != 1:
        raise FileError(f"{file.path}: has {len(found)} images of the name {name}; needed: one.")
    return found[0]


def _nearest(things: Sequence[coco.Instance], person: coco.Instance) -> np.ndarray | None:
    """Mask of the object whose box shares most with the person's (paper 4.5)."""
    marked = [item.mask for item in things if item.mask.any() and not item.crowd]
    if not marked:
        return None
    boxes = np.array([box_of(mask) for mask in marked])
    return marked[int(intersections(box_of(person.mask)[None], boxes)[0].argmax())]
