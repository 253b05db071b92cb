"""The configuration: typed once here; config.yaml, the JSON schema and docs/config.md are written from it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints, ValidationError, create_model, model_validator

from chorus.config_pairs import Pairs, Prior, check_person
from chorus.config_perception import SMPL_BACKENDS, Keypoints, Networks, People, Segmentation
from chorus.config_pictures import CategoryName, Contacts, Diffusion, Images, Prompts, Scenes
from chorus.config_section import FilePath, Fraction, Section
from chorus.config_tables import FULL, OVERLAY_SECTIONS, REPETITION_SECTIONS, Tables, VariantName
from chorus.errors import ConfigError
from chorus.strict_yaml import read_yaml

KeypointName = Literal[
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee",
    "left_ankle", "right_ankle",
]  # fmt: skip


class Run(Section):
    """The run as a whole."""

    seed: int = Field(0, ge=0, lt=2**53, description="seed of everything random; another seed gives other images")


OPEN_BODY = "resources/body/open_body.npz"


class Body(Section):
    """The body model."""

    file: FilePath = Field(OPEN_BODY, description="our open body, or your licensed SMPL .npz/.pkl")


class Boxes(Section):
    """The box screen: one person, one object, boxes that overlap (A.3); networks run only on images that pass it."""

    overlap: Fraction = Field(0.1, description="least intersection of person and object box / object box (exclusive)")
    duplicate_overlap: Fraction = Field(
        0.8, description="intersection / smaller box from which the less confident of two boxes of a class is removed"
    )
    always_keep: Fraction = Field(0.98, description="boxes with at least this confidence are never removed")


class Screening(Section):
    """The rest of the cascade (paper 3.2, A.3)."""

    mode: Literal["hard", "soft"] = Field(
        "hard",
        description="hard: an image votes fully or not at all; soft: as much as its keypoints and pose are trusted",
    )
    softness: Fraction = Field(0.25, description="soft: trust rises over so much on either side of a threshold")
    keypoint_confidence: Fraction = Field(0.7, description="a keypoint with at least this confidence is present")
    required_keypoints: list[list[KeypointName]] = Field(
        [["left_shoulder", "right_shoulder"], ["left_hip", "right_hip"]],
        description="of every group at least one keypoint must be present; [] switches the keypoint rule off",
    )
    inside_picture: bool = Field(
        False, description="true: a required keypoint outside the picture is not present (paper 3.2)"
    )
    pose_score: Fraction = Field(
        0.65, description="least probability that the estimated body is turned right; 0 keeps failed poses"
    )
    without: Literal["nothing", "keypoints", "keypoints_and_pose"] = Field(
        "nothing",
        description="ablation of 4.3: these screens are off, and as many images as they keep are drawn from all others",
    )
    share: float = Field(
        1.0, gt=0, le=1, description="share of the kept images of a prompt that vote, rounded up, drawn; nested"
    )


class Calibration(Section):
    """Weak perspective to perspective (A.4)."""

    field_of_view: float = Field(46.4, gt=1, lt=170, description="initial horizontal field of view, degrees")
    stop_loss: float = Field(
        0.7,
        ge=0,
        description="the focal length changes just enough for a loss (Frobenius norm / 24, pixels) below this",
    )
    focal_cap: float = Field(
        8.0, ge=1, le=100, description="factor by which the focal length may change at most; 1 keeps it fixed"
    )


class VoxelGrid(Section):
    """The canonical voxel grid."""

    resolution: int = Field(48, ge=8, le=256, multiple_of=4, description="voxels along each side of the 3 m cube")


class Occupancy(Section):
    """Voting (3.3, A.5, A.6)."""

    canonicalise: bool = Field(True, description="false: no pose canonicalisation (ablation, Fig. 11)")
    parts: bool = Field(
        True, description="also count votes for each body part (interaction types, Eq. 12-13); false: less memory"
    )
    estimator: Literal["vote", "rays"] = Field(
        "vote",
        description="vote: every mask votes for the whole ray (Eq. 6); rays: beyond the paper, sharper (docs/rays.md)",
    )
    mirror: bool = Field(
        False, description="every image also votes as seen in a mirror, left and right exchanged; images count twice"
    )
    balance_views: bool = Field(
        True, description="every direction counts alike (A.6); false: every image counts alike (ablation)"
    )


class Compute(Section):
    """Where votes and scores are computed; the results are equal up to pixels on which rounding decides."""

    device: Literal["cpu", "cuda", "torch_cpu"] = Field(
        "cpu",
        description="cpu: compiled kernels; cuda: a GPU, by torch; torch_cpu: the code of cuda on the CPU, slow",
    )


class Truth(Section):
    """The true field of the scenes."""

    draws: int = Field(2000, ge=1, le=1_000_000, description="unrendered draws of the interaction mix")


class Warps(Section):
    """How a field is carried around the bodies of test images for PAP."""

    lookup: Literal["nearest", "forward"] = Field(
        "nearest",
        description="nearest: A.7, as the paper scores; forward: the inverse of the warp that voted (docs/tables.md)",
    )


class Testset(Section):
    """Held-out images for PAP."""

    source: Literal["scenes", "coco_eft", "coco", "none"] = Field(
        "scenes",
        description="scenes: held-out scenes; coco_eft: COCO images with EFT's SMPL bodies (the paper's); "
        "coco: annotated photographs, bodies fitted to their keypoints; none: no PAP",
    )
    images: int = Field(48, ge=1, le=100_000, description="scenes: test images of a category")
    annotations: FilePath | None = Field(None, description="coco_eft, coco: COCO instances json (coco: with keypoints)")
    eft: FilePath | None = Field(None, description="coco_eft: EFT json of the same images")
    eft_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        None, description="coco_eft: SHA-256 that a downloaded EFT json must have; its publisher states none"
    )
    folder: FilePath | None = Field(None, description="coco: folder of the photographs")
    stop_loss: float = Field(0.5, ge=0, description="coco_eft, coco: a camera this close is good (as calibration's)")
    largest_loss: float = Field(1.0, gt=0, description="coco_eft, coco: images whose camera fits worse are left out")
    crowds: bool = Field(True, description="coco_eft, coco: crowd regions count as a person or object, as the original")
    least_images: int = Field(1, ge=1, description="categories with fewer test images stay out of the mean (paper: 30)")


class Figures(Section):
    """Pictures."""

    contact_sheet_images: int = Field(120, ge=1, le=2000, description="most images on a contact sheet")
    overlays: int = Field(24, ge=0, le=500, description="most fitted bodies drawn over their image")
    gallery_images: int = Field(240, ge=1, le=2000, description="most images in the gallery of kept and rejected ones")


class Config(Section):
    """The whole configuration."""

    run: Run = Run()
    categories: list[CategoryName] = Field(
        ["motorcycle", "bicycle", "surfboard", "backpack", "chair", "sports_ball", "umbrella"],
        min_length=1,
        description="what to learn, lower-case ascii with underscores; `person`: two people in contact",
    )
    body: Body = Body()
    prompts: Prompts = Prompts()
    images: Images = Images()
    diffusion: Diffusion = Diffusion()
    scenes: Scenes = Scenes()
    segmentation: Segmentation = Segmentation()
    boxes: Boxes = Boxes()
    keypoints: Keypoints = Keypoints()
    people: People = People()
    networks: Networks = Networks()
    screening: Screening = Screening()
    calibration: Calibration = Calibration()
    grid: VoxelGrid = VoxelGrid()
    occupancy: Occupancy = Occupancy()
    compute: Compute = Compute()
    contacts: Contacts = Contacts()
    truth: Truth = Truth()
    testset: Testset = Testset()
    warps: Warps = Warps()
    figures: Figures = Figures()
    pairs: Pairs = Pairs()
    prior: Prior = Prior()
    variants: dict[VariantName, dict[str, Any] | None] = Field(
        default={
            "true_people": {"keypoints": {"backend": "annotations"}, "people": {"backend": "annotations"}},
            "no_canonicalisation": {"occupancy": {"canonicalise": False}},
        },
        description="name -> settings that differ; own files in results/variants/{name}/; null = off",
    )
    tables: Tables = Tables()

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        if len(set(self.categories)) != len(self.categories):
            raise ValueError("categories: a category is named twice; name each once")
        check_person(self.categories, self.images.source)
        if self.images.source == "coco" and not (self.images.folder and self.images.annotations):
            raise ValueError("images: source coco needs `folder` and `annotations`; set both")
        if self.images.source == "folder" and not self.images.folder:
            raise ValueError("images: source folder needs `folder`; set it to what holds {category}/")
        if self.images.source == "diffusion":
            self._diffusion_works()
        if self.images.source in ("diffusion", "folder") and self.keypoints.backend == "annotations":
            raise ValueError("keypoints.backend: `annotations` needs images.source `scenes` or `coco`; use `blazepose`")
        if self.images.source != "scenes" and self.people.backend == "annotations":
            raise ValueError(
                "people.backend: `annotations` needs images.source `scenes`; use `blazepose`, or null for the variant"
            )
        if self.people.backend in SMPL_BACKENDS and self.body.file == OPEN_BODY:
            raise ValueError(
                f"people.backend: `{self.people.backend}` gives SMPL parameters, which the open body does not have; "
                "set body.file to your licensed SMPL file"
            )
        if self.contacts.source == "annotations" and self.images.source != "scenes":
            raise ValueError("contacts.source: `annotations` needs images.source `scenes`; use `lvlm` or `geometry`")
        if self.testset.source == "coco_eft" and not (self.testset.annotations and self.testset.eft):
            raise ValueError("testset: source coco_eft needs `annotations` and `eft`; set both")
        if self.testset.source == "coco" and not (self.testset.annotations and self.testset.folder):
            raise ValueError("testset: source coco needs `annotations` and `folder`; set both")
        if self.prompts.source == "openai" and self.images.source == "scenes":
            raise ValueError(
                "prompts.source: texts of `openai` name no scene interaction, which images.source `scenes` needs; "
                "use prompts.source `resource` or another images.source"
            )
        if self.prompts.source == "openai" and self.testset.source == "scenes":
            raise ValueError(
                "testset.source: `scenes` draws the interactions of the prompts, and texts of prompts.source `openai` "
                "name none; set testset.source to `none`"
            )
        if self.scenes.no_person + self.scenes.no_object + self.scenes.two_people > 1:
            raise ValueError("scenes: the shares no_person + no_object + two_people exceed 1; lower them")
        for name, overlay in self.variants.items():
            self._overlay_works(f"variants.{name}", overlay or {}, OVERLAY_SECTIONS)
        for name, overlay in self.tables.ablations.items():
            self._overlay_works(f"tables.ablations.{name}", overlay or {}, OVERLAY_SECTIONS)
        if FULL in self.tables.ablations:
            raise ValueError(f"tables.ablations.{FULL}: is the run itself; give the ablation another name")
        self._overlay_works("tables.repetition", self.tables.repetition, REPETITION_SECTIONS)
        return self

    def _overlay_works(self, where: str, overlay: dict[str, Any], allowed: tuple[str, ...]) -> None:
        if unknown := sorted(set(overlay) - set(allowed)):
            raise ValueError(f"{where}: cannot change {unknown}; allowed sections are {list(allowed)}")
        for section in ("images", "testset"):
            own, of_run = overlay.get(section), getattr(self, section).source
            if isinstance(own, dict) and own.get("source", of_run) != of_run:
                raise ValueError(f"{where}: cannot change {section}.source; make another run in a folder of its own")

    def _diffusion_works(self) -> None:
        if self.images.size % 8:
            raise ValueError("images.size: source diffusion needs a multiple of 8; use 512")
        if self.diffusion.device == "cpu" and self.diffusion.cpu_offload:
            raise ValueError("diffusion.cpu_offload: needs diffusion.device `cuda`; set it to false")

    @property
    def active_variants(self) -> list[str]:
        """Names of the variants that are not switched off."""
        return [name for name, overlay in self.variants.items() if overlay is not None]

    def with_overlay(self, name: str) -> Config:
        """The configuration of a variant."""
        return self._changed(f"variants.{name}", self.variants[name] or {})

    @property
    def repetitions(self) -> int:
        """How many times `tables` repeats the run; only pictures that are made can be made with another seed."""
        return self.tables.seeds if self.images.source in ("scenes", "diffusion") else 1

    def of_tables(self) -> dict[tuple[str, int], Config]:
        """(name, repetition from 1) -> configuration of everything that `tables` compares; `full` is the run itself.

        Variants stand among them, once.
        """
        ablations: dict[str, dict[str, Any]] = {FULL: {}}
        ablations |= {name: own for name, own in self.tables.ablations.items() if own is not None}
        runs = {}
        for name, ablation in ablations.items():
            for number in range(1, (self.repetitions if name not in self.tables.once else 1) + 1):
                seed = {"run": {"seed": self.run.seed + number - 1}}
                again = merge(self.tables.repetition, seed) if number > 1 else {}
                where = f"tables.ablations.{name}" if name != FULL else "tables.repetition"
                runs[name, number] = self._changed(where, merge(again, ablation))
        return runs | {(name, 1): self.with_overlay(name) for name in self.active_variants if name not in ablations}

    def _changed(self, where: str, overlay: dict[str, Any]) -> Config:
        merged = self.model_dump(mode="json")
        return _parsed(merge(merged, overlay) | {"variants": {}}, where)


def merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """`base` with the leaves of `overlay`; mappings merge, everything else replaces."""
    result = dict(base)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merge(result[key], value) if both else value
    return result


def parse_config(value: Any, where: str) -> Config:
    """A checked configuration; `where` names the source in messages.

    Raises:
        ConfigError: one line `where: key: what is wrong, what is allowed`.
    """
    config = _parsed(value, where)
    with _named(where):
        for name in config.active_variants:
            config.with_overlay(name)
        config.of_tables()
    return config


def _parsed(value: Any, where: str) -> Config:
    with _named(where):
        _check_plain(value, "")
        return Config.model_validate_json(json.dumps(value), strict=True)


def parse_sections(names: tuple[str, ...], value: Any, where: str) -> BaseModel:
    """Some sections of a configuration, checked each on its own: what one asks of another was checked with the whole.

    Raises:
        ConfigError: as `parse_config`.
    """
    fields: dict[str, Any] = {name: (Config.model_fields[name].annotation, getattr(Config(), name)) for name in names}
    with _named(where):
        _check_plain(value, "")
        return create_model("Sections", __base__=Section, **fields).model_validate_json(json.dumps(value), strict=True)


@contextmanager
def _named(where: str) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    except ValidationError as error:
        raise ConfigError(f"{where}: {_sentence(error)}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"{where}: {str(error).splitlines()[0]}; see config.yaml for the form") from None


def _check_plain(value: Any, key: str) -> None:
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            _check_plain(inner, f"{key}.{name}")
    elif not (value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))):
        shown = value if isinstance(value, float) else f"a {type(value).__name__}"
        raise ConfigError(
            f"{' '.join(key[1:].split())}: {shown} is not allowed; use numbers, strings, lists and mappings"
        )


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=True)[0]
    key = " ".join(".".join(str(part)[:60] for part in first["loc"]).split()) or "configuration"
    if first["type"] == "extra_forbidden":
        parent: Any = Config.model_fields
        for part in first["loc"][:-1]:
            annotation = parent[part].annotation if isinstance(parent, dict) and part in parent else None
            parent = getattr(annotation, "model_fields", {})
        return f"{key}: is not a known key; allowed here: {', '.join(parent) or 'nothing'}"
    message = first["msg"].removeprefix("Value error, ")
    given = first.get("input")
    shown = f" (given: {str(given)[:60]!r})" if not isinstance(given, dict | list) else ""
    separator = "" if first["loc"] == () else f"{key}: "
    return f"{separator}{message[0].lower() + message[1:]}{shown}".replace("\n", " ")


def load_config(paths: list[Path]) -> Config:
    """The merged configuration of several files, later ones win. Errors name the file."""
    merged: dict[str, Any] = {}
    for path in paths:
        merged = merge(merged, read_yaml(path))
    return parse_config(merged, paths[-1].name if paths else "config")
