"""The device of the torch code (`compute.device`), asked for before any work is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chorus.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    import torch

PROCESSOR = "cpu"  # compute.device of the compiled kernels, which need no torch
TORCH_PROCESSOR = "torch_cpu"


def torch_device(name: str) -> torch.device:
    """The torch device of `compute.device`: `cuda` or `torch_cpu`. From here on float32 products are full float32.

    Raises:
        MissingExtraError: torch is not installed.
        ConfigError: torch finds no CUDA device.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(
            f'compute.device: {name} needs torch ({error}); run: pip install -e ".[cuda]", or set it to cpu.'
        ) from error
    if name != TORCH_PROCESSOR and not torch.cuda.is_available():
        built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "a build for the processor alone"
        raise ConfigError(
            f"compute.device: {name} needs a CUDA device and torch {torch.__version__} ({built}) finds none here; "
            'check nvidia-smi and run: pip install --force-reinstall -e ".[cuda]", or set it to cpu.'
        )
    torch.set_float32_matmul_precision("highest")  # a voxel 1,000 pixels away needs more digits than TF32 has
    return torch.device("cpu" if name == TORCH_PROCESSOR else name)


def fitting_device(name: str) -> torch.device:
    """The torch device of stages that need torch in any case; `cpu` is the processor.

    Raises:
        MissingExtraError: torch is not installed.
        ConfigError: torch finds no CUDA device.
    """
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f'pairs: need torch ({error}); run: pip install -e ".[perception]".') from error
    return torch_device(TORCH_PROCESSOR if name == PROCESSOR else name)
