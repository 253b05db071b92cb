# Which body parts touch the object, or of two people each other: a vision-language model is asked, or scenes are read.
# OUTPUTS: {tree}/contacts of every (category, prompt), and beside them the folder of answers that were paid for.


rule ask_contacts:
    input:
        screening=of_kind(OBJECTS, files("screening")),
        images=images,
        masks=of_kind(OBJECTS, files("masks")),
        pair_people=of_kind(PERSON, files("pair_people")),
    output:
        asked="{tree}/contacts/{category}/{prompt}.jsonl",
        record="{tree}/contacts/{category}/{prompt}.jsonl.record.json",
    log:
        "{tree}/logs/ask_contacts/{category}/{prompt}.log",
    benchmark:
        "{tree}/benchmarks/ask_contacts/{category}/{prompt}.jsonl"
    localrule: True
    conda:
        "../envs/generation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        settings=settings("ask_contacts"),
        code=plan.code("ask_contacts"),
    message:
        "Asking which body parts touch in {wildcards.category} ({wildcards.prompt}); see {log} for tokens used."
    shell:
        "python -m chorus ask_contacts --screening {input.screening:q} --images {input.images:q}"
        " --masks {input.masks:q} --pair_people {input.pair_people:q} --category {wildcards.category:q}"
        " --settings {params.settings:q}"
        " --output {output.asked:q} > {log:q} 2>&1"


rule contacts:
    input:
        screening=of_kind(OBJECTS, files("screening")),
        asked=of_contacts("lvlm", files("ask_contacts")),
        masks=of_contacts("lvlm", of_kind(OBJECTS, files("masks"))),
        keypoints=of_contacts("lvlm", of_kind(OBJECTS, files("keypoints"))),
        pair_people=of_kind(PERSON, files("pair_people")),
        images=of_contacts("annotations", images),
        scenes=of_contacts("annotations", files("scenes")),
        views=of_contacts("annotations", located(plan.config.images.views)),
        mesh=of_contacts("annotations", mesh),
        body=located(plan.config.body.file),
    output:
        contacts="{tree}/contacts/{category}/{prompt}.h5",
        record="{tree}/contacts/{category}/{prompt}.h5.record.json",
    log:
        "{tree}/logs/contacts/{category}/{prompt}.log",
    benchmark:
        "{tree}/benchmarks/contacts/{category}/{prompt}.jsonl"
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        text=lambda wildcards: prompt_of(wildcards).text,
        interaction=lambda wildcards: prompt_of(wildcards).interaction,
        settings=settings("contacts"),
        code=plan.code("contacts"),
    message:
        "Finding which body parts touch in {wildcards.category} ({wildcards.prompt})."
    shell:
        "python -m chorus contacts --screening {input.screening:q} --asked {input.asked:q} --masks {input.masks:q}"
        " --keypoints {input.keypoints:q} --images {input.images:q} --scenes {input.scenes:q} --views {input.views:q}"
        " --pair_people {input.pair_people:q} --mesh {input.mesh:q} --body {input.body:q}"
        " --category {wildcards.category:q} --prompt={params.text:q} --interaction={params.interaction:q}"
        " --settings {params.settings:q}"
        " --output {output.contacts:q} > {log:q} 2>&1"
