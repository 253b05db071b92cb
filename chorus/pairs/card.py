"""A trained prior as a file: safetensors, read with the sizes that its card names."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
from torch import nn

from chorus import store
from chorus.errors import FileError
from chorus.pairs.denoiser import Denoiser, Sizes
from chorus.pairs.depths import DepthJudge
from chorus.pairs.figure import Figure
from chorus.pairs.prior import ContactPrior
from chorus.pairs.touching import Touch


def weights_of(prior: ContactPrior) -> bytes:
    """The bytes of a prior's weights; the same weights give the same bytes."""
    weights = _networks(prior.denoiser, prior.judge).state_dict()
    return safetensors.torch.save({name: value.cpu().contiguous() for name, value in weights.items()})


def _networks(denoiser: Denoiser, judge: DepthJudge) -> nn.ModuleDict:
    return nn.ModuleDict({"denoiser": denoiser, "judge": judge})


def read_prior(weights: Path, card: Path, figure: Figure) -> ContactPrior:
    """Read a trained prior for fits of a body.

    Raises:
        FileError: missing, damaged, or weights and card do not belong together.
    """
    content, told = store.read_bytes(weights), store.read_json(card)
    try:
        touch = Touch(**told["touch"])
        denoiser, judge = Denoiser(Sizes(**told["sizes"])), DepthJudge(len(figure.part_names))
        networks = _networks(denoiser, judge)
        networks.load_state_dict(safetensors.torch.load(content))
    except (KeyError, TypeError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
        first = str(error).splitlines()[0]
        raise FileError(f"{weights}: is no prior of {card.name} ({first}); run the stage pair_prior again.") from None
    networks.to(figure.device).eval()
    return ContactPrior(denoiser, judge, touch)
