"""The house stays as it was drawn: imports point downwards, rooms stay small, every module says what it is."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "extension/jupyter_pixi"
MODULES = sorted(PACKAGE.rglob("*.py"))
STAGES = (
    {"errors", "events"},
    {"manifest", "config"},
    {"environments", "lockfile"},
    {"solve", "prefix", "deploy"},
    {"operations"},
    {"cli", "server", "kernels", "demo"},
)
LEVEL = {name: level for level, names in enumerate(STAGES) for name in names}
ENGINE = {"manifest", "config", "environments", "lockfile", "solve", "prefix", "operations"}


def stage(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def statements(module: Path) -> list[ast.ImportFrom]:
    """Every `from … import …` of a module, wherever in it, unless for types only."""
    tree = ast.parse(module.read_text())
    types_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    return [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and id(node) not in types_only]


def imports(module: Path) -> set[str]:
    """The stages a module imports from."""
    depth = len(module.relative_to(PACKAGE).parts)
    found = set()
    for node in statements(module):
        if node.level == depth:  # from the package itself
            found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
        elif not node.level and (node.module or "").startswith("jupyter_pixi."):
            found.add((node.module or "").split(".")[1])
    return found


def neighbours(module: Path) -> set[Path]:
    """The modules of the package that a module imports. A package's `__init__` counts where names are taken from it."""
    found = set()
    for node in statements(module):
        base = module
        for _ in range(node.level):
            base = base.parent
        if not node.level:
            if not (node.module or "").startswith("jupyter_pixi."):
                continue
            base = PACKAGE.parent
        place = base.joinpath(*(node.module or "").split(".")) if node.module else base
        if place.with_suffix(".py").is_file():
            found.add(place.with_suffix(".py"))
            continue
        for alias in node.names:
            inner = place / f"{alias.name}.py"
            found.add(inner if inner.is_file() else place / "__init__.py")
    return found & set(MODULES) - {module}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(module):
    own = stage(module)
    above = {name for name in imports(module) if LEVEL.get(name, 0) > LEVEL.get(own, len(STAGES))}
    assert not above, f"{own} imports from {above}"
    if own in ENGINE:
        text = module.read_text()
        assert not re.search(r"^\s*(import|from) (jupyter_|IPython|ipykernel|traitlets)", text, re.MULTILINE), (
            "the engine knows nothing of Jupyter"
        )


def test_no_modules_import_each_other():
    """Not in a circle of any length. (The package's own `__init__` only names what Jupyter and IPython look for.)"""
    graph = {module: neighbours(module) for module in MODULES if module != PACKAGE / "__init__.py"}
    left = dict(graph)
    while free := [module for module, targets in left.items() if not targets & left.keys()]:
        for module in free:
            del left[module]
    circles = sorted(str(m.relative_to(PACKAGE)) for m in left if any(m in left.get(t, ()) for t in left[m]))
    assert not left, f"modules import each other, among them {circles or sorted(map(str, left))}"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_are_small_and_labelled(module):
    text = module.read_text()
    assert not text or ast.get_docstring(ast.parse(text)), "the first line says what the module turns into what"
    assert len(text.splitlines()) <= 450
    assert module.name != "utils.py"


def test_no_addresses_of_registries():
    """Mirrors and machines without a registry must work: the address comes from configuration."""
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    address = re.compile(rb"(pypi|pythonhosted|npmjs|yarnpkg)\.(" + rb"org|com)/")
    files = [
        REPOSITORY / name for name in listed.stdout.splitlines() if not name.endswith(("package-lock.json", ".png"))
    ]
    assert files
    assert [str(file) for file in files if file.is_file() and address.search(file.read_bytes())] == []
