"""Contacts through the real Snakemake: the truth of the scenes, then a model behind a loopback server, asked once."""

import hashlib

import numpy as np

from chorus import store
from chorus.body.parts import PART_NAMES
from chorus.body.regions import PARTS
from chorus.config import Boxes
from chorus.contacts.asking import read_asked
from chorus.contacts.contacts import read_contacts
from chorus.contacts.picture import boxed_crop
from chorus.detections import read_detections
from chorus.images.shard import read_shard
from chorus.screening.boxes import person_and_object
from chorus.screening.cascade import read_table
from chorus.screening.reasons import Reason
from tests.attacks.chat_server import Reply, serving
from tests.attacks.contact_teller import USUAL, telling
from tests.workflow.conftest import ENVIRONMENT, Workplace

CLUSTERS = "results/clusters/motorcycle.json"
SAMPLES = 2


def files(place: Workplace, pattern: str) -> list:
    return sorted((place.folder / "results").glob(pattern))


def true_parts(place: Workplace) -> dict[str, list[str]]:
    """SHA-256 of the picture that is sent -> the coarse parts that touch in it."""
    found = {}
    for path in files(place, "contacts/motorcycle/*.h5"):
        truth = {image.index: [contact.first for contact in image.contacts] for image in read_contacts(path)}
        shard = read_shard(place.folder / "results/images/motorcycle" / path.stem / "000.h5")
        masks = read_detections(place.folder / "results/masks/motorcycle" / path.stem / "000.h5")
        for position, image in enumerate(masks):
            pair = person_and_object(image, Boxes())
            if image.index in truth and not isinstance(pair, Reason):
                picture = boxed_crop(shard.pixels(position), [pair[0].box], pair[1].box)
                found[hashlib.sha256(picture).hexdigest()] = truth[image.index]
    return found


def clusters(place: Workplace) -> dict[tuple[str, str], dict]:
    listed = store.read_json(place.folder / CLUSTERS)["clusters"]
    return {(item["interaction"], item["part"]): item for item in listed if item["part"]}


def test_a_model_is_asked_once_and_names_the_parts(finished):
    assert not files(finished, "contacts/**/*"), "the default asks nobody and makes no contacts"
    by_field = clusters(finished)
    assert {item["named_by"] for item in by_field.values()} == {"", "geometry"}
    assert all((item["named_by"] == "geometry") == item["geometry"] for item in by_field.values())

    finished.configure({"contacts": {"source": "annotations"}})
    assert finished.planned_stages() == {"contacts", "clusters"}
    finished.snakemake(CLUSTERS)
    truth = clusters(finished)
    assert truth["ride", "leftFoot"]["named_by"] == "annotations"
    assert truth["ride", "face"]["named_by"] == ""
    assert {part for _, part in truth} == set(PART_NAMES)

    parts = true_parts(finished)
    kept = sum(row.kept for path in files(finished, "screening/motorcycle/*.csv") for row in read_table(path))
    assert len(parts) == kept
    model = telling(lambda: parts, USUAL)
    finished = Workplace(finished.folder, finished.program, {**ENVIRONMENT, "OPENAI_API_KEY": "canary-KEY"})
    replies = [model] * 5 + [Reply(status=401, body=b"{}")] * 2 + [model]
    with serving(*replies) as server:
        settings = {"contacts": {"source": "lvlm", "base_url": server.url, "samples": SAMPLES, "share": 0.5}}
        finished.configure(settings)
        assert finished.planned_stages() == {"ask_contacts", "contacts", "clusters"}
        printed = finished.snakemake(CLUSTERS, "--keep-going", fails=True)
        assert "status 401" in printed + finished.logs()
        finished.snakemake(CLUSTERS)
        refused = 2
        assert len(server.requests) == SAMPLES * kept + refused, "what was paid for is not asked again"
        named = clusters(finished)
        assert {item["named_by"] for item in named.values()} <= {"", "lvlm"}
        assert named["ride", "leftFoot"]["named_by"] == "lvlm"
        assert all(0 <= item["told"] <= 1 for item in named.values())
        before = finished.results()

        for path in files(finished, "contacts/motorcycle/*.*"):
            if path.is_file():
                path.unlink()
        (finished.folder / CLUSTERS).unlink()  # what is only on the way to a file that is there is not made again
        finished.snakemake(CLUSTERS)
        assert len(server.requests) == SAMPLES * kept + refused, "a rerun makes no calls"
        assert finished.results() == before
        assert finished.planned() == set()
    everything = "".join(path.read_text("utf-8", "replace") for path in files(finished, "contacts/**/*.json*"))
    assert "canary" not in everything + finished.logs()
    assert "tokens" in finished.logs()

    asked = [item for path in files(finished, "contacts/motorcycle/*.jsonl") for item in read_asked(path)]
    assert {len(item.answers) for item in asked} == {SAMPLES}
    for path in files(finished, "contacts/motorcycle/*.h5"):
        arrays = store.read_arrays(path, "contacts")
        assert set(arrays["first"]) <= set(PARTS)
        assert (arrays["region_second"] == 70).all()
        assert ((arrays["weight"] > 0) & (arrays["weight"] <= 1)).all()
        assert np.array_equal(np.diff(arrays["region_offset"]) > 0, np.diff(arrays["contact_offset"]) > 0)


def test_wrong_sources_are_one_sentence(finished):
    stem = files(finished, "votes/motorcycle/*.h5")[0].stem
    printed = finished.snakemake(f"results/contacts/motorcycle/{stem}.h5", fails=True)
    assert "`geometry` makes no contacts files" in printed + finished.logs()
