"""People by HMR2 (Goel et al. 2023, 4D-Humans): a vision transformer that regresses SMPL parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chorus.body.model import BodyModel
from chorus.config_perception import ModelReference
from chorus.errors import ModelError
from chorus.perception.hmr2_network import Hmr2Network, Sizes
from chorus.perception.models import ModelFiles, Runtime, find_model, load_checkpoint
from chorus.perception.protocols import EstimatedPeople, SeenPerson
from chorus.perception.smpl_regressors import (
    Crop,
    Regressed,
    axis_angles,
    camera_of_spin,
    estimated,
    network_input,
    require_smpl,
    rotations_of_6d,
)

if TYPE_CHECKING:
    import torch

_BREADTH = 0.75  # of the crop's width that the network sees; the box must fit into it, without a margin
_PARTS = ("backbone.", "smpl_head.")  # a checkpoint of training has a discriminator and SMPL itself beside them


class Hmr2:
    """HMR2 on the person's box."""

    def __init__(self, reference: ModelReference, body: BodyModel, runtime: Runtime, sizes: Sizes | None = None):
        """Load the network, of the published sizes unless told otherwise.

        Raises:
            ModelError: the body is not SMPL, or the weight file is not there or does not fit.
        """
        require_smpl(body, "hmr2")
        files = find_model(reference)
        self.name = f"hmr2 {files.name}"
        self.batch = runtime.batch
        self._body, self._runtime, self._sizes = body, runtime, sizes or Sizes()
        self._network = load_network(files, self._sizes).to(runtime.device, runtime.dtype).eval()

    def estimate(self, people: Sequence[SeenPerson]) -> EstimatedPeople:
        """See PeopleEstimator."""
        import torch

        around = {row: Crop.around(seen.person.box, 1.0, _BREADTH) for row, seen in enumerate(people)}
        crops = {row: crop for row, crop in around.items() if crop is not None}
        images = torch.as_tensor(network_input(people, crops, self._sizes.side))
        with torch.inference_mode():
            outputs = self._network(images.to(self._runtime.device, self._runtime.dtype))
        pose, betas, weak = (value.double().cpu().numpy() for value in outputs)
        rotations = rotations_of_6d(pose.reshape(-1, 24, 6), interleaved=False)
        regressed = Regressed(axis_angles(rotations), betas, camera_of_spin(weak, list(crops.values())))
        return estimated(self._body, people, list(crops), regressed)


def load_network(files: ModelFiles, sizes: Sizes) -> Hmr2Network:
    """The network with the weights of a checkpoint, whose `state_dict` holds them in the published names.

    Raises:
        ModelError: the file is no checkpoint, or of another network.
    """
    import torch

    weights = load_checkpoint(files, of_training=True).get("state_dict")
    given = {str(name): value for name, value in weights.items()} if isinstance(weights, Mapping) else {}
    own = {name: value for name, value in given.items() if name.startswith(_PARTS)}
    with torch.device("meta"):  # without numbers: none that the file lacks can be there by chance
        network = Hmr2Network(sizes)
    expected = network.state_dict()
    for name in sorted(expected.keys() | own.keys()):
        if not _fits(own.get(name), expected.get(name)):
            raise ModelError(
                f"{files.path.name}: {name} is missing, of another shape or of another network; give 4D-Humans' "
                "HMR2 checkpoint."
            )
    network.load_state_dict(own, assign=True)
    return network


def _fits(given: Any, expected: torch.Tensor | None) -> bool:
    """Whether both are tensors of numbers and of one shape."""
    shape = getattr(given, "shape", None)
    return expected is not None and shape == expected.shape and bool(given.is_floating_point())
