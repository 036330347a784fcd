"""Turns a bare Debian and this machine's Python, Node.js and engine into the images that Dockerfiles name.

They stand in for those of the registries. This machine's indexes and certificates are known in them, as this machine's
own clients know them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .docker_engine import Engine

ENGINE_REQUIREMENTS = (
    "py-rattler>=0.28,<0.29",
    "packaging",
    "pypi-simple",
    "pyyaml",
    "tomli>=2.5",
    "xxhash",
    "msgpack",
)
ENGINE_REQUIREMENTS += ("uv>=0.11.15,<0.13", "watchfiles", "jupyter-core")
REPOSITORY = Path(__file__).resolve().parents[2]
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"

DOCKERFILE = """\
FROM test/debian AS system
RUN {opened} && useradd --create-home --uid 1000 ubuntu
COPY python {python}
COPY ca.crt {certificates}
ENV SSL_CERT_FILE={certificates} NODE_EXTRA_CA_CERTS={certificates} {clients}
CMD ["bash"]
FROM system AS python
RUN ln -s {executable} /usr/local/bin/python3 && ln -s python3 /usr/local/bin/python && \\
    printf '#!/bin/sh\\nexec python3 -m pip "$@"\\n' > /usr/local/bin/pip && chmod 0755 /usr/local/bin/pip
COPY wheels /srv/wheels
ENV PIP_FIND_LINKS=/srv/wheels PIP_CERT={certificates}
FROM system AS pixi
COPY engine /engine
COPY pixi /usr/local/bin/pixi
FROM system AS node
COPY node /usr/local
"""


def base_images(made: Engine, system: Path, work: Path) -> None:
    """Make the images: `ubuntu`, `python` with this machine's Python, Pixi's with the engine, `node` if it is here."""
    made.run("import", str(system), "test/debian")
    python = Path(sys.base_prefix)
    context = work / "images"
    context.mkdir()
    shutil.copytree(python, context / "python", symlinks=True, ignore=shutil.ignore_patterns("test", "__pycache__"))
    _engine(context, f"{python}/bin/python3")
    _own_wheel(context / "wheels")
    shutil.copy(CERTIFICATES, context / "ca.crt")  # a company's own may be in it
    parents = [str(p) for p in reversed(python.parents) if str(p) != "/"]
    text = DOCKERFILE.format(
        opened=" ".join(["mkdir -p", *parents, "&& chmod a+rx", *parents]),  # /root is closed to others
        python=python,
        executable=f"{python}/bin/python3",
        certificates=CERTIFICATES,
        clients=" ".join(f"{key}={value}" for key, value in _clients().items()),
    )
    (context / "Dockerfile").write_text(text)
    made.build(context, "ubuntu:24.04", "--target", "system")
    made.build(context, "python:3.12-slim-bookworm", "--target", "python")
    made.build(context, "ghcr.io/prefix-dev/pixi:0.77.0-noble", "--target", "pixi")
    made.run("tag", "ghcr.io/prefix-dev/pixi:0.77.0-noble", "ghcr.io/prefix-dev/pixi:0.77.0-noble-cuda-12.9.1")
    if _node(context / "node"):
        made.build(context, "node:22-bookworm-slim", "--target", "node")


def _engine(context: Path, executable: str) -> None:
    """What stands in for the `pixi` executable: our own command."""
    target = context / "engine"
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable, "--target", str(target)]
    subprocess.run([*uv, *ENGINE_REQUIREMENTS], check=True, capture_output=True)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "extension/jupyter_pixi", target / "jupyter_pixi", ignore=ignore)
    (context / "pixi").write_text(f'#!/bin/bash\nPYTHONPATH=/engine exec {executable} -P -m jupyter_pixi "$@"\n')
    (context / "pixi").chmod(0o755)


def _own_wheel(folder: Path) -> None:
    """This package's wheel, as the index would have it; its front end is not asked for."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    environ = os.environ | {"HATCH_BUILD_NO_HOOKS": "true"}
    subprocess.run(command, cwd=REPOSITORY, env=environ, check=True, capture_output=True)


def _node(folder: Path) -> bool:
    """This machine's Node.js where the official image has it; False where there is none that can be copied."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return False
    modules = Path(npm).resolve().parents[2]
    if modules.name != "node_modules":
        return False
    (folder / "bin").mkdir(parents=True)
    shutil.copy(Path(node).resolve(), folder / "bin/node")
    shutil.copytree(modules / "npm", folder / "lib/node_modules/npm", symlinks=True)
    return True


def _clients() -> dict[str, str]:
    """Where pip and npm of this machine look for packages."""
    found = {}
    for key, command in (
        ("PIP_INDEX_URL", [sys.executable, "-m", "pip", "config", "get", "global.index-url"]),
        ("NPM_CONFIG_REGISTRY", ["npm", "config", "get", "registry"]),
    ):
        if shutil.which(command[0]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            found |= {key: done.stdout.strip()} if done.returncode == 0 and done.stdout.startswith("http") else {}
    return found
