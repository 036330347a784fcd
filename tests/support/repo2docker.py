"""Turns a repository into an image by repo2docker itself, on an engine of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .docker_engine import Engine

SHIM = """\
#!/bin/sh
# repo2docker asks for buildx, whose work the engine's own BuildKit does as well.
if [ "$1" = buildx ]; then
  shift
  [ "$1" = version ] && exec echo github.com/docker/buildx
  shift
  for word do shift; [ "$word" = --load ] || set -- "$@" "$word"; done
  DOCKER_BUILDKIT=1 exec {docker} build --network=host "$@"
fi
exec {docker} "$@"
"""


def repo2docker(docker: Engine, root: Path, work: Path, image: str, timeout: float = 900) -> None:
    """Build `root` as BinderHub does, for the user jovyan (1000). Skips the test where repo2docker is not installed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    executable = shutil.which("jupyter-repo2docker", path=path)
    if executable is None:
        pytest.skip("repo2docker is not installed")
    shim = work / "bin/docker"
    shim.parent.mkdir()
    shim.write_text(SHIM.format(docker=shutil.which("docker", path=docker.environ["PATH"])))
    shim.chmod(0o755)
    environ = docker.environ | {"PATH": f"{shim.parent}{os.pathsep}{docker.environ['PATH']}"}
    command = [executable, "--no-run", "--user-name=jovyan", "--user-id=1000", f"--image-name={image}", str(root)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
