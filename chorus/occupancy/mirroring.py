"""Left-right symmetry: what an image says when it is seen in a mirror at x = 0.

People use most objects with either side, so the mirror image of a picture is as likely as the picture. As an extra
vote it fills the side that the prompts' pictures show less, and makes the field symmetric.
"""

from __future__ import annotations

import numpy as np

from chorus.body.model import JOINT_MIRROR
from chorus.camera import Camera, azimuth_bin, azimuth_degrees
from chorus.masks import SPAN_DTYPE, Ragged
from chorus.occupancy.votes import Ballots

SIGNS = np.array([-1.0, 1.0, 1.0])
FLIP = np.diag(SIGNS)
FLIP_AFFINE = np.diag([*SIGNS, 1.0])


def mirrored(ballots: Ballots) -> Ballots:
    """The same images in a mirror: camera, bones, masks and azimuth; pixel column c becomes W - 1 - c."""
    width = ballots.size[:, 1]
    camera = mirrored_camera(ballots.camera, width)
    rows = [ballots.mask] if ballots.person is None else [ballots.mask, ballots.person]
    return Ballots(
        camera,
        FLIP_AFFINE @ ballots.bones[:, JOINT_MIRROR] @ FLIP_AFFINE,
        ballots.size,
        _mirrored_spans(ballots.spans, np.concatenate(rows), np.tile(width, len(rows))),
        np.arange(len(ballots)),
        ballots.weight,
        azimuth_bin(azimuth_degrees(camera.centre)),
        None if ballots.person is None else len(ballots) + np.arange(len(ballots)),
    )


def mirrored_camera(camera: Camera, width: np.ndarray) -> Camera:
    """Cameras (n) whose pictures, `width` (n,) pixels wide, show the mirrored body as the mirrored picture does."""
    K = np.array(camera.K, float)
    K[:, 0, 1] *= -1
    K[:, 0, 2] = width - K[:, 0, 2]
    return Camera(K, FLIP @ camera.R @ FLIP, camera.t * SIGNS)


def _mirrored_spans(spans: Ragged, chosen: np.ndarray, width: np.ndarray) -> Ragged:
    begin, length = spans.offset[chosen], spans.offset[chosen + 1] - spans.offset[chosen]
    offset = np.concatenate([[0], np.cumsum(length)])
    rows = np.arange(offset[-1]) + np.repeat(begin - offset[:-1], length)
    row, start, stop = spans.values[rows].astype(np.int64).T
    edge = np.repeat(width, length)
    flipped = np.stack([row, edge - np.minimum(stop, edge), edge - np.minimum(start, edge)], axis=1)
    return Ragged(flipped.astype(SPAN_DTYPE), offset)
