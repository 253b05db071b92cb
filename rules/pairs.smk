# Two people in contact: scenes, fits, curation, contact prior, refinement, scores. Nothing of it is part of `all`.
# OUTPUTS: results/pairs/scenes.h5, fits.h5, curated.h5, prior.safetensors, prior.json, refined.h5, evaluation.json, .png


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
