"""What a camera and two networks would see of a pair: keypoints with faults, and a first estimate that is wrong.

All of it is drawn from the truth, so that every error has a known size: pose noise, a wrong distance along the line of
sight, an unknown shape, keypoints that are off, hidden or missing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from chorus.pairs.figure import Figure, People, Posed
from chorus.pairs.terms import projected

IMAGE_SIDE = 512  # pixels
HIDDEN_CONFIDENCE = 0.3


@dataclass(frozen=True)
class Faults:
    """How wrong keypoints and first estimates are.

    Attributes:
        keypoint_noise: share of the person's box.
        keypoint_dropout: share of keypoints that are missing; of hidden ones half are missing besides.
        pose_noise: radians, each axis of every joint; heavy: share of joints whose noise is three times as large.
        turn_noise: radians, of the whole body.
        depth_noise: metres along the line of sight; side_noise: metres across it.
        low, high: lowest and highest elevation of the camera, degrees.
        nearest, farthest: distance of the camera, metres.
    """

    keypoint_noise: float = 0.015
    keypoint_dropout: float = 0.10
    pose_noise: float = 0.18
    heavy: float = 0.0
    turn_noise: float = 0.10
    depth_noise: float = 0.15
    side_noise: float = 0.02
    low: float = -5.0
    high: float = 25.0
    nearest: float = 3.5
    farthest: float = 6.0

    def scaled(self, factor: float) -> Faults:
        """The same cameras, with all noise of keypoints and first estimates larger by a factor."""
        noises = (field.name for field in fields(self) if field.name.endswith("_noise"))
        return replace(self, **{name: getattr(self, name) * factor for name in noises})


USUAL = Faults()


@dataclass(frozen=True)
class Views:
    """One view of every pair.

    Attributes:
        truth, initial: people (n, 2), camera axes.
        K: (n, 3, 3) intrinsics, pixels.
        keypoints: (n, 2, 17, 3) pixels and confidence, 0 = not found.
        box: (n, 2) longer side of the box around a person's keypoints, pixels.
    """

    truth: People
    initial: People
    K: Tensor
    keypoints: Tensor
    box: Tensor


def view(figure: Figure, people: People, rng: np.random.Generator, faults: Faults = USUAL) -> Views:
    """Look at pairs (y up) from a random side."""
    truth, initial = estimates(figure, people, rng, faults)
    K = np.zeros((len(people.pose), 3, 3))
    K[:, 0, 0] = K[:, 1, 1] = rng.uniform(1.0, 1.5, len(K)) * IMAGE_SIDE
    K[:, :2, 2] = IMAGE_SIDE / 2
    K[:, 2, 2] = 1.0
    intrinsics = _tensor(K, figure)
    with torch.no_grad():
        posed = figure(truth)
        seen = projected(posed.keypoints, intrinsics).cpu().numpy()
        hidden = hidden_keypoints(posed).cpu().numpy()
    box = (seen.max(axis=2) - seen.min(axis=2)).max(axis=-1)
    found = _keypoints(seen, hidden, box, rng, faults)
    return Views(truth, initial, intrinsics, _tensor(found, figure), _tensor(box, figure))


def upright(figure: Figure, people: People) -> People:
    """Pairs out of camera axes with y up again, as far as one can know: the camera is taken to be level."""
    flip = Rotation.from_euler("x", 180, degrees=True).as_matrix()
    return _in_camera(figure, people, np.repeat(flip[None], len(people.pose), axis=0), np.zeros(len(people.pose)))


def estimates(
    figure: Figure, people: People, rng: np.random.Generator, faults: Faults = USUAL
) -> tuple[People, People]:
    """Pairs (y up) in the axes of a random camera, and their first estimates."""
    truth = _in_camera(figure, people, *_cameras(len(people.pose), rng, faults))
    return truth, _first_estimate(truth, rng, faults, figure)


def hidden_keypoints(posed: Posed) -> Tensor:
    """(n, 2, 17) bool: the other person's body lies between the camera and a keypoint."""
    along = posed.keypoints / posed.keypoints.norm(dim=-1, keepdim=True)
    reach = posed.keypoints.norm(dim=-1)[..., None]
    centres, radii = posed.centres.flip(1)[:, :, None], posed.radii.flip(1)[:, :, None]
    depth = (along[..., None, :] * centres).sum(-1)
    off = (centres.square().sum(-1) - depth.square()).clamp_min(0).sqrt()
    return ((off < radii) & (depth < reach - radii)).any(-1)


def _tensor(values: np.ndarray, figure: Figure) -> Tensor:
    return torch.tensor(values, dtype=torch.float32, device=figure.device)


def _cameras(n: int, rng: np.random.Generator, faults: Faults) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (n, 3, 3) and distances (n,): from the scene (y up) to OpenCV axes, looking at the pair's middle."""
    azimuth, elevation = rng.uniform(0, 360, n), rng.uniform(faults.low, faults.high, n)
    roll = rng.normal(0.0, 2.0, n)
    upright = Rotation.from_euler("x", 180, degrees=True)
    turn = Rotation.from_euler("yxz", np.stack([azimuth, elevation, roll], axis=1), degrees=True)
    return (upright * turn).as_matrix(), rng.uniform(faults.nearest, faults.farthest, n)


def _in_camera(figure: Figure, people: People, turn: np.ndarray, distance: np.ndarray) -> People:
    """The same people in camera axes."""
    root = figure.roots(people).double().cpu().numpy()
    # A body turns about its root joint, which its shape has placed.
    local = root - people.translation.double().cpu().numpy()
    middle = root.mean(axis=1, keepdims=True)
    placed = np.einsum("nij,npj->npi", turn, root - middle)
    placed[..., 2] += distance[:, None]
    pose = people.pose.double().cpu().numpy().copy()
    n = len(pose)
    turned = Rotation.from_matrix(np.repeat(turn, 2, axis=0)) * Rotation.from_rotvec(pose[:, :, 0].reshape(-1, 3))
    pose[:, :, 0] = turned.as_rotvec().reshape(n, 2, 3)
    return People(_tensor(pose, figure), people.betas.clone(), _tensor(placed - local, figure))


def _keypoints(
    seen: np.ndarray, hidden: np.ndarray, box: np.ndarray, rng: np.random.Generator, faults: Faults
) -> np.ndarray:
    noise = rng.normal(0.0, faults.keypoint_noise, seen.shape) * box[..., None, None]
    noise *= np.where(hidden, 2.0, 1.0)[..., None]
    confidence = np.where(hidden, HIDDEN_CONFIDENCE, 1.0)
    missing = rng.random(hidden.shape) < np.where(hidden, 0.5, 0.0) + faults.keypoint_dropout
    return np.concatenate([seen + noise, np.where(missing, 0.0, confidence)[..., None]], axis=-1)


def _first_estimate(truth: People, rng: np.random.Generator, faults: Faults, figure: Figure) -> People:
    pose = truth.pose.double().cpu().numpy().copy()
    n = len(pose)
    size = faults.pose_noise * np.where(rng.random(pose.shape[:-1]) < faults.heavy, 3.0, 1.0)
    pose[:, :, 1:] += (rng.normal(size=pose.shape) * size[..., None])[:, :, 1:]
    turned = Rotation.from_rotvec(rng.normal(0.0, faults.turn_noise, (2 * n, 3)))
    pose[:, :, 0] = (turned * Rotation.from_rotvec(pose[:, :, 0].reshape(-1, 3))).as_rotvec().reshape(n, 2, 3)
    place = truth.translation.double().cpu().numpy()
    sight = place / np.linalg.norm(place, axis=-1, keepdims=True)
    place = (
        place + sight * rng.normal(0.0, faults.depth_noise, (n, 2, 1)) + rng.normal(0, faults.side_noise, place.shape)
    )
    return People(_tensor(pose, figure), torch.zeros_like(truth.betas), _tensor(place, figure))
