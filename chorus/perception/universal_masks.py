"""Segmentation by a transformers network for universal segmentation (Mask2Former, MaskFormer, EoMT) with named classes.

Each of the network's queries gives one class distribution and one mask. Instance inference follows Mask2Former (Cheng
et al. 2022, Sec. 4): score = probability of the likeliest class x mean probability inside the mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chorus.config_perception import ModelReference
from chorus.detections import Detection
from chorus.perception.models import Runtime, find_model, transformers_model, transformers_processor
from chorus.perception.protocols import Picture
from chorus.perception.vocabulary import class_of, labelled_words


class UniversalMasks:
    """A universal segmentation network that knows the category by name."""

    def __init__(self, reference: ModelReference, word: str, threshold: float, runtime: Runtime):
        """Load the network and look the category up in its classes.

        Raises:
            ModelError: there is no such model, or it knows no such word.
        """
        files = find_model(reference)
        self.name = f"transformers {files.name}"
        self.batch = runtime.batch
        self._runtime, self._threshold = runtime, threshold
        self._model = transformers_model("AutoModelForUniversalSegmentation", files, runtime)
        self._processor = transformers_processor("AutoImageProcessor", files)
        classes = {int(number): name for number, name in self._model.config.id2label.items()}
        shown = files.name.partition(" ")[0]
        self._labels = {class_of(classes, name, shown): label for label, name in labelled_words(word).items()}

    def segment(self, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
        """See Segmenter."""
        import torch

        inputs = self._processor(images=[picture.pixels for picture in pictures], return_tensors="pt")
        pixels = inputs["pixel_values"].to(self._runtime.device, self._runtime.dtype)
        shown = {"pixel_mask": inputs["pixel_mask"].to(self._runtime.device)} if "pixel_mask" in inputs else {}
        with torch.inference_mode():
            outputs = self._model(pixel_values=pixels, **shown)
        return [
            self._detections(
                outputs.class_queries_logits[row].float().softmax(-1)[:, :-1],  # the last class is "nothing"
                outputs.masks_queries_logits[row].float(),
                self._part(picture, pixels.shape[-2:], shown["pixel_mask"][row] if shown else None),
                picture.size,
            )
            for row, picture in enumerate(pictures)
        ]

    def _part(self, picture: Picture, padded: Sequence[int], pixel_mask: Any) -> tuple[int, int, int, int]:
        """Height and width of the network's input, and of the part of it that shows the picture."""
        height, width = int(padded[0]), int(padded[1])
        if pixel_mask is not None:
            return height, width, int(pixel_mask.any(1).sum()), int(pixel_mask.any(0).sum())
        if getattr(self._processor, "do_pad", False):  # EoMT: longer side fills the square, the rest is padding
            scale = min(height / picture.size[0], width / picture.size[1])
            return height, width, round(picture.size[0] * scale), round(picture.size[1] * scale)
        return height, width, height, width

    def _detections(
        self, classes: Any, logits: Any, part: tuple[int, int, int, int], size: tuple[int, int]
    ) -> tuple[Detection, ...]:
        """People and objects among the queries: class probabilities (Q, C) and mask logits (Q, h, w)."""
        from torch.nn.functional import interpolate

        probability, number = classes.max(-1)
        height, width, shown_height, shown_width = part
        found = []
        for query in (probability >= self._threshold).nonzero()[:, 0].tolist():
            label = self._labels.get(int(number[query]))
            if label is None:
                continue
            padded = interpolate(logits[query][None, None], (height, width), mode="bilinear")
            shown = padded[:, :, :shown_height, :shown_width]
            full = interpolate(shown, size, mode="bilinear")[0, 0]
            mask = full > 0
            if mask.any():
                score = float(probability[query] * full[mask].sigmoid().mean())
                if score >= self._threshold:
                    found.append(Detection.of_mask(label, score, mask.cpu().numpy()))
        return tuple(found)
