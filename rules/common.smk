# Functions only: the plan (paths, settings, code digests) lives in chorus/workflow.py.
import json
import re
import shlex
import sys
from pathlib import Path

sys.path.insert(0, workflow.basedir)

from chorus.config import parse_config, read_yaml
from chorus.errors import ChorusError
from chorus.workflow import BLAZEPOSE_MODEL, Plan, located

# Stages are found from any directory and environment; not part of the recorded shell text, so it reruns nothing.
shell.prefix(f"export PYTHONPATH={shlex.quote(workflow.basedir)} PYTHONHASHSEED=0; ")


def checked_plan():
    """The plan, or one line and exit status 1."""
    # Those of the command line come first, the embedded default last; a wrong key is most likely in the user's own.
    paths = [Path(path) for path in workflow.configfiles]
    try:
        for path in paths:
            read_yaml(path)
        return Plan(parse_config(config, paths[-2:][0].name))
    except ChorusError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        sys.exit(1)


plan = checked_plan()


def files(stage, path=None):
    """Input function: the files of a stage for the job's wildcards, from the tree that owns them."""

    def of(wildcards):
        names = dict(wildcards.items())
        return plan.files(stage, names.pop("tree"), path, **names)

    return of


def settings(stage):
    """Params function: the settings that a stage reads, as JSON."""
    texts = {
        tree: json.dumps(plan.settings(stage, tree), sort_keys=True)
        for tree in plan.trees
    }
    return lambda wildcards: texts[wildcards.tree]


def backend(section, name):
    """Input function filter: files only where a backend is chosen."""

    def chosen(stage_files):
        return lambda wildcards: (
            stage_files(wildcards)
            if getattr(plan.configs[wildcards.tree], section).backend == name
            else []
        )

    return chosen


def prompt_of(wildcards):
    return plan.prompt(wildcards.category, wildcards.prompt)


def interactions(wildcards):
    """Interaction templates of a category, one a prompt: the mix that truth and test set draw from."""
    return ",".join(prompt.interaction for prompt in plan.prompts[wildcards.category])


def mesh(wildcards):
    """The user's mesh of a category, or nothing."""
    meshes = plan.config.scenes.object_mesh
    return [located(meshes[wildcards.category])] if wildcards.category in meshes else []


wildcard_constraints:
    tree="|".join(re.escape(tree) for tree in plan.trees),
    category="|".join(plan.config.categories),
    prompt="[a-z0-9-]+",
    shard="[0-9]+",
