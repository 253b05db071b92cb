# From kept people to the canonical field.
# OUTPUTS: {tree}/cameras and {tree}/votes by prompt; {tree}/skinning.h5; {tree}/voxels and {tree}/clusters by category.


rule cameras:
    input:
        screening=files("screening"),
        masks=files("masks"),
        people=files("people"),
        body=located(plan.config.body.file),
    output:
        cameras="{tree}/cameras/{category}/{prompt}.h5",
        record="{tree}/cameras/{category}/{prompt}.h5.record.json",
    log:
        "{tree}/logs/cameras/{category}/{prompt}.log",
    benchmark:
        "{tree}/benchmarks/cameras/{category}/{prompt}.jsonl"
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        settings=settings("cameras"),
        code=plan.code("cameras"),
    message:
        "Calibrating cameras of {wildcards.category} ({wildcards.prompt})."
    shell:
        "python -m chorus cameras --screening {input.screening:q} --masks {input.masks:q} --people {input.people:q}"
        " --body {input.body:q} --category {wildcards.category:q} --settings {params.settings:q}"
        " --output {output.cameras:q} > {log:q} 2>&1"


rule skinning:
    input:
        body=located(plan.config.body.file),
    output:
        skinning="{tree}/skinning.h5",
        record="{tree}/skinning.h5.record.json",
    log:
        "{tree}/logs/skinning.log",
    benchmark:
        "{tree}/benchmarks/skinning.jsonl"
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings("skinning"),
        code=plan.code("skinning"),
    message:
        "Computing the skinning weights of the canonical grid."
    shell:
        "python -m chorus skinning --body {input.body:q} --settings {params.settings:q}"
        " --output {output.skinning:q} > {log:q} 2>&1"


rule votes:
    input:
        cameras=files("cameras"),
        masks=files("masks"),
        people=files("people"),
        skinning=files("skinning"),
        body=located(plan.config.body.file),
    output:
        votes="{tree}/votes/{category}/{prompt}.h5",
        record="{tree}/votes/{category}/{prompt}.h5.record.json",
    log:
        "{tree}/logs/votes/{category}/{prompt}.log",
    benchmark:
        "{tree}/benchmarks/votes/{category}/{prompt}.jsonl"
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=votes_memory,
        runtime=60,
    params:
        text=lambda wildcards: prompt_of(wildcards).text,
        interaction=lambda wildcards: prompt_of(wildcards).interaction,
        settings=settings("votes"),
        code=plan.code("votes"),
    message:
        "Voting for {wildcards.category} ({wildcards.prompt})."
    shell:
        "python -m chorus votes --cameras {input.cameras:q} --masks {input.masks:q} --people {input.people:q}"
        " --skinning {input.skinning:q} --body {input.body:q} --category {wildcards.category:q}"
        " --prompt={params.text:q} --interaction={params.interaction:q} --settings {params.settings:q}"
        " --output {output.votes:q} > {log:q} 2>&1"


rule voxels:
    input:
        votes=files("votes"),
    output:
        voxels="{tree}/voxels/{category}.h5",
        record="{tree}/voxels/{category}.h5.record.json",
    log:
        "{tree}/logs/voxels/{category}.log",
    benchmark:
        "{tree}/benchmarks/voxels/{category}.jsonl"
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings("voxels"),
        code=plan.code("voxels"),
    message:
        "Merging the votes of {wildcards.category}."
    shell:
        "python -m chorus voxels --votes {input.votes:q} --category {wildcards.category:q}"
        " --settings {params.settings:q} --output {output.voxels:q} > {log:q} 2>&1"


rule clusters:
    input:
        votes=files("votes"),
        contacts=of_contacts("lvlm annotations", files("contacts")),
        body=located(plan.config.body.file),
    output:
        clusters="{tree}/clusters/{category}.json",
        record="{tree}/clusters/{category}.json.record.json",
    log:
        "{tree}/logs/clusters/{category}.log",
    benchmark:
        "{tree}/benchmarks/clusters/{category}.jsonl"
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings("clusters"),
        code=plan.code("clusters"),
    message:
        "Listing the interaction types of {wildcards.category}."
    shell:
        "python -m chorus clusters --votes {input.votes:q} --contacts {input.contacts:q} --body {input.body:q}"
        " --category {wildcards.category:q} --settings {params.settings:q} --output {output.clusters:q} > {log:q} 2>&1"
