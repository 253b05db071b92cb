"""The category `person` through the real Snakemake: rendered photographs of pairs, and a model that is asked.

Nothing here is a photograph of anybody.
"""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from chorus import store
from chorus.body.loading import OPEN_BODY, load_body
from chorus.body.regions import PARTS
from chorus.contacts.contacts import read_contacts
from chorus.contacts.picture import boxed_crop
from chorus.images.shard import read_shard
from chorus.pairs.figure import Figure
from chorus.pairs.fitting import figure_of
from chorus.pairs.people import PhotographedPairs
from chorus.pairs.rows import FittedRows, PairScenes
from tests.attacks.chat_server import Reply, serving
from tests.attacks.contact_teller import picture_of
from tests.rendered_pairs import drawn, photographed
from tests.workflow.conftest import ENVIRONMENT, ROOT, Workplace

TYPES = ("handshake", "both_hands", "hand_on_shoulder", "side_by_side")
SAMPLES = 2
MODEL = Path("models/pose_landmark_full.tflite")
TINY = {
    "categories": ["person"],
    "images": {"source": "coco", "folder": "photographs", "annotations": "photographs/annotations.json"},
    "segmentation": {"backend": "annotations"},
    "people": {"backend": "blazepose"},
    "testset": {"source": "none"},
    "pairs": {
        "train": 4, "improvised": 0, "test": 1, "labels": ["none"], "steps": [6, 4], "batch": 4,
        "most_reprojection": 1.0, "most_distance": 1.0, "most_depth": 1.0, "most_beyond": 3.0,
    },
    "prior": {"steps": 2, "judge_steps": 2, "batch": 4, "width": 16, "layers": 1},
}  # fmt: skip
OURS = {"pair_people", "person_fits", "pairs_figure"}
SHARED = {"photographs", "masks", "pair_scenes", "pair_fits", "pair_curation", "pair_prior"}
FITS, FIGURE = "results/person_fits/person.h5", "results/figures/person_pairs.png"


@pytest.fixture(scope="module")
def pairs() -> PairScenes:
    return drawn(_figure(), 5, len(TYPES), TYPES)


def _figure() -> Figure:
    return figure_of(load_body(OPEN_BODY), "cpu")


@pytest.fixture(scope="module")
def place(tmp_path_factory, program, pairs) -> Workplace:
    """A finished run that asked nobody, of four pairs and one person who is alone."""
    environment = {**ENVIRONMENT, "OPENAI_API_KEY": "canary-KEY"}
    place = Workplace(tmp_path_factory.mktemp("person") / "work", program, environment)
    place.configure(TINY)
    path = photographed(load_body(OPEN_BODY), _figure(), pairs, place.folder / "photographs")
    content = json.loads(path.read_text())
    last = content["images"][-1]["id"]
    alone = next(item for item in content["annotations"] if item["image_id"] == last)
    shutil.copy2(place.folder / f"photographs/{last:03d}.png", place.folder / "photographs/alone.png")
    content["images"].append({**content["images"][-1], "id": last + 1, "file_name": "alone.png"})
    content["annotations"].append({**alone, "id": 1000, "image_id": last + 1})
    path.write_text(json.dumps(content))
    if (ROOT / MODEL).is_file():
        (place.folder / MODEL.parent).mkdir()
        shutil.copy2(ROOT / MODEL, place.folder / MODEL)
    assert place.planned_stages() - {"fetch"} == OURS | SHARED
    place.snakemake()
    return place


def people_of(place: Workplace) -> PhotographedPairs:
    (path,) = (place.folder / "results/pair_people/person").glob("*/000.h5")
    return PhotographedPairs.read(path)


def truth(pairs: PairScenes, people: PhotographedPairs) -> dict[int, set[tuple[str, str]]]:
    """Image index -> parts that truly touch, of the left person first."""
    contacts = pairs.contacts("true")
    left_first = pairs.true.translation[:, 0, 0] / pairs.true.translation[:, 0, 2] < (
        pairs.true.translation[:, 1, 0] / pairs.true.translation[:, 1, 2]
    )
    return {
        int(index): {pair if left_first[index] else pair[::-1] for pair in contacts[index]}
        for index in people.index[people.found]
    }


def test_every_pair_is_found_estimated_and_fitted_without_labels(place, pairs):
    people = people_of(place)
    assert people.reason.tolist() == [""] * len(TYPES) + ["one person"]
    assert (people.boxes[:4, 0, [0, 2]].mean(axis=1) < people.boxes[:4, 1, [0, 2]].mean(axis=1)).all()
    assert (people.K[:4, 0, 0] == np.float32(1.2 * 512)).all()
    assert np.isnan(people.initial.pose[4]).all()
    fits = FittedRows.read(place.folder / FITS, "person_fits")
    assert fits.labels.tolist() == ["none"] * 4 + ["prior"] * 4
    assert set(fits.split) == {"photograph"}
    assert [name.split("/")[1] for name in fits.id[:4]] == ["0", "1", "2", "3"]
    assert np.isfinite(fits.bodies.pose).all()
    assert (fits.losses["contact"] == 0).all()
    assert set(json.loads(store.read_arrays(place.folder / FITS, "person_fits", ("id",)).attributes["counts"])) == {
        "none", "prior",
    }  # fmt: skip
    middle = fits.bodies.translation[:4, :, 2].mean(axis=1)
    assert np.abs(middle / pairs.true.translation[:, :, 2].mean(axis=1) - 1).max() < 0.6
    assert (place.folder / FIGURE).stat().st_size > 50_000
    record = place.json(f"{FITS}.record.json")
    assert record["inputs"]["pair_people"]
    assert "contacts" not in record["inputs"]
    assert place.planned() == set(), "a second run does nothing"
    assert "4 with a pair" in place.logs()


def test_people_and_objects_are_planned_side_by_side(place):
    place.configure({**TINY, "categories": ["person", "surfboard"]})
    planned = place.planned_stages()
    place.configure(TINY)
    assert {"screening", "cameras", "votes", "voxels", "clusters", "page", "rejections"} <= planned
    assert not planned & (OURS | SHARED - {"photographs", "masks"}), "those of person are done"


def test_a_target_of_objects_is_one_sentence(place):
    stem = next((place.folder / "results/pair_people/person").iterdir()).name
    printed = place.snakemake(f"results/cameras/person/{stem}.h5", fails=True)
    assert "ERROR: person: has no `screening` files" in printed


def test_a_model_is_asked_once_and_its_labels_arrive(place, pairs):
    people = people_of(place)
    true = truth(pairs, people)
    (images,) = (place.folder / "results/images/person").glob("*/000.h5")
    shard = read_shard(images)
    shown = {
        hashlib.sha256(boxed_crop(shard.pixels(i), list(people.boxes[i].astype(float)), None)).hexdigest(): i
        for i in people.found
    }

    def tells(request: dict) -> Reply:
        """The truth, all sides exchanged."""
        entries = [
            {
                f"person_{number}": {
                    "part": PARTS[part].noun.replace("_", " "),
                    "side": PARTS[PARTS[part].mirror].side or "none",
                }
                for number, part in enumerate(contact, 1)
            }
            for contact in true[shown[hashlib.sha256(picture_of(request)).hexdigest()]]
        ]
        assert "two people" in request["messages"][0]["content"][0]["text"]
        return Reply(json.dumps({"contacts": [{**entry, "confidence": 0.9} for entry in entries]}))

    with serving(tells) as server:
        place.configure({**TINY, "contacts": {"source": "lvlm", "base_url": server.url, "samples": SAMPLES}})
        assert place.planned_stages() == {"ask_contacts", "contacts", "person_fits", "pairs_figure"}
        place.snakemake()
        assert len(server.requests) == SAMPLES * len(TYPES)
        (path,) = (place.folder / "results/contacts/person").glob("*.h5")
        contacts = read_contacts(path)
        found = {image.index: {(one.first, one.second) for one in image.contacts} for image in contacts}
        told = {image.index: {(one.told_first, one.told_second) for one in image.contacts} for image in contacts}
        right, right_told = (
            sum(len(some[index] & true[index]) for index in true) / sum(map(len, true.values()))
            for some in (found, told)
        )
        assert right > right_told, "keypoints repair sides"
        assert right >= 0.5
        fits = FittedRows.read(place.folder / FITS, "person_fits")
        assert list(dict.fromkeys(fits.labels)) == ["none", "repaired", "prior", "prior_repaired"]
        assert (fits.losses["contact"][fits.labels == "repaired"] > 0).all()
        assert (fits.quality.distance[fits.labels == "none"] == 0).all()
        before = place.results()
        assert place.planned() == set()
        for made in path.parent.glob("*.*"):
            if made.is_file():
                made.unlink()
        place.snakemake(str(path.relative_to(place.folder)))
        assert len(server.requests) == SAMPLES * len(TYPES), "a rerun makes no calls"
        assert place.results() == before
    assert "canary" not in place.logs()
