"""Segmentation with the paper's networks: PointRend R50-FPN 3x (COCO), Mask R-CNN X101 1x (LVIS v0.5), in detectron2.

detectron2 is installed from conda-forge (envs/perception-detectron2.yaml); its package has PointRend's code but not its
configuration, so both configurations are built here. Class numbers are looked up in the names of the network that uses
them: people always come from COCO's network, the object from LVIS's where COCO does not know it (A.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chorus.config_perception import ModelReference
from chorus.detections import OBJECT, PERSON, Detection
from chorus.errors import MissingExtraError, ModelError
from chorus.perception.models import ModelFiles, Runtime, find_model, load_checkpoint
from chorus.perception.protocols import Picture
from chorus.perception.vocabulary import class_of, labelled_words, plain
from chorus.pickled import read_pickle

COCO_CONFIG = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"
LVIS_CONFIG = "LVISv0.5-InstanceSegmentation/mask_rcnn_X_101_32x8d_FPN_1x.yaml"
INSTALL = "conda env create -f envs/perception-detectron2.yaml"


class Detectron2Masks:
    """PointRend on COCO, and Mask R-CNN on LVIS for objects that COCO does not know."""

    def __init__(self, references: Mapping[str, ModelReference], word: str, threshold: float, runtime: Runtime):
        """Load the networks.

        Args:
            references: `model`, PointRend's weight file; `detector`, optional, that of LVIS's Mask R-CNN.

        Raises:
            MissingExtraError: detectron2 is not installed.
            ModelError: a weight file is not there or does not fit, or its network does not know the word.
        """
        try:
            from detectron2.data import MetadataCatalog
        except ImportError as error:
            raise MissingExtraError(
                f"segmentation.backend detectron2 needs detectron2 ({error}); install it: {INSTALL}."
            ) from error
        self.batch = runtime.batch
        coco, files = _Network(pointrend_config(threshold), references["model"], runtime), []
        known = dict(enumerate(MetadataCatalog.get("coco_2017_val").thing_classes))
        files.append(coco.files.name)
        words = labelled_words(word)
        self._networks = [(coco, {class_of(known, words.pop(PERSON), "COCO"): PERSON})]
        if words and "detector" in references and plain(word) not in map(plain, known.values()):
            lvis = _Network(lvis_config(threshold), references["detector"], runtime)
            known = dict(enumerate(MetadataCatalog.get("lvis_v0.5_val").thing_classes))
            files.append(lvis.files.name)
            self._networks.append((lvis, {class_of(known, word, "LVIS v0.5"): OBJECT}))
        elif words:
            self._networks[0][1][class_of(known, word, "COCO")] = OBJECT
        self.name = f"detectron2 {' + '.join(files)}"

    def segment(self, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
        """See Segmenter."""
        found: list[tuple[Detection, ...]] = [() for _ in pictures]
        for network, labels in self._networks:
            more = network.detections(pictures, labels)
            found = [before + new for before, new in zip(found, more, strict=True)]
        return found


def pointrend_config(threshold: float) -> Any:
    """The configuration of PointRend R50-FPN 3x on COCO (Kirillov et al. 2020)."""
    from detectron2 import model_zoo
    from detectron2.projects.point_rend import add_pointrend_config

    config = model_zoo.get_config(COCO_CONFIG)
    add_pointrend_config(config)
    heads, points = config.MODEL.ROI_MASK_HEAD, config.MODEL.POINT_HEAD
    heads.NAME, heads.POOLER_TYPE = "PointRendMaskHead", ""
    heads.FC_DIM, heads.NUM_FC, heads.OUTPUT_SIDE_RESOLUTION = 1024, 2, 7
    heads.IN_FEATURES, heads.POINT_HEAD_ON = ["p2"], True
    points.FC_DIM, points.NUM_FC, points.IN_FEATURES = 256, 3, ["p2"]
    config.INPUT.MASK_FORMAT = "bitmask"
    config.MODEL.ROI_HEADS.SCORE_THRESH_TEST = threshold
    return config


def lvis_config(threshold: float) -> Any:
    """The configuration of Mask R-CNN X101-32x8d-FPN 1x on LVIS v0.5 (Gupta et al. 2019)."""
    from detectron2 import model_zoo

    config = model_zoo.get_config(LVIS_CONFIG)
    config.MODEL.ROI_HEADS.SCORE_THRESH_TEST = threshold
    return config


class _Network:
    """One detectron2 network with its weights."""

    def __init__(self, config: Any, reference: ModelReference, runtime: Runtime):
        from detectron2.data.transforms import ResizeShortestEdge
        from detectron2.modeling import build_model

        self.files = find_model(reference)
        config.MODEL.DEVICE, config.MODEL.WEIGHTS = str(runtime.device), ""
        self._model = build_model(config).eval()
        load_weights(self._model, self.files)
        shortest, longest = config.INPUT.MIN_SIZE_TEST, config.INPUT.MAX_SIZE_TEST
        self._resize = ResizeShortestEdge([shortest, shortest], longest)

    def detections(self, pictures: Sequence[Picture], labels: Mapping[int, int]) -> list[tuple[Detection, ...]]:
        """The instances of the classes in `labels` (class number -> PERSON or OBJECT)."""
        import torch

        inputs = []
        for picture in pictures:
            bgr = np.ascontiguousarray(picture.pixels[:, :, ::-1])  # both networks were trained on BGR
            resized = self._resize.get_transform(bgr).apply_image(bgr)
            tensor = torch.as_tensor(np.ascontiguousarray(resized.transpose(2, 0, 1)).astype("float32"))
            inputs.append({"image": tensor, "height": picture.size[0], "width": picture.size[1]})
        with torch.inference_mode():
            outputs = self._model(inputs)
        return [_of_instances(item["instances"].to("cpu"), labels) for item in outputs]


def load_weights(model: Any, files: ModelFiles) -> None:
    """Put the weights of a model zoo's .pkl (numpy arrays) or of a .pth into a detectron2 model.

    Raises:
        ModelError: the file holds anything but arrays, or weights of another network.
    """
    import torch

    pickled = files.path.suffix == ".pkl"
    content = read_pickle(files.path) if pickled else load_checkpoint(files)
    weights = content.get("model", content)
    tensors = {name: torch.as_tensor(value) for name, value in weights.items() if hasattr(value, "shape")}
    result = model.load_state_dict(tensors, strict=False)
    missing = [name for name in result.missing_keys if not name.startswith(("pixel_", "proposal_generator.anchor"))]
    if missing or result.unexpected_keys:
        wrong = (missing or result.unexpected_keys)[0]
        raise ModelError(
            f"{files.path.name}: holds weights of another network ({wrong} does not fit); get the one that "
            "docs/perception.md names."
        )


def _of_instances(instances: Any, labels: Mapping[int, int]) -> tuple[Detection, ...]:
    rows = zip(instances.pred_classes.tolist(), instances.scores.tolist(), instances.pred_masks.numpy(), strict=True)
    return tuple(
        Detection.of_mask(labels[number], float(score), mask)
        for number, score, mask in rows
        if number in labels and mask.any()
    )
