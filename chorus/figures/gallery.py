"""Small pictures of screened images: masks of person and object, and the keypoints that were found."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from chorus.coco import KEYPOINT_NAMES
from chorus.detections import OBJECT, PERSON, ImageDetections
from chorus.figures.sheets import decode_thumbnail

PERSON_COLOUR, OBJECT_COLOUR = (70, 130, 255), (255, 90, 60)
SURE, UNSURE = (255, 230, 0), (150, 150, 150)  # limbs and keypoints from and below the screening's threshold
_OPACITY = 0.45
_LIMBS = [
    (KEYPOINT_NAMES.index(one), KEYPOINT_NAMES.index(other))
    for one, other in (
        ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"),
        ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"),
        ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
        ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"),
        ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
        ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
        ("nose", "left_ear"), ("nose", "right_ear"),
    )
]  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What perception found in one image: thumbnail (JPEG), detections, keypoints (17, 3) in pixels of the image."""

    thumbnail: bytes
    detections: ImageDetections
    keypoints: np.ndarray


def draw_finding(finding: Finding, threshold: float) -> bytes:
    """JPEG of the thumbnail with masks and skeleton; keypoints of at least the threshold are bright."""
    pixels = decode_thumbnail(finding.thumbnail).astype(float)
    size = pixels.shape[1], pixels.shape[0]
    for label, colour in ((PERSON, PERSON_COLOUR), (OBJECT, OBJECT_COLOUR)):
        mask = Image.fromarray(finding.detections.union(label)).resize(size, Image.Resampling.NEAREST)
        covered = np.asarray(mask)
        pixels[covered] = (1 - _OPACITY) * pixels[covered] + _OPACITY * np.array(colour)
    picture = Image.fromarray(pixels.round().astype(np.uint8))
    scale = np.array(size) / np.array(finding.detections.size[::-1])
    _draw_skeleton(ImageDraw.Draw(picture), finding.keypoints[:, :2] * scale, finding.keypoints[:, 2] >= threshold)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _draw_skeleton(draw: ImageDraw.ImageDraw, points: np.ndarray, sure: np.ndarray) -> None:
    known = (np.abs(np.nan_to_num(points, nan=np.inf)) < 1e5).all(axis=1)
    for one, other in _LIMBS:
        if known[one] and known[other]:
            ends = [tuple(map(float, points[one])), tuple(map(float, points[other]))]
            draw.line(ends, SURE if sure[one] and sure[other] else UNSURE, 1)
    for (x, y), bright in zip(points[known], sure[known], strict=True):
        draw.ellipse((x - 1.5, y - 1.5, x + 1.5, y + 1.5), SURE if bright else UNSURE)
