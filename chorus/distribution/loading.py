"""From the files of a finished run to a distribution, and poses from files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from chorus import store
from chorus.body.loading import OPEN_BODY, load_body
from chorus.distribution.distribution import Distribution
from chorus.distribution.types import InteractionVotes
from chorus.errors import FileError

VARIANTS = "variants"
MAX_POSE_BYTES = 1_000_000


def load(voxels: str | Path, body: str | Path | None = None) -> Distribution:
    """The distribution of a category.

    Args:
        voxels: `results/voxels/{category}.h5` of a run; the sums it was merged from are found beside it,
            `results/votes/{category}/` or `results/rays/{category}/`, or for a variant perhaps in the main run.
        body: the body model of the run if it is not the open body.

    Raises:
        FileError: a file is missing or damaged, the votes are not those of the field, or the body is another one.
    """
    voxels = Path(voxels)
    attributes = store.read_arrays(voxels, "voxels", ("group",)).attributes
    model = load_body(OPEN_BODY if body is None else body)
    if attributes["body"] != model.digest:
        raise FileError(f"{voxels}: was made with another body model than {model.name}; give its file as `body`.")
    record = store.read_record(voxels)
    if record.get("settings", {}).get("occupancy", {}).get("balance_views") is False:
        raise FileError(
            f"{voxels}: was merged without view balancing, for scores alone; set occupancy.balance_views: true."
        )
    used = record["inputs"]["votes"]
    files = [_beside(voxels, item["path"]) for item in used]
    for path, item in zip(files, used, strict=True):
        if store.read_record(path)["sha256"] != item["sha256"]:
            raise FileError(f"{path}: is newer than {voxels.name}; run `snakemake {voxels}` first.")
    return Distribution(InteractionVotes.of_files(files), model)


def _beside(voxels: Path, recorded: str) -> Path:
    # {tree}/voxels/x.h5 and the recorded {tree}/{stage}/{category}/{prompt}.h5; a variant may share the main run's.
    end = Path(*Path(recorded).parts[-3:])
    own = voxels.parents[1] / end
    shared = VARIANTS in voxels.absolute().parts and VARIANTS not in Path(recorded).parts
    return voxels.absolute().parents[3] / end if shared else own


def read_pose(path: Path) -> np.ndarray:
    """A pose of a `.json` or `.npy` file: 24 x 3 axis-angles in radians, in any nesting.

    Raises:
        FileError: the file is no such pose.
    """
    try:
        if path.stat().st_size > MAX_POSE_BYTES:
            raise ValueError("it is too large")
        if path.suffix == ".npy":
            values = np.load(path, allow_pickle=False)
        else:
            values = np.array(json.loads(path.read_text("utf-8")), float)
        return np.asarray(values, float).reshape(24, 3)
    except OSError as error:
        raise FileError(f"{path}: cannot be read ({error.strerror}); check the path.") from None
    except (ValueError, TypeError, RecursionError):
        raise FileError(f"{path}: is no pose; give 24 x 3 axis-angles in radians as .json or .npy.") from None
