"""The command line: one subcommand a stage (`python -m chorus STAGE --help`), and a few for people."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from chorus.arguments import INPUTS, NAME_HELP, NAMES, OUTPUTS
from chorus.errors import ChorusError


def parser() -> argparse.ArgumentParser:
    """The argument parser of every subcommand."""
    from chorus.stages import STAGES

    top = argparse.ArgumentParser(
        prog="python -m chorus",
        description="From a word to the 3D distribution of that object around a person. Snakemake runs the stages: "
        "snakemake --cores all results/pap/motorcycle.json",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="STAGE")
    for name, stage in STAGES.items():
        _add_stage(commands, name, stage.help, stage.sections)
    fetch = commands.add_parser("fetch", help="Get a network file or an archive, checked by its SHA-256.")
    fetch.add_argument(
        "what",
        choices=["blazepose", "model", "file", "archive", "member"],
        help="BlazePose's network; where to get another one; your own file; archive to unpack; one member of a .zip",
    )
    fetch.add_argument("--output", type=Path, required=True, help="where to put it; for an archive a new folder")
    fetch.add_argument("--source", default="", metavar="PATH_OR_URL", help="local path or https address")
    fetch.add_argument("--sha256", default="", metavar="HEX", help="what the content of the file or archive must have")
    fetch.add_argument("--member", default="", metavar="PATH", help="member: path inside the archive")
    pose = commands.add_parser("pose", help="Carry the field of an interaction type to a body pose (.npz or .ply).")
    _add_pose(pose)
    _add_explain(
        commands.add_parser("explain", help="Draw prediction, target, person and the curve of one test image.")
    )
    _add_reconstruct(commands)
    check = commands.add_parser(
        "config", help="Check configuration files; prints one line and exits 1 if something is wrong."
    )
    check.add_argument("files", nargs="+", type=Path, help="YAML files, later ones win")
    _add_archive(commands)
    bench = commands.add_parser("bench", help="Time every kernel against the slow reference of the tests (minutes).")
    bench.add_argument("--output", type=Path, metavar="FILE", help="also write the records as JSON")
    bench.add_argument("--resolutions", type=int, nargs="+", default=[48, 96, 128], help="voxels along a side")
    estimate = commands.add_parser("estimate", help="Print pictures, hours, disk and API cost before anything runs.")
    collect = commands.add_parser("gc", help="List results that are no longer configured; with --delete remove them.")
    collect.add_argument("--delete", action="store_true", help="remove what is listed")
    for command in (estimate, collect):
        command.add_argument(
            "--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as for Snakemake: over config.yaml"
        )
    docs = commands.add_parser(
        "docs", help="Rewrite config.yaml, its schema, docs/config.md and docs/formats.md from the code."
    )
    docs.add_argument("--root", type=Path, default=Path("."), help="repository root")
    return top


def _add_archive(commands: argparse._SubParsersAction) -> None:
    verify = commands.add_parser(
        "verify", help="Hash a results folder again: what is missing, damaged or stale? Exits 1 if anything is."
    )
    verify.add_argument("results", nargs="?", type=Path, default=Path("results"), help="the results folder")
    verify.add_argument(
        "--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="also compare with this configuration"
    )
    trace = commands.add_parser("trace", help="Show what a result was made from, back to the prompts.")
    trace.add_argument("file", type=Path, help="a file of the results, such as results/pap/motorcycle.json")
    commands.add_parser(
        "status",
        usage="python -m chorus status [targets and options as given to snakemake]",
        help="Count done and planned files by stage; a run may be going on.",
    )


def _add_stage(commands: argparse._SubParsersAction, name: str, text: str, sections: tuple[str, ...]) -> None:
    stage = commands.add_parser(name, help=text, description=text)
    inputs = stage.add_argument_group("inputs")
    for item in INPUTS[name]:
        inputs.add_argument(
            f"--{item.name}", type=Path, nargs="*" if item.many or item.optional else 1, default=[],
            required=not item.optional, metavar="FILE", help=item.help,
        )  # fmt: skip
    for key in NAMES.get(name, ("category",)):
        inputs.add_argument(f"--{key}", required=True, metavar="TEXT", help=NAME_HELP[key])
    outputs = stage.add_argument_group("outputs")
    outputs.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="main output; its record goes beside it"
    )
    for item in OUTPUTS.get(name, ()):
        outputs.add_argument(f"--{item.name}", type=Path, required=True, metavar="FILE", help=item.help)
    reads = ", ".join(sections) or "nothing"
    stage.add_argument(
        "--settings",
        default="{}",
        metavar="JSON",
        help=f"configuration sections as JSON (this stage reads: {reads}); defaults otherwise",
    )


def _add_pose(pose: argparse.ArgumentParser) -> None:
    pose.add_argument("voxels", type=Path, metavar="FILE", help="results/voxels/{category}.h5; its votes lie beside it")
    pose.add_argument(
        "--pose", type=Path, metavar="FILE", help=".json or .npy with 24 x 3 axis-angles; star pose if left out"
    )
    pose.add_argument("--interaction", default="", metavar="TEXT", help="interaction name, or text or id of a prompt")
    pose.add_argument("--part", default="", metavar="NAME", help="body part that the object touches, such as rightHand")
    pose.add_argument(
        "--lookup", choices=["forward", "linear", "nearest"], default="forward",
        help="inverse of the warp that voted, or A.7's inverse with linear or nearest voxel",
    )  # fmt: skip
    pose.add_argument("--body", type=Path, metavar="FILE", help="body model of the run if it is not the open body")
    pose.add_argument("--surface", action="store_true", help=".ply: surface of the voxels instead of their centres")
    pose.add_argument(
        "--threshold", type=float, help=".ply: least probability shown; a quarter of the largest if left out"
    )
    pose.add_argument("--output", type=Path, required=True, metavar="FILE", help=".npz or .ply to write")


def _add_explain(explain: argparse.ArgumentParser) -> None:
    explain.add_argument("--voxels", type=Path, required=True, metavar="FILE", help="results/voxels/{category}.h5")
    explain.add_argument("--testset", type=Path, required=True, metavar="FILE", help="results/testset/{category}.h5")
    explain.add_argument(
        "--image", required=True, metavar="ID", help="image id, as in `images` of results/pap/{category}.json"
    )
    explain.add_argument("--body", type=Path, metavar="FILE", help="body model of the run if it is not the open body")
    explain.add_argument("--lookup", choices=("nearest", "forward"), default="nearest", help="warps.lookup of the run")
    explain.add_argument("--output", type=Path, required=True, metavar="FILE", help=".png to write")


def _add_reconstruct(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "reconstruct", help="From one photograph to person and object in 3D: GLB, OBJ, overlay and scores (paper 4.5)."
    )
    command.add_argument("photo", type=Path, help="PNG, JPEG or WebP file with a person and an object")
    command.add_argument(
        "--voxels", type=Path, nargs="+", required=True, metavar="FILE",
        help="results/voxels/{category}.h5 of finished runs; several only with --annotations",
    )  # fmt: skip
    command.add_argument("--annotations", type=Path, metavar="FILE", help="COCO json that names the photograph")
    command.add_argument("--interaction", metavar="TEXT", help="interaction name, or text or id of a prompt")
    command.add_argument("--body", type=Path, metavar="FILE", help="body model of the runs if it is not the open body")
    command.add_argument("--model", type=Path, metavar="FILE", help="BlazePose network file, if not in models/")
    command.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="where the files go")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; errors that a user can meet become one line and exit status 1."""
    commands = parser()
    options, rest = commands.parse_known_args(arguments)
    options.rest = rest
    if rest and options.command != "status":
        commands.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        _run(options)
    except ChorusError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.command == "fetch":
        _fetch(options)
    elif options.command == "config":
        from chorus.config import load_config

        load_config(options.files)
        print("The configuration is fine.")
    elif options.command == "estimate":
        from chorus.estimate import report
        from chorus.workflow import Plan

        print(report(Plan.of_folder(options.configfile)))
    elif options.command == "gc":
        from chorus.leftovers import delete, leftovers, summary
        from chorus.workflow import Plan

        found = leftovers(Plan.of_folder(options.configfile))
        if options.delete:
            delete(found)
        print(summary(found, options.delete))
    elif options.command == "pose":
        _pose(options)
    elif options.command == "explain":
        from chorus.body.loading import OPEN_BODY
        from chorus.figures.explain import run as explain

        body = options.body or OPEN_BODY
        print(explain(options.voxels, options.testset, options.image, body, options.output, options.lookup))
    elif options.command == "reconstruct":
        _reconstruct(options)
    elif options.command in {"verify", "trace", "status"}:
        from chorus.archive.commands import run_command

        for line in run_command(options):
            print(line)
    elif options.command == "bench":
        from chorus.bench.table import run

        run(options.resolutions, options.output)
    elif options.command == "docs":
        from chorus.config_docs import write_generated

        print("\n".join(write_generated(options.root)) or "Nothing changed.")
    else:
        _run_stage(options)


def _fetch(options: argparse.Namespace) -> None:
    from chorus.fetching import bring, fetch_archive, fetch_file, fetch_member

    if options.what == "blazepose":
        from chorus.perception.blazepose import fetch

        fetch(options.output)
    elif options.what == "model":
        bring(options.output)
    elif options.what == "member":
        fetch_member(options.source, options.sha256, options.member, options.output)
    else:
        fetch_pinned = fetch_file if options.what == "file" else fetch_archive
        fetch_pinned(options.source, options.sha256, options.output)


def _pose(options: argparse.Namespace) -> None:
    from chorus.distribution.export import save
    from chorus.distribution.loading import load, read_pose

    distribution, kind = load(options.voxels, options.body), (options.interaction, options.part)
    if options.pose is None:
        field = distribution.canonical(*kind)
    else:
        field = distribution.pose(read_pose(options.pose), *kind, options.lookup)
    save(field, options.output, options.surface, options.threshold)
    print(f"{distribution.category}: {field.images} images, {field.known.mean():.0%} of space known.")


def _reconstruct(options: argparse.Namespace) -> None:
    from chorus.reconstruction.reconstruct import Request, reconstruct
    from chorus.workflow import BLAZEPOSE_MODEL

    print(
        reconstruct(
            Request(
                options.photo, tuple(options.voxels), options.annotations, options.interaction, options.body,
                options.model or Path(BLAZEPOSE_MODEL), options.output,
            )
        )
    )  # fmt: skip


def _run_stage(options: argparse.Namespace) -> None:
    from chorus.job import Job, parse_sections
    from chorus.stages import STAGES

    name, given = options.command, vars(options)
    extra = OUTPUTS.get(name, ())
    job = Job(
        name,
        {item.name: tuple(given[item.name.replace("-", "_")]) for item in INPUTS[name]},
        {"output": options.output} | {item.name: given[item.name.replace("-", "_")] for item in extra},
        parse_sections(name, options.settings),
        {key: given[key] for key in NAMES.get(name, ("category",))},
    )
    importlib.import_module(STAGES[name].module).run(job)
