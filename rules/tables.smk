# The tables of the paper: what `snakemake scene_tables` makes. Runs and their repetitions are those of the plan.
# OUTPUTS: results/tables/{table1,table2,table3,table5,ablations}.{csv,md,tex}, results/figures/images_vs_pap.png.


rule table1:
    input:
        screening=lambda wildcards: checked(
            plan.of_tables, "screening", plan.screenings_of_tables()
        ),
        cameras=lambda wildcards: checked(
            plan.of_tables, "cameras", plan.screenings_of_tables()
        ),
        published=located("resources/published.json"),
    output:
        table="{tree}/tables/table1.csv",
        record="{tree}/tables/table1.csv.record.json",
        markdown="{tree}/tables/table1.md",
        markdown_record="{tree}/tables/table1.md.record.json",
        latex="{tree}/tables/table1.tex",
        latex_record="{tree}/tables/table1.tex.record.json",
    log:
        "{tree}/logs/tables/table1.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        runs=plan.runs_of_tables(plan.screenings_of_tables()),
        settings=settings("table1"),
        code=plan.code("table1"),
    message:
        "Tabulating images and cameras."
    shell:
        "python -m chorus table1 --screening {input.screening:q} --cameras {input.cameras:q} --published {input.published:q} --runs {params.runs:q}"
        " --settings {params.settings:q}"
        " --output {output.table:q} --markdown {output.markdown:q} --latex {output.latex:q} > {log:q} 2>&1"


rule table2:
    input:
        pap=lambda wildcards: checked(plan.of_tables, "pap"),
        published=located("resources/published.json"),
    output:
        table="{tree}/tables/table2.csv",
        record="{tree}/tables/table2.csv.record.json",
        markdown="{tree}/tables/table2.md",
        markdown_record="{tree}/tables/table2.md.record.json",
        latex="{tree}/tables/table2.tex",
        latex_record="{tree}/tables/table2.tex.record.json",
    log:
        "{tree}/logs/tables/table2.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        runs=plan.runs_of_tables(),
        settings=settings("table2"),
        code=plan.code("table2"),
    message:
        "Tabulating the ablations."
    shell:
        "python -m chorus table2 --pap {input.pap:q} --published {input.published:q} --runs {params.runs:q}"
        " --settings {params.settings:q}"
        " --output {output.table:q} --markdown {output.markdown:q} --latex {output.latex:q} > {log:q} 2>&1"


rule table3:
    input:
        screening=lambda wildcards: checked(plan.of_tables, "screening", ["full"]),
        published=located("resources/published.json"),
    output:
        table="{tree}/tables/table3.csv",
        record="{tree}/tables/table3.csv.record.json",
        markdown="{tree}/tables/table3.md",
        markdown_record="{tree}/tables/table3.md.record.json",
        latex="{tree}/tables/table3.tex",
        latex_record="{tree}/tables/table3.tex.record.json",
    log:
        "{tree}/logs/tables/table3.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        runs=plan.runs_of_tables(["full"]),
        settings=settings("table3"),
        code=plan.code("table3"),
    message:
        "Tabulating pictures and rejection rates."
    shell:
        "python -m chorus table3 --screening {input.screening:q} --published {input.published:q} --runs {params.runs:q}"
        " --settings {params.settings:q}"
        " --output {output.table:q} --markdown {output.markdown:q} --latex {output.latex:q} > {log:q} 2>&1"


rule table5:
    input:
        testset=lambda wildcards: plan.files("testset", wildcards.tree),
        published=located("resources/published.json"),
    output:
        table="{tree}/tables/table5.csv",
        record="{tree}/tables/table5.csv.record.json",
        markdown="{tree}/tables/table5.md",
        markdown_record="{tree}/tables/table5.md.record.json",
        latex="{tree}/tables/table5.tex",
        latex_record="{tree}/tables/table5.tex.record.json",
    log:
        "{tree}/logs/tables/table5.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        settings=settings("table5"),
        code=plan.code("table5"),
    message:
        "Tabulating the test images."
    shell:
        "python -m chorus table5 --testset {input.testset:q} --published {input.published:q}"
        " --settings {params.settings:q}"
        " --output {output.table:q} --markdown {output.markdown:q} --latex {output.latex:q} > {log:q} 2>&1"


rule ablations:
    input:
        pap=lambda wildcards: checked(plan.of_tables, "pap"),
    output:
        table="{tree}/tables/ablations.csv",
        record="{tree}/tables/ablations.csv.record.json",
        markdown="{tree}/tables/ablations.md",
        markdown_record="{tree}/tables/ablations.md.record.json",
        latex="{tree}/tables/ablations.tex",
        latex_record="{tree}/tables/ablations.tex.record.json",
    log:
        "{tree}/logs/tables/ablations.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        runs=plan.runs_of_tables(),
        settings=settings("ablations"),
        code=plan.code("ablations"),
    message:
        "Tabulating every category and ablation."
    shell:
        "python -m chorus ablations --pap {input.pap:q} --runs {params.runs:q}"
        " --settings {params.settings:q}"
        " --output {output.table:q} --markdown {output.markdown:q} --latex {output.latex:q} > {log:q} 2>&1"


rule images_vs_pap:
    input:
        pap=lambda wildcards: checked(plan.of_tables, "pap", plan.shares_of_tables()),
        published=located("resources/published.json"),
    output:
        figure="{tree}/figures/images_vs_pap.png",
        record="{tree}/figures/images_vs_pap.png.record.json",
    log:
        "{tree}/logs/figures/images_vs_pap.log",
    conda:
        "../envs/aggregation.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        runs=plan.runs_of_tables(plan.shares_of_tables()),
        settings=settings("images_vs_pap"),
        code=plan.code("images_vs_pap"),
    message:
        "Drawing the scores against the number of images."
    shell:
        "python -m chorus images_vs_pap --pap {input.pap:q} --published {input.published:q} --runs {params.runs:q}"
        " --settings {params.settings:q}"
        " --output {output.figure:q} > {log:q} 2>&1"
