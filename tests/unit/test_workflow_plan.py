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
    "keypoints", "people", "screening", "cameras", "votes", "rays", "voxels", "clusters", "pap", "summary", "page",
    "crate", "field_figure", "interactions_figure", "interactive", "contact_sheet", "overlays", "gallery", "rejections",
    "table1", "table2", "table3", "ablations", "images_vs_pap", "ask_contacts", "contacts",
    "pair_people", "person_fits", "pairs_figure",
}  # fmt: skip


def plan_of(**changes) -> Plan:
    changes = {"categories": ["motorcycle", "sports_ball"], **changes}
    return Plan(parse_config(changes, "test"))


def own(plan: Plan, variant: str) -> set[str]:
    tree = f"{RESULTS}/variants/{variant}"
    return {stage for stage in STAGES if plan.owns(stage, tree)}


def test_true_people_own_keypoints_and_all_below_and_share_the_pictures():
    assert own(plan_of(), "true_people") == PEOPLE_AND_BELOW


def test_no_canonicalisation_owns_skinning_votes_voxels_and_pap_alone():
    assert own(plan_of(), "no_canonicalisation") == {
        "skinning",
        "votes",
        "rays",
        "voxels",
        "clusters",
        "pap",
        "summary",
        "field_figure",
        "interactions_figure",
        "interactive",
        "page",
        "crate",
        "table2",
        "ablations",
        "images_vs_pap",
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


LATE = {
    "first": {"keypoints": {"backend": "annotations"}},
    "second": {"keypoints": {"backend": "annotations"}, "occupancy": {"canonicalise": False}},
    "third": {"occupancy": {"canonicalise": False}},
    "same_as_second": {"occupancy": {"canonicalise": False}, "keypoints": {"backend": "annotations"}},
}


def test_a_stage_has_its_files_in_the_first_tree_with_the_same_settings_for_it_and_all_above():
    plan = plan_of(variants=LATE)
    for stage in STAGES:
        for tree in plan.configs:
            same = [
                other for other in plan.configs if all_settings(plan, stage, other) == all_settings(plan, stage, tree)
            ]
            assert plan.files(stage, tree) == plan.files(stage, same[0])
            assert plan.owns(stage, tree) == (tree == same[0]), (stage, tree)


def all_settings(plan: Plan, stage: str, tree: str) -> dict:
    """Settings of a stage and of all above it; those of sources that make nothing do not count."""
    stages = {stage, *reachable(stage)} - (set(SOURCES.values()) - {plan.source})
    return {name: plan.settings(name, tree) for name in stages}


def test_variants_that_differ_only_late_share_what_is_above():
    plan, variant = plan_of(variants=LATE), f"{RESULTS}/variants/"
    assert plan.files("people", f"{variant}second") == plan.files("people", f"{variant}first")
    assert plan.files("votes", f"{variant}second")[0].startswith(f"{variant}second/")
    assert own(plan, "same_as_second") == set()


def test_the_tables_compare_the_run_its_ablations_and_its_variants_with_every_seed():
    plan = plan_of(tables={"seeds": 2})
    tables = Config().tables
    names = ["full", *tables.ablations]
    every = [(name, number) for name in names for number in (1, 2) if number == 1 or name not in tables.once]
    assert list(plan.table_trees) == [*every, ("true_people", 1)]
    assert plan.table_trees["full", 1] == RESULTS
    assert plan.table_trees["true_people", 1] == f"{RESULTS}/variants/true_people"
    again = plan.configs[plan.table_trees["share_1", 2]]
    assert (again.run.seed, again.screening.share, again.truth.draws) == (1, 0.01, 1000)
    assert plan.trees == plan_of(tables={"seeds": 1}).trees, "`all` makes none of it"
    for stage in ("scenes", "masks", "people", "truth", "testset", "warps"):
        assert plan.files(stage, plan.table_trees["share_1", 2]) == plan.files(stage, plan.table_trees["full", 2])
        assert plan.files(stage, plan.table_trees["soft", 1]) == plan.files(stage, RESULTS)
    assert not plan.owns("votes", plan.table_trees["no_view_balancing", 1]), "balancing is of the voxels alone"
    assert not plan.owns("pap", plan.table_trees["no_canonicalisation", 1]), "the variant has it"
    assert plan.shares_of_tables() == ["share_1", "share_10", "full"]


def test_photographs_are_not_repeated_with_another_seed():
    plan = plan_of(images={"source": "coco", "folder": "f", "annotations": "a.json"}, variants={})
    assert {number for _, number in plan.table_trees} == {1}


def test_an_estimator_shares_the_votes_and_owns_what_is_merged_from_its_own_sums():
    plan = plan_of(variants={"sharp": {"occupancy": {"estimator": "rays"}}})
    tree = f"{RESULTS}/variants/sharp"
    assert own(plan, "sharp") == {
        "rays", "voxels", "clusters", "pap", "summary", "field_figure", "interactions_figure", "interactive", "page",
        "crate", "table2", "ablations", "images_vs_pap",
    }  # fmt: skip
    assert plan.votes_of(RESULTS, "motorcycle") == plan.files("votes", tree, category="motorcycle")
    assert plan.votes_of(tree, "motorcycle") == plan.files("rays", tree, category="motorcycle")
    assert all(path.startswith("results/variants/sharp/rays/") for path in plan.votes_of(tree, "motorcycle"))
    other = plan_of(occupancy={"estimator": "rays"}, variants={"plain": {"occupancy": {"estimator": "vote"}}})
    assert other.votes_of(RESULTS, "motorcycle")[0].startswith("results/rays/")
    assert other.votes_of(f"{RESULTS}/variants/plain", "motorcycle")[0].startswith("results/votes/")


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
        path for stage in used for tree in plan.configs for path in plan.files(stage, tree) if plan.owns(stage, tree)
    ]
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


def test_a_category_may_have_amounts_of_its_own_and_no_other_notices():
    amounts = {"motorcycle": {"shards": 3, "per_view": 5}}
    plan, plain = plan_of(images={"amounts": amounts}), plan_of()
    prompt = plan.prompts["motorcycle"][0].id
    shards = plan.files("scenes", RESULTS, category="motorcycle", prompt=prompt)
    assert [Path(path).stem for path in shards] == ["000", "001", "002"]
    assert plan.settings("scenes", RESULTS, "motorcycle")["images"]["per_view"] == 5
    for category in ("sports_ball", ""):
        assert plan.settings("scenes", RESULTS, category) == plain.settings("scenes", RESULTS, category)
    assert plan.files("scenes", RESULTS, category="sports_ball") == plain.files(
        "scenes", RESULTS, category="sports_ball"
    )


def test_more_shards_of_a_category_leave_its_settings_as_they_are():
    plan, plain = plan_of(images={"amounts": {"motorcycle": {"shards": 3}}}), plan_of()
    assert plan.settings("scenes", RESULTS, "motorcycle") == plain.settings("scenes", RESULTS, "motorcycle")


def test_a_variant_with_other_amounts_has_pictures_of_its_own():
    overlay = {"images": {"amounts": {"motorcycle": {"per_view": 1}}}}
    assert "scenes" in own(plan_of(variants={"few": overlay}), "few")
