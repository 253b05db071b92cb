# Pictures of a category: the field, the screening, the fitted people, pairs of people.
# OUTPUTS: {tree}/figures/{category}_{field,interactions,screening,people,pairs}.png, ..._turntable.gif, {tree}/report/{category}{,_gallery,_interactive}.html


rule field_figure:
    input:
        voxels=files("voxels"),
        body=located(plan.config.body.file),
    output:
        figure=report(
            "{tree}/figures/{category}_field.png",
            caption="captions/field.rst",
            category="{category}",
        ),
        record="{tree}/figures/{category}_field.png.record.json",
    log:
        "{tree}/logs/figures/{category}_field.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        settings=settings("field_figure"),
        code=plan.code("field_figure"),
    message:
        "Drawing the field of {wildcards.category}."
    shell:
        "python -m chorus field_figure --voxels {input.voxels:q} --body {input.body:q}"
        " --category {wildcards.category:q} --settings {params.settings:q} --output {output.figure:q} > {log:q} 2>&1"


rule contact_sheet:
    input:
        masks=files("masks"),
        screening=files("screening"),
    output:
        figure=report(
            "{tree}/figures/{category}_screening.png",
            caption="captions/screening.rst",
            category="{category}",
        ),
        record="{tree}/figures/{category}_screening.png.record.json",
    log:
        "{tree}/logs/figures/{category}_screening.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        settings=settings("contact_sheet"),
        code=plan.code("contact_sheet"),
    message:
        "Drawing kept and rejected images of {wildcards.category}."
    shell:
        "python -m chorus contact_sheet --masks {input.masks:q} --screening {input.screening:q}"
        " --category {wildcards.category:q} --settings {params.settings:q} --output {output.figure:q} > {log:q} 2>&1"


rule gallery:
    input:
        masks=files("masks"),
        keypoints=files("keypoints"),
        screening=files("screening"),
    output:
        page=report(
            "{tree}/report/{category}_gallery.html",
            caption="captions/gallery.rst",
            category="{category}",
        ),
        record="{tree}/report/{category}_gallery.html.record.json",
    log:
        "{tree}/logs/report/{category}_gallery.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        prompts=lambda wildcards: "\x1f".join(
            prompt.text for prompt in plan.prompts[wildcards.category]
        ),
        settings=settings("gallery"),
        code=plan.code("gallery"),
    message:
        "Showing kept and rejected images of {wildcards.category}."
    shell:
        "python -m chorus gallery --masks {input.masks:q} --keypoints {input.keypoints:q}"
        " --screening {input.screening:q} --category {wildcards.category:q} --prompts={params.prompts:q}"
        " --settings {params.settings:q} --output {output.page:q} > {log:q} 2>&1"


rule overlays:
    input:
        images=lambda wildcards: images(wildcards) if plan.config.images.keep else [],
        masks=files("masks"),
        people=files("people"),
        screening=files("screening"),
        body=located(plan.config.body.file),
    output:
        figure=report(
            "{tree}/figures/{category}_people.png",
            caption="captions/people.rst",
            category="{category}",
        ),
        record="{tree}/figures/{category}_people.png.record.json",
    log:
        "{tree}/logs/figures/{category}_people.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        settings=settings("overlays"),
        code=plan.code("overlays"),
    message:
        "Drawing the fitted people of {wildcards.category}."
    shell:
        "python -m chorus overlays --images {input.images:q} --masks {input.masks:q} --people {input.people:q}"
        " --screening {input.screening:q} --body {input.body:q} --category {wildcards.category:q}"
        " --settings {params.settings:q} --output {output.figure:q} > {log:q} 2>&1"


rule interactions_figure:
    input:
        voxels=files("voxels"),
        cameras=files("cameras"),
        screening=files("screening"),
        images=lambda wildcards: images(wildcards) if plan.config.images.keep else [],
        masks=files("masks"),
        people=files("people"),
        skinning=files("skinning"),
        body=located(plan.config.body.file),
    output:
        figure=report(
            "{tree}/figures/{category}_interactions.png",
            caption="captions/interactions.rst",
            category="{category}",
        ),
        record="{tree}/figures/{category}_interactions.png.record.json",
        turntable="{tree}/figures/{category}_turntable.gif",
        turntable_record="{tree}/figures/{category}_turntable.gif.record.json",
    log:
        "{tree}/logs/figures/{category}_interactions.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=20,
    params:
        settings=settings("interactions_figure"),
        code=plan.code("interactions_figure"),
    message:
        "Drawing the interactions of {wildcards.category}."
    shell:
        "python -m chorus interactions_figure --voxels {input.voxels:q} --cameras {input.cameras:q}"
        " --screening {input.screening:q} --images {input.images:q} --masks {input.masks:q}"
        " --people {input.people:q} --skinning {input.skinning:q} --body {input.body:q}"
        " --category {wildcards.category:q} --settings {params.settings:q} --output {output.figure:q}"
        " --turntable {output.turntable:q} > {log:q} 2>&1"


rule interactive:
    input:
        voxels=files("voxels"),
        cameras=files("cameras"),
        masks=files("masks"),
        people=files("people"),
        skinning=files("skinning"),
        body=located(plan.config.body.file),
        template=located("resources/interactive.html"),
    output:
        page=report(
            "{tree}/report/{category}_interactive.html",
            caption="captions/interactive.rst",
            category="{category}",
        ),
        record="{tree}/report/{category}_interactive.html.record.json",
    log:
        "{tree}/logs/report/{category}_interactive.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=20,
    params:
        prompts=lambda wildcards: "\x1f".join(
            prompt.text for prompt in plan.prompts[wildcards.category]
        ),
        settings=settings("interactive"),
        code=plan.code("interactive"),
    message:
        "Writing the interactive page of {wildcards.category}."
    shell:
        "python -m chorus interactive --voxels {input.voxels:q} --cameras {input.cameras:q} --masks {input.masks:q}"
        " --people {input.people:q} --skinning {input.skinning:q} --body {input.body:q} --template {input.template:q}"
        " --category {wildcards.category:q} --prompts={params.prompts:q} --settings {params.settings:q}"
        " --output {output.page:q} > {log:q} 2>&1"


rule pairs_figure:
    input:
        images=lambda wildcards: images(wildcards) if plan.config.images.keep else [],
        masks=files("masks"),
        pair_people=files("pair_people"),
        fits=files("person_fits"),
        body=located(plan.config.body.file),
    output:
        figure=report(
            "{tree}/figures/{category}_pairs.png",
            caption="captions/pairs.rst",
            category="{category}",
        ),
        record="{tree}/figures/{category}_pairs.png.record.json",
    log:
        "{tree}/logs/figures/{category}_pairs.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=30,
    params:
        settings=settings("pairs_figure"),
        code=plan.code("pairs_figure"),
    message:
        "Drawing pairs of people."
    shell:
        "python -m chorus pairs_figure --images {input.images:q} --masks {input.masks:q}"
        " --pair_people {input.pair_people:q} --fits {input.fits:q} --body {input.body:q}"
        " --category {wildcards.category:q} --settings {params.settings:q} --output {output.figure:q} > {log:q} 2>&1"


rule page:
    input:
        screening=files("screening"),
        figures=lambda wildcards: [
            path
            for stage in (
                "field_figure",
                "interactions_figure",
                "contact_sheet",
                "overlays",
            )
            for path in files(stage)(wildcards)
        ]
        + files("interactions_figure", "figures/{category}_turntable.gif")(wildcards),
        gallery=files("gallery"),
        interactive=files("interactive"),
        pap=lambda wildcards: (
            files("pap")(wildcards) if plan.config.testset.source != "none" else []
        ),
    output:
        page=report(
            "{tree}/report/{category}.html",
            caption="captions/page.rst",
            category="{category}",
        ),
        record="{tree}/report/{category}.html.record.json",
    log:
        "{tree}/logs/report/{category}.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        prompts=lambda wildcards: "\x1f".join(
            prompt.text for prompt in plan.prompts[wildcards.category]
        ),
        settings=settings("page"),
        code=plan.code("page"),
    message:
        "Writing the page of {wildcards.category}."
    shell:
        "python -m chorus page --screening {input.screening:q} --figures {input.figures:q} --pap {input.pap:q}"
        " --gallery {input.gallery:q} --interactive {input.interactive:q}"
        " --category {wildcards.category:q} --prompts={params.prompts:q} --settings {params.settings:q}"
        " --output {output.page:q} > {log:q} 2>&1"
