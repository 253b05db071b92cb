"""A shard of images: which pictures it holds, their identity and encoded bytes, in memory and in the file.

Every source (scenes, diffusion, folder, coco) writes this one format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chorus import store
from chorus.images import pixels
from chorus.masks import Ragged
from chorus.naming import seed_of
from chorus.prompts.views import View

NO_VIEW = 0


@dataclass(frozen=True)
class Slot:
    """A picture that is to be made: what it is, before it exists."""

    index: int
    view: int
    seed: int


def slots(identity: tuple[int, str, str], views: Sequence[View], per_view: int, shard: int) -> list[Slot]:
    """The pictures of a shard: `per_view` of every view, numbered through all shards of the prompt.

    Args:
        identity: run seed, category and prompt text, which with view and index give the seed of a picture.
    """
    size = len(views) * per_view
    numbered = [(index, index % size // per_view) for index in range(shard * size, (shard + 1) * size)]
    return [Slot(index, view, seed_of(*identity, views[view].suffix, index)) for index, view in numbered]


@dataclass(frozen=True)
class Origin:
    """Where the pictures of a shard come from.

    Attributes:
        source: `images.source`.
        model: the network that made them with its revision or digest, empty where none did.
        batch: so many consecutive pictures of a shard were made at once.
        warning: what somebody who looks at the pictures should know, empty if nothing.
    """

    category: str
    prompt: str
    source: str
    model: str = ""
    batch: int = 1
    warning: str = ""

    def attributes(self) -> dict[str, str]:
        """Attributes of an `images` file."""
        return {name: str(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Dropped:
    """A picture that is not in the shard, and why."""

    index: int
    name: str
    reason: str


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


def arrays_of(records: Sequence[ImageRecord], dropped: Sequence[Dropped] = ()) -> dict[str, Any]:
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
        "dropped_index": np.array([d.index for d in dropped], np.int64),
        "dropped_name": np.array([d.name for d in dropped], str),
        "dropped_reason": np.array([d.reason for d in dropped], str),
    }


def read_shard(path: Path) -> ImageShard:
    """Read an `images` file."""
    file = store.read_arrays(path, "images")
    encoded = Ragged(file["bytes"], file["offset"])
    return ImageShard(file["index"], file["view"], file["seed"], file["size"], file["name"], encoded)
