"""The embedded channel is a real one: it solves, it links, and what is linked runs."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest
from rattler import Channel, GenericVirtualPackage, MatchSpec, PackageName, Subdir, Version, install, solve
from rattler.package.build_string import BuildString
from support.servers import server


def solved(url: str, *specs: str, platform: str, **virtual: str):
    virtual = {"__unix": "0", "__linux": "4.18", "__glibc": "2.28", "__osx": "13.0"} | virtual
    return asyncio.run(
        solve(
            sources=[Channel(url)],
            specs=[MatchSpec(spec) for spec in specs],
            platforms=[Subdir(platform), Subdir("noarch")],
            virtual_packages=[
                GenericVirtualPackage(PackageName(name), Version(version), BuildString("0"))
                for name, version in virtual.items()
            ],
        )
    )


def names(records) -> set[str]:
    return {record.name.normalized for record in records}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory, test_channel, host, package_cache) -> Path:
    """A prefix with a kernel, a wheel with compiled modules, and packages with scripts."""
    target = tmp_path_factory.mktemp("prefix")
    records = solved(test_channel, "ipykernel", "calysto-bash", "cowsay", "jinja2", "greeter", platform=host.subdir)
    asyncio.run(install(records, target_prefix=target, cache_dir=package_cache, show_progress=False))
    return target


def test_python_has_its_own_site_packages(prefix, host):
    code = "import json, sys, ipykernel, zmq; print(json.dumps([sys.prefix, sys.version.split()[0], zmq.__file__]))"
    out = subprocess.run([prefix / "bin/python", "-c", code], capture_output=True, text=True, check=True)
    where, version, module = json.loads(out.stdout)
    assert (where, version) == (str(prefix), host.version)
    assert module.startswith(str(prefix))


def test_noarch_and_bound_scripts_run_with_the_prefixs_python(prefix):
    out = subprocess.run([prefix / "bin/cowsay", "-t", "moo"], capture_output=True, text=True, check=True)
    assert "moo" in out.stdout
    assert (prefix / "bin/jupyter-kernelspec").read_text().startswith(f"#!{prefix}/bin/python")


def test_distributions_agree_with_each_other(prefix):
    code = (
        "import importlib.metadata as m\n"
        "for d in m.distributions():\n"
        "    assert d.read_text('INSTALLER').strip() == 'conda', d\n"
        "    assert all(f.locate().exists() for f in d.files if not str(f).startswith('../../../bin')), d\n"
        "print(len(list(m.distributions())))"
    )
    out = subprocess.run([prefix / "bin/python", "-c", code], capture_output=True, text=True, check=True)
    assert int(out.stdout) > 20


def test_kernelspecs_of_other_languages_are_linked(prefix):
    spec = json.loads((prefix / "share/jupyter/kernels/calysto_bash/kernel.json").read_text())
    assert spec["language"] == "bash"


def test_markers_are_evaluated_and_extras_dropped(test_channel, host):
    ipython = next(r for r in solved(test_channel, "ipython", platform=host.subdir) if r.name.normalized == "ipython")
    required = {spec.split()[0] for spec in ipython.depends}
    assert "pexpect" in required and "colorama" not in required  # sys_platform
    assert "pytest" not in required  # extra == "test"


def test_compiled_packages_are_pinned(test_channel, host):
    records = solved(test_channel, "jinja2", platform=host.subdir)
    compiled = next(r for r in records if r.name.normalized == "markupsafe")
    assert host.pin in compiled.depends and f"python_abi {host.minor}.* *_{host.abi}" in compiled.depends
    assert {"python", "python_abi"} <= names(records)


def test_records_carry_their_pypi_names(test_channel_folder):
    repodata = json.loads((test_channel_folder / "noarch/repodata.json").read_text())
    records = {row["name"]: row for row in repodata["packages.conda"].values()}
    assert records["jupyter_client"]["purls"] == ["pkg:pypi/jupyter-client"]
    assert "purls" not in records["everywhere"]


def test_cuda_is_needed_where_it_is_asked_for(test_channel, host):
    with pytest.raises(Exception, match="__cuda"):
        solved(test_channel, "nvidia-ml-py", platform=host.subdir)
    assert "cuda-version" in names(solved(test_channel, "nvidia-ml-py", platform=host.subdir, __cuda="12.4"))


def test_other_platforms_have_what_is_made_for_them(test_channel, host):
    assert names(solved(test_channel, "native", "everywhere", platform="osx-arm64")) == {"native", "everywhere"}
    with pytest.raises(Exception, match="here-only"):
        solved(test_channel, "here-only", platform="osx-arm64")


def test_herd_and_calf_exclude_each_other(test_channel, host):
    with pytest.raises(Exception, match="cowsay"):
        solved(test_channel, "herd", "calf", platform=host.subdir)


def test_served_over_http(test_channel_folder, host):
    with server(test_channel_folder) as running:
        assert names(solved(running.url, "everywhere 1.0.*", platform=host.subdir)) == {"everywhere"}
