"""What is compared: the tables of the paper, and which sections a variant, an ablation or a repetition may change."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from chorus.config_section import Section
from chorus.naming import CATEGORY_PATTERN

FULL = "full"  # the run itself in tables
VariantName = Annotated[str, StringConstraints(pattern=CATEGORY_PATTERN, max_length=40)]


class Tables(Section):
    """The tables of the paper, made by `snakemake scene_tables`: the run, its ablations, and both with other seeds."""

    seeds: int = Field(
        3, ge=1, le=20, description="how often everything is done, each time with pictures, test images and truth anew"
    )
    repetition: dict[str, Any] = Field(
        default={"truth": {"draws": 1000}, "occupancy": {"parts": False}},
        description="settings that differ in all but the first",
    )
    ablations: dict[VariantName, dict[str, Any] | None] = Field(
        default={
            "no_canonicalisation": {"occupancy": {"canonicalise": False}},
            "forward_lookup": {"warps": {"lookup": "forward"}},
            "no_keypoint_filter": {"screening": {"without": "keypoints"}, "occupancy": {"parts": False}},
            "no_person_filter": {"screening": {"without": "keypoints_and_pose"}, "occupancy": {"parts": False}},
            "share_10": {"screening": {"share": 0.1}, "occupancy": {"parts": False}},
            "share_1": {"screening": {"share": 0.01}, "occupancy": {"parts": False}},
            "soft": {"screening": {"mode": "soft"}, "occupancy": {"parts": False}},
            "no_view_balancing": {"occupancy": {"balance_views": False}},
        },
        description="name -> settings that differ; null = off",
    )
    once: list[VariantName] = Field(
        ["no_keypoint_filter", "soft"], description="ablations that are made with the first seed alone"
    )


OVERLAY_SECTIONS = (
    "images",
    "diffusion",
    "scenes",
    "segmentation",
    "boxes",
    "keypoints",
    "people",
    "networks",
    "screening",
    "calibration",
    "occupancy",
    "warps",
)
REPETITION_SECTIONS = (*OVERLAY_SECTIONS, "truth", "testset")
