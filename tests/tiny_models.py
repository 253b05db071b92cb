"""Tiny networks with random weights, saved and loaded like the published ones. They find nothing sensible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from scipy.spatial.transform import Rotation
from transformers import (
    EomtConfig,
    EomtForUniversalSegmentation,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    Mask2FormerConfig,
    Mask2FormerForUniversalSegmentation,
    SamConfig,
    SamModel,
    VitPoseBackboneConfig,
    VitPoseConfig,
    VitPoseForPoseEstimation,
)

from chorus.perception.hmr2_network import Hmr2Network, Sizes

HMR2_SIZES = Sizes(side=64, width=8, depth=1, heads=2, token=12, layers=2, token_heads=2, head_width=5, hidden=7)
LABELS = {0: "person", 1: "bicycle", 2: "motorcycle", 3: "bat_(animal)", 4: "sports ball"}
SWIN = {
    "embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 1, 1], "window_size": 4,
    "out_features": ["stage1", "stage2", "stage3", "stage4"], "image_size": 64,
}  # fmt: skip


def seeded(make, seed: int = 0):
    """A model whose random weights are the same every time."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make().eval()


def mask2former(folder: Path) -> Path:
    config = Mask2FormerConfig(
        backbone_config=transformers.SwinConfig(**SWIN), id2label=LABELS, feature_size=32, mask_feature_size=32,
        hidden_dim=32, encoder_feedforward_dim=16, encoder_layers=1, decoder_layers=2, num_attention_heads=2,
        dim_feedforward=16, num_queries=12,
    )  # fmt: skip
    seeded(lambda: Mask2FormerForUniversalSegmentation(config)).save_pretrained(folder)
    processor = transformers.Mask2FormerImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96})
    processor.save_pretrained(folder)
    return folder


def eomt(folder: Path) -> Path:
    config = EomtConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=64, patch_size=16, num_blocks=1,
        num_queries=12, num_upscale_blocks=1, id2label=LABELS,
    )  # fmt: skip
    seeded(lambda: EomtForUniversalSegmentation(config)).save_pretrained(folder)
    transformers.EomtImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 64}, do_pad=True).save_pretrained(
        folder
    )
    return folder


def vitpose(folder: Path) -> Path:
    backbone = VitPoseBackboneConfig(
        image_size=[64, 48], patch_size=[16, 16], hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        out_indices=[1], out_features=["stage1"],
    )  # fmt: skip
    names = {str(number): f"point{number}" for number in range(17)}
    config = VitPoseConfig(backbone_config=backbone, id2label=names, use_simple_decoder=True)
    seeded(lambda: VitPoseForPoseEstimation(config)).save_pretrained(folder)
    transformers.VitPoseImageProcessorPil(size={"height": 64, "width": 48}).save_pretrained(folder)
    return folder


def sam(folder: Path) -> Path:
    config = SamConfig(
        vision_config={
            "hidden_size": 16, "output_channels": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "image_size": 64, "patch_size": 16, "mlp_dim": 16, "window_size": 2,
            "global_attn_indexes": [0], "num_pos_feats": 8,
        },
        prompt_encoder_config={"hidden_size": 16, "image_size": 64, "patch_size": 16, "mask_input_channels": 4},
        mask_decoder_config={
            "hidden_size": 16, "mlp_dim": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
        },
    )  # fmt: skip
    seeded(lambda: SamModel(config)).save_pretrained(folder)
    image_processor = transformers.SamImageProcessorPil(
        size={"longest_edge": 64}, pad_size={"height": 64, "width": 64}, mask_size={"longest_edge": 16},
        mask_pad_size={"height": 16, "width": 16},
    )  # fmt: skip
    transformers.SamProcessor(image_processor).save_pretrained(folder)
    return folder


def grounding_dino(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "a", "person", "motorcycle", "ball", "hat"]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    tokenizer = transformers.BertTokenizer(str(folder / "vocab.txt"))
    text = {
        "vocab_size": len(words), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 16,
    }  # fmt: skip
    config = GroundingDinoConfig(
        backbone_config=transformers.SwinConfig(**{**SWIN, "out_features": ["stage2", "stage3", "stage4"]}),
        text_config=transformers.BertConfig(**text), num_queries=8, d_model=32, encoder_layers=1,
        decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
        num_feature_levels=3, max_text_len=16,
    )  # fmt: skip
    seeded(lambda: GroundingDinoForObjectDetection(config)).save_pretrained(folder)
    image_processor = transformers.GroundingDinoImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96})
    transformers.GroundingDinoProcessor(image_processor, tokenizer).save_pretrained(folder)
    return folder


def hmr2(path: Path, pose: np.ndarray, camera: tuple[float, float, float], readout: float = 0.0, **more: Any) -> Path:
    """A checkpoint in the public form, of training: mean pose (24, 3) axis-angle and camera, `more` entries beside.

    With `readout` 0 the network says its mean about every crop.
    """
    network = seeded(lambda: Hmr2Network(HMR2_SIZES))
    weights = network.state_dict()
    for name in ("decpose", "decshape", "deccam"):
        weights[f"smpl_head.{name}.weight"] *= readout
        weights[f"smpl_head.{name}.bias"] *= 0.0
    columns = Rotation.from_rotvec(pose).as_matrix()[:, :, :2].swapaxes(1, 2)  # one column after the other
    weights["smpl_head.init_body_pose"] = torch.tensor(columns.reshape(1, 144), dtype=torch.float32)
    weights["smpl_head.init_cam"] = torch.tensor([camera], dtype=torch.float32)
    beside = {"discriminator.D_conv1.weight": torch.zeros(2), "initialized": torch.tensor(False)}
    torch.save({"epoch": 35, "state_dict": {**weights, **beside}, **more}, path)
    return path
