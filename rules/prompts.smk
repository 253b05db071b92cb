# Prompts of a language model: made by `snakemake prompts` alone, no other rule depends on them as files.
# OUTPUTS: {tree}/prompts/{category}.json


rule ask:
    output:
        # update: an answer that is already there survives a failed request.
        prompts=update("{tree}/prompts/{category}.json"),
        record=update("{tree}/prompts/{category}.json.record.json"),
    log:
        "{tree}/logs/prompts/{category}.log",
    localrule: True
    conda:
        "../envs/generation.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=30,
    params:
        settings=settings("ask"),
    message:
        "Asking a language model for prompts of {wildcards.category}; see {log} for tokens used."
    shell:
        "python -m chorus ask --category {wildcards.category:q} --settings {params.settings:q}"
        " --output {output.prompts:q} > {log:q} 2>&1"
