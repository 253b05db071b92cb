"""Variants share everything that their settings do not touch."""

SHARED = ("scenes", "images", "masks", "people", "screening", "cameras", "truth", "testset")


def test_no_canonicalisation_shares_everything_above_the_vote(finished):
    before = finished.results()
    finished.configure({"variants": {"no_canonicalisation": {"occupancy": {"canonicalise": False}}}})
    own = {
        path.removeprefix("results/variants/no_canonicalisation/") for path in finished.planned() if "variants" in path
    }
    stages = {path.partition("/")[0] for path in own}
    assert stages == {"skinning.h5", "votes", "voxels", "pap"}
    assert {path for path in finished.planned() if "variants" not in path} == {"results/summary.json"}
    finished.snakemake()
    after = finished.results()
    changed = {path for path in before if after[path] != before[path]}
    assert {path.partition(".")[0] for path in changed} == {"summary"}, "the main run stays as it was"
    variant = finished.json("results/variants/no_canonicalisation/pap/motorcycle.json")
    main = finished.json("results/pap/motorcycle.json")
    assert variant["pap"] != main["pap"]
    assert variant["n_images"] == main["n_images"]
    assert [image["target_area"] for image in variant["images"]] == [image["target_area"] for image in main["images"]]
    assert set(finished.json("results/summary.json")["runs"]) == {"main", "no_canonicalisation"}
    assert "Nothing to be done" in finished.snakemake()


def test_true_people_own_keypoints_and_below(finished):
    finished.configure(
        {
            "keypoints": {"backend": "blazepose"},
            "people": {"backend": "blazepose"},
            "variants": {
                "true_people": {"keypoints": {"backend": "annotations"}, "people": {"backend": "annotations"}}
            },
        }
    )
    own = finished.planned("results/variants/true_people/pap/motorcycle.json")
    assert {path.split("/")[3] for path in own} == {
        "keypoints",
        "people",
        "screening",
        "cameras",
        "votes",
        "voxels",
        "pap",
    }
    assert all(path.startswith("results/variants/true_people/") for path in own), (
        "pictures and masks are the main run's"
    )


def test_a_variant_that_is_switched_off_plans_nothing(finished):
    finished.configure({"variants": {"true_people": None, "anything": None}})
    assert finished.planned() == set()


def test_an_unknown_variant_is_no_target(finished):
    printed = finished.snakemake("results/variants/never_heard_of/pap/motorcycle.json", fails=True)
    assert "MissingRuleException" in printed
