# Two people in contact: scenes, fits, curation, contact prior, refinement, scores; photographs of the category person.
# `all` makes the fits of photographs, and of the rest what they need: the prior.
# OUTPUTS: results/pairs/scenes.h5, fits.h5, curated.h5, prior.safetensors, prior.json, refined.h5, evaluation.json, .png
# {tree}/pair_people by shard, {tree}/person_fits/person.h5


rule pair_scenes:
    input:
        body=located(plan.config.body.file),
    output:
        scenes="{tree}/pairs/scenes.h5",
        record="{tree}/pairs/scenes.h5.record.json",
    log:
        "{tree}/logs/pairs/scenes.log",
    benchmark:
        "{tree}/benchmarks/pairs/scenes.jsonl"
    conda:
        "../envs/perception.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=120,
    params:
        settings=settings("pair_scenes"),
        code=plan.code("pair_scenes"),
    message:
        "Drawing pairs of people in contact."
    shell:
        "python -m chorus pair_scenes --body {input.body:q}"
        " --settings {params.settings:q} --output {output.scenes:q} > {log:q} 2>&1"


rule pair_fits:
    input:
        pairs=files("pair_scenes"),
        body=located(plan.config.body.file),
    output:
        fits="{tree}/pairs/fits.h5",
        record="{tree}/pairs/fits.h5.record.json",
    log:
        "{tree}/logs/pairs/fits.log",
    benchmark:
        "{tree}/benchmarks/pairs/fits.jsonl"
    conda:
        "../envs/perception.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=240,
    params:
        settings=settings("pair_fits"),
        code=plan.code("pair_fits"),
    message:
        "Fitting pairs of people."
    shell:
        "python -m chorus pair_fits --pairs {input.pairs:q} --body {input.body:q}"
        " --settings {params.settings:q} --output {output.fits:q} > {log:q} 2>&1"


rule pair_curation:
    input:
        fits=files("pair_fits"),
    output:
        curated="{tree}/pairs/curated.h5",
        record="{tree}/pairs/curated.h5.record.json",
    log:
        "{tree}/logs/pairs/curation.log",
    benchmark:
        "{tree}/benchmarks/pairs/curation.jsonl"
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings("pair_curation"),
        code=plan.code("pair_curation"),
    message:
        "Keeping the fits that went well."
    shell:
        "python -m chorus pair_curation --fits {input.fits:q}"
        " --settings {params.settings:q} --output {output.curated:q} > {log:q} 2>&1"


rule pair_prior:
    input:
        pairs=files("pair_scenes"),
        curated=files("pair_curation"),
        body=located(plan.config.body.file),
    output:
        prior="{tree}/pairs/prior.safetensors",
        record="{tree}/pairs/prior.safetensors.record.json",
        card="{tree}/pairs/prior.json",
        card_record="{tree}/pairs/prior.json.record.json",
    log:
        "{tree}/logs/pairs/prior.log",
    benchmark:
        "{tree}/benchmarks/pairs/prior.jsonl"
    conda:
        "../envs/perception.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=240,
    params:
        settings=settings("pair_prior"),
        code=plan.code("pair_prior"),
    message:
        "Training the contact prior."
    shell:
        "python -m chorus pair_prior --pairs {input.pairs:q} --curated {input.curated:q} --body {input.body:q}"
        " --settings {params.settings:q} --output {output.prior:q} --card {output.card:q} > {log:q} 2>&1"


rule pair_refinement:
    input:
        pairs=files("pair_scenes"),
        prior=files("pair_prior"),
        card=files("pair_prior", "pairs/prior.json"),
        body=located(plan.config.body.file),
    output:
        refined="{tree}/pairs/refined.h5",
        record="{tree}/pairs/refined.h5.record.json",
    log:
        "{tree}/logs/pairs/refinement.log",
    benchmark:
        "{tree}/benchmarks/pairs/refinement.jsonl"
    conda:
        "../envs/perception.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=120,
    params:
        settings=settings("pair_refinement"),
        code=plan.code("pair_refinement"),
    message:
        "Fitting held-out pairs with the contact prior."
    shell:
        "python -m chorus pair_refinement --pairs {input.pairs:q} --prior {input.prior:q} --card {input.card:q} --body {input.body:q}"
        " --settings {params.settings:q} --output {output.refined:q} > {log:q} 2>&1"


rule pair_evaluation:
    input:
        pairs=files("pair_scenes"),
        fits=files("pair_fits"),
        curated=files("pair_curation"),
        refined=files("pair_refinement"),
        body=located(plan.config.body.file),
    output:
        report="{tree}/pairs/evaluation.json",
        record="{tree}/pairs/evaluation.json.record.json",
        figure="{tree}/pairs/evaluation.png",
        figure_record="{tree}/pairs/evaluation.png.record.json",
    log:
        "{tree}/logs/pairs/evaluation.log",
    benchmark:
        "{tree}/benchmarks/pairs/evaluation.jsonl"
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        settings=settings("pair_evaluation"),
        code=plan.code("pair_evaluation"),
    message:
        "Scoring pairs of people."
    shell:
        "python -m chorus pair_evaluation --pairs {input.pairs:q} --fits {input.fits:q} --curated {input.curated:q} --refined {input.refined:q} --body {input.body:q}"
        " --settings {params.settings:q} --output {output.report:q} --figure {output.figure:q} > {log:q} 2>&1"


rule pair_people:
    input:
        images=images,
        masks=files("masks"),
        annotations=backend("keypoints", "annotations")(annotations),
        body=located(plan.config.body.file),
        model=lambda wildcards: (
            [BLAZEPOSE_MODEL] if uses_blazepose(wildcards.tree) else []
        ),
        keypoint_networks=local_models("keypoints"),
        people_networks=local_models("people"),
    output:
        pairs="{tree}/pair_people/{category}/{prompt}/{shard}.h5",
        record="{tree}/pair_people/{category}/{prompt}/{shard}.h5.record.json",
    log:
        "{tree}/logs/pair_people/{category}/{prompt}/{shard}.log",
    benchmark:
        "{tree}/benchmarks/pair_people/{category}/{prompt}/{shard}.jsonl"
    conda:
        perception_environment("keypoints")
    threads: 1
    resources:
        mem_mb=memory("people"),
        runtime=60,
    params:
        settings=settings("pair_people"),
        code=plan.code("pair_people"),
    message:
        "Finding pairs of people ({wildcards.prompt}, shard {wildcards.shard})."
    shell:
        "python -m chorus pair_people --images {input.images:q} --masks {input.masks:q}"
        " --annotations {input.annotations:q} --body {input.body:q} --model {input.model:q}"
        " --category {wildcards.category:q} --settings {params.settings:q} --output {output.pairs:q} > {log:q} 2>&1"


rule person_fits:
    input:
        pair_people=files("pair_people"),
        contacts=of_contacts("lvlm", files("contacts")),
        prior=files("pair_prior"),
        card=files("pair_prior", "pairs/prior.json"),
        body=located(plan.config.body.file),
    output:
        fits="{tree}/person_fits/{category}.h5",
        record="{tree}/person_fits/{category}.h5.record.json",
    log:
        "{tree}/logs/person_fits/{category}.log",
    benchmark:
        "{tree}/benchmarks/person_fits/{category}.jsonl"
    conda:
        "../envs/perception.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=240,
    params:
        settings=settings("person_fits"),
        code=plan.code("person_fits"),
    message:
        "Fitting the pairs of all photographs."
    shell:
        "python -m chorus person_fits --pair_people {input.pair_people:q} --contacts {input.contacts:q}"
        " --prior {input.prior:q} --card {input.card:q} --body {input.body:q} --category {wildcards.category:q}"
        " --settings {params.settings:q} --output {output.fits:q} > {log:q} 2>&1"
