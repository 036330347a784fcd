"""Makes folders of Python source that build without fetching anything."""

from __future__ import annotations

from pathlib import Path


def project(folder: Path, name: str = "local-dir", *, gate: Path | None = None) -> Path:
    """A project that builds without fetching a backend.

    With a `gate`, a build makes the file `gate`.reached and waits until there is one at `gate`.
    """
    module = name.replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text("version = 1\n")
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "0.1"\n[build-system]\nrequires = []\n'
        'build-backend = "backend"\nbackend-path = ["."]\n'
    )
    (folder / "backend.py").write_text(
        "import os, zipfile\n"
        f"NAME, MODULE = {name!r}, {module!r}\n"
        f"{_wait(gate) if gate is not None else ''}"
        "def _build(folder, editable):\n"
        "    info = MODULE + '-0.1.dist-info'\n"
        "    wheel = MODULE + '-0.1-py3-none-any.whl'\n"
        "    with zipfile.ZipFile(os.path.join(folder, wheel), 'w') as z:\n"
        "        if editable: z.writestr(MODULE + '.pth', os.getcwd())\n"
        "        else: z.write(MODULE + '.py')\n"
        "        z.writestr(info + '/METADATA', 'Metadata-Version: 2.1\\nName: %s\\nVersion: 0.1\\n' % NAME)\n"
        "        z.writestr(info + '/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n"
        "        z.writestr(info + '/RECORD', '')\n"
        "    return wheel\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None): return _build(folder, False)\n"
        "def build_editable(folder, config_settings=None, metadata_directory=None): return _build(folder, True)\n"
    )
    return folder


def _wait(gate: Path) -> str:
    """Code for the backend's top."""
    reached = str(gate) + ".reached"
    return (
        f"open({reached!r}, 'w').close()\n"
        "import time\n"
        "for _ in range(6000):\n"
        f"    if os.path.exists({str(gate)!r}): break\n"
        "    time.sleep(0.01)\n"
    )
