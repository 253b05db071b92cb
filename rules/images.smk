# Pictures, by source: rendered scenes, a text-to-image network, a folder of photographs, annotated photographs.
# OUTPUTS: {tree}/images of every (category, prompt, shard); scenes and coco: {tree}/annotations; scenes: {tree}/scenes.


if plan.config.images.source == "scenes":

    rule scenes:
        input:
            body=located(plan.config.body.file),
            views=located(plan.config.images.views),
            mesh=mesh,
        output:
            scenes="{tree}/scenes/{category}/{prompt}/{shard}.h5",
            scenes_record="{tree}/scenes/{category}/{prompt}/{shard}.h5.record.json",
            images=kept("{tree}/images/{category}/{prompt}/{shard}.h5"),
            images_record="{tree}/images/{category}/{prompt}/{shard}.h5.record.json",
            annotations="{tree}/annotations/{category}/{prompt}/{shard}.json",
            annotations_record="{tree}/annotations/{category}/{prompt}/{shard}.json.record.json",
        log:
            "{tree}/logs/scenes/{category}/{prompt}/{shard}.log",
        benchmark:
            "{tree}/benchmarks/scenes/{category}/{prompt}/{shard}.jsonl"
        conda:
            "../envs/generation.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=30,
        params:
            text=lambda wildcards: prompt_of(wildcards).text,
            interaction=lambda wildcards: prompt_of(wildcards).interaction,
            settings=settings("scenes"),
            code=plan.code("scenes"),
        message:
            "Rendering scenes of {wildcards.category} ({wildcards.prompt}, shard {wildcards.shard})."
        shell:
            "python -m chorus scenes --body {input.body:q} --views {input.views:q} --mesh {input.mesh:q}"
            " --category {wildcards.category:q} --prompt={params.text:q} --interaction={params.interaction:q}"
            " --shard {wildcards.shard:q} --settings {params.settings:q} --output {output.scenes:q}"
            " --images {output.images:q} --annotations {output.annotations:q} > {log:q} 2>&1"

elif plan.config.images.source == "diffusion":

    rule diffusion:
        input:
            views=located(plan.config.images.views),
        output:
            images=kept("{tree}/images/{category}/{prompt}/{shard}.h5"),
            record="{tree}/images/{category}/{prompt}/{shard}.h5.record.json",
        log:
            "{tree}/logs/diffusion/{category}/{prompt}/{shard}.log",
        benchmark:
            "{tree}/benchmarks/diffusion/{category}/{prompt}/{shard}.jsonl"
        conda:
            "../envs/diffusion.yaml"
        threads: 1
        resources:
            mem_mb=12000,
            runtime=240,
            gpu=int(plan.config.diffusion.device == "cuda"),
        params:
            text=lambda wildcards: prompt_of(wildcards).text,
            settings=settings("diffusion"),
            code=plan.code("diffusion"),
        message:
            "Making pictures of {wildcards.category} ({wildcards.prompt}, shard {wildcards.shard})."
        shell:
            "python -m chorus diffusion --views {input.views:q} --category {wildcards.category:q}"
            " --prompt={params.text:q} --shard {wildcards.shard:q} --settings {params.settings:q}"
            " --output {output.images:q} > {log:q} 2>&1"

elif plan.config.images.source == "folder":

    rule folder:
        input:
            photographs=photographs,
        output:
            images=kept("{tree}/images/{category}/{prompt}/{shard}.h5"),
            record="{tree}/images/{category}/{prompt}/{shard}.h5.record.json",
        log:
            "{tree}/logs/folder/{category}/{prompt}/{shard}.log",
        benchmark:
            "{tree}/benchmarks/folder/{category}/{prompt}/{shard}.jsonl"
        conda:
            "../envs/generation.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=30,
        params:
            text=lambda wildcards: prompt_of(wildcards).text,
            listing=lambda wildcards: listing_digest(photographs(wildcards)),
            settings=settings("folder"),
            code=plan.code("folder"),
        message:
            "Collecting photographs of {wildcards.category} ({wildcards.prompt}, shard {wildcards.shard})."
        shell:
            "python -m chorus folder --photographs {input.photographs:q} --category {wildcards.category:q}"
            " --prompt={params.text:q} --shard {wildcards.shard:q} --settings {params.settings:q}"
            " --output {output.images:q} > {log:q} 2>&1"

else:

    rule photographs:
        input:
            annotations=plan.config.images.annotations,
        output:
            images=kept("{tree}/images/{category}/{prompt}/{shard}.h5"),
            images_record="{tree}/images/{category}/{prompt}/{shard}.h5.record.json",
            annotations="{tree}/annotations/{category}/{prompt}/{shard}.json",
            annotations_record="{tree}/annotations/{category}/{prompt}/{shard}.json.record.json",
        log:
            "{tree}/logs/photographs/{category}/{prompt}/{shard}.log",
        benchmark:
            "{tree}/benchmarks/photographs/{category}/{prompt}/{shard}.jsonl"
        conda:
            "../envs/generation.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=30,
        params:
            text=lambda wildcards: prompt_of(wildcards).text,
            settings=settings("photographs"),
            code=plan.code("photographs"),
        message:
            "Collecting photographs of {wildcards.category} (shard {wildcards.shard})."
        shell:
            "python -m chorus photographs --annotations {input.annotations:q}"
            " --category {wildcards.category:q} --prompt={params.text:q} --shard {wildcards.shard:q}"
            " --settings {params.settings:q} --output {output.images:q}"
            " --annotations-output {output.annotations:q} > {log:q} 2>&1"
