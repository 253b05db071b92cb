"""A finished folder can be checked, explained and counted; no damage is silent, and no stage reads on over it (F3)."""

import random
import re
import shlex
import shutil

import pytest

from chorus import store
from chorus.archive.folder import result_files
from chorus.cli import main
from tests.workflow.conftest import PROMPTS, Workplace

FLIPS = 200


@pytest.fixture
def inside(finished, monkeypatch) -> Workplace:
    """A copy of the finished run, which is the working folder."""
    monkeypatch.chdir(finished.folder)
    return finished


def said(capsys, *arguments: str) -> tuple[int, str]:
    """Exit status and everything that a command printed."""
    status = main(arguments)
    captured = capsys.readouterr()
    return status, captured.out + captured.err


def flip(path, chance) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
    path.write_bytes(content)


def test_a_finished_run_is_whole(inside, capsys):
    status, text = said(capsys, "verify", "--configfile", "tiny.yaml")
    assert status == 0, text
    assert text.endswith("all as recorded, nothing missing, nothing stale.\n")


def test_a_moved_folder_is_still_whole(inside, capsys, tmp_path, monkeypatch):
    shutil.move("results", tmp_path / "results")
    monkeypatch.chdir("/")
    assert said(capsys, "verify", str(tmp_path / "results"))[0] == 0


def test_no_flipped_byte_is_silent_in_any_file(inside, capsys):
    results = inside.folder / "results"
    files = result_files(results)
    targets = sorted([*files, *map(store.record_path, files)])
    chance = random.Random(0)
    for number in range(max(FLIPS, len(targets))):
        path = targets[number % len(targets)]
        sound = path.read_bytes()
        flip(path, chance)
        main_file = path.with_name(path.name.removesuffix(store.RECORD_SUFFIX))
        with pytest.raises(store.FileError, match=re.escape(main_file.name)):
            store.check(main_file)
        path.write_bytes(sound)
    flip(results / "warps/motorcycle.h5", chance)
    status, text = said(capsys, "verify")
    assert status == 1
    assert "damaged: results/warps/motorcycle.h5: content and record disagree" in text
    assert "1 damaged" in text.splitlines()[-1]


def test_every_stage_refuses_every_damaged_input(inside, capsys):
    """Each (stage, input kind) once: the real command of the job, run over a file with one flipped byte."""
    planned = inside.snakemake("--dry-run", "--printshellcmds", "--forceall")
    seen, chance = set(), random.Random(0)
    for line in re.findall(r"python -m chorus (.*) > \S+ 2>&1", planned):
        arguments = shlex.split(line)
        inputs = [word for word in arguments[: arguments.index("--output")] if word.startswith("results/")]
        arguments[arguments.index("--output") + 1] = "elsewhere/output"
        for file in inputs:
            kind = (arguments[0], file.split("/")[1])
            if kind in seen:
                continue
            seen.add(kind)
            path = inside.folder / file
            sound = path.read_bytes()
            flip(path, chance)
            status, text = said(capsys, *arguments)
            path.write_bytes(sound)
            assert status == 1, (arguments, file)
            assert f"ERROR: {file}: " in text
            assert "Traceback" not in text
    assert len(seen) > 25
    assert not (inside.folder / "elsewhere/output").exists()


def test_what_is_missing_stale_and_of_other_settings_is_named(inside, capsys):
    results = inside.folder / "results"
    (results / "voxels/motorcycle.h5").unlink()
    (results / "report/motorcycle.html").unlink()
    store.record_path(results / "report/motorcycle.html").unlink()
    table = min((results / "screening/motorcycle").glob("*.csv"))
    made_from = {name: value for name, value in store.read_record(table).items() if name not in ("sha256", "size")}
    store.write_recorded(table, table.read_bytes() + b"\n", made_from)
    inside.configure({"testset": {"images": 4}})
    status, text = said(capsys, "verify", "--configfile", "tiny.yaml")
    assert status == 1
    assert "missing: results/voxels/motorcycle.h5" in text
    assert "stale: results/pap/motorcycle.json: its input results/voxels/motorcycle.h5 is missing" in text
    assert "missing: results/report/motorcycle.html: the configuration asks for it" in text
    assert f"its input {table.relative_to(inside.folder)} is another one than it was made from" in text
    assert "stale: results/testset/motorcycle.h5: the configuration has other settings for stage testset" in text


def test_a_folder_without_its_pictures_is_whole_as_long_as_their_records_are_there(inside, capsys):
    """As after `images.keep: false`, or in the supplement of a paper."""
    pictures = sorted((inside.folder / "results/images").rglob("*.h5"))
    for path in pictures:
        path.unlink()
    status, text = said(capsys, "verify", "--configfile", "tiny.yaml")
    assert status == 0, text
    assert "2 files of pictures left out: all as recorded" in text
    status, text = said(capsys, "trace", "results/pap/motorcycle.json")
    assert status == 0
    assert all(f"prompt '{prompt['text']}'" in text for prompt in PROMPTS)
    flip(store.record_path(pictures[0]), random.Random(0))
    store.record_path(pictures[1]).unlink()
    status, text = said(capsys, "verify")
    assert status == 1
    first, second = (path.relative_to(inside.folder) for path in pictures)
    assert f"damaged: {first}: " in text
    assert f"its input {first} is another one than it was made from" in text
    assert f"its input {second} is missing" in text


def test_an_edit_of_the_code_makes_results_stale(inside, capsys, monkeypatch):
    monkeypatch.setattr("chorus.archive.verify.code_digest", lambda module: "other")
    status, text = said(capsys, "verify")
    assert status == 1
    assert "results/skinning.h5: the code of stage skinning is another one than it was made with" in text


def test_a_folder_without_results_is_one_sentence(capsys, tmp_path):
    assert said(capsys, "verify", str(tmp_path))[1].count("\n") == 1


def test_the_trace_of_a_score_ends_at_the_prompts(inside, capsys):
    status, text = said(capsys, "trace", "results/pap/motorcycle.json")
    assert status == 0
    assert text.startswith("results/pap/motorcycle.json  ")
    for prompt in PROMPTS:
        assert f"prompt '{prompt['text']}'" in text
    for stage in ("pap", "voxels", "votes", "cameras", "screening", "people", "keypoints", "masks", "scenes"):
        assert f"by {stage} (code" in text
    assert said(capsys, "trace", "tiny.yaml")[0] == 1


def test_a_trace_does_not_pass_over_a_changed_input(inside, capsys):
    flip(inside.folder / "results/skinning.h5", random.Random(0))
    status, text = said(capsys, "trace", "results/pap/motorcycle.json")
    assert status == 1
    assert "skinning.h5: content and record disagree" in text


def test_the_status_counts_what_is_done_and_planned(inside, capsys):
    (inside.folder / "results/pap/motorcycle.json").unlink()
    status, text = said(capsys, "status", "--configfile", "tiny.yaml")
    assert status == 0, text
    counts = {line.split()[0]: line.split()[1:4] for line in text.splitlines() if " / " in line}
    assert counts["pap"] == ["0", "/", "1"]
    assert counts["votes"] == ["2", "/", "2"]
    assert int(counts["total"][2]) == len(inside.results()) // 2 + 1
    assert "without pap, of which nothing is finished yet" in text
    assert said(capsys, "status", "--configfile", "nowhere.yaml")[0] == 1
