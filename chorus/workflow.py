"""The plan of a run: where every file lies and which settings it has, variants included.

Both Snakemake (rules/common.smk) and the command line read this plan; nothing about paths is written twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from chorus.config import FULL, Config, load_config
from chorus.errors import ConfigError
from chorus.naming import RESULTS, digest_of
from chorus.prompts.asked import must_ask
from chorus.prompts.folder import folder_prompts, stand_in
from chorus.prompts.resource import Prompt, prompt_file, read_prompts
from chorus.provenance import PACKAGE_ROOT, code_digest
from chorus.stages import ESTIMATORS, IMAGES, OBJECTS, SOURCES, STAGES, TABLES, kind_of

PROGRAM_ROOT = PACKAGE_ROOT.parent
RESOURCES = "resources/"
BLAZEPOSE_MODEL = "models/pose_landmark_full.tflite"
KIND_HINT = "`person`, two people in contact, and objects have different ones (docs/pairs.md)"


def located(path: str) -> str:
    """A configured path; `resources/...` is the program's own folder where the working folder has no such file."""
    if path.startswith(RESOURCES) and not Path(path).exists():
        return str(PROGRAM_ROOT / path)
    return path


def settings_of(stage: str, config: BaseModel, category: str = "") -> dict[str, Any]:
    """The sections of a configuration that a stage reads, as plain values, without the keys that it ignores."""
    chosen = {name: getattr(config, name) for name in STAGES[stage].sections}
    if "images" in chosen:
        chosen["images"] = chosen["images"].of(category)
    sections = {name: section.model_dump(mode="json") for name, section in chosen.items()}
    for section, key in STAGES[stage].ignores:
        del sections[section][key]
    return sections


class Plan:
    """Paths and settings of a configured run.

    A *tree* is `results`, `results/variants/{name}` of a variant, or `results/variants/seed{number}-{name}` of what the
    tables compare. A stage has files in the first tree only, in this order, whose settings for it and for all stages
    above it are the same: trees that differ late share their pictures.
    """

    def __init__(self, config: Config):
        self.config = config
        self.configs = {RESULTS: config} | {
            f"{RESULTS}/variants/{name}": config.with_overlay(name) for name in config.active_variants
        }
        self.trees = list(self.configs)
        self.table_trees: dict[tuple[str, int], str] = {}
        for (name, number), changed in config.of_tables().items():
            tree = f"{RESULTS}/variants/seed{number}-{name}"
            if number == 1 and name not in config.tables.ablations:  # the run itself, or one of its variants
                tree = RESULTS if name == FULL else f"{RESULTS}/variants/{name}"
            self.table_trees[name, number] = tree
            self.configs.setdefault(tree, changed)
        self.prompts = PromptsOfCategories(config)
        self.shards = {
            name: [f"{number:03d}" for number in range(config.images.of(name).shards)] for name in config.categories
        }
        self.source = SOURCES[config.images.source]
        # Asked for several times by every job of a DAG of thousands.
        self._settings = {
            (stage, tree, category): settings_of(stage, self.configs[tree], category)
            for stage in STAGES
            for tree in self.configs
            for category in self._told_apart(stage)
        }
        self._owner = self._owners()

    def _told_apart(self, stage: str) -> list[str]:
        """Categories for which a stage may have settings of their own; the empty one stands for all others."""
        return ["", *self.config.categories] if "images" in STAGES[stage].sections else [""]

    def _owners(self) -> dict[tuple[str, str], str]:
        """(stage, tree) -> the first tree whose settings for the stage and all above it are the same."""
        owners: dict[tuple[str, str], str] = {}
        for stage, item in STAGES.items():  # in this order, what is above a stage comes before it
            first: dict[str, str] = {}
            for tree in self.configs:
                # A source of pictures that is not the run's makes nothing, so it makes no difference.
                unused = stage in SOURCES.values() and stage != self.source
                own = None if unused else [self._settings[stage, tree, name] for name in self._told_apart(stage)]
                identity = digest_of([own, [owners[above, tree] for above in item.upstream]])
                owners[stage, tree] = first.setdefault(identity, tree)
        return owners

    @classmethod
    def of_folder(cls, files: Sequence[Path] = ()) -> Plan:
        """The plan that Snakemake would have in this folder: config.yaml, here or the embedded one, then the files."""
        own = Path("config.yaml")
        return cls(load_config([own if own.is_file() else PROGRAM_ROOT / "config.yaml", *files]))

    def settings(self, stage: str, tree: str, category: str = "") -> dict[str, Any]:
        """The sections of the configuration that a stage reads for a category, as plain values."""
        return self._settings[stage, tree, category if category in self._told_apart(stage) else ""]

    def owns(self, stage: str, tree: str) -> bool:
        """Whether a stage has files of its own in a tree; otherwise it reads those of an earlier tree."""
        return self._owner[stage, tree] == tree

    def files(self, stage: str, tree: str, path: str | None = None, **wildcards: str) -> list[str]:
        """The files of a stage for the given wildcards; wildcards left out run over all their values.

        Categories run over those of the stage's kinds.

        Args:
            path: another output of the stage, below the tree, in place of its main one.

        Raises:
            ConfigError: the stage makes no files of the given category.
        """
        owner, pattern = self._owner[stage, tree], path or STAGES[stage].path
        category = wildcards.get("category", "") if "{category}" in pattern else ""
        if category and kind_of(category) not in STAGES[stage].kinds:
            raise ConfigError(f"{category}: has no `{stage}` files; {KIND_HINT}")
        return [f"{owner}/{pattern.format(**names)}" for names in self._expansions(stage, pattern, wildcards)]

    def _expansions(self, stage: str, pattern: str, given: Mapping[str, str]) -> Iterator[dict[str, str]]:
        everything = [name for name in self.prompts if kind_of(name) in STAGES[stage].kinds]
        categories = [given["category"]] if "category" in given else everything
        for category in categories if "{category}" in pattern else [""]:
            prompts = [given.get("prompt", "")]
            if "{prompt}" in pattern and "prompt" not in given:
                prompts = [prompt.id for prompt in self.prompts[category]]
            for prompt in prompts:
                shards = [given.get("shard", "")]
                if "{shard}" in pattern and "shard" not in given:
                    shards = self.shards[category]
                for shard in shards:
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
        if self.config.prompts.source != "openai":
            return []
        return [asked_file(name) for name in self.config.categories if kind_of(name) in STAGES["ask"].kinds]

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
        stages = ["person_fits", "pairs_figure"]
        if self._has_objects():
            stages += ["page", "clusters", "rejections"]
            stages += ["summary"] if self.config.testset.source != "none" else []
        return [path for stage in stages for path in self.files(stage, RESULTS)]

    def _has_objects(self) -> bool:
        return any(kind_of(name) == OBJECTS for name in self.config.categories)

    def of_tables(self, stage: str, names: Sequence[str] = ()) -> list[str]:
        """The files of a stage in every run that the tables compare, run by run in the order of `runs_of_tables`."""
        return [path for _, tree in self._compared(names) for path in self.files(stage, tree)]

    def runs_of_tables(self, names: Sequence[str] = ()) -> str:
        """`name:repetition` of every run that the tables compare, separated by commas; `names` chooses some."""
        return ",".join(f"{name}:{number}" for (name, number), _ in self._compared(names))

    def _compared(self, names: Sequence[str]) -> list[tuple[tuple[str, int], str]]:
        return [(run, tree) for run, tree in self.table_trees.items() if not names or run[0] in names]

    def shares_of_tables(self) -> list[str]:
        """Names of what differs from the run in nothing but the share of images that vote, the run itself last."""
        shares = {
            name: self.configs[tree].screening.share
            for (name, number), tree in self.table_trees.items()
            if number == 1 and (name == FULL or self.configs[tree].screening.share < 1.0)
        }
        return sorted(shares, key=lambda name: shares[name])

    def screenings_of_tables(self) -> list[str]:
        """Names of what keeps other images than those named before it."""
        names = [run[0] for run in self.table_trees if run[1] == 1]
        owners = [self._owner["screening", self.table_trees[name, 1]] for name in names]
        return [name for place, name in enumerate(names) if owners[place] not in owners[:place]]

    def table_targets(self) -> list[str]:
        """What `snakemake scene_tables` makes.

        Raises:
            ConfigError: there are no test images to compare on, or no objects.
        """
        if self.config.testset.source == "none":
            raise ConfigError("testset.source: is `none`, so there is nothing to put into tables; choose another")
        if not self._has_objects():
            raise ConfigError("categories: name no object, so there is nothing to put into tables; add one")
        return [path for stage in TABLES for path in self.files(stage, RESULTS)]


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
    path = Path(asked_file(category)) if asked else prompt_file(Path(located(config.prompts.folder)), category)
    if config.images.source == "folder":
        known = read_prompts(path) if path.is_file() else ()
        return folder_prompts(Path(config.images.folder or ""), category, known)
    if asked and not path.is_file():
        raise ConfigError(f"{path}: is missing; run `snakemake --cores 1 prompts` first")
    prompts = read_prompts(path)
    if config.images.source == "scenes" and (bare := [prompt.text for prompt in prompts if not prompt.interaction]):
        raise ConfigError(f"{path}: {bare[0][:60]!r} has no interaction, which images.source `scenes` needs; add one")
    return prompts
