"""Turns the sample notebook into a verdict: runs it on its kernel and shows each cell with what came out."""

from __future__ import annotations

import re
import tempfile
import textwrap
import tomllib
from pathlib import Path
from typing import Any, TextIO

KERNEL = "pixi.weather.cpu"
CELL_SECONDS = 300


def check(folder: Path, kernels: Path, out: TextIO) -> bool:
    """Executes `weather.ipynb` of the sample in `folder` and writes it to `out`, cell by cell.

    Takes the folder, the prefix that kernelspecs were installed to, and where to write. True if every cell ran, and
    with them the line that adds polars and the one that imports it.
    """
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    notebook = nbformat.read(folder / "weather.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    specs = KernelSpecManager(ensure_native_kernel=False)
    specs.kernel_dirs = [str(kernels / "share/jupyter/kernels")]
    manager = AsyncKernelManager(kernel_name=KERNEL, kernel_spec_manager=specs)

    def show(cell: Any, cell_index: int, **_: Any) -> None:
        if cell.cell_type == "code":
            out.write(_shown(cell))
            out.flush()

    client = NotebookClient(
        notebook,
        km=manager,
        timeout=CELL_SECONDS,
        startup_timeout=CELL_SECONDS,
        resources={"metadata": {"path": str(folder)}},
        on_cell_executed=show,
    )
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:  # the kernel's own log: only of interest if it dies
        try:
            client.execute(stderr=said)
        except CellExecutionError:
            out.write("A cell failed.\n")
            return False
        except (DeadKernelError, TimeoutError, RuntimeError) as error:
            said.seek(0)
            out.write(f"The kernel {KERNEL} did not answer: {error}\n{said.read()}")
            return False
    return _added(notebook, folder, out)


def _added(notebook: Any, folder: Path, out: TextIO) -> bool:
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code" and cell.execution_count]
    lines = [line.strip() for source in sources for line in source.splitlines()]
    written = "polars" in tomllib.loads((folder / "pixi.toml").read_text("utf-8")).get("dependencies", {})
    ran = any(line.startswith("%pixi add polars") for line in lines)
    imported = any(line.startswith("import polars") for line in lines)
    if not (ran and imported and written):
        out.write("The notebook ran, but did not add polars and import it.\n")
    return ran and imported and written


def _shown(cell: Any) -> str:
    """A cell as text: its number and source, then its outputs, indented."""
    title = f"In [{cell.execution_count or ' '}]: "
    source = textwrap.indent(cell.source, " " * len(title)).lstrip()
    outputs = "".join(_text(output) for output in cell.outputs)
    return f"{title}{source}\n{textwrap.indent(outputs, '    ')}\n"


def _text(output: Any) -> str:
    if output.output_type == "stream":
        text = str(output.text)
    elif output.output_type == "error":
        text = "\n".join(output.traceback)
    else:
        text = str(output.data.get("text/plain", ""))
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    return plain if plain.endswith("\n") or not plain else f"{plain}\n"
