"""The generated files: golden texts, the rules that hold for all of them, and hadolint's opinion."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_pixi.deploy import binder, dockerfile, images, sagemaker
from jupyter_pixi.deploy.activate_text import env_vars_command
from jupyter_pixi.deploy.binder import Present
from jupyter_pixi.deploy.generated import refuse_changed, state, steps, write
from jupyter_pixi.deploy.lint import lint
from jupyter_pixi.deploy.model import Source
from jupyter_pixi.deploy.parse import parse
from jupyter_pixi.errors import PixiError, Refused

from .plans import CPU, CUDA, JOB, PLAN

GOLDEN = Path(__file__).parent / "golden"


def docker(environment: str, **more: object):
    return dockerfile.dockerfile(PLAN, dockerfile.Options(environment, **more))


def made() -> dict[str, str]:
    """Every form of every export by the name of its golden file."""
    simple = binder.binder(PLAN, binder.Options(notebook="tour.ipynb"), Present(), ["prod"])
    folder = Present(
        ("binder",), (("binder/apt.txt", "graphviz # dot\n"), ("binder/start", "x"), ("binder/postBuild", "x"))
    )
    merged = binder.binder(PLAN, binder.Options(subfolder="demo/sample", source="."), folder, ["prod", "job"])
    return {
        "Dockerfile.prod": docker("prod").files[0].text,
        "Dockerfile.cuda": docker("cuda", auth=True, command=("python", "serve.py")).files[0].text,
        "dockerignore": docker("prod").files[1].text,
        "Dockerfile.job": sagemaker.sagemaker(PLAN, dockerfile.Options("job")).files[0].text,
        "Dockerfile.binder": simple[0].text,
        "Dockerfile.binder-merged": merged[0].text,
    }


@pytest.mark.parametrize("name", made())
def test_the_text_is_the_golden_one(name: str):
    text = made()[name]
    if os.environ.get("JUPYTER_PIXI_WRITE_GOLDEN"):
        (GOLDEN / name).write_text(text)
    assert text == (GOLDEN / name).read_text()


@pytest.mark.parametrize("name", [n for n in made() if n.startswith("Dockerfile")])
def test_our_lint_and_hadolint_find_nothing(name: str, tmp_path: Path):
    text = made()[name]
    found = lint(text, dockerignore=".pixi\n", plan=PLAN)
    assert not found
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    (tmp_path / "Dockerfile").write_text(text)
    done = subprocess.run([hadolint, str(tmp_path / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", [n for n in made() if n.startswith("Dockerfile")])
def test_the_shell_in_it_is_bash_and_the_activation_works(name: str, tmp_path: Path):
    """The RUN that writes scripts is executed, with its folder elsewhere, and the activation is sourced strictly."""
    text = made()[name].replace("/opt/pixi", f"{tmp_path}/opt").replace("/usr/local/bin/entry", f"{tmp_path}/entry")
    runs = [i for s in parse(text).stages for i in s.all("RUN") if "printf" in i.text]
    for instruction in runs:
        commands = [c for c in instruction.text.split(" && ") if "bin/python -c" not in c and "jupyter" not in c]
        subprocess.run(["bash", "-eu", "-c", f"mkdir -p {tmp_path}/opt/bin; " + " && ".join(commands)], check=True)
    script = tmp_path / "opt/activate.sh"
    if not script.exists():
        assert (tmp_path / "entrypoint.sh").read_text().endswith('"$@"\n')
        return
    if "prod" in name:
        script.write_text(script.read_text().replace(". /app/setup/on.sh", ": # not here"))
    tell = f". {script}; . {script}; echo $PATH; echo $CONDA_PREFIX; echo ${{DATA-}}; echo ${{STATION-}}; echo $-"
    done = subprocess.run(
        ["bash", "-euc", tell], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )
    path, prefix, data, station, flags = done.stdout.splitlines()
    assert path == f"{prefix}/bin:/usr/bin:/bin", "once, and before what was there"
    assert "e" in flags
    assert "u" in flags
    if "prod" in name:
        assert (data, station) == ("/app/data", "Zug'spitze")


def test_what_is_generated_is_known_again(tmp_path: Path):
    files = docker("prod").files
    planned = steps(tmp_path, files)
    assert [s.state for s in planned] == ["new", "new"]
    assert len(write(planned)) == 2
    assert [s.state for s in steps(tmp_path, files)] == ["same", "same"]
    newer = docker("job").files
    assert steps(tmp_path, newer)[0].state == "ours", "nobody touched it: it may be brought up to date"
    path = tmp_path / "Dockerfile"
    path.write_text(path.read_text() + "RUN true\n")
    changed = steps(tmp_path, newer)
    assert changed[0].state == "changed"
    with pytest.raises(Refused, match="was changed since"):
        refuse_changed(changed)
    refuse_changed(changed, force=True)
    assert state("FROM x\n", files[0].text) == "foreign"


def test_what_cannot_become_an_image_is_refused():
    with pytest.raises(PixiError, match="locked for osx-arm64"):
        docker("mac")
    with pytest.raises(PixiError, match=r"glibc 2\.31, and the locked packages need 2\.34"):
        docker("cuda", base="debian:bullseye-slim")
    with pytest.raises(PixiError, match="musl"):
        docker("prod", base="alpine:3.20")
    with pytest.raises(PixiError, match="cannot read this lock file"):
        docker("prod", pixi="0.40.0")
    outside = dataclasses.replace(JOB, sources=(Source("lib", "../lib", editable=True),))
    plan = dataclasses.replace(PLAN, targets=(outside,))
    with pytest.raises(PixiError, match=r"outside the workspace: lib \(\.\./lib\)"):
        dockerfile.dockerfile(plan, dockerfile.Options("job"))
    with pytest.raises(PixiError, match="no `sagemaker`"):
        sagemaker.sagemaker(PLAN, dockerfile.Options("prod"))


def test_an_environment_without_python_becomes_an_image():
    bare = dataclasses.replace(JOB, python=None, packages=frozenset({"r-base"}))
    export = dockerfile.dockerfile(dataclasses.replace(PLAN, targets=(bare,)), dockerfile.Options("job"))
    assert "bin/python" not in export.files[0].text
    assert 'RUN test -n "$(ls /app/.pixi/envs/job/conda-meta/*.json)"' in export.files[0].text
    assert any("env_vars.d" in text for text in export.warnings)


def test_sources_of_other_environments_are_there_for_the_check():
    plan = dataclasses.replace(PLAN, sources=(Source("mine", "libs/mine"), Source("w", "w-1-py3-none-any.whl")))
    text = dockerfile.dockerfile(plan, dockerfile.Options("prod")).files[0].text
    build = text[: text.index("AS final")]
    assert "COPY libs/mine ./libs/mine/\nCOPY w-1-py3-none-any.whl ./w-1-py3-none-any.whl\n" in build
    outside = dataclasses.replace(PLAN, sources=(Source("mine", "../mine"),))
    text = dockerfile.dockerfile(outside, dockerfile.Options("prod")).files[0].text
    assert "pixi install --frozen --environment prod" in text
    assert not lint(text, plan=outside)


def test_cuda_images_are_those_that_were_published():
    assert images.builder("0.77.0", "12.4", 7).image.endswith(":0.77.0-noble-cuda-12.9.1")
    assert images.builder("0.77.0", "13.0", 7).image.endswith(":0.77.0-noble-cuda-13.0.0")
    assert images.builder("0.77.0", "11.8", 7).image.endswith(":0.77.0-noble"), "never guessed"
    assert images.builder("0.70.0", "12.4", 7).image.endswith(":0.70.0-noble"), "not known for that release"
    assert images.glibc_of("debian:trixie-slim") == "2.41"
    assert images.glibc_of("nvidia/cuda:12.9.1-base-ubuntu22.04") == "2.35"
    assert images.glibc_of("registry:5000/mine") is None


def test_prefer_a_platform_without_cuda():
    both = dataclasses.replace(CPU, cuda="12", platform="gpu")
    plan = dataclasses.replace(PLAN, targets=(both, CPU, CUDA))
    assert dockerfile.choose(plan, "prod", None)[0] is CPU
    assert dockerfile.choose(plan, "prod", "gpu")[0] is both


def test_variables_of_packages_are_taken_literally(tmp_path: Path):
    """What stands in etc/conda/env_vars.d is a value, and nothing in it is run."""
    prefix = tmp_path / "env"
    (prefix / "etc/conda/env_vars.d").mkdir(parents=True)
    values = {"A": "$HOME `id` 'x' \"y\"", "B": "two\nlines"}
    (prefix / "etc/conda/env_vars.d/p.json").write_text(json.dumps(values))
    (prefix / "bin").mkdir()
    (prefix / "bin/python").symlink_to(sys.executable)
    tell = f". {tmp_path}/v.sh; python -c \"import json, os; print(json.dumps([os.environ[k] for k in ('A', 'B')]))\""
    command = f"{env_vars_command(str(prefix), f'{tmp_path}/v.sh')} && {tell}"
    environ = {"PATH": f"{prefix}/bin:/usr/bin:/bin"}
    done = subprocess.run(["bash", "-c", command], env=environ, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == list(values.values())
