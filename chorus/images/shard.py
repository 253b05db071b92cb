"""A shard of images: encoded pictures with their identity, in memory and in the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chorus import store
from chorus.images import pixels
from chorus.masks import Ragged


@dataclass(frozen=True)
class ImageRecord:
    """One picture: its identity and its encoded bytes."""

    index: int
    view: int
    seed: int
    size: tuple[int, int]
    name: str
    content: bytes


@dataclass(frozen=True)
class ImageShard:
    """The images of one shard.

    Attributes:
        index, view, seed: (n,) identity of every image.
        size: (n, 2) height, width.
        encoded: n rows of bytes.
    """

    index: np.ndarray
    view: np.ndarray
    seed: np.ndarray
    size: np.ndarray
    name: np.ndarray
    encoded: Ragged

    def __len__(self) -> int:
        return len(self.index)

    def pixels(self, position: int) -> np.ndarray:
        """RGB pixels (H, W, 3) uint8 of the image at a position in the shard."""
        return pixels.decode(self.encoded[position].tobytes(), f"image {self.index[position]}")


def arrays_of(records: list[ImageRecord]) -> dict[str, Any]:
    """Datasets of an `images` file."""
    encoded = Ragged.of([np.frombuffer(r.content, np.uint8) for r in records], np.zeros(0, np.uint8))
    return {
        "index": np.array([r.index for r in records], np.int64),
        "view": np.array([r.view for r in records], np.uint8),
        "seed": np.array([r.seed for r in records], np.uint64),
        "size": np.array([r.size for r in records], np.int32).reshape(-1, 2),
        "name": np.array([r.name for r in records], str),
        "bytes": encoded.values,
        "offset": encoded.offset,
    }


def read_shard(path: Path) -> ImageShard:
    """Read an `images` file."""
    file = store.read_arrays(path, "images")
    encoded = Ragged(file["bytes"], file["offset"])
    return ImageShard(file["index"], file["view"], file["seed"], file["size"], file["name"], encoded)
