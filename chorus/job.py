"""One run of one stage: its inputs, settings and outputs, and the record it leaves beside every output."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from chorus import config as configuration
from chorus import store
from chorus.errors import ConfigError, FileError
from chorus.naming import digest_of
from chorus.provenance import code_digest, package_versions
from chorus.stages import STAGES
from chorus.workflow import PROGRAM_ROOT, settings_of


@dataclass(frozen=True)
class Job:
    """What a stage is given.

    Attributes:
        stage: name in `chorus.stages.STAGES`.
        inputs: input name -> files.
        outputs: output name -> file; `output` is the main one.
        sections: configuration sections, plain values.
        names: category, prompt text and the like.
        models: model name -> revision and digest, filled by backends and recorded.
    """

    stage: str
    inputs: Mapping[str, tuple[Path, ...]]
    outputs: Mapping[str, Path]
    sections: Mapping[str, Any]
    names: Mapping[str, str]
    models: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Any:
        """Typed sections that this stage reads, `settings.images.size`; others are absent on purpose."""
        known = configuration.Config.model_fields
        return SimpleNamespace(
            **{name: known[name].annotation.model_validate(value) for name, value in self.sections.items()}  # type: ignore[union-attr]
        )

    def one(self, name: str) -> Path:
        """The single file of an input."""
        files = self.inputs.get(name, ())
        if len(files) != 1:
            raise FileError(f"{self.stage}: --{name} needs exactly one file, got {len(files)}.")
        return files[0]

    def many(self, name: str) -> tuple[Path, ...]:
        """All files of an input."""
        return self.inputs.get(name, ())

    def write_arrays(
        self, kind: str, arrays: Mapping[str, Any], attributes: Mapping[str, str], output: str = "output"
    ) -> None:
        """Write an HDF5 output and its record."""
        self._write(output, store.encode_arrays(kind, arrays, attributes), kind)

    def write_json(self, value: object, output: str = "output") -> None:
        """Write a JSON output and its record."""
        self._write(output, store.json_bytes(value), "json")

    def write_file(self, content: bytes, kind: str, output: str = "output") -> None:
        """Write an output that is bytes already (CSV, PNG) and its record."""
        self._write(output, content, kind)

    def record(self, kind: str) -> dict[str, Any]:
        """What the outputs of this job were made from."""
        return {
            "kind": kind,
            "stage": self.stage,
            "names": dict(self.names),
            "inputs": {name: [_described(path) for path in files] for name, files in self.inputs.items() if files},
            "settings": dict(self.sections),
            "settings_hash": digest_of(dict(self.sections)),
            "code": code_digest(STAGES[self.stage].module),
            "models": dict(self.models),
            "versions": dict(package_versions()),
        }

    def _write(self, output: str, content: bytes, kind: str) -> None:
        store.write_recorded(self.outputs[output], content, self.record(kind))


def _described(path: Path) -> dict[str, str]:
    # Never absolute, so that a record says the same in every folder the run is moved to.
    shown = os.path.relpath(path) if path.is_absolute() else str(path)
    if path.is_absolute() and path.is_relative_to(PROGRAM_ROOT):
        shown = str(path.relative_to(PROGRAM_ROOT))
    if path.is_dir():
        return {"path": shown}
    sidecar = store.record_path(path)
    # Hashed here even if the stage had no need to look into it: nothing is made over a damaged input.
    digest = store.check(path)["sha256"] if sidecar.is_file() else store.sha256_of(path)
    return {"path": shown, "sha256": digest}


def parse_sections(stage: str, text: str) -> dict[str, Any]:
    """Settings given on the command line as JSON, completed with defaults and reduced to what the stage reads."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise ConfigError("--settings: cannot be used; give a JSON object of configuration sections")
    if unknown := sorted(set(given) - set(STAGES[stage].sections)):
        raise ConfigError(f"--settings: {stage} does not read {unknown}; it reads {list(STAGES[stage].sections)}")
    return settings_of(stage, configuration.parse_sections(STAGES[stage].sections, given, "--settings"))
