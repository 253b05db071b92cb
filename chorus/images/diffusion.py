"""Text-to-image networks through diffusers: one adapter for Stable Diffusion 1.4 (A.2) and for whatever came after.

A model is a name and a commit on the Hugging Face hub, or a local folder; only safetensors are ever read, and no code
of a model is run. Each picture has a random generator of its own, so its noise depends on its seed alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chorus.errors import ConfigError, MissingExtraError, ModelError
from chorus.naming import digest_of
from chorus.store import sha256_of

if TYPE_CHECKING:
    import torch

    from chorus.config import Diffusion

FLAGGED = "flagged by the safety checker"
ONE_COLOUR = "one single colour: the network's numbers overflowed; use dtype float32 or bfloat16"
UNCHECKED = "no safety checker looked at these pictures"
INDEX = "model_index.json"
_CHECKER = "safety_checker"


@dataclass(frozen=True)
class Picture:
    """One picture, or the reason why it is none.

    Attributes:
        pixels: (H, W, 3) uint8 RGB.
        reason: empty if the picture may be used.
    """

    pixels: np.ndarray
    reason: str


class TextToImage:
    """A loaded pipeline.

    Attributes:
        name: model, commit or digest, and sampler: what is recorded.
        warning: what its pictures have not gone through, empty if nothing.
    """

    def __init__(self, settings: Diffusion, side: int):
        """Load a model, fetching it first if it is not on this machine.

        Args:
            side: width and height of the pictures in pixels.

        Raises:
            MissingExtraError: diffusers, transformers or torch are not installed.
            ConfigError: no such device, or a hub model without its commit.
            ModelError: the model is not complete, cannot be fetched, or has no safety checker though one is wanted.
        """
        torch = _torch()
        if settings.device == "cuda" and not torch.cuda.is_available():
            raise ConfigError("diffusion.device: `cuda` is wanted but torch sees no CUDA device; use `cpu`")
        self._settings, self._side = settings, side
        folder = located_model(settings)
        self._pipeline = _pipeline(folder, settings)
        self.name = f"{_identity(folder, settings)}, {type(self._pipeline.scheduler).__name__}"
        self.warning = "" if settings.safety_checker else UNCHECKED

    def pictures(self, texts: Sequence[str], seeds: Sequence[int]) -> list[Picture]:
        """Pictures of texts, made together; which pictures are made together changes their last bits."""
        made = self._pipeline(
            prompt=list(texts), generator=generators(seeds), num_inference_steps=self._settings.steps,
            guidance_scale=self._settings.guidance, height=self._side, width=self._side, output_type="pil",
        )  # fmt: skip
        flags = getattr(made, "nsfw_content_detected", None) or [False] * len(texts)
        return [_judged(np.asarray(image.convert("RGB")), flag) for image, flag in zip(made.images, flags, strict=True)]

    def cut(self, texts: Sequence[str]) -> list[str]:
        """Those texts whose end the model does not read, because they are longer than its text encoder allows."""
        tokenizer = getattr(self._pipeline, "tokenizer", None)
        if tokenizer is None or getattr(self._pipeline, "tokenizer_2", None) is not None:
            return []
        return [text for text in texts if len(tokenizer(text).input_ids) > tokenizer.model_max_length]


def generators(seeds: Sequence[int]) -> list[torch.Generator]:
    """One random generator a picture, on the CPU, so that every device starts from the same noise."""
    torch = _torch()
    return [torch.Generator("cpu").manual_seed(seed) for seed in seeds]


def located_model(settings: Diffusion) -> Path:
    """The folder of a model: the configured one, or the hub's copy on this machine, fetched if necessary."""
    folder = Path(settings.model)
    if not folder.is_dir():
        folder = _fetched(settings)
    elif missing := missing_files(folder):
        raise ModelError(
            f"diffusion.model: {settings.model}: lacks {', '.join(missing)}; complete the folder (only safetensors are "
            "read)"
        )
    return folder


def missing_files(folder: Path) -> list[str]:
    """What a model's folder lacks, by its own index: parts, or the safetensors of a part."""
    try:
        parts = json.loads((folder / INDEX).read_bytes())
        names = [name for name, kind in parts.items() if isinstance(kind, list) and kind[0] is not None]
    except (OSError, ValueError, AttributeError, IndexError):
        return [INDEX, "the parts that it names"]
    return [missing for name in sorted(names) for missing in _missing_of(folder, name)]


def _missing_of(folder: Path, part: str) -> list[str]:
    if not (folder / part).is_dir():
        return [f"{part}/"] if part != _CHECKER else []  # a checker that is not wanted is not fetched
    weights = [path for path in (folder / part).glob("*.safetensors") if path.is_file()]
    # Tokenizers, samplers and image processors have no config.json, networks have.
    return [] if weights or not (folder / part / "config.json").exists() else [f"{part}/*.safetensors"]


def _fetched(settings: Diffusion) -> Path:
    from diffusers import DiffusionPipeline
    from huggingface_hub import constants, try_to_load_from_cache

    model, revision = settings.model, settings.revision
    if revision is None:
        raise ConfigError(
            f"diffusion.revision: name the commit (40 hex digits) of {model} on the hub, so that every shard gets the "
            "same network; or name a local folder in diffusion.model"
        )
    unwanted = {} if settings.safety_checker else {_CHECKER: None}
    try:
        folder = Path(DiffusionPipeline.download(model, revision=revision, use_safetensors=True, **unwanted))
        missing, reason = missing_files(folder), ""
    except Exception as error:  # the hub's client passes on the errors of several network packages
        index = try_to_load_from_cache(model, INDEX, revision=revision) if "/" in model else None
        missing = missing_files(Path(index).parent if isinstance(index, str) else Path(model))
        reason = " ".join(str(error.__cause__ or error).split())[:200]
    if missing or reason:
        offline = " (HF_HUB_OFFLINE is set: unset it)" if constants.HF_HUB_OFFLINE else ""
        raise ModelError(
            f"diffusion.model: {model} at revision {revision} is not complete in {constants.HF_HUB_CACHE}: missing "
            f"{', '.join(missing) or 'weights'}{f' ({reason})' if reason else ''}; run again with network{offline}, "
            "finished files are kept, or copy the model here and name its folder in diffusion.model"
        )
    return folder


def _pipeline(folder: Path, settings: Diffusion) -> Any:
    torch = _torch()
    from diffusers import AutoPipelineForText2Image
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    has_checker = (json.loads((folder / INDEX).read_bytes()).get(_CHECKER) or [None])[0] is not None
    if settings.safety_checker and not (has_checker and (folder / _CHECKER).is_dir()):
        raise ModelError(
            f"diffusion.safety_checker: {settings.model} brings none; look at its pictures yourself and set it to false"
        )
    without = {_CHECKER: None, "requires_safety_checker": False} if has_checker and not settings.safety_checker else {}
    try:
        pipeline = AutoPipelineForText2Image.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, dtype=getattr(torch, settings.dtype), **without
        )
    except Exception as error:  # damaged files and unknown pipelines raise the errors of several packages
        raise ModelError(
            f"diffusion.model: {settings.model} cannot be loaded as a text-to-image pipeline "
            f"({' '.join(str(error).split())[:200]}); choose one that AutoPipelineForText2Image of diffusers knows, or "
            "copy it again"
        ) from error
    return _prepared(pipeline, settings)


def _prepared(pipeline: Any, settings: Diffusion) -> Any:
    torch = _torch()
    torch.backends.cudnn.deterministic = True
    pipeline.set_progress_bar_config(disable=True)
    if settings.attention_slicing:
        pipeline.enable_attention_slicing()
    if settings.cpu_offload:
        pipeline.enable_model_cpu_offload()
    else:
        pipeline.to(settings.device)
    if settings.compile:
        (getattr(pipeline, "unet", None) or pipeline.transformer).compile()
    return pipeline


def _identity(folder: Path, settings: Diffusion) -> str:
    if not Path(settings.model).is_dir():
        return f"{settings.model}, revision {settings.revision}"
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in (".json", ".safetensors"))
    digest = digest_of({path.relative_to(folder).as_posix(): sha256_of(path) for path in files})
    return f"{folder.resolve().name}, sha256 {digest}"


def _judged(pixels: np.ndarray, flagged: bool) -> Picture:
    if flagged:
        return Picture(pixels, FLAGGED)
    return Picture(pixels, ONE_COLOUR if pixels.min() == pixels.max() else "")


def _torch() -> Any:
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # read when it is imported
    try:
        import diffusers  # noqa: F401
        import torch
        import transformers  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f'images.source: `diffusion` needs {error.name}, not installed; type: pip install -e ".[diffusion]"'
        ) from error
    return torch
