"""The real Snakemake on a tiny configuration: one small run is made once and copied by whoever needs a finished one."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROMPTS = [
    {"text": "A person rides a motorcycle", "interaction": "ride"},
    {"text": "A woman pushes her motorcycle", "interaction": "push"},
]
TINY = {
    "categories": ["motorcycle"],
    "prompts": {"folder": "prompts"},
    "images": {"per_view": 1, "size": 128},
    "keypoints": {"backend": "annotations"},
    "people": {"backend": "annotations"},
    "grid": {"resolution": 16},
    "truth": {"draws": 20},
    "testset": {"images": 3},
    "figures": {"contact_sheet_images": 12, "overlays": 2},
    "variants": {"true_people": None, "no_canonicalisation": None},
}
VOLATILE = {"logs", "benchmarks"}  # may tell the time; everything else may not
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "OMP_NUM_THREADS": "1",
}


def merged(base: dict, changes: dict) -> dict:
    """`base` with the leaves of `changes`."""
    both = {
        key: merged(base[key], value) for key, value in changes.items() if isinstance(base.get(key), dict) and value
    }
    return {**base, **changes, **both}


def is_leftover(path: Path) -> bool:
    """Whether a file is the unfinished rest of a killed job; no reader looks for such names."""
    return path.name.startswith(".") and path.name.endswith(".tmp")


@dataclass(frozen=True)
class Workplace:
    """A working folder with a tiny configuration, and the program that is run in it."""

    folder: Path
    program: Path = ROOT
    environment: dict = field(default_factory=lambda: ENVIRONMENT)

    def write_prompts(self, entries: list[dict], category: str = "motorcycle") -> None:
        (self.folder / "prompts").mkdir(parents=True, exist_ok=True)
        (self.folder / "prompts" / f"{category}.json").write_text(json.dumps(entries), "utf-8")

    def configure(self, changes: dict | None = None) -> None:
        """Write the tiny configuration with some keys changed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "tiny.yaml").write_text(yaml.safe_dump(merged(TINY, changes or {})), "utf-8")

    def command(self, *arguments: str, cores: int = 2) -> list[str]:
        """The command as a user types it."""
        return [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(self.program / "Snakefile"), "--directory",
            str(self.folder)),
            *("--configfile", str(self.folder / "tiny.yaml"), "--cores", str(cores), *arguments),
        ]  # fmt: skip

    def snakemake(self, *arguments: str, cores: int = 2, fails: bool = False) -> str:
        """Run to the end and return what was printed."""
        done = subprocess.run(
            self.command(*arguments, cores=cores), cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, timeout=900,
        )  # fmt: skip
        assert (done.returncode != 0) == fails, done.stdout[-6000:]
        return done.stdout

    def planned(self, *arguments: str) -> set[str]:
        """Main outputs, below the working folder, of the jobs that a dry run lists."""
        text = self.snakemake("--dry-run", "--printshellcmds", *arguments)
        return set(re.findall(r" --output (\S+)", text))

    def planned_stages(self, *arguments: str) -> set[str]:
        """Stages of the jobs that a dry run lists."""
        return set(re.findall(r"python -m chorus (\w+) ", self.snakemake("--dry-run", "--printshellcmds", *arguments)))

    def results(self, tree: str = "results") -> dict[str, str]:
        """Path -> SHA-256 of every result file, logs and benchmarks left out."""
        base = self.folder / tree
        paths = (path for path in base.rglob("*") if path.is_file())
        kept = (path for path in paths if not (VOLATILE & set(path.relative_to(base).parts[:-1]) or is_leftover(path)))
        return {str(path.relative_to(base)): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}

    def logs(self) -> str:
        """All logs of all jobs."""
        return "".join(path.read_text("utf-8") for path in sorted((self.folder / "results/logs").rglob("*.log")))

    def json(self, path: str) -> dict:
        """A JSON result."""
        return json.loads((self.folder / path).read_text("utf-8"))


def prepared(folder: Path, program: Path) -> Workplace:
    """A fresh working folder: prompts and configuration, nothing made."""
    place = Workplace(folder, program)
    place.write_prompts(PROMPTS)
    place.configure()
    return place


@pytest.fixture(scope="session")
def program(tmp_path_factory) -> Path:
    """A copy of the program as it was when the tests began, in a folder whose name needs quoting."""
    copy = tmp_path_factory.mktemp("program") / "with space, ü & $HOME"
    for name in ("Snakefile", "config.yaml", "chorus", "rules", "envs", "profiles", "resources"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copy.mkdir(exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture
def workplace(tmp_path, program) -> Workplace:
    """A fresh working folder: prompts and configuration, nothing made."""
    return prepared(tmp_path / "work", program)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, program) -> Workplace:
    """A finished run of everything, made once. Look, do not touch: take `finished` to change something."""
    place = prepared(tmp_path_factory.mktemp("undisturbed") / "work", program)
    place.snakemake()
    return place


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory) -> Workplace:
    """The same run once more: the original program, one core, in a folder whose name needs quoting."""
    place = prepared(tmp_path_factory.mktemp("elsewhere") / "with space" / "ü", ROOT)
    place.snakemake(cores=1)
    return place


@pytest.fixture
def finished(undisturbed, tmp_path) -> Workplace:
    """A copy of the finished run."""
    shutil.copytree(undisturbed.folder, tmp_path / "work", symlinks=True)
    return Workplace(tmp_path / "work", undisturbed.program)
