"""Prompts of a language model or of your own hand in the plan: read late, asked seldom, missing with one sentence."""

import json
from pathlib import Path
from typing import get_args

import pytest

from chorus import store
from chorus.config import Config, Images, parse_config
from chorus.errors import ConfigError
from chorus.naming import slug
from chorus.prompts.asked import identity_of, must_ask
from chorus.workflow import Plan
from tests.workflow.conftest import Workplace, program

__all__ = ["program"]

COCO = {"source": "coco", "folder": "f", "annotations": "a.json"}
ASKED = {
    "categories": ["ukulele", "tie"],
    "prompts": {"source": "openai"},
    "testset": {"source": "none"},
    "variants": {},
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/prompts").mkdir(parents=True)
    return tmp_path


def plan_of_words(**changes) -> Plan:
    """A plan whose pictures are made from the prompts' words, whatever makes them."""
    config = parse_config({**ASKED, "images": COCO, **changes}, "test")
    return Plan(config.model_copy(update={"images": Images().model_copy(update={"source": "diffusion"})}))


def write(category: str, content: object) -> Path:
    path = Path(f"results/prompts/{category}.json")
    path.write_text(json.dumps(content))
    return path


def test_a_plan_can_be_made_before_there_are_prompts():
    plan = plan_of_words()
    assert plan.to_ask() == ["results/prompts/ukulele.json", "results/prompts/tie.json"]
    assert plan.prompt_pattern() == "[a-z0-9-]+"
    assert plan.files("ask", "results") == plan.to_ask()
    assert plan.files("voxels", "results", category="ukulele") == ["results/voxels/ukulele.h5"]


def test_what_needs_the_prompts_says_which_command_makes_them():
    told = "results/prompts/ukulele.json: is missing; run `snakemake --cores 1 prompts` first"
    with pytest.raises(ConfigError) as caught:
        plan_of_words().files("votes", "results")
    assert str(caught.value) == told


def test_one_category_can_be_planned_without_anothers_prompts():
    write("tie", [{"text": "A person knots a tie"}])
    plan = plan_of_words()
    votes = f"results/votes/tie/{slug('A person knots a tie')}.h5"
    assert plan.files("votes", "results", category="tie") == [votes]
    assert plan.to_ask() == ["results/prompts/ukulele.json"]


@pytest.mark.parametrize(
    "content",
    [
        [{"text": "A person plays a ukulele"}],
        {"prompts": [{"text": "A person plays a ukulele", "id": "whatever", "note": 3}]},
        {"prompts": [{"text": "A person plays a ukulele", "interaction": "hold"}], "calls": []},
    ],
)
def test_a_file_of_your_own_hand_is_read_without_a_record(content):
    write("ukulele", content)
    plan = plan_of_words(categories=["ukulele"])
    assert [prompt.text for prompt in plan.prompts["ukulele"]] == ["A person plays a ukulele"]
    assert plan.to_ask() == []
    assert plan.prompt_pattern() == slug("A person plays a ukulele")


@pytest.mark.parametrize(
    "content", [3, None, {}, {"prompts": 3}, ["a"], [{"txt": "a"}], [{"text": 3}], {"prompts": []}]
)
def test_a_file_of_another_form_is_one_sentence(content):
    write("ukulele", content)
    with pytest.raises(ConfigError, match=r"results/prompts/ukulele\.json: "):
        plan_of_words(categories=["ukulele"]).prompts["ukulele"]


def test_another_question_asks_again_another_address_does_not():
    settings = Config().prompts
    path = Path("results/prompts/ukulele.json")
    assert must_ask(path, settings)
    answer = {"asked": identity_of(settings), "prompts": [{"text": "A person plays a ukulele"}]}
    store.write_recorded(path, store.json_bytes(answer), {})
    assert not must_ask(path, settings)
    for same in ({"base_url": "http://localhost/v1"}, {"timeout": 5.0}, {"calls": 1}, {"folder": "x"}):
        assert not must_ask(path, settings.model_copy(update=same))
    for other in ({"model": "m"}, {"count": 5}, {"temperature": 0.0}, {"seed": 1}, {"subject": "a_person"}):
        assert must_ask(path, settings.model_copy(update=other))
        assert "asked" in json.loads(path.read_text())
    path.write_text(path.read_text().replace("plays", "tunes"))
    assert not must_ask(path, settings.model_copy(update={"model": "m"})), "edited: it is the user's"


def test_a_word_of_your_own_says_which_file_to_write():
    with pytest.raises(ConfigError) as caught:
        Plan(parse_config({"categories": ["ukulele"], "prompts": {"folder": "mine"}}, "test")).prompts["ukulele"]
    assert "there is no mine/ukulele.json; write it" in str(caught.value)
    assert "prompts.source: openai" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_scenes_need_interactions():
    Path("mine").mkdir()
    Path("mine/tie.json").write_text('[{"text": "A person knots a tie"}]')
    given = {"categories": ["tie"], "prompts": {"folder": "mine"}}
    with pytest.raises(ConfigError, match=r"mine/tie\.json: 'A person knots a tie' has no interaction"):
        Plan(parse_config(given, "test")).prompts["tie"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"prompts": {"source": "openai"}}, "prompts.source: texts of `openai` name no scene interaction"),
        ({"prompts": {"source": "openai"}, "images": COCO}, "testset.source: `scenes` draws the interactions"),
        ({"prompts": {"count": 21}}, "prompts.count"),
        ({"prompts": {"count": 2}}, "prompts.count"),
        ({"prompts": {"calls": 4}}, "prompts.calls"),
        ({"prompts": {"model": "a b"}}, "prompts.model"),
        ({"prompts": {"api_key": "sk-1"}}, "prompts.api_key: is not a known key"),
    ],
)
def test_what_does_not_fit_together_is_one_sentence(given, told):
    with pytest.raises(ConfigError) as caught:
        parse_config({"variants": {}, **given}, "test")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_prompt_id_is_one_sentence():
    plan = Plan(Config())
    with pytest.raises(ConfigError, match="motorcycle: has no prompt nobody; its prompts are a-"):
        plan.prompt("motorcycle", "nobody")


# --- the real Snakemake ---------------------------------------------------------------------------------------------


def test_snakemake_names_the_prompts_of_a_category(tmp_path, program):
    place = Workplace(tmp_path, program)
    place.write_prompts([{"text": "A person rides a motorcycle", "interaction": "ride"}])
    place.write_prompts([{"text": "A person wears a tie", "interaction": "wear"}], "tie")
    place.configure({"categories": ["motorcycle", "tie"]})
    foreign = slug("A person wears a tie")
    printed = place.snakemake("--dry-run", f"results/votes/motorcycle/{foreign}.h5", fails=True)
    assert f"ERROR: motorcycle: has no prompt {foreign}" in printed
    printed = place.snakemake("--dry-run", "results/votes/motorcycle/nobody.h5", fails=True)
    assert "No rule to produce results/votes/motorcycle/nobody.h5" in printed
    assert "StopIteration" not in printed


@pytest.mark.skipif("diffusion" not in get_args(Images.model_fields["source"].annotation), reason="no such source yet")
def test_snakemake_all_without_prompts_is_one_sentence(tmp_path, program):
    place = Workplace(tmp_path, program)
    backends = {"keypoints": {"backend": "blazepose"}, "people": {"backend": "blazepose"}}
    off = {"variants": {"true_people": None, "no_canonicalisation": None}}
    place.configure({**ASKED, "images": {"source": "diffusion"}, **backends, **off})
    printed = place.snakemake(fails=True)
    assert "ERROR: results/prompts/ukulele.json: is missing; run `snakemake --cores 1 prompts` first" in printed
    assert "Traceback" not in printed
    assert "exception" not in printed.lower()
    assert " ask " in place.snakemake("--dry-run", "--printshellcmds", "prompts")
