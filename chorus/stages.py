"""The stages of the workflow: what each is called, reads and writes."""

from __future__ import annotations

from dataclasses import dataclass

from chorus.naming import PERSON

IMAGES = "images/{category}/{prompt}/{shard}.h5"
SOURCES = {"scenes": "scenes", "diffusion": "diffusion", "folder": "folder", "coco": "photographs"}  # -> stage
TABLES = ("table1", "table2", "table3", "table5", "ablations", "images_vs_pap")  # of `snakemake scene_tables`
OBJECTS = "objects"  # the kind of every category but `person`, which is a kind of its own
ESTIMATORS = {"vote": "votes", "rays": "rays"}  # -> stage whose partial sums the field is merged from


@dataclass(frozen=True)
class Stage:
    """One stage of the workflow.

    Attributes:
        module: holds `run(job)`; its import closure is the stage's code digest.
        sections: configuration sections that the stage reads.
        upstream: stages whose files it may read.
        path: its file below the results tree.
        help: one sentence for the command line.
        ignores: (section, key) that it gets with a section but that cannot change its files.
        kinds: kinds of categories whose files it makes, if its path names a category.
    """

    module: str
    sections: tuple[str, ...]
    upstream: tuple[str, ...]
    path: str
    help: str
    ignores: tuple[tuple[str, str], ...] = ()
    kinds: tuple[str, ...] = (OBJECTS,)


def kind_of(category: str) -> str:
    """What a category is about: PERSON, two people in contact, or OBJECTS, a person with an object."""
    return PERSON if category == PERSON else OBJECTS


_EVERY = (OBJECTS, PERSON)
_SHARD = "{category}/{prompt}/{shard}"


def _images(*unread: str) -> tuple[tuple[str, str], ...]:
    return tuple(("images", key) for key in ("keep", "amounts", *unread))


def _occupancy(*unread: str) -> tuple[tuple[str, str], ...]:
    return tuple(("occupancy", key) for key in unread)


_DRAWN = (
    "train", "improvised", "test", "held_out", "keypoint_noise", "keypoint_dropout", "pose_noise", "depth_noise",
    "wrong_side", "missing", "invented",
)  # fmt: skip
_FIT = ("keypoint_sigma", "contact_sigma", "depth_sigma", "pose_sigma", "steps")
_PHOTOGRAPHED = ("focal", "depth_trust", "least_apart")
_CURATION = ("most_reprojection", "most_distance", "most_depth", "most_beyond")


def _pairs(*unread: str) -> tuple[tuple[str, str], ...]:
    return tuple(("pairs", key) for key in unread)


def _contacts(*unread: str) -> tuple[tuple[str, str], ...]:
    return tuple(("contacts", key) for key in unread)


STAGES: dict[str, Stage] = {
    "ask": Stage(
        "chorus.prompts.stage", ("prompts",), (), "prompts/{category}.json",
        "Ask a language model for the prompts of a category (source openai).",
    ),
    "scenes": Stage(
        "chorus.scenes.stage", ("run", "body", "images", "scenes"), (), f"scenes/{_SHARD}.h5",
        "Render people with objects: pictures, their COCO annotations and the truth.",
        _images("shards", "folder", "annotations"),
    ),
    "diffusion": Stage(
        "chorus.images.diffusion_stage", ("run", "images", "diffusion"), (), IMAGES,
        "Make pictures of a prompt from every view with a diffusion network.",
        _images("shards", "folder", "annotations"),
    ),
    "folder": Stage(
        "chorus.images.folder_stage", ("images",), (), IMAGES,
        "Collect the photographs of a folder, square.",
        _images("per_view", "views", "annotations"), _EVERY,
    ),
    "photographs": Stage(
        "chorus.images.photographs_stage", ("images",), (), IMAGES,
        "Collect annotated photographs of a category (COCO json).",
        _images("per_view", "views", "size", "format"), _EVERY,
    ),
    "masks": Stage(
        "chorus.perception.segmentation", ("segmentation", "networks"), tuple(SOURCES.values()), f"masks/{_SHARD}.h5",
        "Find people and objects: boxes, scores and masks.",
        kinds=_EVERY,
    ),
    "keypoints": Stage(
        "chorus.perception.keypoints", ("boxes", "keypoints", "networks"), ("masks",), f"keypoints/{_SHARD}.h5",
        "Find the 17 COCO keypoints of the person in every image that passes the box screen.",
    ),
    "people": Stage(
        "chorus.perception.people", ("boxes", "body", "people", "networks"), ("keypoints",), f"people/{_SHARD}.h5",
        "Estimate body pose, shape and weak camera of the person.",
    ),
    "screening": Stage(
        "chorus.screening.stage", ("run", "boxes", "screening"), ("people",), "screening/{category}/{prompt}.csv",
        "Keep or reject every image, with exactly one reason.",
    ),
    "rejections": Stage(
        "chorus.screening.rejections_stage", (), ("screening",), "rejections.json",
        "Count kept and rejected images of every category: the paper's Table 3, and the reasons.",
    ),
    "cameras": Stage(
        "chorus.calibration.stage", ("body", "calibration"), ("screening",), "cameras/{category}/{prompt}.h5",
        "Turn weak-perspective people into perspective cameras around the body.",
    ),
    "skinning": Stage(
        "chorus.occupancy.skinning_stage", ("body", "grid", "occupancy"), (), "skinning.h5",
        "Compute the skinning weights of the canonical grid.",
        _occupancy("parts", "mirror", "balance_views", "estimator"),
    ),
    "votes": Stage(
        "chorus.occupancy.votes_stage", ("body", "grid", "occupancy", "compute"), ("cameras", "skinning"),
        "votes/{category}/{prompt}.h5",
        "Let all masks of a prompt vote in the canonical grid.",
        _occupancy("balance_views", "estimator"),
    ),
    "rays": Stage(
        "chorus.occupancy.rays_stage", ("body", "grid", "occupancy"), ("votes",), "rays/{category}/{prompt}.h5",
        "Ask every image of a prompt again, now knowing where all of them saw the object (estimator rays).",
        _occupancy("balance_views"),
    ),
    "voxels": Stage(
        "chorus.occupancy.field_stage", ("occupancy",), tuple(ESTIMATORS.values()), "voxels/{category}.h5",
        "Merge the votes of all prompts into the field Phi^c.",
        _occupancy("canonicalise", "parts", "mirror"),
    ),
    "pair_people": Stage(
        "chorus.pairs.people_stage", ("boxes", "body", "keypoints", "people", "networks", "pairs"), ("masks",),
        f"pair_people/{_SHARD}.h5",
        "Choose the two people in contact in every photograph: keypoints, first estimates, camera (category person).",
        _pairs(*_DRAWN, *_FIT, *_CURATION, "labels", "batch"), (PERSON,),
    ),
    "ask_contacts": Stage(
        "chorus.contacts.ask_stage", ("boxes", "contacts"), ("screening", "pair_people"),
        "contacts/{category}/{prompt}.jsonl",
        "Ask a vision-language model which body parts touch the object, or each other (source lvlm).",
        _contacts("source", "margin", "share"), _EVERY,
    ),
    "contacts": Stage(
        "chorus.contacts.stage", ("body", "scenes", "screening", "contacts"),
        ("ask_contacts", "screening", "pair_people"), "contacts/{category}/{prompt}.h5",
        "Turn answers into body parts with weights and checked sides (sources lvlm and annotations).",
        _contacts("model", "base_url", "samples", "images", "temperature", "seed", "timeout", "share"), _EVERY,
    ),
    "clusters": Stage(
        "chorus.distribution.clusters_stage", ("body", "contacts"), (*ESTIMATORS.values(), "contacts"),
        "clusters/{category}.json",
        "List the interaction types (prompt, body part) and which of them rest on enough images.",
        _contacts("model", "base_url", "samples", "images", "temperature", "seed", "timeout", "margin"),
    ),
    "truth": Stage(
        "chorus.evaluation.truth", ("run", "body", "scenes", "grid", "truth"), (), "truth/{category}.h5",
        "Compute the true field of the scenes from unrendered draws.",
    ),
    "testset": Stage(
        "chorus.evaluation.testset", ("run", "body", "scenes", "testset"), (), "testset/{category}.h5",
        "Collect images with known pose, camera and object mask: other scenes, COCO with EFT bodies, photographs.",
        (("testset", "eft_sha256"),),
    ),
    "warps": Stage(
        "chorus.evaluation.warps", ("body", "grid", "warps"), ("testset",), "warps/{category}.h5",
        "Warp the grid around the body of every test image back to the canonical one, once for all fields.",
    ),
    "pap": Stage(
        "chorus.evaluation.stage", ("body", "people", "compute"), ("voxels", "truth", "testset", "warps"),
        "pap/{category}.json",
        "Score a field: projective average precision, baselines and, for scenes, the truth.",
    ),
    "summary": Stage(
        "chorus.evaluation.summary", ("testset",), ("pap",), "summary.json",
        "Put the scores of all categories and variants into one table.",
    ),
    "table1": Stage(
        "chorus.tables.table1", (), ("screening", "cameras"), "tables/table1.csv",
        "Tabulate images, rejection rates and how evenly the cameras are spread (the paper's Table 1).",
    ),
    "table2": Stage(
        "chorus.tables.table2", ("testset",), ("pap",), "tables/table2.csv",
        "Tabulate mPAP of the run and its ablations over all seeds beside the paper's Table 2.",
    ),
    "table3": Stage(
        "chorus.tables.table3", (), ("screening",), "tables/table3.csv",
        "Tabulate prompts, images and rejection rates of every category beside the paper's Table 3.",
    ),
    "table5": Stage(
        "chorus.tables.table5", (), ("testset",), "tables/table5.csv",
        "Tabulate the test images of every category beside the paper's Table 5.",
    ),
    "ablations": Stage(
        "chorus.tables.ablations", (), ("pap",), "tables/ablations.csv",
        "Tabulate PAP and agreement with the truth of every category, ablation and seed.",
    ),
    "images_vs_pap": Stage(
        "chorus.tables.images_vs_pap", ("testset",), ("pap",), "figures/images_vs_pap.png",
        "Draw mPAP against the number of images that vote.",
    ),
    "field_figure": Stage(
        "chorus.figures.field_stage", ("body",), ("voxels",), "figures/{category}_field.png",
        "Draw the field with the body from three views.",
    ),
    "contact_sheet": Stage(
        "chorus.figures.sheet_stage", ("figures",), ("masks", "screening"), "figures/{category}_screening.png",
        "Draw kept and rejected images with their reasons.",
    ),
    "gallery": Stage(
        "chorus.figures.gallery_stage", ("screening", "figures"), ("masks", "keypoints", "screening"),
        "report/{category}_gallery.html",
        "Show kept and rejected images with masks, skeletons and reasons on one page.",
    ),
    "overlays": Stage(
        "chorus.figures.overlay_stage", ("body", "figures"), ("people", "screening"), "figures/{category}_people.png",
        "Draw the fitted bodies over their images.",
    ),
    "interactions_figure": Stage(
        "chorus.figures.interactions_stage", ("body",), ("voxels", "cameras", "skinning"),
        "figures/{category}_interactions.png",
        "Draw every interaction: over a picture, around the star pose, around that picture's body; and a turntable.",
    ),
    "interactive": Stage(
        "chorus.figures.interactive_stage", ("body",), ("voxels", "cameras", "skinning"),
        "report/{category}_interactive.html",
        "Write a page on which the field can be turned, cut and asked which images voted.",
    ),
    "page": Stage(
        "chorus.figures.page", (),
        (
            "pap", "screening", "gallery", "interactive",
            "field_figure", "interactions_figure", "contact_sheet", "overlays",
        ),
        "report/{category}.html",
        "Put pictures, scores and prompts of a category on one page.",
    ),
    "pair_scenes": Stage(
        "chorus.pairs.scenes_stage", ("run", "body", "pairs", "compute"), (), "pairs/scenes.h5",
        "Draw pairs of people in contact, and what keypoints, first estimates and contact labels would say of them.",
        _pairs("labels", *_FIT, *_CURATION, *_PHOTOGRAPHED),
    ),
    "pair_fits": Stage(
        "chorus.pairs.fit_stage", ("body", "pairs", "compute"), ("pair_scenes",), "pairs/fits.h5",
        "Fit pairs of people to keypoints and contact labels.",
        _pairs(*_DRAWN, *_PHOTOGRAPHED),
    ),
    "pair_curation": Stage(
        "chorus.pairs.curation_stage", (), ("pair_fits",), "pairs/curated.h5",
        "Keep the fits of training pairs that went well; one reason for every other.",
    ),
    "pair_prior": Stage(
        "chorus.pairs.prior_stage", ("run", "body", "prior", "compute"), ("pair_scenes", "pair_curation"),
        "pairs/prior.safetensors",
        "Train the contact prior, a diffusion model of pairs, on curated fits.",
        (("prior", "time"), ("prior", "sigma")),
    ),
    "pair_refinement": Stage(
        "chorus.pairs.refine_stage", ("body", "pairs", "prior", "compute"), ("pair_scenes", "pair_prior"),
        "pairs/refined.h5",
        "Fit held-out pairs with the contact prior.",
        _pairs("labels", *_DRAWN, *_PHOTOGRAPHED),
    ),
    "pair_evaluation": Stage(
        "chorus.pairs.evaluation_stage", ("body",), ("pair_scenes", "pair_fits", "pair_curation", "pair_refinement"),
        "pairs/evaluation.json",
        "Score fitted pairs: joint PA-MPJPE, PCC, penetration, contact labels; with a picture.",
    ),
    "person_fits": Stage(
        "chorus.pairs.person_stage", ("body", "pairs", "prior", "compute"),
        ("pair_people", "contacts", "pair_prior"), "person_fits/{category}.h5",
        "Fit the pairs of all photographs, without labels and with what was told, with and without the prior.",
        _pairs("labels", *_DRAWN, *_PHOTOGRAPHED), (PERSON,),
    ),
    "pairs_figure": Stage(
        "chorus.figures.pairs_stage", ("body", "figures"), ("masks", "person_fits"), "figures/{category}_pairs.png",
        "Draw pairs: the photograph, first estimate and fit over it, and the fit from the side and from above.",
        kinds=(PERSON,),
    ),
    "crate": Stage(
        "chorus.archive.crate", (), ("page", "summary", "pairs_figure"), "ro-crate-metadata.json",
        "Describe the whole run as a Provenance Run RO-Crate: files, digests, settings, code, jobs.",
    ),
}  # fmt: skip
