"""The house stays as it was drawn: imports point downwards, rooms stay small, every module says what it is."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "extension/jupyter_pixi"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or not path.name.startswith("__"))

STAGES = (
    {"errors", "events", "system", "digests", "folders"},
    {"policy"},
    {"manifest", "config"},
    {"environments", "lockfile"},
    {"solve", "prefix", "deploy", "trust"},
    {"operations"},
    {"kernels", "demo"},
    {"cli", "server"},
)
"""From the ground up. Who stands beside each other may import each other, though never in a circle of modules."""

ROOMS = (
    {"context", "log", "policy", "program", "result", "scripts", "targets", "transient", "trusting", "workspace"},
    {"publishing"},
    {"locking"},
    {"installing"},
    {"changing", "running"},
    {"undoing", "editing", "looking"},
    {"sharing", "clean", "switch"},
)
"""The same within `operations`."""

FACES = {"cli", "server", "kernels"}
JUPYTER = re.compile(r"(jupyter_(?!pixi)\w*|IPython|ipykernel|traitlets|tornado|nbformat)(\.|$)")
FILE_FORMATS = re.compile(r"(tomli|tomllib|tomlkit|yaml)(\.|$)")

LINES = 400
SCREEN = 55
"""Lines that a module, and a function, has at the most."""


def name_of(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


@cache
def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


@cache
def imports_of(module: Path) -> tuple[tuple[Path | str, tuple[str, ...]], ...]:
    """What a module imports when it runs, wherever in it: paths within the package, names outside it.

    Each with the names that are taken from it. What is for types only does not count.
    """
    tree = tree_of(module)
    types_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    found: list[tuple[Path | str, tuple[str, ...]]] = []
    for node in ast.walk(tree):
        if id(node) in types_only:
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            if node.level:
                base = module.parents[node.level - 1]
                found.append((base.joinpath(*(node.module or "").split(".")) if node.module else base, names))
            elif (node.module or "").split(".")[0] == PACKAGE.name:
                found.append((PACKAGE.parent.joinpath(*(node.module or "").split(".")), names))
            else:
                found.append((node.module or "", names))
    return tuple(found)


def neighbours(module: Path) -> set[Path]:
    """The modules of the package that a module imports. A package's `__init__` counts where names are taken from it."""
    found = set()
    for place, names in imports_of(module):
        if isinstance(place, str):
            continue
        if place.with_suffix(".py").is_file():
            found.add(place.with_suffix(".py"))
            continue
        for name in names:
            inner = place / f"{name}.py"
            package = place / name / "__init__.py"
            found.add(inner if inner.is_file() else package if package.is_file() else place / "__init__.py")
    return found & set(MODULES) - {module}


def outside(module: Path) -> Iterator[str]:
    """The modules of other distributions that a module imports."""
    return (place for place, _ in imports_of(module) if isinstance(place, str))


def place_in(module: Path, folder: Path) -> str:
    """The child of a folder that a module is, or stands in."""
    return module.relative_to(folder).parts[0].removesuffix(".py")


def upward(folder: Path, floors: tuple[set[str], ...]) -> list[str]:
    """The imports between the children of a folder that point upwards, or from one that stands on no floor."""
    level = {name: number for number, names in enumerate(floors) for name in names}
    inside = [m for m in MODULES if m.is_relative_to(folder) and m != folder / "__init__.py"]
    missing = {place_in(m, folder) for m in inside} - level.keys()
    assert not missing, f"which floor do {missing} stand on?"
    return [
        f"{name_of(module)} imports {name_of(other)}"
        for module in inside
        for other in neighbours(module)
        if other.is_relative_to(folder)
        and other != folder / "__init__.py"
        and level[place_in(other, folder)] > level[place_in(module, folder)]
    ]


def test_imports_point_downwards():
    assert upward(PACKAGE, STAGES) == []
    assert upward(PACKAGE / "operations", ROOMS) == []


def test_no_modules_import_each_other():
    """Not in a circle of any length. (The package's own `__init__` only names what Jupyter and IPython look for.)"""
    graph = {module: neighbours(module) for module in MODULES}
    left = dict(graph)
    while free := [module for module, targets in left.items() if not targets & left.keys()]:
        for module in free:
            del left[module]
    assert not left, f"modules import each other, among them {sorted(map(name_of, left))}"


def test_the_engine_knows_nothing_of_jupyter_and_the_faces_nothing_of_file_formats():
    knows = [
        f"{name_of(module)} imports {other}"
        for module in MODULES
        for other in outside(module)
        if (FILE_FORMATS if place_in(module, PACKAGE) in FACES else JUPYTER).match(other)
        and place_in(module, PACKAGE) != "demo"  # which opens and checks a notebook, and reads its own manifest
    ]
    assert knows == []


def test_rooms_are_small_and_labelled():
    unlabelled = [name_of(m) for m in MODULES if m.stat().st_size and not ast.get_docstring(tree_of(m))]
    assert unlabelled == [], "the first line says what the module turns into what"
    assert [name_of(m) for m in MODULES if len(m.read_text().splitlines()) > LINES] == []
    assert [name_of(m) for m in MODULES if m.name == "utils.py"] == []


def test_functions_fit_on_a_screen():
    long = [
        f"{name_of(module)}:{node.lineno} {node.name}"
        for module in MODULES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= SCREEN
    ]
    assert long == []


def test_what_is_public_is_described():
    undescribed = [
        f"{name_of(module)}:{node.lineno} {node.name}"
        for module in MODULES
        for outer in (tree_of(module), *(n for n in tree_of(module).body if isinstance(n, ast.ClassDef)))
        if isinstance(outer, ast.Module) or not outer.name.startswith("_")
        for node in outer.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert undescribed == []


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
