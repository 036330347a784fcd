"""Turns Debian's packages into a running docker engine of the test's own, with base images made on this machine.

Nothing is installed: the packages are unpacked below the cache, the engine's state is in the test's folder and it
listens on a socket there. No registry is asked: the names that Dockerfiles use stand for a Debian made by debootstrap.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("docker.io", "containerd", "runc", "debootstrap")
START_SECONDS = 60.0
INCLUDED = "ca-certificates,libsqlite3-0,libffi8,libreadline8,libncursesw6,libexpat1"  # what a Python links to
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
_LIVE = ("./proc/", "./sys/", "./dev/")
REPOSITORY = Path(__file__).resolve().parents[2]


class Unavailable(Exception):
    """Why there is no engine on this machine."""


@dataclass(frozen=True)
class Engine:
    """A running engine."""

    socket: Path
    environ: dict[str, str]

    def run(self, *argv: str, check: bool = True, timeout: float = 600, **options) -> subprocess.CompletedProcess[str]:
        """`docker ARGV…`."""
        done = subprocess.run(
            ["docker", *argv], env=self.environ, capture_output=True, text=True, timeout=timeout, check=False, **options
        )
        assert not check or done.returncode == 0, f"docker {' '.join(argv)}\n{done.stdout}\n{done.stderr}"
        return done

    def build(self, context: Path, tag: str, *argv: str) -> str:
        """Build an image by BuildKit, on the host's network; returns what it printed."""
        done = self.run("build", "--network=host", "--progress=plain", "--tag", tag, *argv, str(context))
        return done.stdout + done.stderr


def cache() -> Path:
    """Where unpacked packages and the base system are kept between runs."""
    return Path(os.environ.get("JUPYTER_PIXI_TEST_CACHE") or Path.home() / ".cache" / "jupyter-pixi-tests")


def tools(folder: Path) -> Path:
    """The unpacked packages' root. Raises Unavailable."""
    if os.name != "posix" or os.geteuid() != 0 or sys.platform != "linux":
        raise Unavailable("a docker engine of the test's own needs root on Linux")
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Unavailable("the docker engine comes from Debian's packages, and this is no Debian")
    root = folder / "root"
    if not (root / "usr/sbin/dockerd").exists():
        debs = folder / "debs"
        debs.mkdir(parents=True, exist_ok=True)
        for command in (["apt-get", "update", "-qq"], ["apt-get", "download", *PACKAGES]):
            done = subprocess.run(command, cwd=debs, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Unavailable(f"Debian's packages cannot be had: {done.stderr.strip()[-200:]}")
        for deb in debs.glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(deb), str(root)], check=True)
    return root


def base_system(folder: Path, root: Path) -> Path:
    """A minimal Debian as a tar file, made once. Raises Unavailable."""
    file = folder / "bookworm.tar"
    if not file.exists():
        tree = folder / f"base-{os.getpid()}"
        environ = os.environ | {"DEBOOTSTRAP_DIR": str(root / "usr/share/debootstrap")}
        command = [str(root / "usr/sbin/debootstrap"), "--variant=minbase", f"--include={INCLUDED}", "bookworm"]
        done = subprocess.run([*command, str(tree)], env=environ, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"debootstrap failed: {(done.stdout + done.stderr)[-300:]}")
        shutil.rmtree(tree / "var/cache/apt/archives", ignore_errors=True)
        (tree / "var/cache/apt/archives/partial").mkdir(parents=True)
        partial = file.with_suffix(".partial")
        with tarfile.open(partial, "w") as tar:
            tar.add(
                tree, ".", filter=lambda info: None if info.name.startswith(("./proc/", "./sys/", "./dev/")) else info
            )
        shutil.rmtree(tree)
        partial.rename(file)
    return file


@contextmanager
def engine(folder: Path, root: Path):
    """The engine with all its state below `folder`; ended, and its mounts taken away, when left."""
    path = os.pathsep.join([str(root / "usr/bin"), str(root / "usr/sbin"), str(root / "sbin"), os.environ["PATH"]])
    state = folder / "exec"
    socket = Path("/run") / f"jupyter-pixi-test-{os.getpid()}.sock"  # a socket's path must be short
    environ = os.environ | {"PATH": path, "DOCKER_HOST": f"unix://{socket}", "DOCKER_BUILDKIT": "1"}
    environ["DOCKER_CONFIG"] = str(folder / "config")
    command = ["dockerd", "--data-root", str(folder / "data"), "--exec-root", str(state), "-H", f"unix://{socket}"]
    command += ["--pidfile", str(folder / "pid"), "--iptables=false", "--ip6tables=false", "--bridge=none"]
    with (folder / "dockerd.log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, start_new_session=True)
    made = Engine(socket, environ)
    try:
        deadline = time.monotonic() + START_SECONDS
        while made.run("version", check=False).returncode:
            if process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(f"dockerd does not start: {(folder / 'dockerd.log').read_text()[-400:]}")
            time.sleep(0.3)
        yield made
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.poll() is None and process.kill()
        for mount in (state / "netns/default",):
            subprocess.run(["umount", str(mount)], capture_output=True, check=False)
        socket.unlink(missing_ok=True)


def base_images(made: Engine, system: Path, work: Path) -> None:
    """The images whose names the Dockerfiles use: a Debian with this machine's Python, and one with the engine."""
    made.run("import", str(system), "test/debian")
    python = Path(sys.base_prefix)
    context = work / "images"
    context.mkdir()
    shutil.copytree(python, context / "python", symlinks=True, ignore=shutil.ignore_patterns("test", "__pycache__"))
    target = context / "engine"
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable, "--target", str(target)]
    subprocess.run([*uv, *ENGINE_REQUIREMENTS], check=True, capture_output=True)
    package = REPOSITORY / "extension/jupyter_pixi"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, target / "jupyter_pixi", ignore=ignore)
    _own_wheel(context / "wheels")
    executable = f"{python}/bin/python3"
    (context / "pixi").write_text(f'#!/bin/bash\nPYTHONPATH=/engine exec {executable} -P -m jupyter_pixi "$@"\n')
    (context / "pixi").chmod(0o755)
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", context / "ca.crt")  # a company's own may be in it
    parents = [str(p) for p in reversed(python.parents) if str(p) != "/"]
    opened = " ".join(["mkdir -p", *parents, "&& chmod a+rx", *parents])  # /root is closed to others
    (context / "Dockerfile").write_text(
        "FROM test/debian AS system\n"
        f"RUN {opened} && useradd --create-home --uid 1000 ubuntu\n"
        f"COPY python {python}\n"
        "COPY ca.crt /etc/ssl/certs/ca-certificates.crt\n"
        "ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt\n"
        'CMD ["bash"]\n'
        "FROM system AS python\n"
        f"RUN ln -s {executable} /usr/local/bin/python3 && ln -s python3 /usr/local/bin/python\n"
        "COPY wheels /wheels\n"
        "ENV PIP_FIND_LINKS=/wheels PIP_CERT=/etc/ssl/certs/ca-certificates.crt\n"
        "FROM system AS pixi\n"
        "COPY engine /engine\n"
        "COPY pixi /usr/local/bin/pixi\n"
    )
    made.build(context, "ubuntu:24.04", "--target", "system")
    made.build(context, "python:3.12-slim-bookworm", "--target", "python")
    made.build(context, "ghcr.io/prefix-dev/pixi:0.77.0-noble", "--target", "pixi")
    made.run("tag", "ghcr.io/prefix-dev/pixi:0.77.0-noble", "ghcr.io/prefix-dev/pixi:0.77.0-noble-cuda-12.9.1")


def _own_wheel(folder: Path) -> None:
    """This package's wheel, as the index would have it; its front end is not asked for."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    environ = os.environ | {"HATCH_BUILD_NO_HOOKS": "true"}
    subprocess.run(command, cwd=REPOSITORY, env=environ, check=True, capture_output=True)
