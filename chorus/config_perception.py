"""The configuration of the networks that look at pictures, and how a model is named in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from chorus.config_section import FilePath, Fraction, Section

_REFERENCE = re.compile(r"(?P<location>[^@#]+)(@(?P<commit>[0-9a-f]{40}))?(#(?P<sha256>[0-9a-f]{64}))?")
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


@dataclass(frozen=True)
class ModelReference:
    """Where a model lies and what it must be: `PATH`, or `OWNER/NAME@COMMIT` of the Hugging Face hub.

    Attributes:
        location: a local file or folder, or `OWNER/NAME`.
        commit: 40 hex digits for a model of the hub, else empty.
        sha256: what the model's digest must be (`#` and 64 hex digits at the end), empty where it is only recorded.
    """

    location: str
    commit: str
    sha256: str

    @classmethod
    def parse(cls, text: str) -> ModelReference:
        """The parts of a reference.

        Raises:
            ValueError: it has another form.
        """
        found = _REFERENCE.fullmatch(text)
        parts = {name: value or "" for name, value in found.groupdict().items()} if found else {}
        if not parts or (parts["commit"] and not _HUB_NAME.fullmatch(parts["location"])):
            raise ValueError(
                f"{text[:200]!r} names no model; give a local path, or OWNER/NAME@COMMIT with 40 hex digits, "
                "each with #SHA256 (64 hex digits) if you want it checked"
            )
        return cls(**parts)

    @property
    def is_local(self) -> bool:
        """Whether it is a file or folder of this machine."""
        return not self.commit


class ModelChoice(Section):
    """A choice among backends, some of which need models.

    Attributes:
        required: backend -> keys that must name its models.
        optional: backend -> keys that may.
    """

    required: ClassVar[dict[str, tuple[str, ...]]] = {}
    optional: ClassVar[dict[str, tuple[str, ...]]] = {}

    backend: str

    def references(self) -> dict[str, ModelReference]:
        """The models that the chosen backend uses, by key."""
        keys = self.required.get(self.backend, ()) + self.optional.get(self.backend, ())
        return {key: ModelReference.parse(text) for key in keys if (text := getattr(self, key)) is not None}

    def local_models(self) -> list[str]:
        """Files and folders of this machine that the chosen backend reads."""
        return [reference.location for reference in self.references().values() if reference.is_local]

    @model_validator(mode="after")
    def _models_are_named(self) -> ModelChoice:
        named = self.references()
        for key in self.required.get(self.backend, ()):
            if key not in named:
                raise ValueError(f"backend `{self.backend}` needs `{key}`; set it to a local path or OWNER/NAME@COMMIT")
        return self


class Segmentation(ModelChoice):
    """Masks of the person and the object."""

    required: ClassVar = {
        "transformers": ("model",),
        "open_vocabulary": ("model", "detector"),
        "detectron2": ("model",),
    }
    optional: ClassVar = {"detectron2": ("detector",)}

    backend: Literal["annotations", "transformers", "open_vocabulary", "detectron2"] = Field(
        "annotations",
        description="annotations: COCO json (scenes write one too); transformers: Mask2Former or EoMT; "
        "open_vocabulary: Grounding DINO and SAM, any word; detectron2: the paper's PointRend and Mask R-CNN",
    )
    model: FilePath | None = Field(
        None, description="transformers: the network; open_vocabulary: SAM; detectron2: PointRend's weight file"
    )
    detector: FilePath | None = Field(
        None,
        description="open_vocabulary: Grounding DINO; detectron2: weight file of LVIS's Mask R-CNN, for objects that "
        "COCO does not know",
    )
    threshold: Fraction = Field(0.8, description="least score of a detection (A.3)")
    word_threshold: Fraction = Field(0.35, description="the same for open_vocabulary, whose scores are lower")


class Keypoints(ModelChoice):
    """2D keypoints."""

    required: ClassVar = {"transformers": ("model",), "mmpose": ("model",)}

    backend: Literal["blazepose", "annotations", "transformers", "mmpose"] = Field(
        "blazepose",
        description="blazepose: a small network; annotations: COCO json; transformers: ViTPose; mmpose: the paper's",
    )
    model: FilePath | None = Field(None, description="transformers: the network; mmpose: HRNet's weight file")


SMPL_BACKENDS = ("eft", "spin", "hmr2", "nlf")


class People(ModelChoice):
    """Body pose and shape."""

    required: ClassVar = dict.fromkeys(SMPL_BACKENDS, ("model",))

    backend: Literal["blazepose", "annotations", "eft", "spin", "hmr2", "nlf"] = Field(
        "blazepose",
        description="blazepose: network and body fit; annotations: the true people of the scenes; "
        "eft: the paper's regressor (SPIN's network, FrankMocap's weights); spin: SPIN's own weights; "
        "hmr2: 4D-Humans; nlf: Neural Localizer Fields; these four need your SMPL file as body.file",
    )
    model: FilePath | None = Field(None, description="eft, spin, hmr2: weights; nlf: TorchScript file with its #SHA256")


class Networks(Section):
    """How the torch networks of masks, keypoints and people run."""

    device: Annotated[str, StringConstraints(pattern=r"^(cpu|mps|cuda(:[0-9]{1,2})?)$")] = Field(
        "cpu", description="cpu, cuda, cuda:N or mps"
    )
    dtype: Literal["float32", "float16", "bfloat16"] = Field("float32", description="numbers inside the networks")
    batch: int = Field(4, ge=1, le=1024, description="pictures or people at a time; the last bits depend on it")
