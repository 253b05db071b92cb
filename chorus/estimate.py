"""`python -m chorus estimate`: pictures, hours, disk and API cost of a configuration before anything runs.

Every figure is an estimate from the constants below; expect a factor of two. CPU hours are of one core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from chorus import coco
from chorus.naming import PERSON, words
from chorus.prompts.chat import MAX_TOKENS
from chorus.stages import kind_of
from chorus.workflow import RESULTS, Plan, asked_file

VIEWS = 22  # view suffixes of a prompt (paper A.1)
DIFFUSION_GPU_SECONDS = 4.3  # a picture, Stable Diffusion 1.4, 50 steps, RTX 3090: original README, 7,920 in 9-10 h
SCENE_SECONDS = 0.09  # a rendered picture; this and all CPU figures below: default run, 6 prompts, AMD EPYC core
PERCEPTION_SECONDS = 0.13  # a picture: keypoints and body fit with BlazePose
PICTURE_SECONDS = 0.04  # a picture: masks, screening, camera, votes
RAYS_SECONDS = 0.002  # a kept picture at 48^3 (estimator rays)
PROMPT_SECONDS = 10.0  # a prompt: starting its eight stages
PAIR_SECONDS = 1.0  # a photograph of two people: both looked at, and four fits (category person)
PAIR_PRIOR_SECONDS = 130.0  # the contact prior of the default settings, once
PAIR_BYTES = 6_000  # a photograph of two people: first estimates and fits
DRAW_SECONDS = 0.019  # a draw of the true field
TEST_SECONDS = 0.24  # a test image: rendering, warp, scores

SCENE_BYTES = 85_000  # an encoded picture of 512 px: measured for scenes;
PHOTO_BYTES = 365_000  # PNG of photo-like content (five photographs, 512 px)
RECORD_BYTES = 10_800  # a picture: annotations, masks and thumbnail, keypoints, people
CAMERA_BYTES = 500  # a kept picture
KEPT_SHARE = 130_446 / 528_924  # of all pictures, paper Table 3
VOTES_BYTES = 240_000  # a prompt at 48^3
RAYS_BYTES = 3 * VOTES_BYTES  # fractional votes compress worse
FIELD_BYTES = 890_000  # a prompt or the total in a field file at 48^3
WARP_BYTES = 42_000  # a test image at 48^3

QUESTION_TOKENS = 300
PRICES = {  # USD for a million tokens read and written; list prices, November 2026, check them
    "gpt-4.1-mini": (0.40, 1.60),
    "gpt-4o-mini": (0.15, 0.60),
}

PAPER_IMAGES = 528_924  # 14 categories of the quantitative evaluation, Table 3
ORIGINAL_TERABYTES = 5  # for these, the original's README

STAGES = ("prompts", "pictures", "perception", "aggregation", "evaluation")


@dataclass(frozen=True)
class Cost:
    """What something costs: pictures, CPU and GPU seconds, bytes on disk, highest API price in USD (None: unknown)."""

    images: int = 0
    cpu: float = 0.0
    gpu: float = 0.0
    disk: float = 0.0
    usd: float | None = 0.0

    def __add__(self, other: Cost) -> Cost:
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return Cost(self.images + other.images, self.cpu + other.cpu, self.gpu + other.gpu, self.disk + other.disk, usd)


def costs(plan: Plan) -> dict[tuple[str, str], Cost]:
    """(category, stage) -> cost, variants included."""
    table: dict[tuple[str, str], Cost] = {}
    for category in plan.config.categories:
        for stage, cost in _of_people(plan) if kind_of(category) == PERSON else _of_category(plan, category):
            table[category, stage] = table.get((category, stage), Cost()) + cost
    return table


def count_prompts(plan: Plan, category: str) -> int:
    """Prompts of a category; where a language model has not been asked yet, as many as will be asked for."""
    config = plan.config
    if config.prompts.source == "openai" and not Path(asked_file(category)).is_file():
        return config.prompts.count
    return len(plan.prompts[category])


def count_images(plan: Plan, category: str) -> int:
    """Pictures of a category: made ones by arithmetic, photographs by counting them."""
    images = plan.config.images.of(category)
    if images.source == "coco" and images.annotations:
        file = coco.read_coco(Path(images.annotations))
        identity = file.category_id(words(category))
        return sum(image.has(identity) for image in file.images.values())
    if images.source == "folder" and images.folder:
        return sum(path.is_file() for path in Path(images.folder, category).rglob("*"))
    return count_prompts(plan, category) * VIEWS * images.per_view * images.shards


def _of_people(plan: Plan) -> Iterator[tuple[str, Cost]]:
    images = count_images(plan, PERSON)
    yield "pictures", _pictures(plan.config.images.source, plan.config.images.size, images)
    yield "perception", Cost(disk=images * (RECORD_BYTES + PAIR_BYTES), cpu=images * PICTURE_SECONDS)
    yield "aggregation", Cost(cpu=images * PAIR_SECONDS + PAIR_PRIOR_SECONDS)


def _of_category(plan: Plan, category: str) -> Iterator[tuple[str, Cost]]:
    prompts, images = count_prompts(plan, category), count_images(plan, category)
    yield "prompts", Cost(usd=_highest_price(plan) if plan.config.prompts.source == "openai" else 0.0)
    for tree in plan.trees:
        config = plan.configs[tree]
        own = {stage for stage in ("scenes", "people", "votes", "pap") if plan.owns(stage, tree)}
        voxels = (config.grid.resolution / 48) ** 3
        scenes = config.images.source == "scenes"
        if "scenes" in own:
            pictures = _pictures(config.images.source, config.images.size, images)
            yield "pictures", pictures if config.images.keep else replace(pictures, disk=0.0)
        if "people" in own:
            seconds = PERCEPTION_SECONDS if config.people.backend != "annotations" else 0.0
            yield "perception", Cost(cpu=images * seconds, disk=images * RECORD_BYTES)
        if "votes" in own:
            disk = images * KEPT_SHARE * CAMERA_BYTES + voxels * (prompts * VOTES_BYTES + (prompts + 1) * FIELD_BYTES)
            yield "aggregation", Cost(cpu=images * PICTURE_SECONDS + prompts * PROMPT_SECONDS, disk=disk)
        if config.occupancy.estimator == "rays" and plan.owns("rays", tree):
            seconds = images * KEPT_SHARE * RAYS_SECONDS * voxels + prompts * PROMPT_SECONDS / 8
            yield "aggregation", Cost(cpu=seconds, disk=voxels * prompts * RAYS_BYTES)
        if "pap" in own and config.testset.source != "none":
            draws = config.truth.draws if scenes and tree == RESULTS else 0
            tests = config.testset.images
            yield "evaluation", Cost(cpu=tests * TEST_SECONDS + draws * DRAW_SECONDS, disk=tests * WARP_BYTES * voxels)


def _pictures(source: str, size: int, images: int) -> Cost:
    if source in ("coco", "folder"):
        return Cost(images=images, disk=images * PHOTO_BYTES)
    area = (size / 512) ** 2
    if source == "scenes":
        return Cost(images=images, cpu=images * SCENE_SECONDS * area, disk=images * SCENE_BYTES * area)
    return Cost(images=images, gpu=images * DIFFUSION_GPU_SECONDS * area, disk=images * PHOTO_BYTES * area)


def _highest_price(plan: Plan) -> float | None:
    """What asking costs at most: all calls, each answer of the greatest length. A server of your own costs nothing."""
    prompts = plan.config.prompts
    if prompts.base_url is not None:
        return 0.0
    if prompts.model not in PRICES:
        return None
    read, written = PRICES[prompts.model]
    return prompts.calls * (QUESTION_TOKENS * read + MAX_TOKENS * written) / 1e6


def report(plan: Plan) -> str:
    """The estimate as text: by category, by stage, in all, and the paper's full run."""
    table = costs(plan)
    lines = ["Estimates (assumptions: chorus/estimate.py); expect a factor of two. API: at most, list price.", ""]
    head = f"{'':<24}{'images':>9}{'CPU h':>10}{'GPU h':>10}{'disk, GB':>10}{'API, USD':>10}"
    for axis, names in ((0, plan.config.categories), (1, STAGES)):
        lines.append(head)
        for name in names:
            lines.append(_line(name, _sum(cost for key, cost in table.items() if key[axis] == name)))
        lines.append("")
    lines += [_line("in all", _sum(table.values())), "", paper_line()]
    return "\n".join(lines)


def paper_line() -> str:
    """The paper's quantitative run with this program, beside the original's disk use."""
    records = PAPER_IMAGES * (RECORD_BYTES + KEPT_SHARE * CAMERA_BYTES)
    pixels = _pictures("diffusion", 512, PAPER_IMAGES)
    return (
        f"The paper's {PAPER_IMAGES:,} pictures (14 categories): {pixels.gpu / 3600:.0f} GPU h (RTX 3090), "
        f"{records / 1e9:.1f} GB without pixels, {(records + pixels.disk) / 1e9:.0f} GB with them; "
        f"the original: {ORIGINAL_TERABYTES} TB."
    )


def _sum(costs: Iterable[Cost]) -> Cost:
    return sum(costs, Cost())


def _line(name: str, cost: Cost) -> str:
    usd = "unknown" if cost.usd is None else f"{cost.usd:.2f}"
    return (
        f"{name:<24}{cost.images:>9}{cost.cpu / 3600:>10.2f}{cost.gpu / 3600:>10.1f}{cost.disk / 1e9:>10.3f}{usd:>10}"
    )
