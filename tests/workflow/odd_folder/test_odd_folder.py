"""F15: a working folder `with space/ü`, a program in a folder with `$`, a locale without UTF-8."""

from dataclasses import replace


def test_a_run_in_an_odd_folder_is_complete(elsewhere, undisturbed):
    assert "with space" in str(elsewhere.folder)
    assert elsewhere.folder.name == "ü"
    assert elsewhere.results().keys() == undisturbed.results().keys()
    assert "Nothing to be done" in elsewhere.snakemake()


def test_the_program_may_lie_in_an_odd_folder(undisturbed):
    assert "$HOME" in str(undisturbed.program)
    assert undisturbed.results()


def test_a_finished_run_may_be_moved(finished):
    moved = finished.folder.rename(finished.folder.with_name("other place"))
    assert "Nothing to be done" in replace(finished, folder=moved).snakemake()


def test_a_locale_without_utf8_does_not_matter(finished):
    plain = replace(finished, environment={**finished.environment, "LC_ALL": "C", "LANG": "C"})
    before = plain.results()
    plain.snakemake("--forcerun", "page", "voxels")
    assert plain.results() == before


def test_a_strict_umask_and_a_link_to_the_folder_do_not_matter(finished):
    link = finished.folder.with_name("link")
    link.symlink_to(finished.folder)
    assert "Nothing to be done" in replace(finished, folder=link).snakemake()
