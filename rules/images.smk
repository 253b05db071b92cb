# Pictures and their annotations: rendered scenes, or annotated photographs.
# OUTPUTS: {tree}/images, {tree}/annotations and, for scenes, {tree}/scenes of every (category, prompt, shard).


if plan.config.images.source == "scenes":

    rule scenes:
        input:
            body=located(plan.config.body.file),
            views=located(plan.config.scenes.views),
            mesh=mesh,
        output:
            scenes="{tree}/scenes/{category}/{prompt}/{shard}.h5",
            scenes_record="{tree}/scenes/{category}/{prompt}/{shard}.h5.record.json",
            images="{tree}/images/{category}/{prompt}/{shard}.h5",
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

else:

    rule photographs:
        input:
            annotations=plan.config.images.annotations,
        output:
            images="{tree}/images/{category}/{prompt}/{shard}.h5",
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
