# The finished run as one described whole. Not part of `all`: needs `pip install -e ".[provenance]"`.
# OUTPUTS: results/ro-crate-metadata.json, results/workflow/Snakefile


rule crate:
    input:
        snakefile=workflow.snakefile,
        targets=plan.targets(),
    output:
        crate="{tree}/ro-crate-metadata.json",
        record="{tree}/ro-crate-metadata.json.record.json",
        workflow="{tree}/workflow/Snakefile",
        workflow_record="{tree}/workflow/Snakefile.record.json",
    log:
        "{tree}/logs/crate.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings("crate"),
        code=plan.code("crate"),
    message:
        "Describing the run as an RO-Crate."
    shell:
        "python -m chorus crate --snakefile {input.snakefile:q} --targets {input.targets:q}"
        " --settings {params.settings:q} --output {output.crate:q} --workflow {output.workflow:q} > {log:q} 2>&1"
