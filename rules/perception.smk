# What is to be seen in the pictures, and which of them are good enough.
# INPUTS: {tree}/images, {tree}/annotations (backend annotations), {tree}/scenes (true people).
# OUTPUTS: {tree}/masks, {tree}/keypoints, {tree}/people by shard; {tree}/screening by prompt; {tree}/rejections.json.


rule blazepose:
    output:
        BLAZEPOSE_MODEL,
    log:
        "results/logs/blazepose.log",
    conda:
        "../envs/perception.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    message:
        "Taking the BlazePose network out of the mediapipe wheel."
    shell:
        "python -m chorus fetch blazepose --output {output:q} > {log:q} 2>&1"


rule brought_model:
    output:
        "models/{model}",
    log:
        "results/logs/models/{model}.log",
    wildcard_constraints:
        model="|".join(re.escape(name) for name in resource("models.json")),
    conda:
        "../envs/perception.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    message:
        "Looking for {wildcards.model}, which has to be brought."
    shell:
        "python -m chorus fetch model --output {output:q} > {log:q} 2>&1"


rule masks:
    input:
        images=images,
        annotations=backend("segmentation", "annotations")(annotations),
        networks=local_models("segmentation"),
    output:
        masks="{tree}/masks/{category}/{prompt}/{shard}.h5",
        record="{tree}/masks/{category}/{prompt}/{shard}.h5.record.json",
    log:
        "{tree}/logs/masks/{category}/{prompt}/{shard}.log",
    benchmark:
        "{tree}/benchmarks/masks/{category}/{prompt}/{shard}.jsonl"
    conda:
        perception_environment("segmentation")
    threads: 1
    resources:
        mem_mb=memory("segmentation"),
        runtime=60,
    params:
        settings=settings("masks"),
        code=plan.code("masks"),
    message:
        "Segmenting {wildcards.category} ({wildcards.prompt}, shard {wildcards.shard})."
    shell:
        "python -m chorus masks --images {input.images:q} --annotations {input.annotations:q}"
        " --category {wildcards.category:q} --settings {params.settings:q}"
        " --output {output.masks:q} > {log:q} 2>&1"


rule keypoints:
    input:
        images=images,
        masks=files("masks"),
        annotations=backend("keypoints", "annotations")(annotations),
        model=backend("keypoints", "blazepose")(lambda wildcards: [BLAZEPOSE_MODEL]),
        networks=local_models("keypoints"),
    output:
        keypoints="{tree}/keypoints/{category}/{prompt}/{shard}.h5",
        record="{tree}/keypoints/{category}/{prompt}/{shard}.h5.record.json",
    log:
        "{tree}/logs/keypoints/{category}/{prompt}/{shard}.log",
    benchmark:
        "{tree}/benchmarks/keypoints/{category}/{prompt}/{shard}.jsonl"
    conda:
        perception_environment("keypoints")
    threads: 1
    resources:
        mem_mb=memory("keypoints"),
        runtime=60,
    params:
        settings=settings("keypoints"),
        code=plan.code("keypoints"),
    message:
        "Finding keypoints in {wildcards.category} ({wildcards.prompt}, shard {wildcards.shard})."
    shell:
        "python -m chorus keypoints --images {input.images:q} --masks {input.masks:q}"
        " --annotations {input.annotations:q} --model {input.model:q} --category {wildcards.category:q}"
        " --settings {params.settings:q} --output {output.keypoints:q} > {log:q} 2>&1"


rule people:
    input:
        images=images,
        masks=files("masks"),
        keypoints=files("keypoints"),
        body=located(plan.config.body.file),
        scenes=backend("people", "annotations")(files("scenes")),
        model=backend("people", "blazepose")(lambda wildcards: [BLAZEPOSE_MODEL]),
        networks=local_models("people"),
    output:
        people="{tree}/people/{category}/{prompt}/{shard}.h5",
        record="{tree}/people/{category}/{prompt}/{shard}.h5.record.json",
    log:
        "{tree}/logs/people/{category}/{prompt}/{shard}.log",
    benchmark:
        "{tree}/benchmarks/people/{category}/{prompt}/{shard}.jsonl"
    conda:
        perception_environment("people")
    threads: 1
    resources:
        mem_mb=memory("people"),
        runtime=60,
    params:
        settings=settings("people"),
        code=plan.code("people"),
    message:
        "Fitting people in {wildcards.category} ({wildcards.prompt}, shard {wildcards.shard})."
    shell:
        "python -m chorus people --images {input.images:q} --masks {input.masks:q} --keypoints {input.keypoints:q}"
        " --body {input.body:q} --scenes {input.scenes:q} --model {input.model:q}"
        " --category {wildcards.category:q} --settings {params.settings:q} --output {output.people:q} > {log:q} 2>&1"


rule screening:
    input:
        masks=files("masks"),
        keypoints=files("keypoints"),
        people=files("people"),
    output:
        table="{tree}/screening/{category}/{prompt}.csv",
        record="{tree}/screening/{category}/{prompt}.csv.record.json",
    log:
        "{tree}/logs/screening/{category}/{prompt}.log",
    benchmark:
        "{tree}/benchmarks/screening/{category}/{prompt}.jsonl"
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        text=lambda wildcards: prompt_of(wildcards).text,
        settings=settings("screening"),
        code=plan.code("screening"),
    message:
        "Screening {wildcards.category} ({wildcards.prompt})."
    shell:
        "python -m chorus screening --masks {input.masks:q} --keypoints {input.keypoints:q} --people {input.people:q}"
        " --category {wildcards.category:q} --prompt={params.text:q} --settings {params.settings:q}"
        " --output {output.table:q} > {log:q} 2>&1"


rule rejections:
    input:
        # A variant whose screening does not differ reads the main run's tables: each is counted once.
        screening=lambda wildcards: list(
            dict.fromkeys(
                path for tree in plan.trees for path in plan.files("screening", tree)
            )
        ),
    output:
        table="{tree}/rejections.json",
        record="{tree}/rejections.json.record.json",
        markdown="{tree}/rejections.md",
        markdown_record="{tree}/rejections.md.record.json",
    log:
        "{tree}/logs/rejections.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings("rejections"),
        code=plan.code("rejections"),
    message:
        "Counting kept and rejected images."
    shell:
        "python -m chorus rejections --screening {input.screening:q} --settings {params.settings:q}"
        " --output {output.table:q} --markdown {output.markdown:q} > {log:q} 2>&1"
