"""`%%pixi run -e … --export NAME` in a real kernel: tables by Arrow, plain data, and what stays on the other side."""

from __future__ import annotations

import pytest

MANIFEST = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}"]

[dependencies]
python = "*"
ipykernel = "*"
polars = "*"

[feature.other.dependencies]
python = "*"
polars = "*"
cowsay = "*"

[environments]
other = { features = ["other"], no-default-feature = true }
"""


@pytest.fixture
def kernel(workspace, demo_channel, start_kernel):
    made = workspace(MANIFEST, channel=demo_channel)
    made.do("install", "--all")
    made.do("kernels", "install", "--prefix", str(made.home.kernels))
    return start_kernel("pixi.weather.default", made.root)


def test_variables_come_back(kernel, demo_channel):
    cell = """%%pixi run -e other --export df,told
import cowsay, polars, sys
df = polars.DataFrame({"x": [1, None], "y": ["a", "b"]})
told = {"where": sys.prefix, "args": sys.argv}
print("ran")"""
    ran = kernel.run(cell, timeout=120)
    assert ran.status == "ok", ran.text
    assert ran.stdout == "ran\nHere now: df (polars.DataFrame), told (dict)\n"
    assert kernel.value("print(df['x'].to_list(), told['args'], told['where'][-5:])") == "[1, None] ['-'] other"

    lost = kernel.run(
        "%%pixi run -e other --export fine --export gone --export day\nfine = 2\nimport datetime as d\nday = d.date.max"
    )
    assert lost.status == "error" and "no variable `gone`" in lost.text and "`day` (datetime.date)" in lost.text
    assert "--allow-pickle" in lost.text and kernel.value("fine") == "2"
    assert kernel.value("%%pixi run -e other --export day --allow-pickle\nimport datetime as d\nday = d.date.max")
    assert kernel.value("day") == "datetime.date(9999, 12, 31)"

    failed = kernel.run("%%pixi run -e other --export fine\nfine = 3\n1 / 0")
    assert failed.status == "error" and "ZeroDivisionError" in failed.stderr and kernel.value("fine") == "2"
    shell = kernel.run("%%pixi run -e other --export fine bash\nfine=3")
    assert shell.status == "error" and "variables of Python, not `bash`" in shell.text
    thrown = kernel.run(
        f"%%pixi exec -c {demo_channel} -s cowsay --export version\nimport cowsay\nversion = cowsay.__version__"
    )
    assert thrown.status == "ok" and kernel.value("version").startswith("'6."), thrown.text
    line = kernel.run("%pixi run --export x python")
    assert line.status == "error" and "--export" in line.text
