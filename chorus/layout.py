"""What a layout of a result file is, and the arrays that several kinds of files have."""

from __future__ import annotations

from dataclasses import dataclass, field

FORMAT_VERSION = 1
TEXT = "text"  # stored as fixed-length UTF-8 bytes


@dataclass(frozen=True)
class Dataset:
    """One array of a file.

    Attributes:
        dtype: numpy name, or `text`.
        dims: names of the axes; equal names have equal lengths, `image+1` is one longer than `image`, digits are fixed.
        unit: physical unit, empty for pure numbers.
        meaning: one phrase for the documentation.
    """

    dtype: str
    dims: tuple[str, ...]
    unit: str
    meaning: str


@dataclass(frozen=True)
class Format:
    """One kind of HDF5 file."""

    kind: str
    path: str
    meaning: str
    datasets: dict[str, Dataset]
    attributes: dict[str, str] = field(default_factory=dict)


def cameras(axis: str) -> dict[str, Dataset]:
    """Perspective cameras K, R, t, one for each entry of an axis."""
    return {
        "K": Dataset("float64", (axis, "3", "3"), "pixel", "intrinsics"),
        "R": Dataset("float64", (axis, "3", "3"), "", "rotation, body frame to camera frame"),
        "t": Dataset("float64", (axis, "3"), "metre", "translation, x_camera = R x_body + t"),
    }


def bodies(axis: str) -> dict[str, Dataset]:
    """Poses and shapes of bodies, one for each entry of an axis."""
    return {
        "pose": Dataset(
            "float32", (axis, "24", "3"), "radian", "axis-angle of the 24 joints; joint 0 = root in camera axes"
        ),
        "betas": Dataset("float32", (axis, "10"), "", "body shape"),
    }


INDEX = Dataset("int64", ("image",), "", "global image index of the prompt")
VIEW = Dataset("uint8", ("image",), "", "number of the view suffix (resources/views.yaml)")
SIZE = Dataset("int32", ("image", "2"), "pixel", "height, width")
CANONICALISE = "`true`, or `false`: all weight on the pelvis (no canonicalisation)"
GRID = ("voxel", "voxel", "voxel")
