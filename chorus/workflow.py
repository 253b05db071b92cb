"""The plan of a run: which stages exist, what each reads, and where every file lies, variants included.

Both Snakemake (rules/common.smk) and the command line read this table; nothing about paths is written twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from chorus.config import Config, load_config
from chorus.errors import ConfigError
from chorus.naming import RESULTS
from chorus.prompts.asked import must_ask
from chorus.prompts.folder import folder_prompts, stand_in
from chorus.prompts.resource import Prompt, read_prompts
from chorus.provenance import PACKAGE_ROOT, code_digest

PROGRAM_ROOT = PACKAGE_ROOT.parent
RESOURCES = "resources/"
BLAZEPOSE_MODEL = "models/pose_landmark_full.tflite"
IMAGES = "images/{category}/{prompt}/{shard}.h5"
SOURCES = {"scenes": "scenes", "diffusion": "diffusion", "folder": "folder", "coco": "photographs"}  # -> stage


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


def _images(*unread: str) -> tuple[tuple[str, str], ...]:
    return tuple(("images", key) for key in ("keep", *unread))


STAGES: dict[str, Stage] = {
    "ask": Stage(
        "chorus.prompts.stage", ("prompts",), (), "prompts/{category}.json",
        "Ask a language model for the prompts of a category (source openai).",
    ),
    "scenes": Stage(
        "chorus.scenes.stage", ("run", "body", "images", "scenes"), (), f"scenes/{_SHARD}.h5",
        "Render people with objects: pictures, their COCO annotations and the truth.",
        _images("shards", "folder", "annotations"),
    ),
    "diffusion": Stage(
        "chorus.images.diffusion_stage", ("run", "images", "diffusion"), (), IMAGES,
        "Make pictures of a prompt from every view with a diffusion network.",
        _images("shards", "folder", "annotations"),
    ),
    "folder": Stage(
        "chorus.images.folder_stage", ("images",), (), IMAGES,
        "Collect the photographs of a folder, square.",
        _images("per_view", "views", "annotations"),
    ),
    "photographs": Stage(
        "chorus.images.photographs_stage", ("images",), (), IMAGES,
        "Collect annotated photographs of a category (COCO json).",
        _images("per_view", "views", "size", "format"),
    ),
    "masks": Stage(
        "chorus.perception.segmentation", ("segmentation", "networks"), tuple(SOURCES.values()), f"masks/{_SHARD}.h5",
        "Find people and objects: boxes, scores and masks.",
    ),
    "keypoints": Stage(
        "chorus.perception.keypoints", ("boxes", "keypoints", "networks"), ("masks",), f"keypoints/{_SHARD}.h5",
        "Find the 17 COCO keypoints of the person in every image that passes the box screen.",
    ),
    "people": Stage(
        "chorus.perception.people", ("boxes", "body", "people", "networks"), ("keypoints",), f"people/{_SHARD}.h5",
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
        (("occupancy", "parts"), ("occupancy", "mirror")),
    ),
    "votes": Stage(
        "chorus.occupancy.votes_stage", ("body", "grid", "occupancy", "compute"), ("cameras", "skinning"),
        "votes/{category}/{prompt}.h5",
        "Let all masks of a prompt vote in the canonical grid.",
    ),
    "voxels": Stage(
        "chorus.occupancy.field_stage", (), ("votes",), "voxels/{category}.h5",
        "Merge the votes of all prompts into the field Phi^c.",
    ),
    "clusters": Stage(
        "chorus.distribution.clusters_stage", (), ("votes",), "clusters/{category}.json",
        "List the interaction types (prompt, body part) and which of them rest on enough images.",
    ),
    "truth": Stage(
        "chorus.evaluation.truth", ("run", "body", "scenes", "grid", "truth"), (), "truth/{category}.h5",
        "Compute the true field of the scenes from unrendered draws.",
    ),
    "testset": Stage(
        "chorus.evaluation.testset", ("run", "body", "scenes", "testset"), (), "testset/{category}.h5",
        "Collect images with known pose, camera and object mask: other scenes, COCO with EFT bodies, photographs.",
    ),
    "warps": Stage(
        "chorus.evaluation.warps", ("body", "grid"), ("testset",), "warps/{category}.h5",
        "Warp the grid around the body of every test image back to the canonical one, once for all fields.",
    ),
    "pap": Stage(
        "chorus.evaluation.stage", ("body", "people", "compute"), ("voxels", "truth", "testset", "warps"),
        "pap/{category}.json",
        "Score a field: projective average precision, baselines and, for scenes, the truth.",
    ),
    "summary": Stage(
        "chorus.evaluation.summary", ("testset",), ("pap",), "summary.json",
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
    "crate": Stage(
        "chorus.archive.crate", (), ("page", "summary"), "ro-crate-metadata.json",
        "Describe the whole run as a Provenance Run RO-Crate: files, digests, settings, code, jobs.",
    ),
}  # fmt: skip


def located(path: str) -> str:
    """A configured path; `resources/...` is the program's own folder where the working folder has no such file."""
    if path.startswith(RESOURCES) and not Path(path).exists():
        return str(PROGRAM_ROOT / path)
    return path


def settings_of(stage: str, config: BaseModel) -> dict[str, Any]:
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
        self.prompts = PromptsOfCategories(config)
        self.shards = [f"{number:03d}" for number in range(config.images.shards)]
        self.source = SOURCES[config.images.source]
        # Asked for several times by every job of a DAG of thousands.
        self._settings = {
            (stage, tree): settings_of(stage, self.configs[tree]) for stage in STAGES for tree in self.trees
        }
        self._owner = {
            (stage, tree): tree if self.differs(stage, tree) else RESULTS for stage in STAGES for tree in self.trees
        }

    @classmethod
    def of_folder(cls, files: Sequence[Path] = ()) -> Plan:
        """The plan that Snakemake would have in this folder: config.yaml, here or the embedded one, then the files."""
        own = Path("config.yaml")
        return cls(load_config([own if own.is_file() else PROGRAM_ROOT / "config.yaml", *files]))

    @property
    def trees(self) -> list[str]:
        """All result trees, the main one first."""
        return list(self.configs)

    def settings(self, stage: str, tree: str) -> dict[str, Any]:
        """The sections of the configuration that a stage reads, as plain values."""
        return self._settings[stage, tree]

    def differs(self, stage: str, tree: str) -> bool:
        """Whether a variant's stage, or any stage above it, has settings of its own."""
        if stage in SOURCES.values() and stage != self.source:
            return False
        if self.settings(stage, tree) != self.settings(stage, RESULTS):
            return True
        return any(self.differs(above, tree) for above in STAGES[stage].upstream)

    def files(self, stage: str, tree: str, path: str | None = None, **wildcards: str) -> list[str]:
        """The files of a stage for the given wildcards; wildcards left out run over all their values.

        Args:
            path: another output of the stage, below the tree, in place of its main one.
        """
        owner = self._owner[stage, tree]
        pattern = path or STAGES[stage].path
        return [f"{owner}/{pattern.format(**names)}" for names in self._expansions(pattern, wildcards)]

    def _expansions(self, pattern: str, given: Mapping[str, str]) -> Iterator[dict[str, str]]:
        categories = [given["category"]] if "category" in given else list(self.prompts)
        for category in categories if "{category}" in pattern else [""]:
            prompts = [given.get("prompt", "")]
            if "{prompt}" in pattern and "prompt" not in given:
                prompts = [prompt.id for prompt in self.prompts[category]]
            for prompt in prompts:
                shards = [given["shard"]] if "shard" in given else self.shards
                for shard in shards if "{shard}" in pattern else [""]:
                    yield {"category": category, "prompt": prompt, "shard": shard}

    def prompt(self, category: str, prompt_id: str) -> Prompt:
        """The prompt of an id.

        Raises:
            ConfigError: the category has no prompt of this id.
        """
        for prompt in self.prompts[category]:
            if prompt.id == prompt_id:
                return prompt
        raise ConfigError(
            f"{category}: has no prompt {prompt_id}; its prompts are {', '.join(p.id for p in self.prompts[category])}"
        )

    def prompt_pattern(self) -> str:
        """Regular expression of all prompt ids; of any id while a language model has not been asked yet."""
        if any(not Path(path).is_file() for path in self._asked_files()):
            return "[a-z0-9-]+"
        return "|".join(sorted({prompt.id for prompts in self.prompts.values() for prompt in prompts}))

    def to_ask(self) -> list[str]:
        """What `snakemake prompts` makes: prompt files that are missing or answer another question."""
        return [path for path in self._asked_files() if must_ask(Path(path), self.config.prompts)]

    def _asked_files(self) -> list[str]:
        return [asked_file(name) for name in self.config.categories] if self.config.prompts.source == "openai" else []

    def code(self, stage: str) -> str:
        """Digest of the code that a stage runs."""
        return code_digest(STAGES[stage].module)

    def interactions(self, category: str) -> str:
        """Interactions of the prompts of a category, one a prompt: the mix that truth and test set draw from.

        Raises:
            ConfigError: a prompt has none.
        """
        for prompt in self.prompts[category]:
            if not prompt.interaction:
                raise ConfigError(
                    f"testset.source: `scenes` draws the interactions of the prompts, but {prompt.text[:60]!r} names "
                    "none; set testset.source to `none`"
                )
        return ",".join(prompt.interaction for prompt in self.prompts[category])

    def annotations(self, tree: str, **wildcards: str) -> list[str]:
        """The annotations of a shard, by the source that made its pictures.

        Raises:
            ConfigError: the source has none.
        """
        if self.source in ("diffusion", "folder"):
            raise ConfigError(
                f"segmentation.backend: `annotations` finds none in pictures of images.source "
                f"`{self.config.images.source}`; make the pictures alone with `snakemake --cores 1 images`, or choose "
                "another backend"
            )
        return self.files(self.source, tree, "annotations/{category}/{prompt}/{shard}.json", **wildcards)

    def photographs(self, category: str, prompt_id: str) -> str:
        """The folder that holds the photographs of a prompt (source folder)."""
        return os.path.join(self.config.images.folder or "", self.prompt(category, prompt_id).folder)

    def pictures(self) -> list[str]:
        """What `snakemake images` makes: the pictures of all shards, prompts and categories.

        Raises:
            ConfigError: they would be deleted at once.
        """
        if not self.config.images.keep:
            raise ConfigError("images.keep: is false, so pictures alone would be deleted at once; set it to true")
        return self.files(self.source, RESULTS, IMAGES)

    def targets(self) -> list[str]:
        """What `snakemake all` makes."""
        wanted = [path for stage in ("page", "clusters", "rejections") for path in self.files(stage, RESULTS)]
        if self.config.testset.source != "none":
            wanted += self.files("summary", RESULTS)
        return wanted


class PromptsOfCategories(Mapping[str, tuple[Prompt, ...]]):
    """The prompts of every configured category, each read when it is first looked at.

    So `snakemake prompts` can be planned before there are any, and one category without another's.
    """

    def __init__(self, config: Config):
        self._config = config
        self._read: dict[str, tuple[Prompt, ...]] = {}

    def __getitem__(self, category: str) -> tuple[Prompt, ...]:
        if category not in self._config.categories:
            raise KeyError(category)
        if category not in self._read:
            self._read[category] = prompts_of(self._config, category)
        return self._read[category]

    def __iter__(self) -> Iterator[str]:
        return iter(self._config.categories)

    def __len__(self) -> int:
        return len(self._config.categories)


def asked_file(category: str) -> str:
    """Where the prompts of a language model lie."""
    return f"{RESULTS}/{STAGES['ask'].path.format(category=category)}"


def prompts_of(config: Config, category: str) -> tuple[Prompt, ...]:
    """The prompts of a category; photographs have one stand-in prompt, unless they lie in one folder a prompt.

    Raises:
        ConfigError: their file is missing or wrong, or scenes are to be drawn of a prompt without interaction.
    """
    if config.images.source == "coco":
        return (stand_in(category),)
    asked = config.prompts.source == "openai"
    path = Path(asked_file(category)) if asked else Path(located(config.prompts.folder)) / f"{category}.json"
    if config.images.source == "folder":
        known = read_prompts(path.parent, category) if path.is_file() else ()
        return folder_prompts(Path(config.images.folder or ""), category, known)
    if asked and not path.is_file():
        raise ConfigError(f"{path}: is missing; run `snakemake --cores 1 prompts` first")
    prompts = read_prompts(path.parent, category)
    if config.images.source == "scenes" and (bare := [prompt.text for prompt in prompts if not prompt.interaction]):
        raise ConfigError(f"{path}: {bare[0][:60]!r} has no interaction, which images.source `scenes` needs; add one")
    return prompts
