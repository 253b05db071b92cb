"""The configuration: typed once here; config.yaml, the JSON schema and docs/config.md are written from it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from chorus.errors import ConfigError
from chorus.naming import CATEGORY_PATTERN

MAX_CONFIG_BYTES = 1_000_000
MAX_CONFIG_DEPTH = 12
MAX_CONFIG_NODES = 100_000

CategoryName = Annotated[str, StringConstraints(pattern=CATEGORY_PATTERN, max_length=40)]
VariantName = Annotated[str, StringConstraints(pattern=CATEGORY_PATTERN, max_length=40)]
FilePath = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f]+$")]
Fraction = Annotated[float, Field(ge=0, le=1)]
KeypointName = Literal[
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee",
    "left_ankle", "right_ankle",
]  # fmt: skip


class Section(BaseModel):
    """A part of the configuration; unknown keys are errors, numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Run(Section):
    """The run as a whole."""

    seed: int = Field(0, ge=0, lt=2**53, description="seed of everything random; another seed gives other images")


class Body(Section):
    """The body model."""

    file: FilePath = Field("resources/body/open_body.npz", description="our open body, or your licensed SMPL .npz/.pkl")


class Prompts(Section):
    """Where prompts come from."""

    source: Literal["resource"] = Field("resource", description="resource: prompts/{category}.json in `folder`")
    folder: FilePath = Field("resources/prompts", description="folder of the prompt files")


class Images(Section):
    """The pictures to learn from."""

    source: Literal["scenes", "coco"] = Field(
        "scenes",
        description="scenes: rendered people with objects, truth known; coco: your photographs with COCO annotations",
    )
    shards: int = Field(1, ge=1, le=1000, description="shards of every prompt; raising it only adds files")
    per_view: int = Field(3, ge=1, le=10000, description="images of each of the 22 views in one shard")
    size: int = Field(512, ge=64, le=4096, description="side of a made picture, pixels")
    folder: FilePath | None = Field(None, description="coco: folder of the photographs")
    annotations: FilePath | None = Field(None, description="coco: COCO json with the instances (and person keypoints)")


class Scenes(Section):
    """The rendered scenes."""

    views: FilePath = Field("resources/views.yaml", description="the 22 view suffixes and how they steer the camera")
    no_person: Fraction = Field(0.05, description="share of pictures without a person")
    no_object: Fraction = Field(0.05, description="share of pictures without the object")
    two_people: Fraction = Field(0.04, description="share of pictures with two people")
    object_mesh: dict[CategoryName, FilePath] = Field(
        default_factory=dict,
        description="category -> your OBJ file (metres, y up, z front) in place of our parametric object",
    )


class Segmentation(Section):
    """Masks of the person and the object."""

    backend: Literal["annotations"] = Field("annotations", description="annotations: COCO json (scenes write one too)")


class Keypoints(Section):
    """2D keypoints."""

    backend: Literal["blazepose", "annotations"] = Field("blazepose", description="network or annotated keypoints")


class People(Section):
    """Body pose and shape."""

    backend: Literal["blazepose", "annotations"] = Field(
        "blazepose", description="blazepose: network and body fit; annotations: the true people of the scenes"
    )


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


class Truth(Section):
    """The true field of the scenes."""

    draws: int = Field(2000, ge=1, le=1_000_000, description="unrendered draws of the interaction mix")


class Testset(Section):
    """Held-out images for PAP."""

    source: Literal["scenes", "none"] = Field("scenes", description="scenes: held-out scenes; none: no PAP")
    images: int = Field(48, ge=1, le=100_000, description="test images of a category")


class Figures(Section):
    """Pictures."""

    contact_sheet_images: int = Field(120, ge=1, le=2000, description="most images on a contact sheet")
    overlays: int = Field(24, ge=0, le=500, description="most fitted bodies drawn over their image")
    gallery_images: int = Field(240, ge=1, le=2000, description="most images in the gallery of kept and rejected ones")


OVERLAY_SECTIONS = (
    "images",
    "scenes",
    "segmentation",
    "boxes",
    "keypoints",
    "people",
    "screening",
    "calibration",
    "occupancy",
)


class Config(Section):
    """The whole configuration."""

    run: Run = Run()
    categories: list[CategoryName] = Field(
        ["motorcycle", "bicycle", "surfboard", "backpack", "chair", "sports_ball", "umbrella"],
        min_length=1,
        description="what to learn, lower-case ascii with underscores",
    )
    body: Body = Body()
    prompts: Prompts = Prompts()
    images: Images = Images()
    scenes: Scenes = Scenes()
    segmentation: Segmentation = Segmentation()
    boxes: Boxes = Boxes()
    keypoints: Keypoints = Keypoints()
    people: People = People()
    screening: Screening = Screening()
    calibration: Calibration = Calibration()
    grid: VoxelGrid = VoxelGrid()
    occupancy: Occupancy = Occupancy()
    truth: Truth = Truth()
    testset: Testset = Testset()
    figures: Figures = Figures()
    variants: dict[VariantName, dict[str, Any] | None] = Field(
        default={
            "true_people": {"keypoints": {"backend": "annotations"}, "people": {"backend": "annotations"}},
            "no_canonicalisation": {"occupancy": {"canonicalise": False}},
        },
        description="name -> settings that differ; own files in results/variants/{name}/; null = off",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        if len(set(self.categories)) != len(self.categories):
            raise ValueError("categories: a category is named twice; name each once")
        if self.images.source == "coco" and not (self.images.folder and self.images.annotations):
            raise ValueError("images: source coco needs `folder` and `annotations`; set both")
        if self.images.source != "scenes" and self.people.backend == "annotations":
            raise ValueError("people.backend: `annotations` needs images.source `scenes`; use `blazepose`")
        if self.scenes.no_person + self.scenes.no_object + self.scenes.two_people > 1:
            raise ValueError("scenes: the shares no_person + no_object + two_people exceed 1; lower them")
        for name, overlay in self.variants.items():
            unknown = sorted(set(overlay or ()) - set(OVERLAY_SECTIONS))
            if unknown:
                raise ValueError(
                    f"variants.{name}: cannot change {unknown}; allowed sections are {list(OVERLAY_SECTIONS)}"
                )
        return self

    @property
    def active_variants(self) -> list[str]:
        """Names of the variants that are not switched off."""
        return [name for name, overlay in self.variants.items() if overlay is not None]

    def with_overlay(self, name: str) -> Config:
        """The configuration of a variant."""
        merged = self.model_dump(mode="json")
        overlay = merged["variants"][name]
        merged["variants"] = {}
        return parse_config(merge(merged, overlay), f"variants.{name}")


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
    try:
        _check_plain(value, "")
        config = Config.model_validate_json(json.dumps(value), strict=True)
        for name in config.active_variants:
            config.with_overlay(name)
        return config
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


class _StrictLoader(yaml.SafeLoader):
    """YAML without duplicate keys and without aliases (an alias bomb needs them, a configuration does not)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise ConfigError("aliases (*name) are not allowed; write the value out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict:
        seen: set[str] = set()
        for key in (key_node for key_node, _ in node.value if isinstance(key_node, yaml.ScalarNode)):
            if key.value in seen:
                raise ConfigError(
                    f"{' '.join(key.value[:60].split())}: stands twice (line {key.start_mark.line + 1}); keep one"
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """A configuration file as plain values: size and depth capped, no duplicate keys, no aliases, no tags.

    Raises:
        ConfigError: one line with the file's name.
    """
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise ConfigError(f"the file has more than {MAX_CONFIG_BYTES} bytes; a configuration is small")
        text = path.read_text("utf-8")
        _check_depth(text)
        value = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a subclass of SafeLoader
    except ConfigError as error:
        raise ConfigError(f"{path.name}: {error}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path.name}: is not plain YAML{line}: {problem}; see config.yaml for the form") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError(
            f"{path.name}: holds a {type(value).__name__}, expected a mapping of settings; see config.yaml"
        )
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_CONFIG_DEPTH or nodes > MAX_CONFIG_NODES:
            raise ConfigError(f"nested deeper than {MAX_CONFIG_DEPTH} levels or too many values; simplify it")


def load_config(paths: list[Path]) -> Config:
    """The merged configuration of several files, later ones win. Errors name the file."""
    merged: dict[str, Any] = {}
    for path in paths:
        merged = merge(merged, read_yaml(path))
    return parse_config(merged, paths[-1].name if paths else "config")
