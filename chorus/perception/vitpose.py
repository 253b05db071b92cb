"""Keypoints by ViTPose (Xu et al. 2022) of transformers, on the boxes of the person's mask; decoding as in DARK."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chorus.coco import KEYPOINT_NAMES
from chorus.config_perception import ModelReference
from chorus.errors import ModelError
from chorus.perception.models import Runtime, find_model, transformers_model, transformers_processor
from chorus.perception.protocols import SeenPerson

_COCO_EXPERT = 0  # ViTPose+ has one expert for each of its training sets, COCO first


class VitPose:
    """A ViTPose network with COCO's 17 keypoints."""

    def __init__(self, reference: ModelReference, runtime: Runtime):
        """Load the network.

        Raises:
            ModelError: there is no such model, or it has other keypoints than COCO's.
        """
        files = find_model(reference)
        self.name = f"transformers {files.name}"
        self.batch = runtime.batch
        self._runtime = runtime
        self._model = transformers_model("VitPoseForPoseEstimation", files, runtime)
        self._processor = transformers_processor("VitPoseImageProcessor", files)
        known = len(self._model.config.id2label)
        if known != len(KEYPOINT_NAMES):
            raise ModelError(
                f"{files.name.partition(' ')[0]}: has {known} keypoints, not COCO's 17; use another model."
            )

    def detect(self, people: Sequence[SeenPerson]) -> list[np.ndarray | None]:
        """See KeypointDetector."""
        import torch

        corners = [person.person.box.astype(float) for person in people]
        boxes = [[[*box[:2], *(box[2:] - box[:2])]] for box in corners]
        inputs = self._processor([person.picture.pixels for person in people], boxes=boxes, return_tensors="pt")
        pixels = inputs["pixel_values"].to(self._runtime.device, self._runtime.dtype)
        experts = getattr(self._model.config.backbone_config, "num_experts", 1)
        chosen = torch.full((len(people),), _COCO_EXPERT, device=self._runtime.device) if experts > 1 else None
        with torch.inference_mode():
            outputs = self._model(pixel_values=pixels, dataset_index=chosen)
        outputs.heatmaps = outputs.heatmaps.float()
        poses = self._processor.post_process_pose_estimation(outputs, boxes=boxes)
        return [_keypoints(pose[0]["keypoints"].numpy(), pose[0]["scores"].numpy()) for pose in poses]


def _keypoints(points: np.ndarray, scores: np.ndarray) -> np.ndarray | None:
    keypoints = np.concatenate([points, np.clip(scores, 0.0, 1.0)[:, None]], axis=1).astype(float)
    return keypoints if np.isfinite(keypoints).all() else None
