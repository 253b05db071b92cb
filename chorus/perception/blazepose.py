"""BlazePose: 33 landmarks of one person, in pixels and in metres, by a small network that needs no download site.

The network `pose_landmark_full.tflite` (Apache-2.0, Bazarevsky et al. 2020) lies inside the PyPI wheel of mediapipe.
`fetch` takes that one file out of the wheel, by checksum; `BlazePose` runs it with ai-edge-litert. mediapipe itself is
never installed.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from chorus.body.model import mirrored_name
from chorus.errors import MissingExtraError, ModelError
from chorus.store import write_bytes

BLAZEPOSE = "blazepose-full"
MODEL_NAME = "pose_landmark_full.tflite"
WHEEL = "mediapipe==0.10.21"
WHEEL_MEMBER = f"mediapipe/modules/pose_landmark/{MODEL_NAME}"
CHECKSUMS = Path(__file__).parents[2] / "resources" / "checksums.json"

LANDMARKS = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "left_mouth", "right_mouth", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index", "left_thumb",
    "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_heel",
    "right_heel", "left_foot_index", "right_foot_index",
)  # fmt: skip
COCO_FROM_BLAZEPOSE = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)

_TWIN = np.array([LANDMARKS.index(mirrored_name(name)) for name in LANDMARKS])
# Torso and limbs, whose directions tell how sure the network is.
_BONES = np.array(
    [
        (23, 24),
        (11, 12),
        (23, 11),
        (24, 12),
        (23, 25),
        (24, 26),
        (25, 27),
        (26, 28),
        (11, 13),
        (12, 14),
        (13, 15),
        (14, 16),
    ]
)
_INPUT_SIDE = 256  # pixels
_OUTPUT_POINTS = 39  # 33 landmarks, 2 points that give the next region of a video, 4 unused
_REGION_POINTS = (33, 34)  # centre of the hips; a point on the circle that holds the whole body, above the head
_MARGIN = 1.25  # side of the crop / side of the person's box, as in training
_MAX_DOWNLOAD_SECONDS = 600


@dataclass(frozen=True)
class Landmarks:
    """What BlazePose says about one person (landmark order: LANDMARKS; the person's left and right).

    Attributes:
        image: (33, 3) x and y in pixels of the whole picture, and visibility 0..1 (in the picture and not hidden).
        world: (33, 3) metres around the middle of the hips, axes parallel to the camera's in the OpenCV sense: x right
            and y down in the picture, z away from the camera.
        presence: (33,) probability that the landmark lies inside the crop.
        score: probability that the crop shows a person; 0, with NaN everywhere else, if there was nothing to look at.
        spread: mean angle, radians, between the bones of the person and of the mirrored person: the network's doubt.
    """

    image: np.ndarray
    world: np.ndarray
    presence: np.ndarray
    score: float
    spread: float = np.nan

    @classmethod
    def nothing(cls) -> Landmarks:
        """Landmarks of a person that could not be looked at."""
        return cls(np.full((33, 3), np.nan), np.full((33, 3), np.nan), np.full(33, np.nan), 0.0)


@dataclass(frozen=True)
class Region:
    """A square of the picture, turned by `angle` radians about its centre (x, y in pixels): what the network sees."""

    centre: tuple[float, float]
    side: float
    angle: float = 0.0

    @classmethod
    def around_box(cls, box: np.ndarray) -> Region | None:
        """Upright square around a person's box (x0, y0, x1, y1) with the margin of training; None if it is empty."""
        x0, y0, x1, y1 = (float(value) for value in box)
        side = max(x1 - x0, y1 - y0)
        if not np.isfinite([x0, y0, x1, y1]).all() or min(x1 - x0, y1 - y0) < 1.0:
            return None
        return cls(((x0 + x1) / 2, (y0 + y1) / 2), side * _MARGIN)

    @property
    def rotation(self) -> np.ndarray:
        """(2, 2) matrix from directions of the crop to directions of the picture."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return np.array([[cos, -sin], [sin, cos]])

    def to_picture(self, crop_points: np.ndarray) -> np.ndarray:
        """Pixels (..., 2) of the picture for pixels (..., 2) of the crop."""
        centred = crop_points / _INPUT_SIDE - 0.5
        return centred @ (self.side * self.rotation).T + np.array(self.centre)

    def crop(self, image: np.ndarray) -> np.ndarray:
        """(256, 256, 3) float32 in 0..1, black outside the picture."""
        picture = Image.fromarray(image)
        # Bilinear sampling looks at four pixels, so a much larger picture is averaged down first.
        factor = max(1, int(self.side / _INPUT_SIDE))
        reduced = picture.reduce(factor) if factor > 1 else picture
        linear = self.side * self.rotation / _INPUT_SIDE / factor
        offset = np.array(self.centre) / factor - linear @ np.full(2, _INPUT_SIDE / 2)
        coefficients = (*linear[0], offset[0], *linear[1], offset[1])
        size = (_INPUT_SIDE, _INPUT_SIDE)
        patch = reduced.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
        return np.asarray(patch, np.float32) / 255.0


class BlazePose:
    """The BlazePose landmark network, one person at a time: three looks of about 15 ms on one core."""

    def __init__(self, path: Path):
        """Load the network.

        Raises:
            ModelError: the file is missing or is not the pinned one.
            MissingExtraError: ai-edge-litert is not installed.
        """
        path = Path(path)
        if not path.is_file():
            raise ModelError(f"{path}: no such model file; fetch it with `python -m chorus fetch blazepose`.")
        content = path.read_bytes()
        _check(content, str(path))
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise MissingExtraError(
                "BlazePose needs ai-edge-litert; install it: pip install ai-edge-litert."
            ) from error
        self.name = f"{BLAZEPOSE} {hashlib.sha256(content).hexdigest()[:12]}"
        self._interpreter = Interpreter(model_content=content, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        # The tensors have meaningless names; their lengths tell them apart.
        lengths = {int(np.prod(item["shape"])): item["index"] for item in self._interpreter.get_output_details()}
        self._landmarks, self._world = lengths[_OUTPUT_POINTS * 5], lengths[_OUTPUT_POINTS * 3]
        self._score = lengths[1]

    def detect(self, image: np.ndarray, box: np.ndarray) -> Landmarks:
        """Landmarks of the person in a box of the picture.

        The first look sees the box, the second the region that the first one proposes, the third the same in a
        mirror; the last two are averaged. On scenes this lowers the pose error by 5 %, on the photographs it finds
        riders that the first look misses, and the disagreement of the two is the best single sign of a failed pose.

        Args:
            image: (H, W, 3) uint8 RGB.
            box: (4,) x0, y0, x1, y1 in pixels, x1 and y1 exclusive; may reach outside the picture.
        """
        region = Region.around_box(box)
        if region is None:
            return Landmarks.nothing()
        first, refined = self._look(image, region)
        if refined is None:
            return first
        second, _ = self._look(image, refined)
        mirrored, _ = self._look(image, refined, mirror=True)
        spread = _angle_between(second, mirrored)
        return Landmarks(
            image=(second.image + mirrored.image) / 2,
            world=(second.world + mirrored.world) / 2,
            presence=(second.presence + mirrored.presence) / 2,
            score=(second.score + mirrored.score) / 2,
            spread=spread,
        )

    def _look(self, image: np.ndarray, region: Region, mirror: bool = False) -> tuple[Landmarks, Region | None]:
        """Landmarks of one region, and the region that mediapipe would look at next (None if it has no extent)."""
        crop = region.crop(image)
        run = self._interpreter
        run.set_tensor(self._input, np.ascontiguousarray(crop[:, ::-1] if mirror else crop)[None])
        run.invoke()
        raw = run.get_tensor(self._landmarks).reshape(_OUTPUT_POINTS, 5).astype(float)
        world = run.get_tensor(self._world).reshape(_OUTPUT_POINTS, 3)[:33].astype(float)
        score = float(run.get_tensor(self._score).item())
        following = _region_of(*region.to_picture(raw[list(_REGION_POINTS), :2]))
        raw = raw[:33]
        if mirror:
            raw, world = raw[_TWIN] * [-1, 1, 1, 1, 1] + [_INPUT_SIDE, 0, 0, 0, 0], world[_TWIN] * [-1, 1, 1]
        xy = region.to_picture(raw[:, :2])
        visibility, presence = _sigmoid(raw[:, 3]), _sigmoid(raw[:, 4])
        world = np.concatenate([world[:, :2] @ region.rotation.T, world[:, 2:]], axis=1)
        return Landmarks(np.concatenate([xy, visibility[:, None]], axis=1), world, presence, score), following


def to_coco17(landmarks: Landmarks) -> np.ndarray:
    """COCO-17 keypoints (17, 3): x, y in pixels and confidence = BlazePose's visibility."""
    return landmarks.image[list(COCO_FROM_BLAZEPOSE)]


def fetch(path: Path) -> None:
    """Write the network to `path`: download the mediapipe wheel, take one member out of it, check its SHA-256.

    Raises:
        ModelError: the wheel cannot be downloaded, or does not hold the pinned file.
        FileError: `path` cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--python-version", "3.11", "--platform", "manylinux_2_28_x86_64", "--dest", folder, WHEEL]
        try:
            done = subprocess.run(  # noqa: S603 - a fixed command, nothing of it comes from outside
                command, capture_output=True, text=True, timeout=_MAX_DOWNLOAD_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ModelError(
                f"{WHEEL}: pip could not download the wheel ({type(error).__name__}); try again."
            ) from error
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise ModelError(f"{WHEEL}: pip could not download the wheel ({reason}); check the package index.")
        content = member_of(wheels[0])
    write_bytes(Path(path), content)


def member_of(wheel: Path) -> bytes:
    """The network's bytes inside a mediapipe wheel, checked against resources/checksums.json."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(WHEEL_MEMBER) as member:
            content = member.read(_pinned()["bytes"] + 1)  # never unpack more than the known size
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise ModelError(f"{wheel.name}: holds no readable {WHEEL_MEMBER}; download {WHEEL} again.") from error
    _check(content, wheel.name)
    return content


def _pinned() -> dict:
    """Size and SHA-256 of the one accepted model file."""
    return json.loads(CHECKSUMS.read_text())[MODEL_NAME]


def _check(content: bytes, where: str) -> None:
    if hashlib.sha256(content).hexdigest() != _pinned()["sha256"]:
        raise ModelError(
            f"{where}: {MODEL_NAME} is not the pinned version (SHA-256 differs); delete it and fetch again."
        )


def _region_of(hips: np.ndarray, circle: np.ndarray) -> Region | None:
    """The region mediapipe derives from its region points: centred on the hips, turned so that the body is upright."""
    towards_head = circle - hips
    radius = float(np.linalg.norm(towards_head))
    if not np.isfinite(radius) or radius < 1.0:
        return None
    angle = float(np.arctan2(towards_head[0], -towards_head[1]))
    return Region((float(hips[0]), float(hips[1])), 2.0 * radius * _MARGIN, angle)


def _angle_between(one: Landmarks, other: Landmarks) -> float:
    """Mean angle, radians, between the bones of two estimates of one person."""
    bones = [person.world[_BONES[:, 1]] - person.world[_BONES[:, 0]] for person in (one, other)]
    lengths = np.linalg.norm(bones[0], axis=1) * np.linalg.norm(bones[1], axis=1)
    cosine = (bones[0] * bones[1]).sum(axis=1) / np.maximum(lengths, 1e-9)
    return float(np.arccos(np.clip(cosine, -1.0, 1.0)).mean())


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-logits))
