# Functions only: the plan (paths, settings, code digests) lives in chorus/workflow.py.
import functools
import json
import re
import shlex
import sys
from pathlib import Path

sys.path.insert(0, workflow.basedir)

from chorus.config import parse_config
from chorus.errors import ChorusError
from chorus.naming import PERSON
from chorus.prompts.folder import listing_digest
from chorus.scheduling import look_once_at_a_time
from chorus.strict_yaml import read_yaml
from chorus.stages import IMAGES, OBJECTS, kind_of
from chorus.workflow import BLAZEPOSE_MODEL, PROGRAM_ROOT, Plan, located

# Stages are found from any directory and environment; not part of the recorded shell text, so it reruns nothing.
shell.prefix(f"export PYTHONPATH={shlex.quote(workflow.basedir)} PYTHONHASHSEED=0; ")


def checked(make, *arguments, **named):
    """What a function of the plan returns, or one line and exit status 1."""
    try:
        return make(*arguments, **named)
    except ChorusError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        sys.exit(1)


def plan_of_run():
    # Those of the command line come first, the embedded default last; a wrong key is most likely in the user's own.
    paths = [Path(path) for path in workflow.configfiles]
    for path in paths:
        read_yaml(path)
    return Plan(parse_config(config, paths[-2:][0].name))


plan = checked(plan_of_run)


def files(stage, path=None):
    """Input function: the files of a stage for the job's wildcards, from the tree that owns them."""

    def of(wildcards):
        names = dict(wildcards.items())
        return checked(plan.files, stage, names.pop("tree"), path, **names)

    return of


def settings(stage):
    """Params function: the settings that a stage reads, as JSON."""

    @functools.cache
    def text(tree, category):
        return json.dumps(plan.settings(stage, tree, category), sort_keys=True)

    return lambda wildcards: text(wildcards.tree, getattr(wildcards, "category", ""))


def backend(section, name):
    """Input function filter: files only where a backend is chosen."""

    def chosen(stage_files):
        return lambda wildcards: (
            stage_files(wildcards)
            if getattr(plan.configs[wildcards.tree], section).backend == name
            else []
        )

    return chosen


def local_models(section):
    """Input function: model files and folders of this machine that a section names; a hub's model is no input."""
    return lambda wildcards: getattr(
        plan.configs[wildcards.tree], section
    ).local_models()


def perception_environment(section):
    """The conda environment of a section's backend; variants share the main run's."""
    paper = getattr(plan.config, section).backend in ("detectron2", "mmpose")
    return f"../envs/perception{'-detectron2' if paper else ''}.yaml"


def uses_blazepose(tree):
    """Whether keypoints or people of a tree come from BlazePose."""
    chosen = plan.configs[tree]
    return "blazepose" in (chosen.keypoints.backend, chosen.people.backend)


def memory(section):
    """Resource function: megabytes of main memory; networks of torch are larger than ours."""

    def megabytes(wildcards, attempt):
        networks = getattr(plan.configs[wildcards.tree], section).references()
        return (8000 if networks else 2000) * attempt

    return megabytes


def prompt_of(wildcards):
    return checked(plan.prompt, wildcards.category, wildcards.prompt)


def interactions(wildcards):
    """Interaction templates of a category, one a prompt: the mix that truth and test set draw from."""
    return checked(plan.interactions, wildcards.category)


def of_testset(sources, path):
    """An input of the test set, for the sources (separated by spaces) that read it."""
    return [path] if plan.config.testset.source in sources.split() else []


def of_contacts(sources, stage_files):
    """Inputs only where contacts come from one of the sources (separated by spaces)."""

    def chosen(wildcards):
        if plan.configs[wildcards.tree].contacts.source not in sources.split():
            return []
        return stage_files(wildcards) if callable(stage_files) else [stage_files]

    return chosen


def of_kind(kind, stage_files):
    """Input function filter: files only of categories of a kind, objects or person."""
    return lambda wildcards: (
        stage_files(wildcards) if kind_of(wildcards.category) == kind else []
    )


def images(wildcards):
    """Input function: the pictures of the job's wildcards, from the source that makes them."""
    return files(plan.source, IMAGES)(wildcards)


def annotations(wildcards):
    """Input function: the annotations of a shard."""
    return checked(plan.annotations, **dict(wildcards.items()))


def photographs(wildcards):
    """Input function: where the photographs of a prompt lie."""
    return plan.photographs(wildcards.category, wildcards.prompt)


def kept(pictures):
    """Output: pictures, deleted after their last use if the configuration says so; their record always stays."""
    return pictures if plan.config.images.keep else temp(pictures)


def resource(name):
    """The content of one of the program's own JSON files."""
    return json.loads((PROGRAM_ROOT / "resources" / name).read_text("utf-8"))


def pinned(name):
    """Where a file of others comes from and the SHA-256 that it, or its archive, must have."""
    return resource("checksums.json")[name]


def mesh(wildcards):
    """The user's mesh of a category, or nothing."""
    meshes = plan.config.scenes.object_mesh
    return [located(meshes[wildcards.category])] if wildcards.category in meshes else []


wildcard_constraints:
    tree="|".join(re.escape(tree) for tree in plan.configs),
    category="|".join(plan.config.categories),
    prompt=checked(plan.prompt_pattern),
    shard="[0-9]+",


def votes_of_estimator(wildcards):
    """Input function: what the field of a category is merged from, by the estimator of the tree."""
    return checked(plan.votes_of, wildcards.tree, wildcards.category)


def votes_of_category(wildcards):
    """Input function: the votes of all prompts of the job's category."""
    return checked(plan.files, "votes", wildcards.tree, category=wildcards.category)


def votes_memory(wildcards, attempt):
    """Resource function: megabytes of the votes of all body parts, counted once, copied once."""
    groups = 15 if plan.config.occupancy.parts else 1
    sums = plan.config.grid.resolution**3 * groups * 12 * 8 * 5 // 2
    return (1500 + sums // 10**6) * attempt
