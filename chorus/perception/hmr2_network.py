"""HMR2's network (Goel et al. 2023, "Humans in 4D"), written from the paper and the layout of the public weights.

A vision transformer turns the middle of a square crop, 3/4 as wide as high, into a map of features; one token then
asks that map (cross attention) and is read out as corrections of a mean pose, shape and camera that the checkpoint
holds. The layers have the names of the public checkpoint, which loads as it is. Only chorus.perception.hmr2 imports
this module, once torch is known to be there.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

POSE, SHAPE, CAMERA = 144, 10, 3
_BORDER = 2  # pixels of zeros around the picture: so were the published weights trained


@dataclass(frozen=True)
class Sizes:
    """Numbers of the network; the defaults are the published ones (ViT-H, decoder of six layers).

    Attributes:
        side: of the square crop, pixels; the network sees its full height and the middle 3/4 of its width.
        patch: side of a patch, pixels.
        width, depth, heads: of the vision transformer; its hidden layers are four times as wide.
        token, layers, token_heads, head_width, hidden: of the decoder.
    """

    side: int = 256
    patch: int = 16
    width: int = 1280
    depth: int = 32
    heads: int = 16
    token: int = 1024
    layers: int = 6
    token_heads: int = 8
    head_width: int = 64
    hidden: int = 1024

    @property
    def patches(self) -> int:
        """How many patches the network sees."""
        return (self.side // self.patch) * (self.side * 3 // 4 // self.patch)


def attention(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Attention in `heads` heads: queries (n, q, heads d), keys and values (n, k, heads d) -> (n, q, heads d)."""
    split = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (query, key, value))
    return scaled_dot_product_attention(*split).transpose(1, 2).flatten(2)


class PatchAttention(nn.Module):
    """Self attention among patches."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(n, patches, width) -> the same."""
        query, key, value = self.qkv(x).chunk(3, dim=-1)
        return self.proj(attention(query, key, value, self.heads))


class PatchMlp(nn.Module):
    """The two linear layers of a block."""

    def __init__(self, width: int):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(n, patches, width) -> the same."""
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class Block(nn.Module):
    """A block of the vision transformer."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, eps=1e-6), PatchAttention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width, eps=1e-6), PatchMlp(width)

    def forward(self, x: Tensor) -> Tensor:
        """(n, patches, width) -> the same."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbedding(nn.Module):
    """Patches of a picture as vectors."""

    def __init__(self, patch: int, width: int):
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch, _BORDER)

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) -> (n, patches, width), rows first."""
        return self.proj(images).flatten(2).transpose(1, 2)


class Backbone(nn.Module):
    """The vision transformer (ViTPose's, Xu et al. 2022)."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.patch_embed = PatchEmbedding(sizes.patch, sizes.width)
        # The first place is that of a class token, which the pretraining had and this network has not.
        self.pos_embed = nn.Parameter(torch.zeros(1, sizes.patches + 1, sizes.width))
        self.blocks = nn.Sequential(*(Block(sizes.width, sizes.heads) for _ in range(sizes.depth)))
        self.last_norm = nn.LayerNorm(sizes.width, eps=1e-6)

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) -> features (n, patches, width)."""
        x = self.patch_embed(images) + self.pos_embed[:, 1:] + self.pos_embed[:, :1]
        return self.last_norm(self.blocks(x))


class Normed(nn.Module):
    """A layer of the decoder behind its norm."""

    def __init__(self, width: int, layer: nn.Module):
        super().__init__()
        self.norm, self.fn = nn.LayerNorm(width), layer

    def forward(self, x: Tensor, *context: Tensor) -> Tensor:
        """What the layer adds to x (n, tokens, width)."""
        return self.fn(self.norm(x), *context)


class SelfAttention(nn.Module):
    """Attention among the tokens: there is one, but the published weights have the layer."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        inner = sizes.token_heads * sizes.head_width
        self.heads = sizes.token_heads
        self.to_qkv = nn.Linear(sizes.token, 3 * inner, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner, sizes.token))

    def forward(self, x: Tensor) -> Tensor:
        """(n, tokens, width) -> the same."""
        query, key, value = self.to_qkv(x).chunk(3, dim=-1)
        return self.to_out(attention(query, key, value, self.heads))


class CrossAttention(nn.Module):
    """Attention of the tokens to the features of the picture."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        inner = sizes.token_heads * sizes.head_width
        self.heads = sizes.token_heads
        self.to_kv = nn.Linear(sizes.width, 2 * inner, bias=False)
        self.to_q = nn.Linear(sizes.token, inner, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner, sizes.token))

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        """(n, tokens, width), features (n, patches, width of the backbone) -> (n, tokens, width)."""
        key, value = self.to_kv(features).chunk(2, dim=-1)
        return self.to_out(attention(self.to_q(x), key, value, self.heads))


class TokenMlp(nn.Module):
    """The two linear layers of a decoder layer."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        # The empty place keeps the numbers of the published names: training had dropout there.
        self.net = nn.Sequential(
            nn.Linear(sizes.token, sizes.hidden), nn.GELU(), nn.Identity(), nn.Linear(sizes.hidden, sizes.token)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, tokens, width) -> the same."""
        return self.net(x)


class DecoderLayer(nn.ModuleList):
    """Self attention, cross attention, two linear layers."""

    def __init__(self, sizes: Sizes):
        kinds = SelfAttention(sizes), CrossAttention(sizes), TokenMlp(sizes)
        super().__init__(Normed(sizes.token, layer) for layer in kinds)

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        """(n, tokens, width), features (n, patches, width of the backbone) -> (n, tokens, width)."""
        own, across, linear = self
        x = x + own(x)
        x = x + across(x, features)
        return x + linear(x)


class DecoderLayers(nn.Module):
    """The layers, one after the other."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(sizes) for _ in range(sizes.layers))

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        """(n, tokens, width), features (n, patches, width of the backbone) -> (n, tokens, width)."""
        for layer in self.layers:
            x = layer(x, features)
        return x


class Decoder(nn.Module):
    """One token that starts from the number zero and asks the features."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.to_token_embedding = nn.Linear(1, sizes.token)
        self.pos_embedding = nn.Parameter(torch.zeros(1, 1, sizes.token))
        self.transformer = DecoderLayers(sizes)

    def forward(self, features: Tensor) -> Tensor:
        """Features (n, patches, width of the backbone) -> the token (n, width)."""
        start = self.to_token_embedding(features.new_zeros(len(features), 1, 1)) + self.pos_embedding
        return self.transformer(start, features)[:, 0]


class SmplHead(nn.Module):
    """Features to SMPL parameters."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.transformer = Decoder(sizes)
        self.decpose, self.decshape = nn.Linear(sizes.token, POSE), nn.Linear(sizes.token, SHAPE)
        self.deccam = nn.Linear(sizes.token, CAMERA)
        for name, length in (("body_pose", POSE), ("betas", SHAPE), ("cam", CAMERA)):
            self.register_buffer(f"init_{name}", torch.zeros(1, length))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features (n, patches, width) -> 6D rotations (n, 144), betas (n, 10), camera s, tx, ty (n, 3)."""
        token = self.transformer(features)
        pose, betas, camera = (self.get_buffer(f"init_{name}") for name in ("body_pose", "betas", "cam"))
        return pose + self.decpose(token), betas + self.decshape(token), camera + self.deccam(token)


class Hmr2Network(nn.Module):
    """Crops to SMPL parameters; untrained until a checkpoint is loaded."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.backbone, self.smpl_head = Backbone(sizes), SmplHead(sizes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Normalised crops (n, 3, side, side) -> 6D rotations (n, 144), betas (n, 10), camera s, tx, ty (n, 3)."""
        aside = images.shape[-1] // 8
        return self.smpl_head(self.backbone(images[..., aside:-aside]))
