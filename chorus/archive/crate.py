"""Stage `crate`: the whole run as a Provenance Run RO-Crate, written from the records that every job left.

In this profile (https://w3id.org/ro/wfrun/provenance/0.5) the run of a workflow is a `CreateAction`, so is every job; a
`ControlAction` joins a job to its step of the workflow, an `OrganizeAction` joins them all to Snakemake.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chorus import store
from chorus.archive.folder import checked_record, is_left_out, located_input, result_files
from chorus.errors import FileError, MissingExtraError
from chorus.naming import RESULTS, digest_of

if TYPE_CHECKING:
    from rocrate.model import ContextEntity
    from rocrate.rocrate import ROCrate

    from chorus.job import Job

WORKFLOW = "workflow/Snakefile"
_PROFILES = ("process/0.5", "workflow/0.5", "provenance/0.5")
_TERMS = "https://w3id.org/ro/terms/workflow-run/context"
_DIGITS = 16


@dataclass(frozen=True)
class FinishedJob:
    """One job of the run, as the records beside its outputs tell it: those have all but the file in common."""

    outputs: tuple[Path, ...]
    record: Mapping[str, Any]

    @property
    def stage(self) -> str:
        """The stage that it ran."""
        return self.record["stage"]


def run(job: Job) -> None:
    """Write the crate's metadata into the results folder, and the workflow's main file beside it."""
    main = job.outputs["output"]
    results = main.parent
    job.write_file(job.one("snakefile").read_bytes(), "snakefile", "workflow")
    made_here = {path.absolute() for path in job.outputs.values()}
    jobs = finished_jobs((path for path in result_files(results) if path.absolute() not in made_here), results)
    if not jobs:
        raise FileError(f"{results}: holds no result with a record; run the workflow first.")
    crate = _Writer(results, _new_crate(results, jobs))
    crate.add_jobs(jobs)
    job.write_json(crate.crate.metadata.generate())
    print(f"{len(jobs)} jobs described.")


def finished_jobs(paths: Iterator[Path], results: Path) -> list[FinishedJob]:
    """The jobs that made the given results, in the order of their first file.

    Raises:
        FileError: a file is missing or damaged.
    """
    outputs: dict[str, list[Path]] = {}
    records: dict[str, dict[str, Any]] = {}
    for path in paths:
        record = checked_record(path, results)
        own = ("file", "kind", "sha256", "size")
        shared = {name: value for name, value in record.items() if name not in own}
        key = digest_of(shared)
        outputs.setdefault(key, []).append(path)
        records[key] = shared
    return [FinishedJob(tuple(outputs[key]), records[key]) for key in outputs]


def _new_crate(results: Path, jobs: list[FinishedJob]) -> ROCrate:
    try:
        from rocrate.rocrate import ROCrate
    except ImportError:
        raise MissingExtraError('crate: needs rocrate; pip install -e ".[provenance]"') from None
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(_TERMS)
    crate.name = "CHORUS: where objects are around people"
    crate.description = f"{len(jobs)} jobs from prompts to fields and scores, each with its inputs, settings and code."
    # The day on which the newest file was made: the crate says the same however often it is written.
    newest = max(_age(path) for job in jobs for path in job.outputs)
    crate.root_dataset["datePublished"] = datetime.fromtimestamp(newest, UTC).date().isoformat()
    crate.license = _entity(
        crate, "#licence", "CreativeWork", name="Licence of the results", description="chosen by whoever publishes them"
    )
    profiles = [f"https://w3id.org/ro/wfrun/{profile}" for profile in _PROFILES]
    profiles.append("https://w3id.org/workflowhub/workflow-ro-crate/1.0")
    crate.root_dataset["conformsTo"] = [
        _entity(crate, url, "CreativeWork", name=url.split("/", 4)[-1], version=url.rsplit("/", 1)[-1])
        for url in profiles
    ]
    return crate


def _entity(crate: ROCrate, identifier: str, kind: str | list[str], **properties: Any) -> ContextEntity:
    from rocrate.model import ContextEntity

    return crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **properties}))


class _Writer:
    """Adds the entities of a run to a crate, each once."""

    def __init__(self, results: Path, crate: ROCrate):
        self.results, self.crate = results, crate
        self.known: dict[str, Any] = {}

    def add_jobs(self, jobs: list[FinishedJob]) -> None:
        """The workflow, its steps and tools, its run, and the run of every job."""
        stages = sorted({job.stage for job in jobs})
        versions = {name: version for job in jobs for name, version in job.record["versions"].items()}
        workflow, engine = self._workflow(versions), self._software("snakemake", versions)
        tools = {stage: self._tool(stage, jobs, versions) for stage in stages}
        steps = {
            stage: self._once(
                f"{WORKFLOW}#{stage}", "HowToStep", name=stage, position=str(place), workExample=tools[stage]
            )
            for place, stage in enumerate(stages)
        }
        workflow["hasPart"], workflow["step"] = list(tools.values()), list(steps.values())
        actions = [self._action(job, tools[job.stage]) for job in jobs]
        controls = [
            self._once(f"{action.id}/control", "ControlAction", instrument=steps[job.stage], object=action)
            for job, action in zip(jobs, actions, strict=True)
        ]
        made = {path for job in jobs for path in job.outputs}
        outer = [entity for identifier, entity in self.known.items() if identifier.startswith("#input/")]
        run = self._once(
            "#run", "CreateAction", name="Run of the workflow", instrument=workflow, object=outer,
            result=[self._file(path) for path in sorted(made)], endTime=self._time(max(made, key=_age)),
        )  # fmt: skip
        self.crate.root_dataset["mentions"] = [run]
        self._once(
            "#organization", "OrganizeAction", name="Snakemake's run", instrument=engine, object=controls, result=run
        )

    def _workflow(self, versions: Mapping[str, str]) -> Any:
        properties = {
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "name": "CHORUS in Snakemake",
            "version": versions.get("chorus-hoi", "unknown"),
        }
        return self.crate.add_workflow(dest_path=WORKFLOW, main=True, lang="snakemake", properties=properties)

    def _software(self, name: str, versions: Mapping[str, str]) -> Any:
        version = versions.get(name, "unknown")
        return self._once(f"#software/{name}", "SoftwareApplication", name=name, softwareVersion=version)

    def _tool(self, stage: str, jobs: list[FinishedJob], versions: Mapping[str, str]) -> Any:
        codes = sorted({job.record["code"] for job in jobs if job.stage == stage})
        packages = [self._software(name, versions) for name in sorted(versions)]
        return self._once(
            f"#stage/{stage}", "SoftwareApplication", name=f"python -m chorus {stage}", softwareRequirements=packages,
            softwareVersion=", ".join(f"code {code}" for code in codes),
        )  # fmt: skip

    def _action(self, job: FinishedJob, tool: Any) -> Any:
        record = job.record
        inputs = [self._input(file) for files in record["inputs"].values() for file in files]
        settings = self._value(f"#settings/{job.stage}", "settings", json.dumps(record["settings"], sort_keys=True))
        texts = {**record["names"], **record["models"]}
        values = [self._value(f"#{name}", name, text) for name, text in texts.items()]
        outputs = [self._file(path) for path in job.outputs]
        return self._once(
            f"#job/{outputs[0].id}", "CreateAction", name=f"{job.stage} of {outputs[0].id}", instrument=tool,
            object=[*inputs, settings, *values], result=outputs, endTime=self._time(job.outputs[0]),
        )  # fmt: skip

    def _value(self, prefix: str, name: str, text: str) -> Any:
        return self._once(f"{prefix}/{digest_of(text)[:_DIGITS]}", "PropertyValue", name=name, value=text)

    def _input(self, file: Mapping[str, str]) -> Any:
        path = located_input(file["path"], self.results)
        if path is not None and path.is_relative_to(self.results):
            return self._file(path)
        # Bodies, view tables, photographs: named by their digest, not part of the crate.
        digest = {"sha256": file["sha256"]} if "sha256" in file else {}
        return self._once(f"#input/{file['path']}", "CreativeWork", name=file["path"], **digest)

    def _file(self, path: Path) -> Any:
        identifier = path.relative_to(self.results).as_posix()
        if identifier not in self.known:
            record = store.read_record(path)
            described = {"name": f"{RESULTS}/{identifier}", "sha256": record["sha256"]}
            if is_left_out(path, self.results):
                return self._once(f"#left-out/{identifier}", "CreativeWork", **described)
            size = {"contentSize": str(record["size"]), "encodingFormat": _media_type(path)}
            self.known[identifier] = self.crate.add_file(dest_path=identifier, properties=described | size)
        return self.known[identifier]

    def _once(self, identifier: str, kind: str, **properties: Any) -> Any:
        if identifier not in self.known:
            self.known[identifier] = _entity(self.crate, identifier, kind, **properties)
        return self.known[identifier]

    def _time(self, path: Path) -> str:
        return datetime.fromtimestamp(int(_age(path)), UTC).isoformat()


def _age(path: Path) -> float:
    return (path if path.exists() else store.record_path(path)).stat().st_mtime  # pictures may be left out


def _media_type(path: Path) -> str:
    types = {".h5": "application/x-hdf5", ".json": "application/json", ".csv": "text/csv", ".png": "image/png"}
    return types.get(path.suffix, "text/html" if path.suffix == ".html" else "text/plain")
