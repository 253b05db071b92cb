"""The plan: every path from one table, and variants that share whatever their settings do not touch."""

from pathlib import Path

import pytest

from chorus import arguments
from chorus.config import Config, parse_config
from chorus.formats import FORMATS
from chorus.naming import slug
from chorus.scenes.interactions import INTERACTIONS
from chorus.stages import SOURCES, STAGES
from chorus.workflow import PROGRAM_ROOT, RESULTS, Plan, located

PEOPLE_AND_BELOW = {
    "keypoints", "people", "screening", "cameras", "votes", "voxels", "clusters", "pap", "summary", "page", "crate",
    "field_figure", "contact_sheet", "overlays", "gallery", "rejections", "ask_contacts", "contacts",
}  # fmt: skip


def plan_of(**changes) -> Plan:
    changes = {"categories": ["motorcycle", "sports_ball"], **changes}
    return Plan(parse_config(changes, "test"))


def own(plan: Plan, variant: str) -> set[str]:
    tree = f"{RESULTS}/variants/{variant}"
    return {stage for stage in STAGES if plan.differs(stage, tree)}


def test_true_people_own_keypoints_and_all_below_and_share_the_pictures():
    assert own(plan_of(), "true_people") == PEOPLE_AND_BELOW


def test_no_canonicalisation_owns_skinning_votes_voxels_and_pap_alone():
    assert own(plan_of(), "no_canonicalisation") == {
        "skinning",
        "votes",
        "voxels",
        "clusters",
        "pap",
        "summary",
        "field_figure",
        "page",
        "crate",
    }


@pytest.mark.parametrize(
    ("overlay", "first"),
    [
        ({"images": {"size": 256}}, "scenes"),
        ({"scenes": {"no_person": 0.2}}, "scenes"),
        ({"boxes": {"overlap": 0.3}}, "keypoints"),
        ({"keypoints": {"backend": "annotations"}}, "keypoints"),
        ({"people": {"backend": "annotations"}}, "people"),
        ({"screening": {"pose_score": 0.0}}, "screening"),
        ({"calibration": {"focal_cap": 3.0}}, "cameras"),
        ({"occupancy": {"canonicalise": False}}, "skinning"),
    ],
)
def test_a_variant_owns_its_first_changed_stage_and_what_reads_it(overlay, first):
    plan = plan_of(variants={"v": overlay})
    mine = own(plan, "v")
    assert first in mine
    for stage, item in STAGES.items():
        reads_changed_settings = set(overlay) & set(item.sections)
        if stage in SOURCES.values() and stage != "scenes":
            reads_changed_settings = set()  # other sources make nothing
        assert (stage in mine) == bool(reads_changed_settings or set(item.upstream) & mine), stage


def test_a_variant_that_says_what_already_holds_owns_nothing():
    assert own(plan_of(variants={"v": {"images": {"size": 512}}}), "v") == set()
    plan = plan_of(variants={"v": {"images": {"size": 512}}})
    assert plan.files("pap", f"{RESULTS}/variants/v", category="motorcycle") == ["results/pap/motorcycle.json"]


def test_a_variant_that_is_off_has_no_tree():
    assert plan_of(variants={"v": None}).trees == [RESULTS]


def test_wildcards_left_out_run_over_all_their_values_in_order():
    plan = plan_of(images={"shards": 2})
    ids = {category: [prompt.id for prompt in plan.prompts[category]] for category in plan.prompts}
    assert plan.files("voxels", RESULTS) == ["results/voxels/motorcycle.h5", "results/voxels/sports_ball.h5"]
    assert plan.files("votes", RESULTS, category="motorcycle") == [
        f"results/votes/motorcycle/{prompt}.h5" for prompt in ids["motorcycle"]
    ]
    one = ids["sports_ball"][0]
    assert plan.files("masks", RESULTS, category="sports_ball", prompt=one) == [
        f"results/masks/sports_ball/{one}/{shard}.h5" for shard in ("000", "001")
    ]
    assert plan.files("masks", RESULTS, category="sports_ball", prompt=one, shard="001") == [
        f"results/masks/sports_ball/{one}/001.h5"
    ]
    assert len(plan.files("masks", RESULTS)) == 2 * sum(map(len, ids.values()))
    assert plan.files("skinning", RESULTS, category="motorcycle", prompt=one) == ["results/skinning.h5"]


def test_another_output_of_a_stage_lies_in_the_tree_that_owns_the_stage():
    plan = plan_of()
    names = {"category": "motorcycle", "prompt": plan.prompts["motorcycle"][0].id, "shard": "000"}
    variant = f"{RESULTS}/variants/true_people"
    path = plan.files("scenes", variant, "images/{category}/{prompt}/{shard}.h5", **names)
    assert path == [f"results/images/motorcycle/{names['prompt']}/000.h5"]


def test_settings_are_exactly_the_sections_a_stage_reads():
    plan = plan_of()
    for stage, item in STAGES.items():
        assert set(plan.settings(stage, RESULTS)) == set(item.sections)
    assert plan.settings("people", f"{RESULTS}/variants/true_people")["people"]["backend"] == "annotations"


def test_prompts_are_found_by_their_id_and_are_distinct():
    plan = plan_of()
    for category, prompts in plan.prompts.items():
        for prompt in prompts:
            assert plan.prompt(category, prompt.id) == prompt
            assert prompt.id == slug(prompt.text)
    assert plan.files("scenes", RESULTS) == sorted(
        set(plan.files("scenes", RESULTS)), key=plan.files("scenes", RESULTS).index
    )


def test_no_two_stages_write_the_same_file():
    plan = plan_of()
    used = [stage for stage in STAGES if stage not in SOURCES.values() or stage == plan.source]
    paths = [
        path for stage in used for tree in plan.trees for path in plan.files(stage, tree) if plan.differs(stage, tree)
    ]
    paths += [path for stage in used for path in plan.files(stage, RESULTS)]
    assert len(paths) == len(set(paths))


def test_adding_a_category_a_prompt_or_a_shard_moves_no_file():
    small = plan_of(categories=["motorcycle"], images={"shards": 1})
    large = plan_of(categories=["bicycle", "motorcycle"], images={"shards": 3})
    for stage in STAGES:
        assert set(small.files(stage, RESULTS)) <= set(large.files(stage, RESULTS))


def test_photographs_have_one_stand_in_prompt():
    plan = plan_of(images={"source": "coco", "folder": "f", "annotations": "a.json"}, variants={})
    assert [len(prompts) for prompts in plan.prompts.values()] == [1, 1]
    assert "sports ball" in plan.prompts["sports_ball"][0].text


@pytest.mark.parametrize("source", ["scenes", "none"])
def test_targets_are_pictures_and_the_table_of_scores(source):
    targets = plan_of(testset={"source": source}).targets()
    assert ("results/summary.json" in targets) == (source == "scenes")
    assert "results/report/sports_ball.html" in targets


def test_stages_are_complete_and_their_upstream_has_no_circle():
    order: list[str] = []
    for name, stage in STAGES.items():
        assert set(stage.upstream) <= set(order), f"{name} stands after what it reads"
        assert set(stage.sections) <= set(Config.model_fields)
        assert stage.help.endswith(".")
        order.append(name)
    assert set(arguments.INPUTS) == set(STAGES)
    assert set(arguments.NAMES) | set(arguments.OUTPUTS) <= set(STAGES)


@pytest.mark.parametrize("kind", FORMATS)
def test_files_of_formats_are_where_the_plan_puts_them(kind):
    stage = STAGES["photographs" if kind == "images" else kind]
    assert stage.path == FORMATS[kind].path


def test_every_file_argument_is_a_stage_upstream_or_a_resource():
    made = {"images": set(SOURCES.values()), "annotations": {"scenes", "photographs"}}
    for stage, inputs in arguments.INPUTS.items():
        for item in inputs:
            makers = made.get(item.name, {item.name})
            outside = stage in {*SOURCES.values(), "testset"}  # they read annotations from elsewhere
            if makers & set(STAGES) and not outside:
                assert makers & reachable(stage), f"{stage} reads {item.name}"


def reachable(stage: str) -> set[str]:
    above = set(STAGES[stage].upstream)
    return above.union(*(reachable(name) for name in above))


def test_resources_are_the_programs_own_unless_the_folder_has_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Path(located("resources/views.yaml")) == PROGRAM_ROOT / "resources/views.yaml"
    assert located("mine/views.yaml") == "mine/views.yaml"
    assert located("/absolute/views.yaml") == "/absolute/views.yaml"
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources/views.yaml").write_text("")
    assert located("resources/views.yaml") == "resources/views.yaml"
    assert Path(located("resources/body/open_body.npz")).is_file()


def test_all_categories_of_the_papers_table_can_be_planned():
    categories = sorted(path.stem for path in (PROGRAM_ROOT / "resources/prompts").glob("*.json"))
    plan = plan_of(categories=categories)
    assert len(plan.files("pap", RESULTS)) == 24
    for category, prompts in plan.prompts.items():
        assert {prompt.interaction for prompt in prompts} == set(INTERACTIONS[category])
