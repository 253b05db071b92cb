"""Settings of two people in contact: scenes, photographs, fits, curation, prior."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from chorus.config_section import Fraction, Section
from chorus.naming import PERSON

PHOTOGRAPHS = ("folder", "coco")  # images.source
LabelSet = Literal["none", "raw", "repaired", "true"]
Sigma = Annotated[float, Field(gt=0, le=10)]


class Pairs(Section):
    """Two people in contact (after "Ask, Pose, Unite"); forms and thresholds are ours (docs/pairs.md)."""

    train: int = Field(132, ge=0, le=100_000, description="pairs whose curated fits the prior learns from")
    improvised: int = Field(
        264, ge=0, le=100_000, description="training pairs besides, of interactions that are improvised"
    )
    test: int = Field(22, ge=1, le=10_000, description="held-out pairs that are scored")
    held_out: list[Annotated[str, Field(pattern="^[a-z_]+$")]] = Field(
        [], description="interactions that the training pairs never show; the held-out pairs show no others"
    )
    keypoint_noise: Fraction = Field(0.015, description="scenes: error of a keypoint, share of the person's box")
    keypoint_dropout: Fraction = Field(0.1, description="scenes: share of keypoints that are missing")
    pose_noise: float = Field(0.18, ge=0, le=1, description="scenes: error of a first estimate's joints, radians")
    depth_noise: float = Field(0.15, ge=0, le=2, description="scenes: error of a first estimate's distance, metres")
    wrong_side: Fraction = Field(0.4, description="scenes: share of contacts whose sides are told wrong")
    missing: Fraction = Field(0.1, description="scenes: share of contacts that are not told")
    invented: Fraction = Field(0.1, description="scenes: share of pairs with one contact that is none")
    labels: list[LabelSet] = Field(
        ["none", "raw", "repaired", "true"],
        min_length=1,
        description="contact labels that held-out pairs are fitted to",
    )
    keypoint_sigma: Sigma = Field(0.015, description="fit: trusted error of a keypoint, share of the person's box")
    contact_sigma: Sigma = Field(0.01, description="fit: trusted distance of parts in contact, metres")
    depth_sigma: float = Field(
        0.003,
        ge=0,
        le=1,
        description="fit: allowed depth inside the other body, metres (stage 1: six times it, if labelled); 0: any",
    )
    pose_sigma: Sigma = Field(0.2, description="fit: trusted error of a joint of the first estimate, radians")
    steps: list[Annotated[int, Field(ge=1, le=10_000)]] = Field(
        [150, 100], min_length=2, max_length=2, description="fit: most steps of stage 1 and of stage 2"
    )
    batch: int = Field(64, ge=1, le=4096, description="pairs that are fitted at once")
    focal: float = Field(
        1.2, gt=0.1, le=20, description="photographs: focal length of the camera, share of the picture's longer side"
    )
    depth_trust: Fraction = Field(
        0.3, description="photographs: share of the two first estimates' difference in depth that is believed"
    )
    least_apart: Fraction = Field(
        0.05,
        description="photographs: two people whose keypoints lie closer, share of the box, are the same one twice",
    )
    most_reprojection: float = Field(0.03, gt=0, le=1, description="curation: RMS error, share of the person's box")
    most_distance: float = Field(0.03, gt=0, le=1, description="curation: median distance of parts in contact, metres")
    most_depth: float = Field(0.05, gt=0, le=1, description="curation: depth inside the other body, metres")
    most_beyond: float = Field(0.2, ge=0, le=3, description="curation: angle beyond a joint's natural range, radians")


def check_person(categories: Sequence[str], source: str) -> None:
    """Raise ValueError if pictures of two people are asked from a source that makes pictures of objects."""
    if PERSON in categories and source not in PHOTOGRAPHS:
        raise ValueError(
            f"categories: `{PERSON}`, two people in contact, needs photographs, and images.source `{source}` has none; "
            f"use images.source `folder` or `coco`, or leave `{PERSON}` out"
        )


class Prior(Section):
    """The contact prior: a small conditional diffusion model of pairs, a judge of depths, and how they guide fits."""

    source: Literal["fits", "truth"] = Field(
        "fits", description="fits: learns from the curated fits of the training pairs; truth: from the true pairs"
    )
    steps: int = Field(1500, ge=1, le=1_000_000, description="training steps")
    judge_steps: int = Field(1500, ge=1, le=1_000_000, description="training steps of the judge of depths")
    batch: int = Field(64, ge=2, le=4096, description="pairs of a training step")
    rate: float = Field(1.5e-3, gt=0, le=1, description="step size of training")
    width: int = Field(96, ge=16, le=1024, multiple_of=8, description="width of a token")
    layers: int = Field(3, ge=1, le=24, description="layers of the transformer")
    time: int = Field(400, ge=1, le=999, description="fit: noise level (of 1000) at which the current pair is denoised")
    sigma: Sigma = Field(0.3, description="fit: trusted error of the denoised pair: radians, half metres")
    place_sigma: Sigma = Field(0.07, description="fit: trusted error of the place at which a person starts, metres")
    touch_sigma: Sigma = Field(0.05, description="fit: how far a hand that touches the other person is off, metres")
