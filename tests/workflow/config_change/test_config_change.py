"""F5: one key of each section changed; exactly the stages that read it, and what lies below, are made again."""

import shutil

import pytest

SUMS = {"voxels", "clusters", "pap", "summary", "page", "field_figure", "interactions_figure", "interactive"}
CAMERAS = SUMS | {"cameras", "votes"}
SCREENING = CAMERAS | {"screening", "rejections", "contact_sheet", "overlays", "gallery"}
PICTURES = SCREENING | {"scenes", "masks", "keypoints", "people"}
HELD_OUT = {"truth", "testset", "warps"}

CHANGES = {
    "run.seed": ({"run": {"seed": 1}}, PICTURES | HELD_OUT),
    "images.size": ({"images": {"size": 64}}, PICTURES),
    "images.format": ({"images": {"format": "webp"}}, PICTURES),
    "images.keep": ({"images": {"keep": False}}, {"overlays", "interactions_figure", "page"}),
    "diffusion.steps": ({"diffusion": {"steps": 20}}, set()),  # of another source
    "images.per_view": ({"images": {"per_view": 2}}, PICTURES),
    "scenes.no_person": ({"scenes": {"no_person": 0.2}}, PICTURES | HELD_OUT),
    "segmentation.threshold": ({"segmentation": {"threshold": 0.7}}, PICTURES - {"scenes"}),
    "networks.batch": ({"networks": {"batch": 2}}, PICTURES - {"scenes"}),
    "boxes.overlap": ({"boxes": {"overlap": 0.2}}, SCREENING | {"keypoints", "people"}),
    "keypoints.backend": ({"keypoints": {"backend": "blazepose"}}, SCREENING | {"fetch", "keypoints", "people"}),
    "people.backend": ({"people": {"backend": "blazepose"}}, SCREENING | {"fetch", "people"}),
    "screening.pose_score": ({"screening": {"pose_score": 0.1}}, SCREENING),
    "screening.share": ({"screening": {"share": 0.5}}, SCREENING),
    "calibration.stop_loss": ({"calibration": {"stop_loss": 0.5}}, CAMERAS),
    "grid.resolution": ({"grid": {"resolution": 8}}, SUMS | {"skinning", "votes", "truth", "warps"}),
    "occupancy.canonicalise": ({"occupancy": {"canonicalise": False}}, SUMS | {"skinning", "votes"}),
    "occupancy.balance_views": ({"occupancy": {"balance_views": False}}, SUMS - {"clusters"}),
    "occupancy.estimator": ({"occupancy": {"estimator": "rays"}}, SUMS | {"rays"}),
    "compute.device": ({"compute": {"device": "torch_cpu"}}, SUMS | {"votes"}),
    "contacts.share": ({"contacts": {"share": 0.4}}, {"clusters"}),
    "contacts.samples": ({"contacts": {"samples": 3}}, set()),  # of another source
    "truth.draws": ({"truth": {"draws": 10}}, {"truth", "pap", "summary", "page"}),
    "testset.images": ({"testset": {"images": 2}}, {"testset", "warps", "pap", "summary", "page"}),
    "testset.source": ({"testset": {"source": "none"}}, {"page"}),
    "warps.lookup": ({"warps": {"lookup": "forward"}}, {"warps", "pap", "summary", "page"}),
    "figures.overlays": ({"figures": {"overlays": 1}}, {"overlays", "contact_sheet", "gallery", "page"}),
    "tables.seeds": ({"tables": {"seeds": 2}}, set()),  # of another target
    "pairs.test": ({"pairs": {"test": 3}}, set()),  # not part of `all`
    "prior.steps": ({"prior": {"steps": 3}}, set()),
    "nothing": ({}, set()),
}


@pytest.mark.parametrize("key", CHANGES)
def test_a_changed_key_makes_exactly_its_stages_again(finished, key):
    changes, expected = CHANGES[key]
    finished.configure(changes)
    assert finished.planned_stages() == expected


def test_every_section_has_its_line_here():
    from chorus.config import Config

    # `categories`, `body`, `prompts` and `variants` have tests of their own below.
    covered = {key.partition(".")[0] for key in CHANGES} | {"categories", "body", "prompts", "variants"}
    assert set(Config.model_fields) <= covered


def test_another_body_is_a_new_run(finished):
    shutil.copy(finished.program / "resources/body/open_body.npz", finished.folder / "mine.npz")
    finished.configure({"body": {"file": "mine.npz"}})
    assert finished.planned_stages() == PICTURES | HELD_OUT | {"skinning"}


def test_another_view_table_makes_new_pictures(finished):
    shutil.copy(finished.program / "resources/views.yaml", finished.folder / "mine.yaml")
    finished.configure({"images": {"views": "mine.yaml"}})
    assert finished.planned_stages() == (PICTURES | HELD_OUT) - {"truth"}


def test_the_same_prompts_in_another_folder_change_nothing(finished):
    shutil.copytree(finished.folder / "prompts", finished.folder / "other")
    finished.configure({"prompts": {"folder": "other"}})
    assert finished.planned() == set()


def test_a_new_category_touches_no_file_of_the_old_one(finished):
    finished.write_prompts([{"text": "A person kicks a ball", "interaction": "kick"}], "sports_ball")
    finished.configure({"categories": ["motorcycle", "sports_ball"]})
    planned = finished.planned()
    assert {path for path in planned if "sports_ball" not in path} == {
        "results/summary.json",
        "results/rejections.json",
    }
    assert "results/pap/sports_ball.json" in planned


def test_another_shard_adds_files_and_makes_no_picture_again(finished):
    finished.configure({"images": {"shards": 2}})
    planned = finished.planned()
    shards = {path for path in planned if path.endswith(("/000.h5", "/001.h5"))}
    assert shards
    assert all(path.endswith("/001.h5") for path in shards)
    assert "results/skinning.h5" not in planned
    assert "results/truth/motorcycle.h5" not in planned
