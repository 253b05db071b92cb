"""The target `images`, and pictures that are deleted once nobody needs them."""

import pytest

from chorus.naming import slug
from tests.workflow.conftest import PROMPTS, Workplace, prepared

HOME = f"results/images/motorcycle/{slug(PROMPTS[0]['text'])}"


def test_images_are_the_pictures_of_all_prompts_and_shards_and_nothing_else(workplace):
    workplace.configure({"images": {"shards": 2}})
    planned = workplace.planned("images")
    assert planned == {
        f"results/scenes/motorcycle/{slug(prompt['text'])}/{shard}.h5" for prompt in PROMPTS for shard in ("000", "001")
    }


@pytest.fixture(scope="module")
def thrifty(tmp_path_factory, program) -> Workplace:
    """The fitted people of one prompt, drawn in a run that keeps no pictures."""
    place = prepared(tmp_path_factory.mktemp("thrifty") / "work", program)
    place.write_prompts(PROMPTS[:1])
    place.configure({"images": {"keep": False, "format": "webp"}, "screening": {"pose_score": 0.0}})
    place.snakemake("results/figures/motorcycle_people.png")
    return place


def test_pictures_are_deleted_and_their_record_figures_and_thumbnails_stay(thrifty):
    assert not (thrifty.folder / HOME / "000.h5").exists()
    assert (thrifty.folder / HOME / "000.h5.record.json").is_file()
    assert (thrifty.folder / "results/figures/motorcycle_people.png").stat().st_size > 10_000
    assert "Nothing to be done" in thrifty.snakemake("results/figures/motorcycle_people.png")


def test_results_do_not_depend_on_how_pictures_are_stored_or_whether_they_are_kept(thrifty, undisturbed):
    import h5py

    prompt = slug(PROMPTS[0]["text"])
    for kind in ("masks", "keypoints", "people"):
        path = f"results/{kind}/motorcycle/{prompt}/000.h5"
        with h5py.File(thrifty.folder / path) as ours, h5py.File(undisturbed.folder / path) as theirs:
            assert all((ours[name][()].tobytes() == theirs[name][()].tobytes()) for name in theirs)


def test_the_target_refuses_to_make_what_would_be_deleted_at_once(thrifty):
    printed = thrifty.snakemake("--dry-run", "images", fails=True)
    assert "ERROR: images.keep: is false" in printed
    assert "Traceback" not in printed
