"""People by Neural Localizer Fields (Sarandi and Pons-Moll 2024), one TorchScript file with everything in it.

A TorchScript file is a program: its digest must be pinned. The network works with a perspective camera; its projected
joints are kept as they are, and the weak camera is the one nearest to them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chorus.body.model import BodyModel
from chorus.config_perception import ModelReference
from chorus.errors import ModelError
from chorus.perception.models import Runtime, find_model
from chorus.perception.protocols import EstimatedPeople, SeenPerson
from chorus.perception.smpl_regressors import MIN_SIDE, Regressed, camera_of_pixels, estimated, require_smpl


class Nlf:
    """NLF on the person's box."""

    batch = 1  # pictures of a batch must have one size; photographs do not

    def __init__(self, reference: ModelReference, body: BodyModel, runtime: Runtime):
        """Load the network.

        Raises:
            ModelError: the body is not SMPL, or the file is not there, not pinned or not TorchScript.
        """
        require_smpl(body, "nlf")
        if not reference.sha256:
            raise ModelError(
                f"{reference.location}: a TorchScript file is a program and runs only if it is pinned; "
                "add #SHA256 (64 hex digits) to people.model."
            )
        files = find_model(reference)
        self.name = f"nlf {files.name}"
        self._body, self._runtime = body, runtime
        self._model = _load(str(files.path), files.path.name, runtime)

    def estimate(self, people: Sequence[SeenPerson]) -> EstimatedPeople:
        """See PeopleEstimator."""
        rows = [row for row, seen in enumerate(people) if _is_large(seen.person.box)]
        outputs = [self._one(people[row]) for row in rows]
        pose = np.array([pose for pose, _, _ in outputs]).reshape(-1, 24, 3)
        betas = np.array([betas for _, betas, _ in outputs]).reshape(-1, 10)
        joints2d = np.array([joints for _, _, joints in outputs]).reshape(-1, 24, 2)
        camera = camera_of_pixels(self._body.joints(pose, betas), joints2d)
        return estimated(self._body, people, rows, Regressed(pose, betas, camera, joints2d))

    def _one(self, seen: SeenPerson) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pose (72,), betas (10,) and projected joints (24, 2) of one person."""
        import torch

        x0, y0, x1, y1 = (float(value) for value in seen.person.box)
        image = torch.as_tensor(np.ascontiguousarray(seen.picture.pixels.transpose(2, 0, 1)))[None]
        box = torch.tensor([[x0, y0, x1 - x0, y1 - y0]], device=self._runtime.device)
        with torch.inference_mode():
            found: Mapping[str, Any] = self._model.estimate_smpl_batched(image.to(self._runtime.device), [box])
        try:
            pose, betas, joints = (found[name][0][0].double().cpu().numpy() for name in ("pose", "betas", "joints2d"))
        except (KeyError, IndexError) as error:
            raise ModelError(f"nlf: the network's answer lacks {error}; use nlf_l_multi 0.3.2.") from error
        return pose.reshape(72), betas.reshape(-1)[:10], joints.reshape(-1, 2)[:24]


def _is_large(box: np.ndarray) -> bool:
    return bool(np.isfinite(box).all()) and float(max(box[2] - box[0], box[3] - box[1])) >= MIN_SIDE


def _load(path: str, name: str, runtime: Runtime) -> Any:
    import torch

    with contextlib.suppress(ImportError, RuntimeError):
        import torchvision  # noqa: F401 - registers operators that the published file calls
    try:
        model = torch.jit.load(path, map_location=runtime.device).eval()
    except (RuntimeError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{name}: torch cannot load it as TorchScript ({reason}); get the published file, and install torchvision, "
            "whose operators it calls."
        ) from error
    if not hasattr(model, "estimate_smpl_batched"):
        raise ModelError(f"{name}: has no estimate_smpl_batched; give a multi-person NLF file, nlf_l_multi 0.3.2.")
    return model
