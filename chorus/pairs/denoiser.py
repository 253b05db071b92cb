"""The contact prior: a small conditional diffusion model of pairs, with BUDDI's arrangement of tokens.

Eight tokens (four groups of two people), one for the time, eight of the guiding first estimate; every token by a
network of two layers, plus a learned embedding of its person and its group; a transformer encoder; x0 is predicted.
The numbers (width, layers) are ours. Loaded and saved as safetensors with everything that is needed to use it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from chorus.pairs.tokens import GROUPS, SIZES, WIDTH

TIMES = 1000
_DRAWS = 8
EVERYTHING = (True,) * len(GROUPS)


def signal_share(time: Tensor) -> Tensor:
    """The cosine schedule's alpha-bar of times 0..TIMES (Nichol and Dhariwal 2021): 1 at 0, nearly 0 at the end."""

    def f(at: Tensor | float) -> Tensor:
        return torch.cos((torch.as_tensor(at) / TIMES + 0.008) / 1.008 * math.pi / 2).square()

    return (f(time) / f(0.0)).clamp(1e-5, 1.0)


def noised(clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    """x_t of x_0 (n, 2, WIDTH), standard normal noise and times (n,)."""
    share = signal_share(time)[:, None, None]
    return share.sqrt() * clean + (1 - share).sqrt() * noise


@dataclass(frozen=True)
class Sizes:
    """Numbers of the network.

    Attributes:
        width: of a token; layers, heads, hidden: of the transformer encoder.
    """

    width: int = 96
    layers: int = 3
    heads: int = 4
    hidden: int = 256


USUAL_SIZES = Sizes()


def _embedding(width_in: int, width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width_in, width), nn.SiLU(), nn.Linear(width, width))


class Denoiser(nn.Module):
    """Predicts clean pairs from noisy ones, guided by first estimates; all numbers are normalised.

    Attributes:
        mean, spread: (2, WIDTH) of the training pairs.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, sizes: Sizes = USUAL_SIZES):
        super().__init__()
        self.sizes = sizes
        width = sizes.width
        self.values = nn.ModuleList(_embedding(size, width) for size in SIZES)
        self.guides = nn.ModuleList(_embedding(size, width) for size in SIZES)
        self.outputs = nn.ModuleList(_embedding_out(width, size) for size in SIZES)
        self.time = _embedding(width, width)
        self.person = nn.Parameter(torch.zeros(2, width))
        self.group = nn.Parameter(torch.zeros(len(GROUPS), width))
        self.of_guide = nn.Parameter(torch.zeros(width))
        self.no_guide = nn.Parameter(torch.zeros(2, len(GROUPS), width))
        layer = nn.TransformerEncoderLayer(width, sizes.heads, sizes.hidden, 0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, sizes.layers, enable_nested_tensor=False)
        self.register_buffer("mean", torch.zeros(2, WIDTH))
        self.register_buffer("spread", torch.ones(2, WIDTH))

    def forward(self, noisy: Tensor, time: Tensor, guide: Tensor, guided: Tensor) -> Tensor:
        """Clean numbers (n, 2, WIDTH).

        Args:
            noisy: (n, 2, WIDTH); time: (n,) 0..TIMES.
            guide: (n, 2, WIDTH) first estimates.
            guided: (n, 2, 4) bool, which groups of the first estimate are given.
        """
        place = self.person[:, None] + self.group
        given = torch.stack([net(part) for net, part in zip(self.guides, guide.split(SIZES, -1), strict=True)], 2)
        given = torch.where(guided[..., None], given, self.no_guide) + place + self.of_guide
        asked = torch.stack([net(part) for net, part in zip(self.values, noisy.split(SIZES, -1), strict=True)], 2)
        clock = self.time(_waves(time, self.sizes.width))[:, None]
        tokens = torch.cat([(asked + place).flatten(1, 2), clock, given.flatten(1, 2)], 1)
        answered = self.encoder(tokens)[:, : 2 * len(GROUPS)].unflatten(1, (2, len(GROUPS)))
        correction = torch.cat([net(answered[:, :, row]) for row, net in enumerate(self.outputs)], -1)
        # What is asked for is close to the first estimate where there is one: the network learns the difference.
        known = torch.repeat_interleave(guided, torch.tensor(SIZES, device=guided.device), dim=-1)
        return correction + torch.where(known, guide, torch.zeros_like(guide))

    def normalised(self, numbers: Tensor) -> Tensor:
        """Numbers (n, 2, WIDTH) as the network sees them."""
        return (numbers - self.mean) / self.spread

    def restored(self, normalised: Tensor) -> Tensor:
        """The opposite of `normalised`."""
        return normalised * self.spread + self.mean

    def denoised(self, noisy: Tensor, time: int, guide: Tensor, given: Sequence[bool] = EVERYTHING) -> Tensor:
        """Clean normalised numbers from noisy ones; `given` says which groups of the guides (n, 2, WIDTH) are used."""
        n = len(noisy)
        guided = torch.tensor(given, device=noisy.device).expand(n, 2, -1)
        return self(noisy, torch.full((n,), float(time), device=noisy.device), guide, guided)

    def expected(self, guide: Tensor) -> Tensor:
        """The mean of the clean pairs that guides (n, 2, WIDTH) allow, normalised: nothing but the guide is known.

        That is what pure noise is denoised to. Some draws are averaged, the same for all pairs and at every call: asked
        about their mean, nought, which it never saw, a network may be centimetres off.
        """
        generator = torch.Generator(device="cpu").manual_seed(0)
        noise = torch.empty(_DRAWS, *guide.shape[1:]).normal_(generator=generator).to(guide.device)
        return torch.stack([self.denoised(draw.expand_as(guide), TIMES, guide) for draw in noise]).mean(0)


def _embedding_out(width: int, width_out: int) -> nn.Module:
    last = nn.Linear(width, width_out)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(width, width), nn.SiLU(), last)


def _waves(time: Tensor, width: int) -> Tensor:
    """Sines and cosines (n, width) of times (n,)."""
    rates = torch.exp(-math.log(1e4) * torch.arange(width // 2, device=time.device) / (width // 2))
    angle = time[:, None] * rates
    return torch.cat([angle.sin(), angle.cos()], -1)
