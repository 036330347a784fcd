"""Turns Debian's packages into a running docker engine of the test's own.

Nothing is installed: the packages are unpacked below the cache, the engine's state is in the test's folder and it
listens on a socket of its own. No registry is asked: `base_images` makes what Dockerfiles begin with.
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
