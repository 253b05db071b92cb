"""Model files: found by reference, checked by digest, and the torch they run on.

A reference (chorus.config_perception) names a local path or a commit of the Hugging Face hub. transformers models are
read from safetensors alone, torch checkpoints with `weights_only`: a weight file is data, never a program.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chorus.config_perception import ModelReference, Networks
from chorus.errors import ConfigError, MissingExtraError, ModelError
from chorus.naming import digest_of
from chorus.store import sha256_of

if TYPE_CHECKING:
    import torch

WEIGHTS = ".safetensors"
_MODEL_FILES = ("*.safetensors", "*.json", "*.txt", "*.model")  # of a hub's repository; never pickles or code
INSTALL = 'pip install -e ".[perception]"'


@dataclass(frozen=True)
class ModelFiles:
    """A model on this machine.

    Attributes:
        path: file or folder.
        name: its name, commit and digest: what result files say about it.
    """

    path: Path
    name: str


@dataclass(frozen=True)
class Runtime:
    """Where and in what numbers a torch network runs."""

    device: torch.device
    dtype: torch.dtype
    batch: int


def find_model(reference: ModelReference) -> ModelFiles:
    """The files of a model; those of a hub are downloaded unless they are in its cache.

    Raises:
        ModelError: it is not there, cannot be downloaded, holds no safetensors, or has another digest.
    """
    path = Path(reference.location) if reference.is_local else _from_hub(reference)
    if not path.exists():
        raise ModelError(
            f"{reference.location}: no such model file or folder; give a local path, or OWNER/NAME@COMMIT of the hub."
        )
    digest = _folder_digest(path) if path.is_dir() else sha256_of(path)
    if reference.sha256 and digest != reference.sha256:
        raise ModelError(
            f"{path.name if reference.is_local else reference.location}: has digest {digest}, the configuration pins "
            f"{reference.sha256}; get the right file, or change the pin if you trust this one."
        )
    name = path.name if reference.is_local else f"{reference.location}@{reference.commit}"
    return ModelFiles(path, f"{name} sha256:{digest}")


def runtime_of(networks: Networks) -> Runtime:
    """The device and numbers of `networks`.

    Raises:
        MissingExtraError: torch is not installed.
        ConfigError: the device is not there.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(f"This backend needs torch ({error}); install it: {INSTALL}.") from error
    kind = networks.device.partition(":")[0]
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}[kind]
    if not present:
        raise ConfigError(f"networks.device: torch {torch.__version__} finds no {kind} device here; set it to cpu.")
    return Runtime(torch.device(networks.device), getattr(torch, networks.dtype), networks.batch)


def transformers_model(architecture: str, files: ModelFiles, runtime: Runtime) -> Any:
    """A transformers model of a class, ready to run, from local safetensors; code of the repository is never run.

    Raises:
        MissingExtraError: transformers is not installed.
        ModelError: the folder holds no such model.
    """
    model, loading = _loaded(architecture, files, use_safetensors=True, dtype=runtime.dtype, output_loading_info=True)
    absent = sorted(str(name) for name in (*loading["missing_keys"], *loading["mismatched_keys"]))
    if absent:  # transformers would go on with random numbers in their place
        raise ModelError(
            f"{files.name.partition(' ')[0]}: lacks {len(absent)} weights of a {architecture} ({absent[0][:100]}); "
            "give the model that docs/perception.md names for this backend."
        )
    return model.to(runtime.device).eval()


def transformers_processor(kind: str, files: ModelFiles) -> Any:
    """The processor of a transformers model, on PIL and numpy (torchvision is not needed).

    Raises:
        MissingExtraError: transformers is not installed.
        ModelError: the folder holds no such processor.
    """
    return _loaded(kind, files)


def load_checkpoint(files: ModelFiles, of_training: bool = False) -> dict[str, Any]:
    """The content of a torch checkpoint (.pt, .pth, .ckpt), read as data.

    Args:
        files: the checkpoint.
        of_training: it may also hold the training's settings, objects of other packages (omegaconf, yacs): empty
            objects take their place, and nothing that the file names is imported. Needs torch 2.6.

    Raises:
        ModelError: it is damaged, or holds anything but tensors and plain values.
    """
    import torch

    try:
        foreign = torch.serialization.get_unsafe_globals_in_checkpoint(files.path) if of_training else []
        with torch.serialization.safe_globals([(_STAND_INS.get(name, _Nothing), name) for name in foreign]):
            content = torch.load(files.path, map_location="cpu", weights_only=True)
    except Exception as error:  # a hostile file can make the reader raise anything at all
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"{files.path.name}: is no checkpoint of tensors alone ({reason}); get the original file."
        ) from error
    if not isinstance(content, dict):
        raise ModelError(f"{files.path.name}: holds a {type(content).__name__}, not weights; get the original file.")
    return content


class _Nothing:
    """Stands in for an object of another package in a checkpoint: takes what comes and keeps nothing."""

    def __init__(self, *_: Any) -> None:
        """Takes whatever the file passes."""

    def __setstate__(self, _: Any) -> None:
        """Takes whatever the file passes."""


_STAND_INS = {"yacs.config.CfgNode": OrderedDict}  # a dictionary: torch fills no others than its own and this one


def _loaded(architecture: str, files: ModelFiles, **options: Any) -> Any:
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError(f"This backend needs transformers ({error}); install it: {INSTALL}.") from error
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        return getattr(transformers, architecture).from_pretrained(
            str(files.path), local_files_only=True, trust_remote_code=False, **options
        )
    except Exception as error:  # of transformers, of safetensors, of what either needs: all mean the same to a user
        reason = " ".join(str(error).split())[:300].replace(str(files.path), files.path.name)
        raise ModelError(
            f"{files.name.partition(' ')[0]}: transformers cannot read a {architecture} from it ({reason}); "
            "give the model that docs/perception.md names for this backend."
        ) from error


def _from_hub(reference: ModelReference) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise MissingExtraError(f"This backend needs huggingface_hub ({error}); install it: {INSTALL}.") from error
    try:
        return Path(snapshot_download(reference.location, revision=reference.commit, allow_patterns=list(_MODEL_FILES)))
    except Exception as error:  # the client raises its own, the transport's and the system's errors
        offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE") else ""
        raise ModelError(
            f"{reference.location}@{reference.commit}: is not in the hub's cache and cannot be downloaded{offline} "
            f"({type(error).__name__}); download it elsewhere and give the local folder."
        ) from error


def _folder_digest(folder: Path) -> str:
    """Digest of the weights and settings in a folder, whatever else lies there."""
    files = sorted(path for pattern in _MODEL_FILES for path in folder.glob(pattern))
    if not any(path.suffix == WEIGHTS for path in files):
        raise ModelError(
            f"{folder.name}: holds no {WEIGHTS} weights, and pickled ones are not read; give a folder that has them."
        )
    return digest_of({path.name: sha256_of(path) for path in files})
