"""SPIN's network (Kolotouros et al. 2019; the regressor is HMR's, Kanazawa et al. 2018), written from the papers.

A ResNet-50 turns a 224-pixel crop into 2,048 numbers; two linear layers then correct pose (24 rotations in 6D), shape
and camera three times, starting from a mean that the checkpoint holds. The layers have the names of the public
checkpoints, which load as they are. Only chorus.perception.spin imports this module, once torch is known to be there.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

POSE, SHAPE, CAMERA = 144, 10, 3
_FEATURES, _HIDDEN = 2048, 1024
_BLOCKS = (3, 4, 6, 3)  # of ResNet-50
_STEPS = 3


class Bottleneck(nn.Module):
    """A block of ResNet-50: 1x1, 3x3 (with the stride) and 1x1 convolutions beside a shortcut."""

    def __init__(self, channels: int, width: int, stride: int, widen: bool):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        aside = [nn.Conv2d(channels, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)]
        self.downsample = nn.Sequential(*aside) if widen else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w) -> (n, 4 width, h / stride, w / stride)."""
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        return torch.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class SpinNetwork(nn.Module):
    """Crops to SMPL parameters; untrained until a checkpoint is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        channels = 64
        for stage, blocks in enumerate(_BLOCKS):
            width = 64 * 2**stage
            first = Bottleneck(channels, width, 1 if stage == 0 else 2, widen=True)
            rest = [Bottleneck(4 * width, width, 1, widen=False) for _ in range(blocks - 1)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(first, *rest))
            channels = 4 * width
        self.fc1, self.fc2 = nn.Linear(_FEATURES + POSE + SHAPE + CAMERA, _HIDDEN), nn.Linear(_HIDDEN, _HIDDEN)
        self.decpose, self.decshape = nn.Linear(_HIDDEN, POSE), nn.Linear(_HIDDEN, SHAPE)
        self.deccam = nn.Linear(_HIDDEN, CAMERA)
        for name, length in (("pose", POSE), ("shape", SHAPE), ("cam", CAMERA)):
            self.register_buffer(f"init_{name}", torch.zeros(1, length))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Normalised crops (n, 3, 224, 224) -> 6D rotations (n, 144), betas (n, 10), camera s, tx, ty (n, 3)."""
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(images))), 3, 2, 1)
        for stage in range(1, len(_BLOCKS) + 1):
            x = self.get_submodule(f"layer{stage}")(x)
        features = x.mean(dim=(2, 3))
        pose, shape, camera = (self.get_buffer(f"init_{n}").expand(len(images), -1) for n in ("pose", "shape", "cam"))
        for _ in range(_STEPS):
            # No activation between the two layers: so were the published weights trained.
            hidden = self.fc2(self.fc1(torch.cat([features, pose, shape, camera], dim=1)))
            pose = pose + self.decpose(hidden)
            shape, camera = shape + self.decshape(hidden), camera + self.deccam(hidden)
        return pose, shape, camera
