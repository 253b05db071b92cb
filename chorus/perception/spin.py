"""The paper's people: SPIN's regressor (Kolotouros et al. 2019), also with the EFT weights of FrankMocap (Sec. 3.2).

A ResNet-50 turns a 224-pixel crop into 2,048 numbers; two linear layers then correct pose (24 rotations in 6D), shape
and camera three times, starting from a mean that the checkpoint holds. Written from the papers; the names of the layers
are those of the public checkpoints, which load as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chorus.body.model import BodyModel
from chorus.camera import WeakCamera
from chorus.config_perception import ModelReference
from chorus.errors import ModelError
from chorus.perception.models import ModelFiles, Runtime, find_model, load_checkpoint
from chorus.perception.protocols import EstimatedPeople, SeenPerson
from chorus.perception.smpl_regressors import (
    Crop,
    Regressed,
    axis_angles,
    camera_of_eft,
    camera_of_spin,
    estimated,
    require_smpl,
    rotations_of_6d,
)

if TYPE_CHECKING:
    from torch import nn

RESOLUTION = 224  # pixels
_MEAN, _SPREAD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # of ImageNet's colours
_BLOCKS = (3, 4, 6, 3)  # of ResNet-50
_STEPS = 3
_TRAINING_COUNTER = "num_batches_tracked"
_POSE, _SHAPE, _CAMERA, _FEATURES, _HIDDEN = 144, 10, 3, 2048, 1024

# Backend -> how its weights mean (s, tx, ty).
CONVENTIONS: dict[str, Callable[[np.ndarray, Sequence[Crop]], WeakCamera]] = {
    "eft": camera_of_eft,
    "spin": camera_of_spin,
}


class Spin:
    """The regressor; `backend` says whose weights these are: `eft` (the paper's) or `spin`."""

    def __init__(self, backend: str, reference: ModelReference, body: BodyModel, runtime: Runtime):
        """Load the network.

        Raises:
            ModelError: the body is not SMPL, or the weight file is not there or does not fit.
        """
        require_smpl(body, backend)
        files = find_model(reference)
        self.name = f"{backend} {files.name}"
        self.batch = runtime.batch
        self._body, self._runtime, self._camera_of = body, runtime, CONVENTIONS[backend]
        self._network = load_regressor(files).to(runtime.device, runtime.dtype).eval()

    def estimate(self, people: Sequence[SeenPerson]) -> EstimatedPeople:
        """See PeopleEstimator."""
        import torch

        crops = {row: crop for row, seen in enumerate(people) if (crop := Crop.around(seen.person.box)) is not None}
        patches = [crop.pixels(people[row].picture.pixels, RESOLUTION) for row, crop in crops.items()]
        images = (np.array(patches).reshape(-1, RESOLUTION, RESOLUTION, 3) / 255.0 - _MEAN) / _SPREAD
        inputs = torch.as_tensor(images.transpose(0, 3, 1, 2)).to(self._runtime.device, self._runtime.dtype)
        with torch.inference_mode():
            outputs = [value.double().cpu().numpy() for value in self._network(inputs)]
        pose = rotations_of_6d(outputs[0].reshape(-1, 24, 6))
        regressed = Regressed(axis_angles(pose), outputs[1], self._camera_of(outputs[2], list(crops.values())))
        return estimated(self._body, people, list(crops), regressed)


def load_regressor(files: ModelFiles) -> nn.Module:
    """The network with the weights of a checkpoint, whose `model` entry holds them in SPIN's names.

    Raises:
        ModelError: the file is no checkpoint of tensors, or of another network.
    """
    content = load_checkpoint(files)
    weights = content.get("model", content)
    network = regressor()
    expected = {name: value for name, value in network.state_dict().items() if not name.endswith(_TRAINING_COUNTER)}
    given = {str(name).removeprefix("module."): value for name, value in weights.items()}
    for name, tensor in expected.items():
        if getattr(given.get(name), "shape", None) != tensor.shape:
            raise ModelError(
                f"{files.path.name}: {name} is missing or of another shape; give SPIN's or FrankMocap's checkpoint."
            )
    network.load_state_dict({name: given[name] for name in expected}, strict=False)
    return network


def regressor() -> nn.Module:
    """The untrained network: images (n, 3, 224, 224) -> 6D rotations (n, 144), betas (n, 10), camera (n, 3)."""
    import torch
    from torch import nn

    class Bottleneck(nn.Module):
        def __init__(self, channels: int, width: int, stride: int, widen: bool):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)
            self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
            self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
            aside = [nn.Conv2d(channels, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)]
            self.downsample = nn.Sequential(*aside) if widen else nn.Identity()

        def forward(self, x: Any) -> Any:
            y = torch.relu(self.bn1(self.conv1(x)))
            y = torch.relu(self.bn2(self.conv2(y)))
            return torch.relu(self.bn3(self.conv3(y)) + self.downsample(x))

    class Regressor(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
            channels = 64
            for stage, blocks in enumerate(_BLOCKS):
                width, stride = 64 * 2**stage, 1 if stage == 0 else 2
                first = Bottleneck(channels, width, stride, widen=True)
                rest = [Bottleneck(4 * width, width, 1, widen=False) for _ in range(blocks - 1)]
                self.add_module(f"layer{stage + 1}", nn.Sequential(first, *rest))
                channels = 4 * width
            self.fc1, self.fc2 = nn.Linear(_FEATURES + _POSE + _SHAPE + _CAMERA, _HIDDEN), nn.Linear(_HIDDEN, _HIDDEN)
            self.decpose, self.decshape = nn.Linear(_HIDDEN, _POSE), nn.Linear(_HIDDEN, _SHAPE)
            self.deccam = nn.Linear(_HIDDEN, _CAMERA)
            for name, length in (("pose", _POSE), ("shape", _SHAPE), ("cam", _CAMERA)):
                self.register_buffer(f"init_{name}", torch.zeros(1, length))

        def forward(self, images: Any) -> Any:
            x = torch.relu(self.bn1(self.conv1(images)))
            x = nn.functional.max_pool2d(x, 3, 2, 1)
            for stage in range(1, 5):
                x = getattr(self, f"layer{stage}")(x)
            features = x.mean(dim=(2, 3))
            pose, shape, camera = (
                getattr(self, f"init_{name}").expand(len(images), -1) for name in ("pose", "shape", "cam")
            )
            for _ in range(_STEPS):
                # No activation in between: so were the published weights trained.
                hidden = self.fc2(self.fc1(torch.cat([features, pose, shape, camera], dim=1)))
                pose = pose + self.decpose(hidden)
                shape, camera = shape + self.decshape(hidden), camera + self.deccam(hidden)
            return pose, shape, camera

    return Regressor()
