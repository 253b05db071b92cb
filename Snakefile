from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml" if Path("config.yaml").is_file() else workflow.source_path("config.yaml")


include: "rules/common.smk"
include: "rules/prompts.smk"
include: "rules/images.smk"
include: "rules/perception.smk"
include: "rules/aggregation.smk"
include: "rules/contacts.smk"
include: "rules/evaluation.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/pairs.smk"
include: "rules/archive.smk"


onstart:
    look_once_at_a_time(workflow.scheduler)


rule all:
    default_target: True
    input:
        lambda wildcards: checked(plan.targets),
    localrule: True


rule prompts:
    input:
        lambda wildcards: plan.to_ask(),
    localrule: True
    message:
        "The prompts of all configured categories are there."


rule images:
    input:
        lambda wildcards: checked(plan.pictures),
    localrule: True
    message:
        "The pictures of all configured categories are there."


rule scene_tables:
    input:
        lambda wildcards: checked(plan.table_targets),
    localrule: True
    message:
        "The tables of the paper are there: results/tables."
