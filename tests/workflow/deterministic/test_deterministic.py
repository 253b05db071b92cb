"""Two clean runs give identical bytes: other folder, other place of the program, one core or two."""


def test_two_runs_give_identical_bytes(undisturbed, elsewhere):
    first, second = undisturbed.results(), elsewhere.results()
    assert first.keys() == second.keys()
    assert [path for path in first if first[path] != second[path]] == []


def test_running_a_part_again_gives_the_same_bytes(finished):
    before = finished.results()
    finished.snakemake(
        "--forcerun", "scenes", "--", "results/votes/motorcycle/a-person-rides-a-motorcycle-182ce634.h5", cores=1
    )
    assert finished.results() == before
