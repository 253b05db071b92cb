# Scores: the true field of the scenes, held-out test images, their inverse warps, PAP, and one table of everything.
# OUTPUTS: {tree}/truth, {tree}/testset, {tree}/warps and {tree}/pap by category; results/summary.json and .md.


rule truth:
    input:
        body=located(plan.config.body.file),
        mesh=mesh,
    output:
        truth="{tree}/truth/{category}.h5",
        record="{tree}/truth/{category}.h5.record.json",
    log:
        "{tree}/logs/truth/{category}.log",
    benchmark:
        "{tree}/benchmarks/truth/{category}.jsonl"
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        interactions=interactions,
        settings=settings("truth"),
        code=plan.code("truth"),
    message:
        "Drawing the true field of {wildcards.category}."
    shell:
        "python -m chorus truth --body {input.body:q} --mesh {input.mesh:q} --category {wildcards.category:q}"
        " --interactions={params.interactions:q} --settings {params.settings:q}"
        " --output {output.truth:q} > {log:q} 2>&1"


rule coco_instances:
    output:
        "data/instances_val2014.json",
    log:
        "results/logs/coco_instances.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=60,
    params:
        source=pinned("instances_val2014.json")["source"],
        sha256=pinned("instances_val2014.json")["sha256"],
    message:
        "Fetching COCO's annotations of 2014 (253 MB)."
    shell:
        "python -m chorus fetch member --source {params.source:q} --sha256 {params.sha256:q}"
        " --member annotations/instances_val2014.json --output {output:q} > {log:q} 2>&1"


rule eft_bodies:
    output:
        "data/COCO2014-Val-ver10.json",
    log:
        "results/logs/eft_bodies.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=60,
    params:
        sha256=plan.config.testset.eft_sha256 or "testset.eft_sha256 is null",
    message:
        "Fetching EFT's bodies of COCO 2014 (their licence: CC BY-NC 4.0)."
    shell:
        "python -m chorus fetch file --source https://dl.fbaipublicfiles.com/eft/COCO2014-Val-ver10.json"
        " --sha256 {params.sha256:q} --output {output:q} > {log:q} 2>&1"


rule testset:
    input:
        body=located(plan.config.body.file),
        views=of_testset("scenes", located(plan.config.images.views)),
        mesh=mesh if plan.config.testset.source == "scenes" else [],
        annotations=of_testset("coco_eft coco", plan.config.testset.annotations),
        eft=of_testset("coco_eft", plan.config.testset.eft),
        model=of_testset("coco", BLAZEPOSE_MODEL),
    output:
        testset="{tree}/testset/{category}.h5",
        record="{tree}/testset/{category}.h5.record.json",
    log:
        "{tree}/logs/testset/{category}.log",
    benchmark:
        "{tree}/benchmarks/testset/{category}.jsonl"
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        interactions=interactions if plan.config.testset.source == "scenes" else "",
        settings=settings("testset"),
        code=plan.code("testset"),
    message:
        "Collecting test images of {wildcards.category}."
    shell:
        "python -m chorus testset --body {input.body:q} --views {input.views:q} --mesh {input.mesh:q}"
        " --annotations {input.annotations:q} --eft {input.eft:q} --model {input.model:q}"
        " --category {wildcards.category:q} --interactions={params.interactions:q} --settings {params.settings:q}"
        " --output {output.testset:q} > {log:q} 2>&1"


rule warps:
    input:
        testset=files("testset"),
        body=located(plan.config.body.file),
    output:
        warps="{tree}/warps/{category}.h5",
        record="{tree}/warps/{category}.h5.record.json",
    log:
        "{tree}/logs/warps/{category}.log",
    benchmark:
        "{tree}/benchmarks/warps/{category}.jsonl"
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings("warps"),
        code=plan.code("warps"),
    message:
        "Warping the grid back from the test bodies of {wildcards.category}."
    shell:
        "python -m chorus warps --testset {input.testset:q} --body {input.body:q}"
        " --category {wildcards.category:q} --settings {params.settings:q}"
        " --output {output.warps:q} > {log:q} 2>&1"


rule pap:
    input:
        voxels=files("voxels"),
        testset=files("testset"),
        warps=files("warps"),
        body=located(plan.config.body.file),
        truth=lambda wildcards: (
            files("truth")(wildcards) if plan.config.images.source == "scenes" else []
        ),
    output:
        report="{tree}/pap/{category}.json",
        record="{tree}/pap/{category}.json.record.json",
    log:
        "{tree}/logs/pap/{category}.log",
    benchmark:
        "{tree}/benchmarks/pap/{category}.jsonl"
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        settings=settings("pap"),
        code=plan.code("pap"),
    message:
        "Scoring {wildcards.category}."
    shell:
        "python -m chorus pap --voxels {input.voxels:q} --testset {input.testset:q} --warps {input.warps:q}"
        " --body {input.body:q} --truth {input.truth:q} --category {wildcards.category:q} --settings {params.settings:q}"
        " --output {output.report:q} > {log:q} 2>&1"


rule summary:
    input:
        pap=lambda wildcards: [
            path for tree in plan.trees for path in plan.files("pap", tree)
        ],
    output:
        table="{tree}/summary.json",
        record="{tree}/summary.json.record.json",
        markdown=report(
            "{tree}/summary.md", caption="captions/summary.rst", category="all"
        ),
        markdown_record="{tree}/summary.md.record.json",
    log:
        "{tree}/logs/summary.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings("summary"),
        code=plan.code("summary"),
    message:
        "Putting all scores into one table."
    shell:
        "python -m chorus summary --pap {input.pap:q} --settings {params.settings:q} --output {output.table:q}"
        " --markdown {output.markdown:q} > {log:q} 2>&1"
