"""This machine, and the platform that is installed on it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from jupyter_pixi.environments import Host, choose_platform, host, host_virtual_packages, unsupported
from jupyter_pixi.environments.host import current_subdir
from jupyter_pixi.environments.pick import split_spec, unmet
from jupyter_pixi.errors import PixiError
from jupyter_pixi.manifest.model import VirtualPackage

LAPTOP = Host("linux-64", tuple(VirtualPackage(*p) for p in (("__unix", "0"), ("__linux", "6.1"), ("__glibc", "2.36"))))
GPU = Host("linux-64", (*LAPTOP.virtual_packages, VirtualPackage("__cuda", "12.4", "0")))
MAC = Host("osx-arm64", (VirtualPackage("__osx", "14.1", "0"),))
CUDA = '{platform = "linux-64", cuda = "12"}'


def test_the_first_platform_whose_own_packages_are_there(composed):
    environment = composed(platforms=f'[{CUDA}, "linux-64", "osx-64"]')["default"]
    assert choose_platform(environment, GPU).platform.name == "linux-64-cuda-12"
    assert choose_platform(environment, LAPTOP).platform.name == "linux-64"
    assert choose_platform(environment, MAC).platform.name == "osx-64"


def test_the_machine_s_own_subdir_before_the_one_it_emulates(composed):
    environment = composed(platforms='["osx-64", "osx-arm64"]')["default"]
    assert choose_platform(environment, MAC).platform.name == "osx-arm64"


def test_a_single_wasm_platform_runs_anywhere(composed):
    environment = composed(platforms='["emscripten-wasm32"]')["default"]
    assert choose_platform(environment, LAPTOP).platform.name == "emscripten-wasm32"


def test_a_version_that_is_too_low_is_not_enough(composed):
    environment = composed(platforms='[{platform = "linux-64", cuda = "12.8"}]')["default"]
    choice = choose_platform(environment, GPU)
    assert choice.platform is None and [str(p) for p in choice.missing] == ["__cuda=12.8"]


def test_by_accident_where_no_locked_package_needs_what_is_missing(composed):
    environment = composed(platforms=f"[{CUDA}]")["default"]
    choice = choose_platform(environment, LAPTOP, {"linux-64-cuda-12": ["__glibc >=2.17,<3.0.a0", "__archspec 1 zen"]})
    assert choice.platform.name == "linux-64-cuda-12" and choice.by_accident
    needs = {"linux-64-cuda-12": ["__glibc >=2.17", "__cuda >=12"]}
    assert choose_platform(environment, LAPTOP, needs).platform is None
    assert choose_platform(environment, LAPTOP, {}).platform is None
    assert not choose_platform(environment, GPU, needs).by_accident


@pytest.mark.parametrize(
    ("cpu", "fits"), [("skylake", True), ("x86_64_v3", True), ("zen4", True), ("x86_64_v2", False), ("m1", False)]
)
def test_a_microarchitecture_runs_what_it_is_built_on(composed, cpu, fits):
    machine = Host("linux-64", (*LAPTOP.virtual_packages, VirtualPackage("__archspec", "1", cpu)))
    environment = composed(platforms='[{name = "fast", platform = "linux-64", archspec = "x86_64_v3"}]')["default"]
    choice = choose_platform(environment, machine)
    assert (choice.platform is not None) == fits
    needs = {"fast": ["__archspec ==1 x86_64_v3"]}
    assert (choose_platform(environment, machine, needs).platform is not None) == fits
    assert choose_platform(environment, machine, {"fast": ["__glibc >=2.17"]}).platform is not None
    if not fits:
        error = unsupported(environment, machine, choose_platform(environment, machine, needs))
        assert "missing virtual packages: __archspec x86_64_v3" in error.message
        assert "CONDA_OVERRIDE_ARCHSPEC=x86_64_v3" in (error.help or "")


def test_the_microarchitecture_is_detected_when_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(sys.modules["jupyter_pixi.environments.host"], "_microarchitecture", lambda: "zen2")
    assert host({}).version("__archspec") is None
    assert host({}).microarchitecture == "zen2"
    assert host({"CONDA_OVERRIDE_ARCHSPEC": "m1"}).microarchitecture == "m1"
    assert host({"CONDA_OVERRIDE_ARCHSPEC": ""}).microarchitecture is None


def test_another_machine_can_be_pretended(composed):
    environment = composed(platforms=f"[{CUDA}]")["default"]
    assert choose_platform(environment, Host("linux-64", (), pretended=True)).platform.name == "linux-64-cuda-12"


def test_why_nothing_runs_here(composed):
    environment = composed(platforms=f'[{CUDA}, "win-64"]')["default"]
    choice = choose_platform(environment, LAPTOP, {"linux-64-cuda-12": ["__cuda >=12"]})
    error = unsupported(environment, LAPTOP, choice)
    assert error.message.splitlines() == [
        "The workspace does not support 'linux-64' on this machine.",
        "",
        "Declared platforms and why none runs here:",
        "  - linux-64-cuda-12 (subdir linux-64): missing virtual packages: __cuda >= 12",
        "  - win-64: requires subdir 'win-64', which this machine can't run",
        "",
        "Unsatisfied requirements: __cuda >= 12",
        "",
        "The installed packages also require: __cuda >=12",
        "",
        "Add it with 'pixi workspace platform add linux-64'.",
    ]
    assert "CONDA_OVERRIDE_CUDA=12" in error.help and "pixi install --platform <platform>" in error.help


def test_a_named_environment_is_named(composed):
    environment = composed("[environments]\nx = []\n", platforms='["win-64"]')["x"]
    error = unsupported(environment, LAPTOP, choose_platform(environment, LAPTOP))
    assert error.message.startswith("the environment 'x' does not support 'linux-64'")
    assert "supported platforms are win-64" in error.help


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("__cuda >=12", ("__cuda", ">=12")),
        ("__glibc >=2.17,<3.0.a0 0", ("__glibc", ">=2.17,<3.0.a0")),
        ("__cuda", ("__cuda", "*")),
        ("__osx>=13.0", ("__osx", ">=13.0")),
    ],
)
def test_requirements_of_locked_packages(spec, parts):
    assert split_spec(spec) == parts


def test_only_some_virtual_packages_are_looked_at():
    assert unmet(["__archspec >=9", "__unix", "__musl", "__cuda", "__glibc >=2.99"], GPU) == (
        "__musl",
        "__glibc >=2.99",
    )


def test_this_machine_is_what_rattler_says_it_is(monkeypatch):
    import rattler

    for name in ("CUDA", "GLIBC", "LINUX", "ARCHSPEC", "OSX", "WIN"):
        monkeypatch.delenv(f"CONDA_OVERRIDE_{name}", raising=False)
    detected = {str(p.into_generic()) for p in rattler.VirtualPackage.detect(rattler.VirtualPackageOverrides())}
    assert {str(p) for p in host_virtual_packages({})} == detected
    assert current_subdir() == str(rattler.Subdir.current())


def test_overrides():
    found = host({"CONDA_OVERRIDE_CUDA": "12.4", "CONDA_OVERRIDE_GLIBC": "", "CONDA_OVERRIDE_WIN": "11"})
    assert found.version("__cuda") == "12.4"
    if current_subdir().startswith("linux"):
        assert found.version("__glibc") is None and found.version("__win") is None
    assert host({"CONDA_OVERRIDE_ARCHSPEC": "zen4"}).version("__archspec") == "1"


def test_another_subdir_can_be_asked_for():
    found = host({"PIXI_OVERRIDE_PLATFORM": "zos-z"})
    assert (found.subdir, found.pretended) == ("zos-z", True)
    assert not host({"PIXI_OVERRIDE_PLATFORM": current_subdir()}).pretended
    with pytest.raises(PixiError, match="not a known platform"):
        host({"PIXI_OVERRIDE_PLATFORM": "amiga"})


def test_looking_at_the_machine_is_quick():
    code = (
        "import sys; from jupyter_pixi.environments import host; host({})\n"
        "assert not {'rattler', 'ctypes', 'tomli', 'packaging'} & set(sys.modules), 'something heavy was imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
