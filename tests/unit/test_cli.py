"""The command line: help that a newcomer understands, one line for every error, a quick start."""

import json
import re
import subprocess
import sys
import time

import pytest

from chorus import cli
from chorus.stages import STAGES

COMMANDS = [*STAGES, "fetch", "pose", "explain", "config", "estimate", "gc", "docs"]


def python(code: str, *flags: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True, timeout=120)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_its_arguments(command, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for line in re.findall(r"^  (-\S.*(?:\n {6,}.*)*)", text, re.MULTILINE):
        names, _, meaning = re.sub(r"\s{2,}|\n\s*", "  ", line).partition("  ")
        assert len(meaning.strip()) > 5, f"{command}: {names} has no help"
    if command in STAGES:
        assert STAGES[command].help in " ".join(text.split())
        assert "this stage reads: " + (", ".join(STAGES[command].sections) or "nothing") in " ".join(text.split())


def test_the_top_page_lists_every_stage_and_the_command_to_type(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "snakemake --cores all results/pap/motorcycle.json" in text
    assert all(command in text for command in COMMANDS)
    assert all(" ".join(stage.help.split()) in text for stage in STAGES.values())


def run(arguments, capsys) -> str:
    """The one line of an error."""
    assert cli.main([str(argument) for argument in arguments]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("ERROR: ")
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err
    return printed.err


def test_a_missing_body_is_one_line(tmp_path, capsys):
    line = run(["skinning", "--body", tmp_path / "no.npz", "--output", tmp_path / "skinning.h5"], capsys)
    assert "no.npz: no such body model file" in line
    assert list(tmp_path.iterdir()) == []


def test_a_missing_result_says_which_stage_makes_it(tmp_path, capsys):
    line = run(["voxels", "--category", "tie", "--votes", tmp_path / "a.h5", "--output", tmp_path / "v.h5"], capsys)
    assert "a.h5" in line


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("{", "give a JSON object"),
        ("[]", "give a JSON object"),
        ("3", "give a JSON object"),
        ('{"images": {"size": 64}}', "skinning does not read ['images']"),
        ('{"grid": {"resolution": 1}}', "grid.resolution"),
        ('{"grid": {"resolutoin": 16}}', "resolutoin"),
        ('{"grid": {"resolution": NaN}}', "resolution"),
    ],
)
def test_bad_settings_are_one_line(tmp_path, capsys, settings, told):
    arguments = ["skinning", "--body", "b.npz", "--output", tmp_path / "s.h5", "--settings", settings]
    assert told in run(arguments, capsys)


def test_a_stage_runs_and_leaves_a_record(tmp_path, root, capsys):
    output = tmp_path / "skinning.h5"
    body = root / "resources/body/open_body.npz"
    settings = json.dumps({"grid": {"resolution": 8}})
    assert cli.main(["skinning", "--body", str(body), "--output", str(output), "--settings", settings]) == 0
    record = json.loads((tmp_path / "skinning.h5.record.json").read_text())
    assert record["stage"] == "skinning"
    assert record["settings"]["grid"] == {"resolution": 8}
    assert record["settings"]["occupancy"] == {"canonicalise": True}, "defaults are written down"
    assert record["inputs"]["body"][0]["path"] == "resources/body/open_body.npz"
    assert str(tmp_path) not in json.dumps(record)


def test_an_unknown_stage_is_told_the_known_ones(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["skining"])
    assert caught.value.code == 2
    assert "skinning" in capsys.readouterr().err


def test_the_package_imports_at_once():
    bare = chorus = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        python("pass")
        middle = time.perf_counter()
        python("import chorus")
        bare, chorus = min(bare, middle - begin), min(chorus, time.perf_counter() - middle)
    assert chorus - bare < 0.5
    assert chorus < 2 * bare + 0.1


@pytest.mark.parametrize("what", ["import chorus", "import chorus.cli; chorus.cli.parser()", "import chorus.workflow"])
def test_what_starts_every_job_loads_nothing_heavy(what):
    heavy = {"torch", "numba", "matplotlib", "scipy", "cv2", "ai_edge_litert", "trimesh", "anny", "PIL", "snakemake"}
    loaded = set(python(f"{what}; import sys; print(*sys.modules)").stdout.split())
    assert not loaded & heavy


def test_the_module_runs_and_exits_with_the_status(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("imagse: 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "chorus", "config", str(bad)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("ERROR: bad.yaml: imagse")
    bad.write_text("{}\n")
    done = subprocess.run(
        [sys.executable, "-m", "chorus", "config", str(bad)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "The configuration is fine.\n")
