"""Each lint rule has an example that fails, and one beside it that does not."""

from __future__ import annotations

import dataclasses

import pytest
from jupyter_pixi.deploy.dockerignore import ignores
from jupyter_pixi.deploy.lint import RULES, lint
from jupyter_pixi.deploy.parse import parse

from .plans import CPU, CUDA, PLAN

P = "/app/.pixi/envs/prod"
BUILD = "FROM ghcr.io/prefix-dev/pixi:0.77.0-noble AS build\nWORKDIR /app\n"
INSTALL = f"COPY . .\nRUN pixi install --locked -e prod\nRUN {P}/bin/python -c 1\n"
FINAL = "FROM ubuntu:24.04\nWORKDIR /app\n"
COPIED = f"COPY --from=build {P} {P}\nCOPY setup ./setup\n"
END = 'USER 1000\nENTRYPOINT ["/e.sh"]\n'
GOOD = BUILD + INSTALL + FINAL + COPIED + END
CACHE = "--mount=type=cache,target=/root/.cache/rattler/cache"
HOOK = "RUN pixi shell-hook -e prod --as-is > /e.sh\nRUN echo 'exec \"$@\"' >> /e.sh\n"
GPU = "FROM ghcr.io/prefix-dev/pixi:0.77.0-noble AS build\nWORKDIR /app\nRUN apt-get install -y git\nCOPY . .\n"
GPU_END = "RUN pixi install --locked -e cuda\nRUN .pixi/envs/cuda/bin/python -c 1\n"
GPU_END += "FROM ubuntu:24.04\nCOPY . /app\nUSER 1000\n"

FAILING = {
    "PX01": GOOD.replace(f"{P} {P}", f"{P} /opt/env"),
    "PX02": GOOD.replace("COPY setup ./setup\n", ""),
    "PX03": GPU.replace("COPY . .\n", "COPY pixi.toml pixi.lock ./\n") + "ENV CONDA_OVERRIDE_CUDA=12\n" + GPU_END,
    "PX04": GOOD.replace("FROM ubuntu", "RUN pixi run -e prod python x.py\nFROM ubuntu"),
    "PX05": GOOD.replace("FROM ubuntu", HOOK + "FROM ubuntu"),
    "PX06": GOOD.replace('["/e.sh"]', "/e.sh"),
    "PX07": GOOD.replace("USER", "ENV PIXI_IN_SHELL=1\nUSER"),
    "PX08": GOOD,
    "PX09": GOOD.replace("--locked ", ""),
    "PX10": GOOD.replace(f"RUN {P}/bin/python -c 1\n", "").replace("RUN pixi", f"RUN {CACHE} pixi"),
    "PX11": GOOD.replace("RUN pixi", "RUN --mount=type=cache,target=/root/.pixi/cache pixi"),
    "PX12": GOOD.replace("COPY . .", "COPY credentials.json /root/\nCOPY . ."),
    "PX13": GOOD.replace("USER 1000\n", ""),
    "PX14": GOOD.replace("FROM ghcr", "FROM --platform=linux/arm64 ghcr"),
    "PX15": GOOD.replace("0.77.0-noble", "0.77.0-cuda-12.9.1-noble"),
    "PX16": GOOD.replace("ubuntu:24.04", "debian:stretch-slim").replace("debian:stretch-slim", "alpine:3.20"),
    "PX17": GPU + GPU_END,
}


def rules(text: str, dockerignore: str | None = ".pixi\n", plan=PLAN) -> set[str]:
    return {f.rule for f in lint(text, dockerignore=dockerignore, has_dockerignore=True, plan=plan)}


def test_a_good_one_has_no_finding():
    assert rules(GOOD) == set()


@pytest.mark.parametrize("rule", sorted(FAILING))
def test_each_rule_has_a_failing_example(rule: str):
    ignore = "node_modules\n" if rule == "PX08" else ".pixi\n"
    found = lint(FAILING[rule], dockerignore=ignore, has_dockerignore=True, plan=PLAN)
    mine = [f for f in found if f.rule == rule]
    assert mine, found
    assert all(f.text and f.line >= 0 for f in mine)
    assert {f.rule for f in found} <= {rule, "PX17"} if rule != "PX17" else True


MENDED = {
    "PX03": GPU + "ENV CONDA_OVERRIDE_CUDA=12\n" + GPU_END,
    "PX04": GOOD.replace("FROM ubuntu", "RUN pixi run --as-is -e prod python x.py\nFROM ubuntu"),
    "PX05": GOOD.replace("FROM ubuntu", HOOK.replace(" > /e.sh", " | sed /PATH=/d > /e.sh") + "FROM ubuntu"),
    "PX07": GOOD.replace("USER", f"ENV CONDA_PREFIX={P}\nUSER"),
    "PX10": GOOD.replace("RUN pixi", f"RUN {CACHE} pixi"),
    "PX11": GOOD.replace("RUN pixi", f"RUN {CACHE} pixi"),
    "PX12": GOOD.replace("RUN pixi", "RUN --mount=type=secret,id=a,target=/run/a RATTLER_AUTH_FILE=/run/a pixi"),
    "PX14": GOOD.replace("FROM ghcr", "FROM --platform=linux/amd64 ghcr"),
    "PX15": GOOD.replace("0.77.0-noble", "0.77.0-noble-cuda-12.9.1"),
    "PX16": GOOD.replace("ubuntu:24.04", "debian:bookworm-slim"),
    "PX17": GPU.replace("COPY", "ENV CONDA_OVERRIDE_CUDA=12\nCOPY")
    + GPU_END.replace("COPY", "ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility\nCOPY"),
}
"""What the examples become when their trap is avoided; those that are not here become GOOD."""


@pytest.mark.parametrize("rule", sorted(FAILING))
def test_the_same_example_without_the_trap_is_left_alone(rule: str):
    assert rule not in rules(MENDED.get(rule, GOOD))


def test_all_rules_are_tried_and_explained():
    lint(GOOD)
    assert set(RULES) == set(FAILING)
    assert all(len(r.why) > 40 for r in RULES.values())


def test_more_of_the_traps():
    assert "PX06" in rules(GOOD.replace("FROM ubuntu", HOOK.replace("exec", "echo") + "FROM ubuntu"))
    strict = "RUN echo 'set -eu' > /e.sh\n" + HOOK
    assert "PX06" in rules(GOOD.replace("FROM ubuntu", strict + "FROM ubuntu"))
    assert "PX06" in rules(
        GOOD.replace("ubuntu:24.04", "gcr.io/distroless/base").replace("FROM gcr", HOOK + "FROM gcr")
    )
    assert "PX09" in rules(GOOD.replace("--locked", "--frozen"))
    assert "PX12" in rules(GOOD.replace("RUN pixi", "ENV CONDA_TOKEN=abc\nRUN pixi"))
    assert "PX13" in rules(GOOD.replace("USER 1000", "RUN useradd -u 1000 me\nUSER 1000"))
    assert "PX13" not in rules(GOOD.replace("USER 1000", "RUN userdel ubuntu && useradd -u 1000 me\nUSER 1000"))
    assert "PX15" in rules(GOOD.replace("0.77.0-noble", "latest"))
    assert "PX15" in rules(GOOD.replace("0.77.0-noble", "0.77.0-jammy-cuda-12.1.1"))
    assert "PX15" in rules(GOOD.replace("0.77.0-noble", "0.40.0-noble")), "it cannot read the lock"
    assert "PX16" in rules(GOOD.replace("ubuntu:24.04", "ubuntu:20.04"), plan=newer())
    assert "PX08" in rules(GOOD, ".pixi\n*.lock\n")
    assert "PX12" in rules(GPU.replace("RUN apt-get install -y git\n", "") + "ENV CONDA_OVERRIDE_CUDA=12\n" + GPU_END)


def test_locked_reads_the_sources_of_all_environments():
    plan = dataclasses.replace(PLAN, sources=CUDA.sources)
    one = GOOD.replace("COPY . .", "COPY pixi.toml pixi.lock ./")
    assert "PX03" in rules(one, plan=plan)
    assert "PX03" not in rules(one.replace("--locked", "--frozen"), plan=plan)
    assert "PX03" not in rules(GOOD, plan=plan)


def newer():
    return dataclasses.replace(PLAN, targets=(dataclasses.replace(CPU, glibc="2.34"), CUDA))


def test_the_documented_pattern_is_understood():
    """The multi-stage Dockerfile of Pixi's own docs: its traps are found, and nothing else."""
    text = """\
FROM ghcr.io/prefix-dev/pixi:0.77.0 AS build
WORKDIR /app
COPY . .
RUN pixi install --locked -e prod
RUN pixi shell-hook -e prod -s bash > /shell-hook
RUN echo "#!/bin/bash" > /app/entrypoint.sh
RUN cat /shell-hook >> /app/entrypoint.sh
RUN echo 'exec "$@"' >> /app/entrypoint.sh
FROM ubuntu:24.04 AS production
WORKDIR /app
COPY --from=build /app/.pixi/envs/prod /app/.pixi/envs/prod
COPY --from=build --chmod=0755 /app/entrypoint.sh /app/entrypoint.sh
COPY ./my_project /app/my_project
ENTRYPOINT [ "/app/entrypoint.sh" ]
"""
    assert rules(text) == {"PX02", "PX04", "PX05", "PX13"}


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("PX01", ("COPY --from=build /app/.pixi/envs/prod /app/.pixi/envs/prod", "COPY --from=build /app /srv")),
        ("PX01", (f"{P} {P}", "/app/.pixi/envs /opt/envs")),
        ("PX04", ('["/e.sh"]', '["pixi", "run"]')),
        ("PX04", ('ENTRYPOINT ["/e.sh"]', "CMD pixi run serve")),
        ("PX09", ("RUN pixi install --locked", "RUN pixi run")),
        ("PX12", ("RUN pixi", "ARG CONDA_TOKEN\nRUN pixi")),
        ("PX12", ("RUN pixi", "ENV API_TOKEN=$TOKEN\nRUN pixi")),
        ("PX12", ("RUN pixi", "RUN pixi auth login --token $T example.org\nRUN pixi")),
        ("PX14", ("-e prod", "-e elsewhere")),
        ("PX14", ("-e prod", "-e mac")),
        ("PX15", ("RUN pixi", "RUN curl -fsSL https://pixi.sh/install.sh | bash\nRUN pixi")),
    ],
)
def test_other_forms_are_found(rule: str, change: tuple[str, str]):
    assert change[0] in GOOD
    assert rule in rules(GOOD.replace(*change))


@pytest.mark.parametrize(
    "change",
    [
        ("COPY --from=build /app/.pixi/envs/prod /app/.pixi/envs/prod", "COPY --from=build /app /app"),
        (f"{P} {P}", "/app/.pixi/envs/ ./.pixi/envs/"),
        ("pixi install --locked -e prod", "PIXI_LOCKED=1 pixi install -e prod"),
        ("RUN pixi", 'ENV TOKENIZERS_PARALLELISM=false JUPYTER_TOKEN=""\nRUN pixi'),
        ("RUN pixi", 'RUN ["pixi", "--version"]\nRUN pixi'),
        ('["/e.sh"]', '["pixi", "run", "--as-is"]'),
        ("-e prod", "-e $ENVIRONMENT"),
        ("COPY setup ./setup", "COPY set* ./"),
        ("COPY setup ./setup", "COPY --from=build /app/setup ./setup"),
        ('["/e.sh"]', '["python"]\nRUN pixi shell-hook --as-is > /etc/profile.d/pixi.sh'),
        (f"RUN {P}/bin/python -c 1\n", ""),
    ],
)
def test_what_is_right_is_left_alone(change: tuple[str, str]):
    assert change[0] in GOOD
    assert rules(GOOD.replace(*change)) == set()


def test_a_dockerfile_without_pixi_is_none_of_its_business():
    text = 'FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD ["python"]\n'
    assert rules(text, dockerignore=None) == set()


def test_a_workspace_that_stands_elsewhere():
    text = GOOD.replace("WORKDIR /app\n", "WORKDIR /src\n").replace("RUN pixi install", "RUN cd /app && pixi install")
    assert rules(text) == set()
    mounted = "RUN --mount=type=bind,target=/app pixi install --locked -e prod\n"
    assert rules(GOOD.replace("COPY . .\nRUN pixi install --locked -e prod\n", mounted)) == set()


def test_the_context_may_be_the_repository_of_the_workspace():
    text = GOOD.replace("COPY . .", "COPY work ./").replace("COPY setup", "COPY work/setup")
    assert not lint(text, dockerignore="**/.pixi\n", plan=PLAN, folder="work")
    assert {f.rule for f in lint(text, dockerignore="**/.pixi\n", plan=PLAN)} == {"PX02"}
    assert {f.rule for f in lint(text, dockerignore="work/pixi.lock\npixi.lock\n", plan=PLAN, folder="work")} == {
        "PX08"
    }


def test_rules_can_be_silenced_and_nonsense_is_told():
    assert "PX13" not in rules(FAILING["PX13"] + "# jupyter-pixi: ignore=PX13,PX01\n")
    assert [f.rule for f in lint("hello")] == ["PX00"]
    assert lint("")[0].rule == "PX00"


def test_the_parser_reads_what_docker_reads():
    text = (
        "# escape=`\nARG BASE=debian:12\nFROM --platform=linux/amd64 ${BASE} as One\nRUN a `\n# no\n  && b\n"
        'COPY <<EOF /x\nFROM not-a-stage\nEOF\nFROM one\nCOPY --from=One --chown=1:1 ["a b", "/c"]\n'
    )
    file = parse(text)
    assert [(s.image, s.name, s.platform) for s in file.stages] == [
        ("debian:12", "One", "linux/amd64"),
        ("one", None, None),
    ]
    assert file.stages[0].all("RUN")[0].commands == [["a"], ["b"]]
    assert file.stages[1].all("COPY")[0].words == ["a b", "/c"]
    assert [s.image for s in file.lineage(file.stages[1])] == ["one", "debian:12"]
    assert file.stages[1].line == 10


@pytest.mark.parametrize(
    ("text", "path", "is_out"),
    [
        (".pixi", ".pixi/envs", True),
        ("/.pixi/", ".pixi/envs", True),
        ("**/.pixi", "a/b/.pixi/envs", True),
        ("**/.pixi", ".pixi/envs", True),
        (".pixi", "a/.pixi/envs", False),
        (".pixi/envs", ".pixi/envs", True),
        (".pixi/*\n!.pixi/config.toml", ".pixi/envs", True),
        (".pixi\n!.pixi/config.toml", ".pixi/config.toml", False),
        ("*\n!.pixi", ".pixi/envs", False),
        ("# .pixi", ".pixi/envs", False),
        ("*.lock\n!pixi.lock", "pixi.lock", False),
        ("*.lock", "w/pixi.lock", False),
        ("**/*.lock", "w/pixi.lock", True),
        ("**", "pixi.lock", True),
        ("pixi.loc[jk]", "pixi.lock", True),
        ("pixi.loc?", "pixi.lock", True),
    ],
)
def test_dockerignore(text: str, path: str, is_out: bool):
    assert ignores(text, path) is is_out
