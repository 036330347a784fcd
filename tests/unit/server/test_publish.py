"""Kernelspecs as data become directories that a KernelSpecManager lists."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_pixi.kernels.specs import Spec
from jupyter_pixi.server.publish import KernelDirectory


def spec(title: str, **more: object) -> Spec:
    return Spec("pixi.w.e", {"argv": ["true"], "display_name": title, "language": "python", **more})


def manager(directory: KernelDirectory) -> KernelSpecManager:
    return KernelSpecManager(kernel_dirs=[str(directory.path)], ensure_native_kernel=False)


def test_comes_changes_and_goes(tmp_path: Path) -> None:
    logo = tmp_path / "logo-svg.svg"
    logo.write_text("<svg/>")
    directory = KernelDirectory(tmp_path / "runtime")
    shown = Spec("pixi.w.one", spec("one").document, {"logo-svg.svg": logo, "logo-64x64.png": tmp_path / "missing.png"})
    assert directory.write({"pixi.w.one": shown, "pixi.w.two": spec("two")})
    specs = manager(directory).get_all_specs()
    assert {name: found["spec"]["display_name"] for name, found in specs.items()} == {
        "pixi.w.one": "one",
        "pixi.w.two": "two",
    }
    assert sorted(p.name for p in (directory.path / "pixi.w.one").iterdir()) == ["kernel.json", "logo-svg.svg"]

    assert not directory.write({"pixi.w.one": shown, "pixi.w.two": spec("two")})
    assert directory.write({"pixi.w.two": spec("two (unavailable)")})
    assert list(manager(directory).get_all_specs()) == ["pixi.w.two"]
    assert manager(directory).get_kernel_spec("pixi.w.two").display_name == "two (unavailable)"

    directory.remove()
    assert not directory.path.exists()


def test_a_reader_never_sees_half_a_kernelspec(tmp_path: Path) -> None:
    directory = KernelDirectory(tmp_path / "runtime")
    directory.write({"pixi.w.e": spec("0")})
    done = threading.Event()

    def rewrite() -> None:
        for i in range(150):
            directory.write({"pixi.w.e": spec(str(i), metadata={"text": "x" * 20_000})})
        done.set()

    thread = threading.Thread(target=rewrite)
    thread.start()
    seen = 0
    while not done.is_set():
        json.loads((directory.path / "pixi.w.e" / "kernel.json").read_text())
        seen += 1
    thread.join()
    assert seen > 10


def test_what_ended_servers_left_is_removed(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    left = tmp_path / f"{ended.stdout.strip()}-abc" / "kernels"
    left.mkdir(parents=True)
    alive = KernelDirectory(tmp_path)
    again = KernelDirectory(tmp_path)
    assert not left.parent.exists()
    assert alive.path.exists() and again.path.exists()


def test_private(tmp_path: Path) -> None:
    directory = KernelDirectory(tmp_path / "runtime")
    assert directory.path.parent.stat().st_mode & 0o077 == 0
