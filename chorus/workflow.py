"""The plan of a run: which stages exist, what each reads, and where every file lies, variants included.

Both Snakemake (rules/common.smk) and the command line read this table; nothing about paths is written twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chorus.config import Config
from chorus.prompts.resource import Prompt, read_prompts
from chorus.provenance import code_digest

PROGRAM_ROOT = Path(__file__).resolve().parent.parent
RESOURCES = "resources/"
RESULTS = "results"
BLAZEPOSE_MODEL = "models/pose_landmark_full.tflite"


@dataclass(frozen=True)
class Stage:
    """One stage of the workflow.

    Attributes:
        module: holds `run(job)`; its import closure is the stage's code digest.
        sections: configuration sections that the stage reads.
        upstream: stages whose files it may read.
        path: its file below the results tree.
        help: one sentence for the command line.
        ignores: (section, key) that it gets with a section but that cannot change its files.
    """

    module: str
    sections: tuple[str, ...]
    upstream: tuple[str, ...]
    path: str
    help: str
    ignores: tuple[tuple[str, str], ...] = ()


_SHARD = "{category}/{prompt}/{shard}"
STAGES: dict[str, Stage] = {
    "scenes": Stage(
        "chorus.scenes.stage", ("run", "body", "images", "scenes"), (), f"scenes/{_SHARD}.h5",
        "Render people with objects: pictures, their COCO annotations and the truth.",
        (("images", "shards"), ("images", "folder"), ("images", "annotations")),
    ),
    "photographs": Stage(
        "chorus.images.stage", ("images",), (), f"images/{_SHARD}.h5",
        "Collect annotated photographs of a category (COCO json).",
    ),
    "masks": Stage(
        "chorus.perception.segmentation", ("segmentation",), ("scenes", "photographs"), f"masks/{_SHARD}.h5",
        "Find people and objects: boxes, scores and masks.",
    ),
    "keypoints": Stage(
        "chorus.perception.keypoints", ("boxes", "keypoints"), ("masks",), f"keypoints/{_SHARD}.h5",
        "Find the 17 COCO keypoints of the person in every image that passes the box screen.",
    ),
    "people": Stage(
        "chorus.perception.people", ("boxes", "body", "people"), ("keypoints",), f"people/{_SHARD}.h5",
        "Estimate body pose, shape and weak camera of the person.",
    ),
    "screening": Stage(
        "chorus.screening.stage", ("boxes", "screening"), ("people",), "screening/{category}/{prompt}.csv",
        "Keep or reject every image, with exactly one reason.",
    ),
    "rejections": Stage(
        "chorus.screening.rejections_stage", (), ("screening",), "rejections.json",
        "Count kept and rejected images of every category: the paper's Table 3, and the reasons.",
    ),
    "cameras": Stage(
        "chorus.calibration.stage", ("body", "calibration"), ("screening",), "cameras/{category}/{prompt}.h5",
        "Turn weak-perspective people into perspective cameras around the body.",
    ),
    "skinning": Stage(
        "chorus.occupancy.skinning_stage", ("body", "grid", "occupancy"), (), "skinning.h5",
        "Compute the skinning weights of the canonical grid.",
    ),
    "votes": Stage(
        "chorus.occupancy.votes_stage", ("body", "grid", "occupancy"), ("cameras", "skinning"),
        "votes/{category}/{prompt}.h5",
        "Let all masks of a prompt vote in the canonical grid.",
    ),
    "voxels": Stage(
        "chorus.occupancy.field_stage", (), ("votes",), "voxels/{category}.h5",
        "Merge the votes of all prompts into the field Phi^c.",
    ),
    "truth": Stage(
        "chorus.evaluation.truth", ("run", "body", "scenes", "grid", "truth"), (), "truth/{category}.h5",
        "Compute the true field of the scenes from unrendered draws.",
    ),
    "testset": Stage(
        "chorus.evaluation.testset", ("run", "body", "scenes", "testset"), (), "testset/{category}.h5",
        "Make held-out scenes with known pose, camera and object mask.",
    ),
    "warps": Stage(
        "chorus.evaluation.warps", ("body", "grid"), ("testset",), "warps/{category}.h5",
        "Warp the grid around the body of every test image back to the canonical one, once for all fields.",
    ),
    "pap": Stage(
        "chorus.evaluation.stage", ("body", "people"), ("voxels", "truth", "testset", "warps"), "pap/{category}.json",
        "Score a field: projective average precision, baselines and, for scenes, the truth.",
    ),
    "summary": Stage(
        "chorus.evaluation.summary", (), ("pap",), "summary.json",
        "Put the scores of all categories and variants into one table.",
    ),
    "field_figure": Stage(
        "chorus.figures.field_stage", ("body",), ("voxels",), "figures/{category}_field.png",
        "Draw the field with the body from three views.",
    ),
    "contact_sheet": Stage(
        "chorus.figures.sheet_stage", ("figures",), ("masks", "screening"), "figures/{category}_screening.png",
        "Draw kept and rejected images with their reasons.",
    ),
    "gallery": Stage(
        "chorus.figures.gallery_stage", ("screening", "figures"), ("masks", "keypoints", "screening"),
        "report/{category}_gallery.html",
        "Show kept and rejected images with masks, skeletons and reasons on one page.",
    ),
    "overlays": Stage(
        "chorus.figures.overlay_stage", ("body", "figures"), ("people", "screening"), "figures/{category}_people.png",
        "Draw the fitted bodies over their images.",
    ),
    "page": Stage(
        "chorus.figures.page", (), ("pap", "screening", "gallery", "field_figure", "contact_sheet", "overlays"),
        "report/{category}.html",
        "Put pictures, scores and prompts of a category on one page.",
    ),
}  # fmt: skip


def located(path: str) -> str:
    """A configured path; `resources/...` is the program's own folder where the working folder has no such file."""
    if path.startswith(RESOURCES) and not Path(path).exists():
        return str(PROGRAM_ROOT / path)
    return path


def settings_of(stage: str, config: Config) -> dict[str, Any]:
    """The sections of a configuration that a stage reads, as plain values, without the keys that it ignores."""
    sections = {name: getattr(config, name).model_dump(mode="json") for name in STAGES[stage].sections}
    for section, key in STAGES[stage].ignores:
        del sections[section][key]
    return sections


class Plan:
    """Paths and settings of a configured run.

    A *tree* is `results` or `results/variants/{name}`. A stage of a variant has files of its own only where a setting
    that it or a stage above it reads differs from the main run.
    """

    def __init__(self, config: Config):
        self.config = config
        self.configs = {RESULTS: config} | {
            f"{RESULTS}/variants/{name}": config.with_overlay(name) for name in config.active_variants
        }
        self.prompts = {category: prompts_of(config, category) for category in config.categories}
        self.shards = [f"{number:03d}" for number in range(config.images.shards)]

    @property
    def trees(self) -> list[str]:
        """All result trees, the main one first."""
        return list(self.configs)

    def settings(self, stage: str, tree: str) -> dict[str, Any]:
        """The sections of the configuration that a stage reads, as plain values."""
        return settings_of(stage, self.configs[tree])

    def differs(self, stage: str, tree: str) -> bool:
        """Whether a variant's stage, or any stage above it, has settings of its own."""
        if self.settings(stage, tree) != self.settings(stage, RESULTS):
            return True
        return any(self.differs(above, tree) for above in STAGES[stage].upstream)

    def files(self, stage: str, tree: str, path: str | None = None, **wildcards: str) -> list[str]:
        """The files of a stage for the given wildcards; wildcards left out run over all their values.

        Args:
            path: another output of the stage, below the tree, in place of its main one.
        """
        owner = tree if self.differs(stage, tree) else RESULTS
        pattern = path or STAGES[stage].path
        return [f"{owner}/{pattern.format(**names)}" for names in self._expansions(pattern, wildcards)]

    def _expansions(self, pattern: str, given: Mapping[str, str]) -> Iterator[dict[str, str]]:
        categories = [given["category"]] if "category" in given else list(self.prompts)
        for category in categories if "{category}" in pattern else [""]:
            known = [prompt.id for prompt in self.prompts.get(category, ())]
            prompts = [given["prompt"]] if "prompt" in given else known
            for prompt in prompts if "{prompt}" in pattern else [""]:
                shards = [given["shard"]] if "shard" in given else self.shards
                for shard in shards if "{shard}" in pattern else [""]:
                    yield {"category": category, "prompt": prompt, "shard": shard}

    def prompt(self, category: str, prompt_id: str) -> Prompt:
        """The prompt of an id."""
        return next(prompt for prompt in self.prompts[category] if prompt.id == prompt_id)

    def code(self, stage: str) -> str:
        """Digest of the code that a stage runs."""
        return code_digest(STAGES[stage].module)

    def targets(self) -> list[str]:
        """What `snakemake all` makes."""
        wanted = self.files("page", RESULTS) + self.files("rejections", RESULTS)
        if self.config.testset.source != "none":
            wanted += self.files("summary", RESULTS)
        return wanted


def prompts_of(config: Config, category: str) -> tuple[Prompt, ...]:
    """The prompts of a category; photographs have one stand-in prompt, since nobody asked for them in words."""
    if config.images.source == "coco":
        return (Prompt(f"photographs of a person with {category.replace('_', ' ')}", ""),)
    return read_prompts(Path(located(config.prompts.folder)), category)
