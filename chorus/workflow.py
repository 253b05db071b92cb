"""The plan of a run: where every file lies and which settings it has, variants included.

Both Snakemake (rules/common.smk) and the command line read this plan; nothing about paths is written twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
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
from chorus.stages import ESTIMATORS, IMAGES, SOURCES, STAGES

PROGRAM_ROOT = PACKAGE_ROOT.parent
RESOURCES = "resources/"
BLAZEPOSE_MODEL = "models/pose_landmark_full.tflite"


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

    def votes_of(self, tree: str, category: str) -> list[str]:
        """The files that the field of a category is merged from, one a prompt, by the estimator of the tree."""
        return self.files(ESTIMATORS[self.configs[tree].occupancy.estimator], tree, category=category)

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
