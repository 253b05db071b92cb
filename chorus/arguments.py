"""The arguments of every stage on the command line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Argument:
    """One file argument of a stage."""

    name: str
    help: str
    many: bool = False
    optional: bool = False


_BODY = Argument("body", "body model (.npz, or your SMPL .pkl/.npz)")
_IMAGES = Argument("images", "`images` file of the shard")
_MODEL = Argument("model", "BlazePose network file (backend blazepose)", optional=True)
_ANNOTATIONS = Argument("annotations", "COCO json of the shard", optional=True)
_SCENES = Argument("scenes", "`scenes` file of the shard (backend annotations)", optional=True)
_VIEWS = Argument("views", "view table (resources/views.yaml)")
_PUBLISHED = Argument("published", "the paper's numbers (resources/published.json)")
_PAIR_SCENES = Argument("pairs", "`pair_scenes` file")
_MESH = Argument("mesh", "your OBJ mesh of the object", optional=True)


def _many(kind: str, optional: bool = False) -> Argument:
    return Argument(kind, f"`{kind}` files, in the same order as the other lists", many=True, optional=optional)


def _of_runs(kind: str) -> Argument:
    return Argument(kind, f"`{kind}` files of all runs, as many for each, in the order of --runs", many=True)


INPUTS: dict[str, tuple[Argument, ...]] = {
    "ask": (),
    "scenes": (_BODY, _VIEWS, _MESH),
    "diffusion": (_VIEWS,),
    "folder": (Argument("photographs", "folder of the photographs"),),
    "photographs": (Argument("annotations", "COCO json of the photographs"),),
    "masks": (_IMAGES, _ANNOTATIONS),
    "keypoints": (_IMAGES, Argument("masks", "`masks` file of the shard"), _ANNOTATIONS, _MODEL),
    "people": (
        _IMAGES, Argument("masks", "`masks` file of the shard"), Argument("keypoints", "`keypoints` file of the shard"),
        _BODY, _SCENES, _MODEL,
    ),
    "screening": (_many("masks"), _many("keypoints"), _many("people")),
    "rejections": (_many("screening"),),
    "cameras": (Argument("screening", "screening table of the prompt"), _many("masks"), _many("people"), _BODY),
    "skinning": (_BODY,),
    "votes": (
        Argument("cameras", "`cameras` file of the prompt"), _many("masks"), _many("people"),
        Argument("skinning", "`skinning` file"), _BODY,
    ),
    "rays": (
        Argument("cameras", "`cameras` file of the prompt"), _many("masks"), _many("people"),
        Argument("skinning", "`skinning` file"), _BODY,
        Argument("votes", "`votes` files of all prompts of the category", many=True),
    ),
    "voxels": (_many("votes"),),
    "pair_people": (_IMAGES, Argument("masks", "`masks` file of the shard"), _ANNOTATIONS, _BODY, _MODEL),
    "ask_contacts": (
        Argument("screening", "screening table of the prompt (objects)", optional=True), _many("images"),
        *(_many(kind, optional=True) for kind in ("masks", "pair_people")),
    ),
    "contacts": (
        Argument("screening", "screening table of the prompt (objects)", optional=True),
        Argument("asked", "answers (source lvlm)", optional=True),
        *(_many(kind, optional=True) for kind in ("masks", "keypoints", "images", "scenes", "pair_people")),
        Argument("views", "view table (source annotations)", optional=True), _BODY, _MESH,
    ),
    "clusters": (_many("votes"), _many("contacts", optional=True), _BODY),
    "truth": (_BODY, _MESH),
    "testset": (
        _BODY, Argument("views", "view table (source scenes)", optional=True), _MESH,
        Argument("annotations", "COCO json (sources coco_eft, coco)", optional=True),
        Argument("eft", "EFT json (source coco_eft)", optional=True),
        Argument("model", "BlazePose network file (source coco)", optional=True),
    ),
    "warps": (Argument("testset", "`testset` file of the category"), _BODY),
    "pap": (
        Argument("voxels", "`voxels` file of the category"), Argument("testset", "`testset` file of the category"),
        Argument("warps", "`warps` file of the category"), _BODY,
        Argument("truth", "`truth` file (scenes only)", optional=True),
    ),
    "summary": (_many("pap"),),
    "table1": (_of_runs("screening"), _of_runs("cameras"), _PUBLISHED),
    "table2": (_of_runs("pap"), _PUBLISHED),
    "table3": (_of_runs("screening"), _PUBLISHED),
    "table5": (_many("testset"), _PUBLISHED),
    "ablations": (_of_runs("pap"),),
    "images_vs_pap": (_of_runs("pap"), _PUBLISHED),
    "field_figure": (Argument("voxels", "`voxels` file of the category"), _BODY),
    "contact_sheet": (_many("masks"), _many("screening")),
    "gallery": (_many("masks"), _many("keypoints"), _many("screening")),
    "overlays": (_many("images", optional=True), _many("masks"), _many("people"), _many("screening"), _BODY),
    "interactions_figure": (
        Argument("voxels", "`voxels` file of the category"), _many("cameras"), _many("screening"),
        _many("images", optional=True), _many("masks"), _many("people"), Argument("skinning", "`skinning` file"), _BODY,
    ),
    "interactive": (
        Argument("voxels", "`voxels` file of the category"), _many("cameras"), _many("masks"), _many("people"),
        Argument("skinning", "`skinning` file"), _BODY, Argument("template", "page without data (resources)"),
    ),
    "page": (
        _many("screening"), Argument("figures", "pictures to show", many=True),
        Argument("pap", "`pap` report, if the category was scored", optional=True),
        Argument("gallery", "gallery of the category, to link to", optional=True),
        Argument("interactive", "interactive page of the category, to link to", optional=True),
    ),
    "pair_scenes": (_BODY,),
    "pair_fits": (_PAIR_SCENES, _BODY),
    "pair_curation": (Argument("fits", "`pair_fits` file"),),
    "pair_prior": (_PAIR_SCENES, Argument("curated", "`pair_curation` file"), _BODY),
    "pair_refinement": (_PAIR_SCENES, Argument("prior", "trained prior"), Argument("card", "its card"), _BODY),
    "pair_evaluation": (
        _PAIR_SCENES, Argument("fits", "`pair_fits` file"), Argument("curated", "`pair_curation` file"),
        Argument("refined", "`pair_refinement` file"), _BODY,
    ),
    "person_fits": (
        _many("pair_people"), _many("contacts", optional=True), Argument("prior", "trained prior"),
        Argument("card", "its card"), _BODY,
    ),
    "pairs_figure": (
        _many("images", optional=True), _many("masks"), _many("pair_people"), Argument("fits", "`person_fits` file"),
        _BODY,
    ),
    "crate": (
        Argument("snakefile", "the workflow's main file"), Argument("targets", "final files of the run", many=True)
    ),
}  # fmt: skip

_TABLE = (Argument("markdown", "the same as a Markdown table"), Argument("latex", "the same as a LaTeX tabular"))
OUTPUTS: dict[str, tuple[Argument, ...]] = {
    "scenes": (Argument("images", "rendered pictures"), Argument("annotations", "their COCO json")),
    "photographs": (Argument("annotations-output", "COCO json of the chosen photographs"),),
    "rejections": (Argument("markdown", "the same as a Markdown table"),),
    "summary": (Argument("markdown", "the same as a Markdown table"),),
    **dict.fromkeys(("table1", "table2", "table3", "table5", "ablations"), _TABLE),
    "interactions_figure": (Argument("turntable", "the field of all prompts, turning (GIF)"),),
    "pair_prior": (Argument("card", "what the prior is and was trained on, JSON"),),
    "pair_evaluation": (Argument("figure", "picture: a pair before and after, PCC curves"),),
    "crate": (Argument("workflow", "copy of the workflow's main file"),),
}

NAMES: dict[str, tuple[str, ...]] = {
    "scenes": ("category", "prompt", "interaction", "shard"),
    "diffusion": ("category", "prompt", "shard"),
    "folder": ("category", "prompt", "shard"),
    "photographs": ("category", "prompt", "shard"),
    "screening": ("category", "prompt"),
    "votes": ("category", "prompt", "interaction"),
    "rays": ("category", "prompt", "interaction"),
    "contacts": ("category", "prompt", "interaction"),
    "truth": ("category", "interactions"),
    "testset": ("category", "interactions"),
    "gallery": ("category", "prompts"),
    "interactive": ("category", "prompts"),
    "page": ("category", "prompts"),
    "rejections": (),
    "skinning": (),
    "summary": (),
    "crate": (),
    **dict.fromkeys(("table1", "table2", "table3", "ablations", "images_vs_pap"), ("runs",)),
    "table5": (),
    **dict.fromkeys(
        ("pair_scenes", "pair_fits", "pair_curation", "pair_prior", "pair_refinement", "pair_evaluation"), ()
    ),
}
NAME_HELP = {
    "category": "category name, such as sports_ball",
    "prompt": "text of the prompt",
    "prompts": "texts of all prompts, separated by the unit separator (0x1f)",
    "interaction": "interaction template of the prompt",
    "interactions": "interaction templates of all prompts, comma-separated, one a prompt",
    "shard": "number of the shard",
    "runs": "what is compared: NAME:NUMBER of every run and repetition, comma-separated",
}
