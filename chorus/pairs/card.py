"""A trained prior as a file: safetensors, read with the sizes that its card names."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import torch

from chorus import store
from chorus.errors import FileError
from chorus.pairs.denoiser import Denoiser, Sizes


def weights_of(prior: Denoiser) -> bytes:
    """The bytes of a prior's weights; the same weights give the same bytes."""
    return safetensors.torch.save({name: value.cpu().contiguous() for name, value in prior.state_dict().items()})


def read_prior(weights: Path, card: Path, device: torch.device | str) -> Denoiser:
    """Read a trained prior.

    Raises:
        FileError: missing, damaged, or weights and card do not belong together.
    """
    content, told = store.read_bytes(weights), store.read_json(card)
    try:
        prior = Denoiser(Sizes(**told["sizes"]))
        prior.load_state_dict(safetensors.torch.load(content))
    except (KeyError, TypeError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
        first = str(error).splitlines()[0]
        raise FileError(f"{weights}: is no prior of {card.name} ({first}); run the stage pair_prior again.") from None
    return prior.to(device).eval()
