"""What `chorus status` says of a run: counts, and the time left by the jobs that are finished."""

import json

import pytest

from chorus.archive.status import Progress, add_seconds, lines, stages

HEAD = "output_file\tdate\trule\tlog-file(s)\tstatus\tplan\n"


def table(*rows: tuple[str, str, str, str]) -> str:
    return HEAD + "".join(f"{path}\t-\t{rule}\t\t{state}\t{plan}\n" for path, rule, state, plan in rows)


def test_files_are_counted_by_stage_and_records_are_not():
    found = stages(
        table(
            ("results/votes/a.h5", "votes", "ok", "no update"),
            ("results/votes/a.h5.record.json", "votes", "ok", "no update"),
            ("results/votes/b.h5", "votes", "params changed", "update pending"),
            ("results/votes/c.h5", "votes", "missing", "update pending"),
        )
    )
    assert found == {"votes": Progress(planned=3, done=2, stale=1)}


def test_the_rest_takes_as_long_as_what_is_done():
    assert Progress(planned=10, done=4, seconds=8.0).seconds_left == 12.0
    assert Progress(planned=10, done=4, stale=1, seconds=8.0).seconds_left == 14.0
    assert Progress(planned=4, done=4, seconds=8.0).seconds_left == 0.0
    assert Progress(planned=4).seconds_left is None


def test_seconds_come_from_the_benchmark_files_of_all_trees(tmp_path):
    for path, seconds in (
        ("benchmarks/votes/a/b.jsonl", [9.0, 2.0]),
        ("variants/v/benchmarks/votes/c.jsonl", [3.0]),
        ("benchmarks/skinning.jsonl", [5.0]),
        ("benchmarks/nowhere/a.jsonl", [7.0]),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("".join(json.dumps({"s": value}) + "\n" for value in seconds))
    (tmp_path / "benchmarks/votes/half.jsonl").write_text('{"s": ')
    progress = {"votes": Progress(4, 2), "skinning": Progress(1, 1)}
    add_seconds(progress, tmp_path)
    assert progress["votes"].seconds == 5.0
    assert progress["skinning"].seconds == 5.0


@pytest.mark.parametrize(("seconds", "said"), [(40.0, "40 s"), (720.0, "12 min"), (12240.0, "3.4 h")])
def test_the_last_line_says_how_long_and_what_is_unknown(seconds, said):
    shown = lines({"votes": Progress(planned=2, done=1, seconds=seconds), "pap": Progress(planned=1)})
    assert shown[0].endswith(f"1 / 2  {said} left")
    assert shown[-1].startswith(f"About {said} of jobs one after the other, without pap")


def test_a_finished_run_has_no_time_left():
    assert lines({"votes": Progress(2, 2, seconds=3.0)})[-1].split() == ["total", "2", "/", "2"]
