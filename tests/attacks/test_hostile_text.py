"""T1 and T2: hostile categories and prompts through the whole workflow; nothing leaves the folder, nothing runs."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chorus import store
from chorus.errors import ConfigError
from chorus.naming import slug
from chorus.prompts.resource import read_prompts
from tests.workflow.conftest import TINY, Workplace, merged, program

__all__ = ["program"]

# Each text holds several attacks, so that few prompts (and seconds) try them all.
TEXTS = [
    "../../../escape/$(touch CANARY)`touch CANARY`; touch CANARY # 'touch CANARY' \"touch CANARY\" {params.text} {{x}} "
    "<script>document.write('CANARY')</script> <img src=http://x/y onerror=alert(1)> 猫 ü \u202e " + "long " * 45,
    "-x --output /tmp/CANARY\ntouch CANARY\n&& touch CANARY | touch CANARY > CANARY \\",
]
CATEGORIES = ["../../escape", "/escape", "$(touch CANARY)", "-rf", "a\nb", "{x}"]


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, program) -> tuple[Path, Workplace]:
    """A finished run of hostile prompts, and the folder around its working folder."""
    around = tmp_path_factory.mktemp("around")
    place = Workplace(around / "deep" / "down" / "work", program)
    place.write_prompts([{"text": text, "interaction": "ride"} for text in TEXTS])
    place.configure({"images": {"size": 64}, "truth": {"draws": 4}, "testset": {"images": 1}})
    place.snakemake()
    return around, place


def test_nothing_is_written_outside_and_nothing_ran(hostile):
    around, place = hostile
    outside = {path for path in everything(around) if not path.startswith("deep/down/work")}
    assert outside == {"deep", "deep/down"}
    assert not [path for path in everything(place.folder) if "CANARY" in path or "escape" in Path(path).suffix]
    assert {path.name for path in place.folder.iterdir()} == {"prompts", "tiny.yaml", "results", ".snakemake"}
    assert not Path("/tmp/CANARY").exists()


def test_every_prompt_has_one_folder_of_its_own(hostile):
    _, place = hostile
    found = {path.name for path in (place.folder / "results/scenes/motorcycle").iterdir()}
    assert found == {slug(text) for text in TEXTS}
    assert all(len(name) <= 60 for name in found)


def test_the_text_arrives_in_the_files_as_it_was(hostile):
    _, place = hostile
    for text in TEXTS:
        votes = store.read_arrays(place.folder / f"results/votes/motorcycle/{slug(text)}.h5", "votes")
        assert votes.attributes["prompt"] == text
        assert store.read_record(votes.path)["names"]["prompt"] == text


class Reader(HTMLParser):
    """Collects the text and the tags of a page."""

    def __init__(self):
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href", "onerror", "onload")]

    def handle_data(self, data):
        self.text += data


def test_the_page_shows_the_text_and_runs_none_of_it(hostile):
    _, place = hostile
    reader = Reader()
    reader.feed((place.folder / "results/report/motorcycle.html").read_text("utf-8"))
    assert "script" not in reader.tags
    own = {"motorcycle_gallery.html", "motorcycle_interactive.html"}
    assert all(
        source in own or source.startswith(("data:image/png;base64,", "data:image/gif;base64,"))
        for source in reader.sources
    )
    shown = " ".join(reader.text.split())
    assert all(" ".join(text.split()) in shown for text in TEXTS)


def test_a_second_run_has_nothing_to_do(hostile):
    assert "Nothing to be done" in hostile[1].snakemake()


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_hostile_category_is_refused_before_anything_is_written(tmp_path, program, category):
    place = Workplace(tmp_path / "deep" / "work", program)
    place.configure({"categories": [category]})
    before = everything(tmp_path)
    printed = place.snakemake("--dry-run", fails=True)
    assert "ERROR: tiny.yaml: categories.0: " in printed
    assert "Traceback" not in printed
    assert {path for path in everything(tmp_path) - before if ".snakemake" not in path} == set()


def test_a_hostile_category_from_the_command_line_is_refused_too(tmp_path, program):
    place = Workplace(tmp_path / "deep" / "work", program)
    place.configure()
    printed = place.snakemake("--config", "categories=['../../escape']", fails=True)
    assert "categories.0" in printed
    assert "escape" not in "".join(everything(tmp_path))


@pytest.mark.parametrize("target", ["../escape.h5", "results/voxels/../../../escape.h5"])
def test_a_target_outside_the_results_is_no_target(workplace_of_prompts, target):
    assert "MissingRuleException" in workplace_of_prompts.snakemake(target, fails=True)


@pytest.fixture
def workplace_of_prompts(tmp_path, program) -> Workplace:
    place = Workplace(tmp_path / "work", program)
    place.write_prompts([{"text": "A person rides a motorcycle", "interaction": "ride"}])
    place.configure()
    return place


@pytest.mark.parametrize(
    "text", ["a\0b", "a\x1fb", "a\x1b[2Jb", "\ud800", "", "  \n", "x" * 501, None, 3, ["a"], {"text": "a"}],
    ids=lambda t: repr(t)[:20]
)  # fmt: skip
def test_text_that_is_no_text_is_refused_in_one_sentence(tmp_path, text):
    (tmp_path / "hat.json").write_text(json.dumps([{"text": text, "interaction": "wear"}]))
    with pytest.raises(ConfigError) as caught:
        read_prompts(tmp_path / "hat.json")
    assert "\n" not in str(caught.value)
    assert "hat.json" in str(caught.value)


def test_the_tiny_configuration_is_the_one_of_the_workflow_tests():
    assert merged(TINY, {"images": {"size": 64}})["images"] == {"per_view": 1, "size": 64}
