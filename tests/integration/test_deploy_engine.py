"""The images are really built and run: by an engine of the test's own, on base images made here, without a registry."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from support.docker_engine import Engine
from support.repo2docker import repo2docker
from support.servers import server

pytestmark = pytest.mark.full

MANIFEST = """\
[workspace]
name = "weather"
version = "1.2.0"
channels = ["{channel}"]
platforms = ["{subdir}", { name = "gpu", platform = "{subdir}", cuda = "12" }]

[feature.base]
platforms = ["{subdir}"]

[feature.base.dependencies]
python = "*"
ipykernel = "*"
greeter = "*"

[feature.base.activation]
scripts = ["setup/on.sh"]

[feature.base.activation.env]
STATION = "Zugspitze"
DATA = "$PIXI_PROJECT_ROOT/data"

[feature.job.pypi-dependencies]
sagemaker = { path = "./sagemaker-3.0-py3-none-any.whl" }

[feature.dev.pypi-dependencies]
tool = { path = "./libs/tool", editable = true }

[feature.cuda]
platforms = ["gpu"]

[feature.cuda.dependencies]
python = "*"
driver-needed = "*"

[environments]
prod = ["base"]
job = ["base", "job"]
dev = ["base", "dev"]
cuda = ["cuda"]
"""
TOOL = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tool"
version = "1.0"
"""
BACKEND = """\
import os, zipfile

def build_editable(folder, *_, **__):
    with zipfile.ZipFile(os.path.join(folder, "tool-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("tool.pth", os.path.abspath("src"))
        info = "tool-1.0.dist-info/"
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tool\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return "tool-1.0-py3-none-any.whl"

build_wheel = build_editable
"""
KERNEL = """\
import os
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel()
reply = client.execute_interactive(
    "import os, sys; print(os.getuid(), sys.prefix, os.environ['GREETING'], os.environ['DATA'])", timeout=60
)
manager.shutdown_kernel(now=True)
"""
INVOKE = """\
import os, sys
print("INVOKED", sys.prefix, os.environ.get("GREETING"), os.environ.get("STATION"), sys.argv[1:])
"""


@pytest.fixture(scope="module")
def channel_url(test_channel_folder: Path):
    with server(test_channel_folder) as running:
        yield running.url


@pytest.fixture
def weather(workspace, channel_url: str):
    """A workspace with everything that has to be carried into an image."""
    made = workspace(MANIFEST, channel=channel_url)
    (made.root / "setup").mkdir()
    (made.root / "setup/on.sh").write_text('export FROM_SCRIPT="${STATION-unset}"\n')
    with zipfile.ZipFile(made.root / "sagemaker-3.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("sagemaker/__init__.py", "")
        wheel.writestr("sagemaker/core/__init__.py", "")
        wheel.writestr("sagemaker/core/remote_function/__init__.py", "")
        wheel.writestr("sagemaker/core/remote_function/invoke_function.py", INVOKE)
        info = "sagemaker-3.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: sagemaker\nVersion: 3.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    (made.root / "libs/tool/src").mkdir(parents=True)
    (made.root / "libs/tool/pyproject.toml").write_text(TOOL)
    (made.root / "libs/tool/backend.py").write_text(BACKEND)
    (made.root / "libs/tool/src/tool.py").write_text("answer = 42\n")
    (made.root / "tour.ipynb").write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    made.do("lock")
    return made


def python(docker: Engine, image: str, program: str, *options: str) -> str:
    return docker.run("run", "--rm", "--network=none", *options, image, "python", "-c", program).stdout


def test_a_dockerfile_is_built_and_active_however_it_is_started(docker: Engine, weather):
    weather.do("export", "dockerfile", "-e", "prod")
    docker.build(weather.root, "weather:prod")
    tell = "import os, sys, json; print(json.dumps([os.getuid(), os.getpid(), sys.prefix, dict(os.environ)]))"
    uid, pid, prefix, environ = json.loads(python(docker, "weather:prod", tell))
    assert (uid, pid, prefix) == (1000, 1, "/app/.pixi/envs/prod")
    assert environ["GREETING"] == "hello from /app/.pixi/envs/prod", "activate.d"
    assert environ["GREETER_MOOD"] == "sunny", "env_vars.d"
    assert environ["FROM_SCRIPT"] == "Zugspitze" or environ["FROM_SCRIPT"] == "unset"
    assert environ["DATA"] == "/app/data", "activation.env is expanded"
    assert environ["PATH"].startswith("/app/.pixi/envs/prod/bin:/usr/local")
    assert "PIXI_IN_SHELL" not in environ
    # No entry point: the image's own variables, and bash finds the rest.
    bare = json.loads(
        docker.run("run", "--rm", "--network=none", "--entrypoint", "python", "weather:prod", "-c", tell).stdout
    )[3]
    assert bare["STATION"] == "Zugspitze"
    assert bare["CONDA_DEFAULT_ENV"] == "weather:prod"
    assert "GREETING" not in bare
    strict = docker.run(
        *("run", "--rm", "--network=none", "--entrypoint", "/bin/bash", "weather:prod", "-euc", 'echo "$GREETING $-"')
    ).stdout
    assert strict.startswith("hello from /app/.pixi/envs/prod")
    assert "u" in strict.split()[-1], "what the caller had set is set again"
    name = "weather-running"
    docker.run("run", "--detach", "--rm", "--network=none", "--name", name, "weather:prod", "sleep", "60")
    inside = docker.run("exec", name, "bash", "-c", 'echo "$DATA $(id -u) $(touch ~/x && echo writable)"').stdout
    docker.run("kill", name)
    assert inside.split() == ["/app/data", "1000", "writable"]


def test_a_kernel_starts_in_the_image_and_pixi_is_not_in_it(docker: Engine, weather):
    weather.do("export", "dockerfile", "-e", "prod")
    docker.build(weather.root, "weather:prod")
    assert python(docker, "weather:prod", KERNEL).split() == [
        *("1000", "/app/.pixi/envs/prod", "hello", "from", "/app/.pixi/envs/prod", "/app/data")
    ]
    found = docker.run("run", "--rm", "--network=none", "weather:prod", "bash", "-c", "command -v pixi", check=False)
    assert found.returncode == 1


def test_a_cuda_environment_is_installed_where_there_is_no_gpu(docker: Engine, weather):
    weather.do("export", "dockerfile", "-e", "cuda")
    docker.build(weather.root, "weather:cuda")
    program = (
        "import os, sys; print(sys.prefix, os.environ['NVIDIA_VISIBLE_DEVICES'], os.environ.get('CONDA_OVERRIDE_CUDA'))"
    )
    assert python(docker, "weather:cuda", program).split() == ["/app/.pixi/envs/cuda", "all", "None"]


def test_an_editable_package_is_imported_from_its_folder(docker: Engine, weather):
    weather.do("export", "dockerfile", "-e", "dev")
    docker.build(weather.root, "weather:dev")
    found = python(docker, "weather:dev", "import tool; print(tool.answer, tool.__file__)")
    assert found.split() == ["42", "/app/libs/tool/src/tool.py"]


def job_scripts(folder: Path) -> None:
    """The job driver as SageMaker's own package writes it. Skips where the package cannot be had."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "sagemaker-core==2.27.0", "--dest"]
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("sagemaker-core cannot be had from the package index")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        text = wheel.read("sagemaker/core/remote_function/job.py").decode()
        body = text[text.index('ENTRYPOINT_SCRIPT = f"""') :].split('"""')[1].lstrip()
        names = {
            "RUNTIME_SCRIPTS_CHANNEL_NAME": "sagemaker_remote_function_bootstrap",
            "BOOTSTRAP_SCRIPT_NAME": "bootstrap_runtime_environment.py",
            "JOB_REMOTE_FUNCTION_WORKSPACE": "sagemaker_remote_function_workspace",
        }
        driver = eval(f'f"""{body}"""', {}, names)  # the package's own text, with its own constants
        scripts = folder / "ml/input/data/sagemaker_remote_function_bootstrap"
        scripts.mkdir(parents=True)
        (scripts / "job_driver.sh").write_text(driver)
        for name in ("bootstrap_runtime_environment.py", "runtime_environment_manager.py"):
            path = f"sagemaker/core/remote_function/runtime_environment/{name}"
            (scripts / name).write_bytes(wheel.read(path))
    config = folder / "ml/input/config"
    for path in (config, folder / "ml/output", folder / "ml/model"):
        path.mkdir()
    hosts = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "lo"}
    hosts |= {"current_instance_type": "ml.m5.large", "current_group_name": "g"}
    hosts["instance_groups"] = [{"instance_group_name": "g", "instance_type": "ml.m5.large", "hosts": ["algo-1"]}]
    (config / "resourceconfig.json").write_text(json.dumps(hosts))
    for path in (folder / "ml").rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)
    (folder / "ml").chmod(0o777)


def test_a_sagemaker_job_runs_in_the_environment(docker: Engine, weather, tmp_path: Path):
    said = weather.do("export", "sagemaker", "-e", "job", "--account", "111122223333", "--region", "eu-west-1")
    uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/weather:job"
    assert f"docker push {uri}" in said
    # sudo comes from Debian's mirror, by the host's network.
    docker.build(weather.root, uri, "--file", str(weather.root / "Dockerfile.sagemaker"))
    (tmp_path / "sm").mkdir()
    job_scripts(tmp_path / "sm")
    shared = ["--network=none", "--volume", f"{tmp_path}/sm/ml:/opt/ml", "--env", "TRAINING_JOB_NAME=job-1"]
    driver = "/opt/ml/input/data/sagemaker_remote_function_bootstrap/job_driver.sh"
    versions = ["--client_python_version", f"{sys.version_info[0]}.{sys.version_info[1]}"]
    versions += ["--client_sagemaker_pysdk_version", "3.0"]
    done = docker.run("run", "--rm", *shared, "--entrypoint", "/bin/bash", uri, driver, *versions, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    invoked = next(line for line in done.stdout.splitlines() if line.startswith("INVOKED"))
    assert "/app/.pixi/envs/job hello from /app/.pixi/envs/job Zugspitze" in invoked
    named = docker.run(
        *("run", "--rm", "--network=none", "--entrypoint", "mamba", uri, "run", "-n", "job", "python", "--version")
    )
    assert named.stdout.startswith("Python 3.")
    refused = docker.run(
        *("run", "--rm", "--network=none", "--entrypoint", "mamba", uri, "env", "update", "-n", "job"), check=False
    )
    assert refused.returncode == 1
    assert "not changed in a job" in refused.stderr


def test_repo2docker_builds_the_binder_folder_and_its_kernels_run(docker: Engine, weather, tmp_path: Path):
    weather.do("export", "binder", "-e", "prod")
    (weather.root / ".pixi/envs/prod").mkdir(parents=True, exist_ok=True)
    (weather.root / ".pixi/envs/prod/of-this-machine").touch()
    repo2docker(docker, weather.root, tmp_path, "weather-binder")
    serve_it = ["jupyter", "lab", "--ip=127.0.0.1", "--port=8899", "--IdentityProvider.token=t", "--no-browser"]
    docker.run("run", "--detach", "--network=none", "--name", "hub", "weather-binder", *serve_it)
    try:
        ask = (
            "import json, urllib.request as r; "
            "print(r.urlopen(r.Request('http://127.0.0.1:8899/{}?token=t')).read().decode())"
        )
        deadline = time.monotonic() + 90
        while True:
            found = docker.run(*("exec", "hub", "python", "-c", ask.format("api/kernelspecs")), check=False)
            if "pixi.weather.prod" in found.stdout or time.monotonic() > deadline:
                break
            time.sleep(1)
        assert "pixi.weather.prod" in found.stdout, docker.run("logs", "hub", check=False).stderr[-3000:]
        kernel = KERNEL.replace("start_new_kernel()", "start_new_kernel(kernel_name='pixi.weather.prod')")
        said = docker.run("exec", "hub", "python", "-c", kernel).stdout
        assert said.split()[:2] == ["1000", "/home/jovyan/.pixi/envs/prod"]
        magic = kernel.replace("import os, sys; print(", "get_ipython().run_line_magic('pixi', 'status'); print(1) #")
        assert "ready" in docker.run("exec", "hub", "python", "-c", magic).stdout
        assert docker.run("exec", "hub", "test", "-e", ".pixi/envs/prod/of-this-machine", check=False).returncode == 1
        lab = docker.run("exec", "hub", "python", "-c", ask.format("lab")).stdout
        assert "JupyterLab" in lab
    finally:
        docker.run("rm", "--force", "hub", check=False)
