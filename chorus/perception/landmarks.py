"""BlazePose's landmarks as datasets of a `keypoints` file, so that the network looks at a person once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from chorus.perception.blazepose import LANDMARKS, Landmarks
from chorus.store import ArrayFile, read_arrays


def landmark_arrays(seen: Mapping[int, Landmarks], index: np.ndarray) -> dict[str, np.ndarray]:
    """Datasets of the images with these indices (n,); NaN where the network did not look.

    Args:
        seen: image index -> landmarks.
    """
    n = len(index)
    arrays = {
        "landmarks": np.full((n, len(LANDMARKS), 4), np.nan),
        "landmarks_world": np.full((n, len(LANDMARKS), 3), np.nan),
        "landmarks_score": np.full(n, np.nan),
        "landmarks_spread": np.full(n, np.nan),
    }
    for position in np.flatnonzero(np.isin(index, list(seen))):
        person = seen[int(index[position])]
        arrays["landmarks"][position, :, :3], arrays["landmarks"][position, :, 3] = person.image, person.presence
        arrays["landmarks_world"][position] = person.world
        arrays["landmarks_score"][position], arrays["landmarks_spread"][position] = person.score, person.spread
    return arrays


def landmarks_at(file: ArrayFile, position: int) -> Landmarks:
    """The landmarks of an image of a `keypoints` file; NaN where the network did not look."""
    image, world = (file[name][position].astype(float) for name in ("landmarks", "landmarks_world"))
    score, spread = (float(file[name][position]) for name in ("landmarks_score", "landmarks_spread"))
    return Landmarks(image[:, :3], world, image[:, 3], score, spread)


def kept_landmarks(path: Path, network: str) -> dict[int, Landmarks]:
    """The landmarks of a `keypoints` file by image index, if this network made them; else none."""
    file = read_arrays(path, "keypoints")
    if file.attributes["model"] != network:
        return {}
    looked_at = np.flatnonzero(np.isfinite(file["landmarks_score"]))
    return {int(file["index"][position]): landmarks_at(file, int(position)) for position in looked_at}
