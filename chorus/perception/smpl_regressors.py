"""What regressors of SMPL parameters share: the crop, the camera conventions, and the way into `EstimatedPeople`.

A regressor sees a square crop and gives a weak camera (s, tx, ty) in crop units, where the crop spans -1..1. There are
two conventions, and this module is the only place that knows them:

    SPIN, HMR, HMR2:    u = s (X + t)     the translation is added before scaling
    EFT, FrankMocap:    u = s X + t       after scaling, as chorus.camera.WeakCamera has it

HMR and HMR2 were trained with a perspective camera 2 f / (resolution s) metres away, f = 5,000 pixels of the crop: some
40 m. u = s (X + t) is what it sees of points as far away as the body's origin, and of the others to about one percent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

from chorus.body.model import N_BETAS, N_JOINTS, BodyModel
from chorus.camera import WeakCamera
from chorus.errors import ModelError
from chorus.perception.bodyfit import MIN_CONFIDENCE
from chorus.perception.protocols import EstimatedPeople, SeenPerson

MARGIN = 1.2  # side of the crop / longer side of the person's box (SPIN and FrankMocap)
MIN_SIDE = 20.0  # pixels; of smaller people these networks see nothing
_MEAN, _SPREAD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # of ImageNet's colours


@dataclass(frozen=True)
class Crop:
    """A square of the picture: centre x, y and side in pixels."""

    centre: tuple[float, float]
    side: float

    @classmethod
    def around(cls, box: np.ndarray, margin: float = MARGIN, breadth: float = 1.0) -> Crop | None:
        """The square around a person's box (4,); None if the person is too small.

        Args:
            box: x0, y0, x1, y1, pixels.
            margin: side of the square / what the box needs, as in training.
            breadth: the middle part of the square's width that the network sees and the box must fit into.
        """
        x0, y0, x1, y1 = (float(value) for value in box)
        if not np.isfinite(box).all() or max(x1 - x0, y1 - y0) < MIN_SIDE:
            return None
        return cls(((x0 + x1) / 2, (y0 + y1) / 2), margin * max((x1 - x0) / breadth, y1 - y0))

    def pixels(self, image: np.ndarray, resolution: int) -> np.ndarray:
        """(resolution, resolution, 3) uint8 of the square, black outside the picture (H, W, 3)."""
        low = np.array(self.centre) - self.side / 2
        outer = np.concatenate([np.floor(low), np.ceil(low + self.side)]).astype(int)
        inside = low - outer[:2]
        patch = Image.fromarray(image).crop(tuple(outer.tolist()))
        box = (*inside.tolist(), *np.minimum(inside + self.side, patch.size).tolist())
        return np.asarray(patch.resize((resolution, resolution), Image.Resampling.BILINEAR, box=box))


@dataclass(frozen=True)
class Regressed:
    """SMPL parameters of n people.

    Attributes:
        pose: (n, 24, 3) axis-angle, radians; joint 0 in OpenCV camera axes.
        betas: (n, 10).
        camera: weak cameras, whole picture.
        joints2d: (n, 24, 2) kinematic joints as the network projects them, pixels; None: as `camera` does.
    """

    pose: np.ndarray
    betas: np.ndarray
    camera: WeakCamera
    joints2d: np.ndarray | None = None


def network_input(people: Sequence[SeenPerson], crops: Mapping[int, Crop], resolution: int) -> np.ndarray:
    """Normalised crops (n, 3, resolution, resolution) of the people in the rows of `crops`."""
    patches = [crop.pixels(people[row].picture.pixels, resolution) for row, crop in crops.items()]
    images = (np.array(patches).reshape(-1, resolution, resolution, 3) / 255.0 - _MEAN) / _SPREAD
    return images.transpose(0, 3, 1, 2)


def camera_of_spin(weak: np.ndarray, crops: Sequence[Crop]) -> WeakCamera:
    """Picture cameras of crop cameras (n, 3) s, tx, ty with u = s (X + t)."""
    return camera_of_eft(np.concatenate([weak[:, :1], weak[:, :1] * weak[:, 1:]], axis=1), crops)


def camera_of_eft(weak: np.ndarray, crops: Sequence[Crop]) -> WeakCamera:
    """Picture cameras of crop cameras (n, 3) s, tx, ty with u = s X + t."""
    half = np.array([crop.side / 2 for crop in crops]).reshape(-1)
    centre = np.array([crop.centre for crop in crops], float).reshape(-1, 2)
    return WeakCamera(half * weak[:, 0], centre + half[:, None] * weak[:, 1:])


def camera_of_pixels(joints: np.ndarray, joints2d: np.ndarray) -> WeakCamera:
    """Weak cameras that best put joints (n, 24, 3) in camera axes onto pixels (n, 24, 2), by least squares.

    For networks with a perspective camera; with a weak one the answer is exact.
    """
    xy, seen = joints[..., :2], joints2d
    xy_mean, seen_mean = xy.mean(axis=1), seen.mean(axis=1)
    around, target = xy - xy_mean[:, None], seen - seen_mean[:, None]
    scale = (around * target).sum(axis=(1, 2)) / (around**2).sum(axis=(1, 2))
    return WeakCamera(scale, seen_mean - scale[:, None] * xy_mean)


def rotations_of_6d(values: np.ndarray, interleaved: bool = True) -> np.ndarray:
    """Rotation matrices (..., 3, 3) of (..., 6) numbers (Zhou et al. 2019): the two first columns.

    Their numbers are `interleaved` (SPIN, FrankMocap), or one column comes after the other (HMR2).
    """
    shape = values.shape[:-1]
    columns = values.reshape(*shape, 3, 2) if interleaved else values.reshape(*shape, 2, 3).swapaxes(-1, -2)
    first = columns[..., 0] / np.linalg.norm(columns[..., 0], axis=-1, keepdims=True)
    second = columns[..., 1] - (first * columns[..., 1]).sum(axis=-1, keepdims=True) * first
    second = second / np.linalg.norm(second, axis=-1, keepdims=True)
    return np.stack([first, second, np.cross(first, second)], axis=-1)


def axis_angles(rotations: np.ndarray) -> np.ndarray:
    """Axis-angle vectors (n, 24, 3) of rotation matrices (n, 24, 3, 3)."""
    return Rotation.from_matrix(rotations.reshape(-1, 3, 3)).as_rotvec().reshape(-1, N_JOINTS, 3)


def require_smpl(body: BodyModel, backend: str) -> None:
    """Refuse a body that has no SMPL shape space.

    Raises:
        ModelError: the body is not SMPL.
    """
    if not body.is_smpl:
        raise ModelError(
            f"people.backend {backend}: gives SMPL parameters, which {body.name} does not have; set body.file to your "
            "licensed SMPL file."
        )


def nobody(n: int) -> EstimatedPeople:
    """n people of whom nothing is known; arrays to fill in."""

    def nan(*shape: int) -> np.ndarray:
        return np.full((n, *shape), np.nan)

    camera = WeakCamera(nan(), nan(2))
    return EstimatedPeople(
        np.zeros(n, bool), nan(N_JOINTS, 3), nan(N_BETAS), camera, nan(N_JOINTS, 2), nan(), np.zeros(n)
    )


def estimated(
    body: BodyModel, people: Sequence[SeenPerson], rows: Sequence[int], regressed: Regressed
) -> EstimatedPeople:
    """What a regressor says about the people in `rows`; the score is 1, since these networks state no doubt."""
    result, camera = nobody(len(people)), regressed.camera
    if not len(rows):
        return result
    kept = list(rows)
    projected = camera.project(body.joints(regressed.pose, regressed.betas))
    result.pose[kept], result.betas[kept] = regressed.pose, regressed.betas
    result.camera.scale[kept], result.camera.translation[kept] = camera.scale, camera.translation
    result.joints2d[kept] = projected if regressed.joints2d is None else regressed.joints2d
    points = camera.project(body.coco_keypoints(regressed.pose, regressed.betas))
    result.residual[kept] = [_residual(people[row], point) for row, point in zip(kept, points, strict=True)]
    numbers = [result.pose, result.betas, result.camera.translation, result.joints2d]
    finite = np.all([np.isfinite(values).reshape(len(people), -1).all(axis=1) for values in numbers], axis=0)
    result.found[:] = finite & (np.nan_to_num(result.camera.scale) > 0)
    result.score[:] = result.found
    return result


def _residual(seen: SeenPerson, points: np.ndarray) -> float:
    """Median distance of confident keypoints from projected ones (17, 2) / longer side of the box; NaN without any."""
    confident = np.nan_to_num(seen.keypoints[:, 2]) >= MIN_CONFIDENCE
    if not confident.any():
        return float("nan")
    box = seen.person.box
    distance = np.linalg.norm(points - seen.keypoints[:, :2], axis=-1)[confident]
    return float(np.median(distance) / max(box[2] - box[0], box[3] - box[1]))
