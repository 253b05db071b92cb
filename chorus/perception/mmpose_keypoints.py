"""Keypoints with the paper's network: HRNet-w48 + DARK, 384x288, COCO, in mmpose 1.x.

mmpose is installed from conda-forge (envs/perception-detectron2.yaml) and brings the network's configuration along.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chorus.config_perception import ModelReference
from chorus.errors import MissingExtraError, ModelError
from chorus.perception.models import Runtime, find_model, load_checkpoint
from chorus.perception.protocols import SeenPerson

CONFIG = ".mim/configs/body_2d_keypoint/topdown_heatmap/coco/td-hm_hrnet-w48_dark-8xb32-210e_coco-384x288.py"
INSTALL = "conda env create -f envs/perception-detectron2.yaml"


class MmposeKeypoints:
    """HRNet-w48 + DARK on the person's box."""

    def __init__(self, reference: ModelReference, runtime: Runtime):
        """Load the network.

        Raises:
            MissingExtraError: mmpose, or something it needs, is not installed.
            ModelError: the weight file is not there or does not fit.
        """
        try:
            import mmpose
            from mmpose.apis import inference_topdown, init_model
        except ImportError as error:
            raise MissingExtraError(
                f"keypoints.backend mmpose needs mmpose ({error}); install it: {INSTALL}."
            ) from error
        files = find_model(reference)
        self.name = f"mmpose {files.name}"
        self.batch = 1  # mmpose's own call takes one picture
        self._infer = inference_topdown
        self._model = init_model(str(Path(mmpose.__file__).parent / CONFIG), None, device=str(runtime.device))
        content = load_checkpoint(files)
        result = self._model.load_state_dict(content.get("state_dict", content), strict=False)
        if result.missing_keys:
            raise ModelError(
                f"{files.path.name}: holds weights of another network ({result.missing_keys[0]} is missing); get the "
                "one that docs/perception.md names."
            )

    def detect(self, people: Sequence[SeenPerson]) -> list[np.ndarray | None]:
        """See KeypointDetector."""
        return [self._one(person) for person in people]

    def _one(self, seen: SeenPerson) -> np.ndarray | None:
        bgr = np.ascontiguousarray(seen.picture.pixels[:, :, ::-1])
        found = self._infer(self._model, bgr, bboxes=seen.person.box[None].astype(np.float32))[0].pred_instances
        scores = np.clip(np.asarray(found.keypoint_scores[0], float), 0.0, 1.0)
        keypoints = np.concatenate([np.asarray(found.keypoints[0], float), scores[:, None]], axis=1)
        return keypoints if np.isfinite(keypoints).all() else None
