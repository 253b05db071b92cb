"""Segmentation of any word: Grounding DINO finds boxes (Liu et al. 2023), SAM their masks (Kirillov et al. 2023).

Each word is asked for on its own, so that no phrase has to be taken apart afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chorus.config_perception import ModelReference
from chorus.detections import Detection
from chorus.perception.models import Runtime, find_model, transformers_model, transformers_processor
from chorus.perception.protocols import Picture
from chorus.perception.vocabulary import labelled_words


class WordMasks:
    """Grounding DINO and SAM, asked for people and for a word."""

    def __init__(self, references: Mapping[str, ModelReference], word: str, threshold: float, runtime: Runtime):
        """Load both networks.

        Args:
            references: `detector`, a Grounding DINO, and `model`, a SAM.

        Raises:
            ModelError: one of them is not there or is something else.
        """
        boxes, masks = find_model(references["detector"]), find_model(references["model"])
        self.name = f"open_vocabulary {boxes.name} + {masks.name}"
        self.batch = runtime.batch
        self._runtime, self._threshold = runtime, threshold
        self._words = labelled_words(word)
        self._boxes = transformers_model("GroundingDinoForObjectDetection", boxes, runtime)
        self._boxes_processor = transformers_processor("GroundingDinoProcessor", boxes)
        self._masks = transformers_model("SamModel", masks, runtime)
        self._masks_processor = transformers_processor("SamProcessor", masks)

    def segment(self, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
        """See Segmenter."""
        boxed = {label: self._find(pictures, word) for label, word in self._words.items()}
        return [
            tuple(
                Detection.of_mask(label, score, mask)
                for label, rows in boxed.items()
                for score, mask in self._cut_out(picture, *rows[row])
            )
            for row, picture in enumerate(pictures)
        ]

    def _find(self, pictures: Sequence[Picture], word: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """Scores (k,) and boxes (k, 4) x0, y0, x1, y1 in pixels of what a word names in each picture."""
        import torch

        texts = [f"a {word}."] * len(pictures)
        inputs = self._boxes_processor(images=[p.pixels for p in pictures], text=texts, return_tensors="pt")
        with torch.inference_mode():
            outputs = self._boxes(**self._moved(inputs))
        sizes = [picture.size for picture in pictures]
        outputs.logits, outputs.pred_boxes = outputs.logits.float(), outputs.pred_boxes.float()
        found = self._boxes_processor.post_process_grounded_object_detection(
            outputs, inputs["input_ids"], self._threshold, 0.0, sizes
        )
        return [(item["scores"].cpu().numpy(), item["boxes"].cpu().numpy()) for item in found]

    def _cut_out(self, picture: Picture, scores: np.ndarray, boxes: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """Score and mask (H, W) of every box whose mask is not empty."""
        import torch

        height, width = picture.size
        boxes = np.clip(boxes, 0, [width, height, width, height])
        kept = np.flatnonzero((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))
        if not len(kept):
            return []
        inputs = self._masks_processor(
            images=picture.pixels, input_boxes=[boxes[kept].astype(float).tolist()], return_tensors="pt"
        )
        sizes, reshaped = inputs.pop("original_sizes"), inputs.pop("reshaped_input_sizes")
        with torch.inference_mode():
            outputs = self._masks(**self._moved(inputs), multimask_output=False)
        masks = self._masks_processor.image_processor.post_process_masks(
            outputs.pred_masks.float().cpu(), sizes.tolist(), reshaped.tolist()
        )[0][:, 0].numpy()
        return [(float(scores[row]), mask) for row, mask in zip(kept, masks, strict=True) if mask.any()]

    def _moved(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        device, dtype = self._runtime.device, self._runtime.dtype
        moved = {name: value.to(device) for name, value in inputs.items()}
        return {name: value.to(dtype) if value.is_floating_point() else value for name, value in moved.items()}
