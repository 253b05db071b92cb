"""A Stable Diffusion 1.x pipeline of a few megabytes with random weights, saved as on the hub: safetensors alone."""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from transformers import CLIPConfig, CLIPImageProcessor, CLIPTextConfig, CLIPTextModel, CLIPTokenizer

TOKENS = 77
_PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]


def save_tiny_model(folder: Path, threshold: float = 1.0) -> Path:
    """Build and save the pipeline; its checker flags pictures that resemble anything more than `threshold`."""
    torch.manual_seed(0)
    pipeline = StableDiffusionPipeline(
        vae=_autoencoder(), text_encoder=_text_encoder(), tokenizer=_tokenizer(folder), unet=_denoiser(),
        scheduler=PNDMScheduler(
            skip_prk_steps=True, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1,
        ),
        safety_checker=_checker(threshold),
        feature_extractor=CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
    )  # fmt: skip
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def _tokenizer(folder: Path) -> CLIPTokenizer:
    # One token a byte, as it is and as the end of a word, and no merges.
    others = [byte for byte in range(256) if byte not in _PRINTABLE]
    letters = [chr(byte) for byte in _PRINTABLE] + [chr(256 + place) for place in range(len(others))]
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    source = folder.with_name(folder.name + "_tokenizer")
    source.mkdir(parents=True)
    (source / "vocab.json").write_text(json.dumps({word: place for place, word in enumerate(words)}))
    (source / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(vocab=str(source / "vocab.json"), merges=str(source / "merges.txt"), model_max_length=TOKENS)


def _text_encoder() -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=514, hidden_size=32, intermediate_size=37, num_attention_heads=4, num_hidden_layers=2,
            bos_token_id=512, eos_token_id=513, pad_token_id=1, max_position_embeddings=TOKENS,
        )
    )  # fmt: skip


def _denoiser() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        block_out_channels=(32, 64), layers_per_block=1, sample_size=8, cross_attention_dim=32,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip


def _autoencoder() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(32, 32, 32, 32), latent_channels=4, norm_num_groups=8,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip


def _checker(threshold: float) -> StableDiffusionSafetyChecker:
    small = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1}
    config = CLIPConfig(
        text_config={**small, "vocab_size": 514, "bos_token_id": 512, "eos_token_id": 513},
        vision_config={**small, "image_size": 32, "patch_size": 16},
        projection_dim=16,
    )
    checker = StableDiffusionSafetyChecker(config)
    checker.concept_embeds_weights.data.fill_(threshold)
    return checker
