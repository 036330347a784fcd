"""Kernelspecs: what they run, what people read, what is kept of the environment's own kernel; published and back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jupyter_pixi.environments.model import Environment, OnPlatform
from jupyter_pixi.kernels import install, logos, specs
from jupyter_pixi.kernels.specs import METADATA, Offer
from jupyter_pixi.lockfile.model import LockEnvironment, LockFile, Package
from jupyter_pixi.manifest import parse_manifest
from jupyter_pixi.manifest.model import CondaSpec, Platform
from jupyter_pixi.prefix.kernels import Kernel

PYTHON = Kernel("python3", "python", "Python 3", ("python",), {"debugger": True})


def offer(root, environment="default", kernel=PYTHON, **more):
    return Offer(Path(root) / "pixi.toml", "weather", environment, kernel, **more)


@pytest.fixture
def make(tmp_path):
    def made(*offers, **options):
        return {spec.name: spec for spec in specs.specs(offers, logo_folder=tmp_path / "logos", **options)}

    return made


def test_argv_works_alone_and_knows_nothing_of_the_prefix(make):
    spec = make(offer("/w", "cuda"), python="/host/python")["pixi.weather.cuda"]
    assert spec.document["argv"] == [
        *("/host/python", "-P", "-m", "jupyter_pixi.kernels.launch", "--manifest", "/w/pixi.toml"),
        *("--environment", "cuda", "--kernel", "python3", "-f", "{connection_file}"),
    ]
    assert "env" not in spec.document


def test_what_the_kernel_says_about_itself_is_kept(make):
    metadata = {"supported_encryption": "curve", "kernel_provisioner": {"provisioner_name": "x"}, "own": 1}
    kernel = Kernel("ir", "R", "R", ("R",), metadata, interrupt_mode="message")
    document = make(offer("/w", kernel=kernel))["pixi.weather.default.ir"].document
    assert document["language"] == "R" and document["interrupt_mode"] == "message"
    assert document["metadata"]["supported_encryption"] == "curve" and document["metadata"]["own"] == 1
    assert "kernel_provisioner" not in document["metadata"]
    assert document["display_name"] == "weather · default · R"


@pytest.mark.parametrize(("ours", "kept"), [(["curve"], True), ([], False)])
def test_encryption_is_declared_only_if_the_rescue_kernel_has_it_too(make, monkeypatch, ours, kept):
    monkeypatch.setattr("ipykernel.kernelspec.get_kernel_dict", lambda: {"metadata": {"supported_encryption": ours}})
    kernel = Kernel("python3", "python", "Python 3", ("python",), {"supported_encryption": ["curve"]})
    document = make(offer("/w", kernel=kernel))["pixi.weather.default"].document
    assert ("supported_encryption" in document["metadata"]) is kept


def test_encryption_is_not_invented(make):
    document = make(offer("/w"))["pixi.weather.default"].document
    assert "supported_encryption" not in document["metadata"] and document["metadata"]["debugger"] is True


def test_state_and_reason_stand_in_the_metadata_only(make):
    spec = make(offer("/w", state="cannot-run", reason="missing: __cuda >=12"), server=42)["pixi.weather.default"]
    assert spec.document["metadata"][METADATA]["reason"] == "missing: __cuda >=12"
    assert spec.document["display_name"] == "weather · default (unavailable)"
    assert spec.document["env"] == {"JUPYTER_PIXI_SERVER": "42"}


def test_clones(make):
    made = make(offer("/srv/a"), offer("/srv/b"), base=Path("/srv"))
    assert len(made) == 3
    argv = made["pixi.weather.default"].document["argv"]
    assert [argv[i + 1] for i, word in enumerate(argv) if word == "--manifest"] == [
        "/srv/a/pixi.toml",
        "/srv/b/pixi.toml",
    ]
    assert {spec.document["display_name"] for spec in made.values()} == {
        "weather · default",
        "weather · default (a)",
        "weather · default (b)",
    }


def test_logos_are_svg_with_the_environments_badge(make, tmp_path):
    found = {name: Path(s.resources[logos.LOGO]) for name, s in make(offer("/w"), offer("/w", "cu<da")).items()}
    texts = {name: path.read_text() for name, path in found.items()}
    for text in texts.values():
        ElementTree.fromstring(text)
    assert any("cu&lt;d" in text for text in texts.values())
    assert len(set(texts.values())) == 2


def test_the_kernels_own_logo_is_used(tmp_path):
    (tmp_path / "logo-64x64.png").write_bytes(b"\x89PNG")
    assert logos.logo(str(tmp_path), "python") == tmp_path / "logo-64x64.png"
    assert "data:image/png" in logos.badged(tmp_path / "logo-64x64.png", "cpu")
    assert logos.logo(None, "python").parent.name == "python"
    assert logos.logo(None, "klingon").parent.name == "other"


@pytest.mark.parametrize("name", ["default", "cuda", "py311", "a", "prod-eu"])
def test_letters_can_be_read_on_every_badge(name):
    red, green, blue = (int(logos.colour(name)[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) >= 4.5


MANIFEST = """
[workspace]
name = "weather"
channels = []
platforms = ["linux-64"]
[dependencies]
python = "*"
[feature.x.dependencies]
ripgrep = "*"
[environments]
cuda = ["x"]
tools = { features = ["x"], no-default-feature = true }
"""


def listed(text, dependencies, tmp_path, lock=None):
    manifest = parse_manifest(text.encode(), tmp_path / "pixi.toml")
    platform = Platform("linux-64", "linux-64")
    environments = {}
    for name, names in dependencies.items():
        on = OnPlatform(platform, (), tuple((n, CondaSpec()) for n in names))
        environments[name] = Environment(name, (), (), (platform,), on={"linux-64": on})
    found = specs.offers(manifest, environments, lock, lambda name: tmp_path / name)
    return [(offer.environment, offer.kernel.name, offer.kernel.plain) for offer in found]


def test_what_is_listed(tmp_path):
    asked = {"default": ["python"], "cuda": ["python", "ipykernel"], "tools": ["ripgrep"]}
    assert listed(MANIFEST, asked, tmp_path) == [("default", "python3", True), ("cuda", "python3", False)]


def test_an_empty_default_is_listed_only_alone(tmp_path):
    text = MANIFEST.replace('[dependencies]\npython = "*"\n', "")
    assert listed(text, {"default": [], "cuda": ["python"]}, tmp_path) == [("cuda", "python3", True)]
    assert listed(text, {"default": ["python"]}, tmp_path) == [("default", "python3", True)]


def test_the_lock_knows_better_than_the_manifest(tmp_path):
    package = Package("conda", "https://channels.example/noarch/r-irkernel-1.3-r_0.conda")
    lock = LockFile(7, (), {"default": LockEnvironment((), {"linux-64": (package,)})})
    assert listed(MANIFEST, {"default": ["python"]}, tmp_path, lock) == [("default", "ir", False)]


def test_the_manifest_hides_and_orders(tmp_path):
    text = MANIFEST + '[tool.jupyter-pixi]\nkernels = ["cuda", "*"]\n'
    asked = {"default": ["python"], "cuda": ["python"]}
    assert [row[0] for row in listed(text, asked, tmp_path)] == ["cuda", "default"]


# --- published


def workspace(tmp_path, name):
    root = tmp_path / name
    root.mkdir()
    (root / "pixi.toml").write_text("")
    return root


def documents(target):
    return {path.parent.name: json.loads(path.read_text()) for path in target.glob("*/kernel.json")}


def manifests(document):
    return document["metadata"][METADATA]["manifests"]


def test_install_list_remove(make, tmp_path):
    root, target = workspace(tmp_path, "a"), tmp_path / "kernels"
    install.install(make(offer(root), offer(root, "cuda")).values(), target)
    found = install.installed([target])
    assert [(spec.name, spec.environment) for spec in found] == [
        ("pixi.weather.cuda", "cuda"),
        ("pixi.weather.default", "default"),
    ]
    assert (target / "pixi.weather.cuda/logo-svg.svg").exists()
    install.remove(root / "pixi.toml", ["cuda"], [target])
    assert [spec.name for spec in install.installed([target])] == ["pixi.weather.default"]
    install.remove(root / "pixi.toml", None, [target])
    assert list(target.iterdir()) == []


def test_an_install_that_was_cut_short_is_swept_away(make, tmp_path):
    done = subprocess.Popen(["true"])
    done.wait()
    mine, gone = (tmp_path / f"kernels/.pixi-{pid}-x" for pid in (os.getpid(), done.pid))
    mine.mkdir(parents=True)
    gone.mkdir()
    install.install(make(offer("/w")).values(), tmp_path / "kernels")
    assert mine.exists() and not gone.exists()


def test_a_kernelspec_that_is_replaced_is_never_away(make, tmp_path, monkeypatch):
    (place,) = install.install(make(offer("/w")).values(), tmp_path / "kernels")
    (place / "old.svg").touch()
    seen = []
    monkeypatch.setattr(shutil, "rmtree", lambda path, **options: seen.append(path))
    install.install(make(offer("/w")).values(), tmp_path / "kernels")
    assert seen == [] and (place / "kernel.json").exists()
    assert not (place / "old.svg").exists() and list(place.parent.iterdir()) == [place]


def test_jupyter_accepts_them(make, tmp_path):
    from jupyter_client.kernelspec import KernelSpecManager

    install.install(make(offer("/w")).values(), tmp_path / "kernels")
    manager = KernelSpecManager(kernel_dirs=[str(tmp_path / "kernels")], ensure_native_kernel=False)
    (spec,) = manager.get_all_specs().values()
    assert spec["spec"]["display_name"] == "weather · default"
    assert (
        "logo-svg" in manager.get_kernel_spec("pixi.weather.default").to_dict().get("resources", {})
        or Path(spec["resource_dir"], "logo-svg.svg").exists()
    )


def test_a_second_clone_joins_and_leaves(make, tmp_path):
    one, two, target = workspace(tmp_path, "one"), workspace(tmp_path, "two"), tmp_path / "kernels"
    install.install(make(offer(one)).values(), target)
    install.install(make(offer(two)).values(), target)
    found = documents(target)
    assert len(found) == 3
    assert manifests(found["pixi.weather.default"]) == [str(two / "pixi.toml"), str(one / "pixi.toml")]
    assert sorted(len(manifests(document)) for document in found.values()) == [1, 1, 2]
    assert {d["display_name"] for d in found.values() if len(manifests(d)) == 1} == {
        f"weather · default ({one})",
        f"weather · default ({two})",
    }
    install.install(make(offer(two)).values(), target)  # again: nothing more
    assert documents(target) == found
    install.remove(two / "pixi.toml", None, [target])
    left = documents(target)
    assert manifests(left["pixi.weather.default"]) == [str(one / "pixi.toml")]
    assert len(left) == 2 and all((target / name / "logo-svg.svg").exists() for name in left)


def test_prune_takes_what_has_no_workspace(make, tmp_path):
    one, two, target = workspace(tmp_path, "one"), workspace(tmp_path, "two"), tmp_path / "kernels"
    install.install(make(offer(one, "x"), offer(two, "y")).values(), target)
    foreign = target / "pixi.other"
    foreign.mkdir()
    (foreign / "kernel.json").write_text("{}")
    (one / "pixi.toml").unlink()
    assert [path.name for path in install.prune([target])] == ["pixi.weather.x"]
    assert foreign.exists() and (target / "pixi.weather.y").exists()


def test_where(tmp_path):
    assert install.directory(prefix=tmp_path) == tmp_path / "share/jupyter/kernels"
