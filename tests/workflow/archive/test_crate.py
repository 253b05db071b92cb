"""The run as a Provenance Run RO-Crate: every file with its digest, every job with its inputs, valid by its rules."""

import json
import shutil

import pytest

from chorus.archive.folder import result_files
from tests.workflow.conftest import PROMPTS, Workplace

pytest.importorskip("rocrate", reason='pip install -e ".[provenance]"')

# The JSON-LD contexts of RO-Crate 1.1 and of the run terms lie on the web. rocrate brings the one of 1.3, which means
# the same by all terms used here except this one. Of the run terms the crate uses one.
OF_1_1 = {"ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow"}
RUN_TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}


@pytest.fixture(scope="module")
def crated(undisturbed, tmp_path_factory):
    """A copy of the finished run with its crate."""
    folder = tmp_path_factory.mktemp("crate") / "work"
    shutil.copytree(undisturbed.folder, folder, symlinks=True)
    place = Workplace(folder, undisturbed.program)
    place.snakemake("results/ro-crate-metadata.json")
    return place


@pytest.fixture(scope="module")
def entities(crated) -> dict[str, dict]:
    """Identifier -> entity."""
    return {entity["@id"]: entity for entity in crated.json("results/ro-crate-metadata.json")["@graph"]}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def ids(value) -> set[str]:
    return {item["@id"] for item in listed(value)}


def test_every_result_file_is_in_it_with_its_digest(crated, entities):
    digests = crated.results()
    for path in result_files(crated.folder / "results"):
        name = str(path.relative_to(crated.folder / "results"))
        if name != "ro-crate-metadata.json" and not name.startswith("workflow/"):
            assert entities[name]["sha256"] == digests[name]


def test_the_score_leads_back_to_every_prompt(entities):
    made_by = {name: job for job in entities.values() if job["@id"].startswith("#job/") and "result" in job
               for name in ids(job["result"])}  # fmt: skip
    waiting, prompts = ["pap/motorcycle.json"], set()
    while waiting:
        for name in ids(made_by[waiting.pop()]["object"]):
            if name in made_by:
                waiting.append(name)
            elif name.startswith("#prompt/"):
                prompts.add(entities[name]["value"])
    assert prompts == {prompt["text"] for prompt in PROMPTS}


def test_it_names_versions_settings_and_the_engine(entities):
    assert entities["#software/numpy"]["softwareVersion"]
    assert ids(entities["#organization"]["instrument"]) == {"#software/snakemake"}
    settings = [entity for name, entity in entities.items() if name.startswith("#settings/testset/")]
    assert json.loads(settings[0]["value"])["testset"]["images"] == 3


def test_it_is_valid(crated, entities, monkeypatch):
    assert_valid(crated, entities, monkeypatch)


def test_pictures_left_out_are_named_and_not_promised(crated, monkeypatch, tmp_path):
    shutil.copytree(crated.folder, tmp_path / "work", symlinks=True)
    place = Workplace(tmp_path / "work", crated.program)
    for path in (place.folder / "results/images").rglob("*.h5"):
        path.unlink()
    (place.folder / "results/ro-crate-metadata.json").unlink()
    place.snakemake("results/ro-crate-metadata.json")
    entities = {entity["@id"]: entity for entity in place.json("results/ro-crate-metadata.json")["@graph"]}
    assert len([name for name in entities if name.startswith("#left-out/images/")]) == len(PROMPTS)
    assert_valid(place, entities, monkeypatch)


def assert_valid(place: Workplace, entities: dict[str, dict], monkeypatch) -> None:
    """The profile's required checks pass."""
    pytest.importorskip("rocrate_validator", reason="pip install roc-validator")
    import requests
    from rocrate import vocabs
    from rocrate_validator import models, services
    from rocrate_validator.utils.http import HttpRequester

    contexts = {
        "https://w3id.org/ro/crate/1.1/context": vocabs.RO_CRATE["@context"] | OF_1_1,
        "https://w3id.org/ro/terms/workflow-run/context": RUN_TERMS,
    }
    words = {key for entity in entities.values() for key in entity if not key.startswith("@")}
    words |= {kind for entity in entities.values() for kind in listed(entity["@type"])}
    assert words <= set().union(*contexts.values()), "a word without a meaning is left out and never checked"

    def get(self, url, **_):
        response = requests.Response()
        response.status_code, response.url = (200 if url in contexts else 404), url
        response.headers["Content-Type"] = "application/ld+json"
        response._content = json.dumps({"@context": contexts.get(url, {})}).encode()
        return response

    monkeypatch.setattr(HttpRequester, "get", get, raising=False)
    settings = services.ValidationSettings(
        rocrate_uri=str(place.folder / "results"), profile_identifier="provenance-run-crate-0.5",
        requirement_severity=models.Severity.REQUIRED,
    )  # fmt: skip
    outcome = services.validate(settings)
    assert outcome.passed(), [(issue.check.identifier, issue.message) for issue in outcome.get_issues()]
