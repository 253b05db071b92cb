"""Settings of the first half of the workflow: prompts, pictures, scenes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chorus.config_section import FilePath, Fraction, Section
from chorus.naming import CATEGORY_PATTERN

CategoryName = Annotated[str, StringConstraints(pattern=CATEGORY_PATTERN, max_length=40)]
# No user, password, query or fragment: what stands here is recorded, and a secret must not be.
ServerUrl = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^https?://[A-Za-z0-9._:\[\]-]+(/[A-Za-z0-9._/-]*)?$")
]
ModelName = Annotated[str, StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$")]


class Prompts(Section):
    """Where prompts come from."""

    source: Literal["resource", "openai"] = Field(
        "resource",
        description="resource: {category}.json in `folder`; openai: a language model, asked by `snakemake prompts`",
    )
    folder: FilePath = Field("resources/prompts", description="resource: folder of the prompt files")
    model: ModelName = Field("gpt-4.1-mini", description="openai: model name as the server knows it")
    base_url: ServerUrl | None = Field(
        None, description="openai: address of another server that speaks the chat API, such as http://localhost:8000/v1"
    )
    count: int = Field(10, ge=3, le=20, description="openai: prompts to ask for (the paper's m)")
    subject: Literal["drawn", "any_person", "a_person"] = Field(
        "drawn",
        description="openai: any_person: a woman, a child...; a_person: always these words; drawn: one by category",
    )
    temperature: float = Field(1.0, ge=0, le=2, description="openai: spread of the answers")
    seed: int = Field(0, ge=0, lt=2**31, description="openai: seed sent along; few servers promise to honour it")
    calls: int = Field(3, ge=1, le=3, description="openai: most answers to ask for while prompts are too few")
    timeout: float = Field(60.0, ge=1, le=600, description="openai: seconds to wait for one answer")


class Images(Section):
    """The pictures to learn from."""

    source: Literal["scenes", "diffusion", "folder", "coco"] = Field(
        "scenes",
        description="scenes: rendered people with objects, truth known; diffusion: a text-to-image network; "
        "folder: your photographs; coco: your photographs with COCO annotations",
    )
    shards: int = Field(1, ge=1, le=1000, description="shards of every prompt; raising it only adds files")
    per_view: int = Field(3, ge=1, le=10000, description="images of each of the 22 views in one shard")
    views: FilePath = Field("resources/views.yaml", description="the 22 view suffixes; for scenes also the cameras")
    size: int = Field(512, ge=64, le=4096, description="side of a made picture (folder: after cropping), pixels")
    format: Literal["png", "webp"] = Field("png", description="how made pictures are stored; webp is lossless too")
    keep: bool = Field(True, description="false: pictures are deleted once masks, keypoints and people are found")
    folder: FilePath | None = Field(
        None, description="coco: folder of the photographs; folder: holds {category}/ or {category}/{prompt}/"
    )
    annotations: FilePath | None = Field(None, description="coco: COCO json with the instances (and person keypoints)")


class Diffusion(Section):
    """The text-to-image network of images.source diffusion (3.1, A.2); sampler: the one that the model brings."""

    model: FilePath = Field(
        "CompVis/stable-diffusion-v1-4", description="name on the Hugging Face hub, or a local folder (safetensors)"
    )
    revision: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        "133a221b8aa7292a167afc5127cb63fb5005638b",
        description="commit of the model on the hub (40 hex digits); null for a local folder",
    )
    steps: int = Field(50, ge=1, le=1000, description="denoising steps")
    guidance: float = Field(7.5, ge=0, le=100, description="scale of classifier-free guidance")
    batch: int = Field(6, ge=1, le=256, description="pictures made at once; the last bits of a picture depend on it")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where the network runs")
    dtype: Literal["float32", "float16", "bfloat16"] = Field(
        "float32", description="numbers of the network; the paper: float16, for cuda"
    )
    attention_slicing: bool = Field(False, description="less memory, slower")
    cpu_offload: bool = Field(False, description="cuda: keep idle parts in main memory; much less GPU memory, slower")
    compile: bool = Field(False, description="compile the denoiser first: minutes at the start, faster afterwards")
    safety_checker: bool = Field(
        True, description="drop pictures that the model's checker flags; false leaves a warning in every file"
    )


class Scenes(Section):
    """The rendered scenes."""

    no_person: Fraction = Field(0.05, description="share of pictures without a person")
    no_object: Fraction = Field(0.05, description="share of pictures without the object")
    two_people: Fraction = Field(0.04, description="share of pictures with two people")
    object_mesh: dict[CategoryName, FilePath] = Field(
        default_factory=dict,
        description="category -> your OBJ file (metres, y up, z front) in place of our parametric object",
    )


class Contacts(Section):
    """Which body parts touch the object: told by a vision-language model, or found from the votes (Eq. 12-13)."""

    source: Literal["geometry", "lvlm", "annotations"] = Field(
        "geometry",
        description="geometry: from the votes alone; lvlm: a vision-language model is asked about every kept picture "
        "(costs money); annotations: the truth of the scenes, for tests",
    )
    model: ModelName = Field("gpt-4.1-mini", description="lvlm: model name as the server knows it")
    base_url: ServerUrl | None = Field(
        None, description="lvlm: address of another server that speaks the chat API, such as http://localhost:8000/v1"
    )
    samples: int = Field(5, ge=1, le=20, description="lvlm: answers to ask for about each picture; they vote")
    images: int = Field(200, ge=1, le=100_000, description="lvlm: most pictures of a prompt that are asked about")
    temperature: float = Field(0.7, ge=0, le=2, description="lvlm: spread of the answers")
    seed: int = Field(0, ge=0, lt=2**31, description="lvlm: seed of the first answer, sent along")
    timeout: float = Field(60.0, ge=1, le=600, description="lvlm: seconds to wait for one answer")
    margin: Fraction = Field(
        0.05, description="lvlm: told left and right stay where the two distances differ by less than this share"
    )
    share: Fraction = Field(0.5, description="share of the answers from which on a picture's part counts as touching")
