"""Editing prompts: what is made again is that prompt and what depends on it, and nothing else."""

from chorus.naming import slug
from tests.workflow.conftest import PROMPTS

NEW = {"text": "A person rides a red motorcycle", "interaction": "ride"}
KEPT, EDITED = (slug(PROMPTS[i]["text"]) for i in (1, 0))
OF_CATEGORY = {
    "results/voxels/motorcycle.h5", "results/clusters/motorcycle.json", "results/pap/motorcycle.json",
    "results/summary.json",
    "results/report/motorcycle.html", "results/report/motorcycle_gallery.html",
    "results/report/motorcycle_interactive.html",
    "results/rejections.json",
    *(f"results/figures/motorcycle_{kind}.png" for kind in ("field", "interactions", "screening", "people")),
}  # fmt: skip


def files_of(prompt: str) -> set[str]:
    shards = {f"results/{kind}/motorcycle/{prompt}/000.h5" for kind in ("scenes", "masks", "keypoints", "people")}
    tables = {f"results/{kind}/motorcycle/{prompt}.h5" for kind in ("cameras", "votes")}
    return shards | tables | {f"results/screening/motorcycle/{prompt}.csv"}


def test_a_finished_run_plans_nothing(finished):
    assert finished.planned() == set()


def test_changing_a_text_makes_that_prompt_and_what_depends_on_it(finished):
    finished.write_prompts([NEW, PROMPTS[1]])
    assert finished.planned() == files_of(slug(NEW["text"])) | OF_CATEGORY


def test_adding_a_prompt_touches_no_other(finished):
    finished.write_prompts([*PROMPTS, NEW])
    mix = {f"results/{kind}/motorcycle.h5" for kind in ("truth", "testset", "warps")}
    assert finished.planned() == files_of(slug(NEW["text"])) | OF_CATEGORY | mix


def test_removing_a_prompt_makes_only_what_sums_up(finished):
    finished.write_prompts(PROMPTS[1:])
    mix = {f"results/{kind}/motorcycle.h5" for kind in ("truth", "testset", "warps")}
    assert finished.planned() == OF_CATEGORY | mix


def test_changing_an_interaction_makes_that_prompt_and_the_truth(finished):
    finished.write_prompts([{**PROMPTS[0], "interaction": "push"}, PROMPTS[1]])
    mix = {f"results/{kind}/motorcycle.h5" for kind in ("truth", "testset", "warps")}
    assert finished.planned() == files_of(EDITED) | OF_CATEGORY | mix


def test_writing_the_same_prompts_again_plans_nothing(finished):
    finished.write_prompts(PROMPTS)
    assert finished.planned() == set()


def test_after_the_edit_the_other_prompt_is_as_it_was(finished):
    before = finished.results()
    finished.write_prompts([NEW, PROMPTS[1]])
    finished.snakemake()
    after = finished.results()
    for path in files_of(KEPT) | {"results/skinning.h5", "results/truth/motorcycle.h5"}:
        name = path.removeprefix("results/")
        assert after[name] == before[name]
        assert after[f"{name}.record.json"] == before[f"{name}.record.json"]
    assert after["voxels/motorcycle.h5"] != before["voxels/motorcycle.h5"]
    assert finished.planned() == set()
