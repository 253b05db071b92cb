"""F2, T11: what a picture is depends on its identity alone; what may not be shown is dropped with a reason."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from chorus import store
from chorus.images.diffusion import FLAGGED, ONE_COLOUR, UNCHECKED, TextToImage, generators
from chorus.images.shard import ImageShard, read_shard, slots
from chorus.naming import seed_of, slug
from chorus.prompts.views import load_views
from tests.tiny_diffusion import save_tiny_model
from tests.workflow.conftest import ROOT, merged
from tests.workflow.diffusion.conftest import NETWORKS, PROMPT, SETTINGS

HOME = f"results/images/motorcycle/{slug(PROMPT['text'])}"
PER_SHARD = 6  # three views, two of each


def pixels_of(shard: ImageShard) -> dict[int, np.ndarray]:
    return {int(index): shard.pixels(place) for place, index in enumerate(shard.index)}


def identities(path: Path) -> list[tuple[int, int, int]]:
    shard = read_shard(path)
    return list(zip(shard.index.tolist(), shard.view.tolist(), shard.seed.tolist(), strict=True))


# --- the real rule ------------------------------------------------------------------------------------------------


def test_every_shard_holds_every_view_and_each_picture_its_own_seed(resumed):
    suffixes = ["", ", side view", ", back view"]
    expected = [
        (i, i % PER_SHARD // 2, seed_of(0, "motorcycle", PROMPT["text"], suffixes[i % PER_SHARD // 2], i))
        for i in range(2 * PER_SHARD)
    ]
    made = [identities(resumed.folder / HOME / f"{shard}.h5") for shard in ("000", "001")]
    assert made == [expected[:PER_SHARD], expected[PER_SHARD:]]


def test_a_killed_and_resumed_run_gives_the_bytes_of_single_runs_in_any_order(resumed, studio):
    for shard in ("001", "000"):
        alone = studio.make(shard, shard=shard)
        assert alone.read_bytes() == (resumed.folder / HOME / f"{shard}.h5").read_bytes()
    left = [path for path in resumed.folder.rglob("*.tmp") if path.is_file()]
    assert all(path.name.startswith(".") for path in left), "no reader looks for such names"


def test_nothing_is_left_to_do_and_one_log_line_tells_the_counts(resumed):
    assert "Nothing to be done" in resumed.snakemake("images")
    assert len(re.findall(r"motorcycle: 6 of 6 pictures made, 0 dropped; model, sha256 ", resumed.logs())) == 2


def test_model_sampler_batch_and_packages_are_recorded(resumed):
    file = store.read_arrays(resumed.folder / HOME / "000.h5", "images")
    record = store.read_record(resumed.folder / HOME / "000.h5")
    assert re.fullmatch(r"model, sha256 [0-9a-f]{64}, PNDMScheduler", file.attributes["model"])
    assert (file.attributes["source"], file.attributes["batch"], file.attributes["warning"]) == ("diffusion", "4", "")
    assert record["models"] == {"diffusion": file.attributes["model"]}
    assert record["settings"]["diffusion"]["steps"] == 2
    assert {"torch", "diffusers", "transformers", "safetensors"} <= set(record["versions"])
    assert "keep" not in record["settings"]["images"], "what cannot change a file is no setting of it"


CHANGES = {
    "a shard": ({"images": {"shards": 3}}, [PROMPT], {f"{HOME}/002.h5"}),
    "a prompt": (
        {}, [PROMPT, {"text": "A woman pushes her motorcycle", "interaction": "push"}],
        {f"results/images/motorcycle/{slug('A woman pushes her motorcycle')}/{shard}.h5" for shard in ("000", "001")},
    ),
    "a category": (
        {"categories": ["motorcycle", "bicycle"]}, [PROMPT],
        {f"results/images/bicycle/{slug(PROMPT['text'])}/{shard}.h5" for shard in ("000", "001")},
    ),
    "a setting of other stages": ({"grid": {"resolution": 8}}, [PROMPT], set()),
    "steps": ({"diffusion": {"steps": 3}}, [PROMPT], {f"{HOME}/{shard}.h5" for shard in ("000", "001")}),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_adding_something_makes_exactly_its_own_pictures(resumed, what):
    changes, prompts, expected = CHANGES[what]
    base = merged(merged(SETTINGS, NETWORKS), {"images": {"shards": 2}})
    try:
        resumed.configure(merged(base, changes))
        resumed.write_prompts(prompts)
        resumed.write_prompts([PROMPT], "bicycle")
        assert resumed.planned("images") == expected
    finally:
        resumed.configure(base)
        resumed.write_prompts([PROMPT])


def test_another_view_makes_every_shard_again(resumed):
    table = resumed.folder / "views.yaml"
    before = table.read_text()
    try:
        table.write_text(before + "- {suffix: ', selfie', azimuth: [[60, 120]], elevation: [0, 9], framing: upper}\n")
        assert resumed.planned("images") == {f"{HOME}/{shard}.h5" for shard in ("000", "001")}
    finally:
        table.write_text(before)


def test_masks_of_unannotated_pictures_are_refused_in_one_line(resumed):
    printed = resumed.snakemake("--dry-run", fails=True)
    assert len(re.findall(r"^ERROR: segmentation.backend: `annotations` finds none", printed, re.MULTILINE)) == 1
    assert "Traceback" not in printed


# --- seeds, batches, views ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_another_batch_size_gives_the_same_pictures_but_for_the_last_bits(resumed, studio, batch):
    path = studio.make(f"batch{batch}", diffusion={"batch": batch})
    first = resumed.folder / HOME / "000.h5"
    assert identities(path) == identities(first)
    ours, theirs = pixels_of(read_shard(path)), pixels_of(read_shard(first))
    assert max(np.abs(ours[i].astype(int) - theirs[i]).max() for i in ours) <= 2


def test_every_picture_differs_from_every_other(resumed):
    made = pixels_of(read_shard(resumed.folder / HOME / "000.h5"))
    made |= pixels_of(read_shard(resumed.folder / HOME / "001.h5"))
    assert len({pixels.tobytes() for pixels in made.values()}) == 2 * PER_SHARD


def test_no_two_pictures_of_a_run_start_from_the_same_noise():
    import torch

    views = load_views(ROOT / "resources/views.yaml")
    wanted = [
        slot.seed
        for category in ("motorcycle", "bicycle")
        for text in ("A person", "A woman")
        for shard in range(3)
        for slot in slots((0, category, text), views, 3, shard)
    ]
    draws = {torch.randn(8, generator=generator).numpy().tobytes() for generator in generators(wanted)}
    assert len(draws) == len(wanted) == 2 * 2 * 3 * 66


def test_webp_holds_the_same_pixels(resumed, studio):
    made = pixels_of(read_shard(studio.make("webp", images={"format": "webp"})))
    png = pixels_of(read_shard(resumed.folder / HOME / "000.h5"))
    assert all(np.array_equal(made[index], png[index]) for index in png)


def test_the_view_suffix_reaches_the_model_and_a_text_that_is_too_long_is_told(studio, monkeypatch, capsys):
    seen = []
    whole = TextToImage.pictures
    monkeypatch.setattr(
        TextToImage, "pictures", lambda self, texts, seeds: seen.append(list(texts)) or whole(self, texts, seeds)
    )
    text = "A person " + "very " * 16 + "old"
    path = studio.make("long", prompt=text, diffusion={"steps": 1})
    assert [each[len(text) :] for batch in seen for each in batch] == [
        "", "", ", side view", ", side view", ", back view", ", back view",
    ]  # fmt: skip
    warning = store.read_arrays(path, "images").attributes["warning"]
    assert warning.startswith("the model does not read the end of 2 of 3 texts")
    assert f"WARNING: {warning}" in capsys.readouterr().out


# --- the safety checker -------------------------------------------------------------------------------------------


def test_flagged_pictures_are_dropped_with_a_reason_and_the_others_stay(resumed, studio, monkeypatch, capsys):
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker as Checker

    def every_second(self, clip_input, images):
        images[::2] = 0.0
        return images, [place % 2 == 0 for place in range(len(images))]

    monkeypatch.setattr(Checker, "forward", every_second)
    path = studio.make("flagged")
    file, shard = store.read_arrays(path, "images"), read_shard(path)
    assert file["dropped_index"].tolist() == [0, 2, 4]
    assert file["dropped_reason"].tolist() == [FLAGGED] * 3
    assert shard.index.tolist() == [1, 3, 5]
    kept = pixels_of(read_shard(resumed.folder / HOME / "000.h5"))
    assert all(np.array_equal(shard.pixels(place), kept[index]) for place, index in enumerate((1, 3, 5)))
    assert "3 of 6 pictures made, 3 dropped" in capsys.readouterr().out


def test_a_shard_of_which_nothing_may_be_shown_is_empty(studio, tmp_path):
    save_tiny_model(tmp_path / "strict", threshold=-2.0)
    path = studio.make("strict", diffusion={"model": str(tmp_path / "strict")})
    assert len(read_shard(path)) == 0
    assert set(store.read_arrays(path, "images")["dropped_reason"]) == {FLAGGED}
    assert str(tmp_path) not in store.read_arrays(path, "images").attributes["model"]


def test_without_the_checker_a_warning_is_printed_and_stays_in_the_file(studio, capsys):
    path = studio.make("unchecked", diffusion={"safety_checker": False})
    assert store.read_arrays(path, "images").attributes["warning"] == UNCHECKED
    assert f"WARNING: {UNCHECKED}" in capsys.readouterr().out


def test_overflown_numbers_are_no_picture(studio, monkeypatch):
    from diffusers import AutoencoderKL

    whole = AutoencoderKL.decode
    monkeypatch.setattr(
        AutoencoderKL, "decode", lambda self, *rest, **more: tuple(part * np.nan for part in whole(self, *rest, **more))
    )
    with pytest.warns(RuntimeWarning):
        path = studio.make("overflown", diffusion={"safety_checker": False})
    assert set(store.read_arrays(path, "images")["dropped_reason"]) == {ONE_COLOUR}


# --- models -------------------------------------------------------------------------------------------------------


@pytest.fixture
def damaged(studio, tiny_model, tmp_path):
    """A copy of the model in which something may be changed."""
    import shutil

    shutil.copytree(tiny_model, tmp_path / "copy")
    return tmp_path / "copy"


def said(studio, capsys, **diffusion) -> str:
    """The one line that a run ends with."""
    assert studio.make("no", diffusion=diffusion) == Path("failed")
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("ERROR: ")]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ("unet/diffusion_pytorch_model.safetensors", "lacks unet/*.safetensors; complete the folder"),
        ("model_index.json", "lacks model_index.json, the parts that it names"),
        ("scheduler", "lacks scheduler/"),
        ("safety_checker", "diffusion.safety_checker: {model} brings none"),
    ],
)
def test_an_incomplete_folder_is_told_with_its_missing_files(studio, damaged, capsys, lost, told):
    if (damaged / lost).is_dir():
        (damaged / lost).rename(damaged.with_name("lost"))
    else:
        (damaged / lost).unlink()
    assert told.format(model=damaged) in said(studio, capsys, model=str(damaged))


def test_pickled_weights_are_never_read(studio, damaged, capsys):
    weights = damaged / "unet/diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    assert "only safetensors are read" in said(studio, capsys, model=str(damaged))


def test_damaged_weights_and_unknown_pipelines_are_one_line(studio, damaged, capsys):
    weights = damaged / "vae/diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert "cannot be loaded" in said(studio, capsys, model=str(damaged))
    index = json.loads((damaged / "model_index.json").read_text())
    (damaged / "model_index.json").write_text(json.dumps({**index, "_class_name": "DDPMPipeline"}))
    assert "cannot be loaded as a text-to-image pipeline" in said(studio, capsys, model=str(damaged))


def test_a_hub_model_needs_its_commit_and_cuda_a_device(studio, capsys, monkeypatch):
    assert "diffusion.revision: name the commit (40 hex digits) of me/model" in said(studio, capsys, model="me/model")
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "diffusion.device: `cuda`" in said(studio, capsys, device="cuda")


def test_without_the_extra_the_line_to_type_is_told(studio, capsys, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "diffusers", None)
    assert 'pip install -e ".[diffusion]"' in said(studio, capsys)
