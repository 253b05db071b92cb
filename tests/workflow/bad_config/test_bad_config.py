"""A bad configuration stops Snakemake with one ERROR line and status 1, before anything is made.

Files of `--configfile` are parsed by Snakemake before this program sees them: what is no YAML at all gets its message.
"""

import pytest

CASES = {
    "unknown key": ("imagse: {shards: 1}\n", "imagse: is not a known key"),
    "wrong type": ("grid: {resolution: fine}\n", "grid.resolution"),
    "duplicate key": ("run: {seed: 1}\nrun: {seed: 2}\n", "run: stands twice"),
    "a category without prompts": ("categories: [unicycle]\n", "unicycle: there is no"),
    "variant": ("variants: {v: {grid: {resolution: 96}}}\n", "variants.v"),
    "deep": ("a: " + "[" * 60 + "]" * 60 + "\n", "nested deeper than 12 levels"),
    "python object": ("run: !!python/object/apply:os.system ['touch CANARY']\n", ""),
    "tabs": ("images:\n\tshards: 1\n", ""),
}


def said(printed: str) -> list[str]:
    """What was printed, without Snakemake's own words on profile and configuration files."""
    own = ("Using workflow specific profile", "Config file ")
    return [line for line in printed.splitlines() if line.strip() and not line.startswith(own)]


@pytest.mark.parametrize("case", CASES)
def test_snakemake_stops_with_one_line(workplace, case):
    content, told = CASES[case]
    (workplace.folder / "tiny.yaml").write_text(content)
    printed = workplace.snakemake(fails=True)
    lines = said(printed)
    assert "Traceback" not in printed
    assert not (workplace.folder / "CANARY").exists()
    assert not (workplace.folder / "results").exists()
    if told:
        assert len(lines) == 1
        assert lines[0].startswith("ERROR: ")
        assert told in lines[0]


def test_the_message_names_the_file_of_the_user(workplace):
    workplace.configure({"images": {"shard": 3}})
    assert "tiny.yaml: images.shard: is not a known key" in workplace.snakemake(fails=True)


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ("[]", "holds 0 prompts"),
        ('[{"text": "a\\u0000b", "interaction": "ride"}]', "control characters"),
        ('[{"text": "a", "interaction": "ride"}, {"text": "a", "interaction": "push"}]', "stands twice"),
    ],
)
def test_a_bad_prompt_file_is_one_line(workplace, entries, told):
    (workplace.folder / "prompts/motorcycle.json").write_text(entries)
    lines = said(workplace.snakemake(fails=True))
    assert len(lines) == 1
    assert told in lines[0]
    assert "motorcycle.json" in lines[0]


def test_an_unknown_interaction_is_one_line_in_the_log(workplace):
    workplace.write_prompts([{"text": "A person eats a motorcycle", "interaction": "eat"}])
    workplace.snakemake("results/truth/motorcycle.h5", fails=True)
    log = (workplace.folder / "results/logs/truth/motorcycle.log").read_text()
    assert "ERROR: " in log
    assert "eat" in log
    assert "Traceback" not in log
