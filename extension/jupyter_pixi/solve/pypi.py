"""PyPI requirements of one environment on one platform to locked packages, by `uv pip compile`.

Conda packages count as there, in their version and without requirements (stub wheels as constraints); locked versions
are preferences. What uv does not say (the index, the metadata) is asked in a second, warm step.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..environments.cutoffs import cutoffs
from ..environments.model import Environment, OnPlatform
from ..errors import NetworkError, PixiError, SolveError
from ..lockfile import packages as locked
from ..lockfile.model import Package
from ..lockfile.packages import normalize as pypi_name
from ..prefix.uv import Output
from .assemble import default_index, indexes
from .disguise import interpreter, target
from .gateway import Network
from .group import python_of
from .metadata import MetadataReader
from .metadata_uv import Metadata
from .pylock import Resolved, parse
from .request import LockRequest
from .requirements import Inputs, inputs, options_for_uv
from .stubs import Provided, constraints, provided_by
from .tags import macos_target, ranks, uv_platform
from .uv import Uv, for_request

Warner = Callable[[str], None]
OUTPUT = "pylock.toml"
_CAUSE = re.compile(r"\s*(?:cause|Caused by): ")
_STUB = re.compile(r" @ file://\S*/stubs/[^/\s]*?-([^-/\s]+)-py3-none-any\.whl")


@dataclass(frozen=True)
class PypiProblem:
    """What is to be resolved: an environment on a platform beside its conda packages, with preferences."""

    environment: Environment
    platform: str
    conda: tuple[Package, ...]
    preferred: tuple[Package, ...] = ()
    pinned: tuple[Package, ...] = ()

    @property
    def on(self) -> OnPlatform:
        """What the environment asks for on the platform."""
        return self.environment.on[self.platform]

    @property
    def headline(self) -> str:
        """Pixi's first line of a failed resolution."""
        return (
            f"failed to solve the pypi requirements of environment '{self.environment.name}' "
            f"for platform '{self.platform}'"
        )


class Resolver:
    """Resolves the problems of one lock request; its runs of uv share the cores and the cache."""

    def __init__(self, request: LockRequest, network: Network) -> None:
        self._request = request
        self._network = network
        self._root = request.manifest.root
        self._uv = for_request(request, network.cache)
        self._cutoffs = cutoffs(request.manifest, (), request.now)
        environments = request.previous.environments.values() if request.previous else ()
        self._previous = {
            package.location: package
            for environment in environments
            for packages in environment.packages.values()
            for package in packages
            if package.kind == "pypi"
        }

    async def resolve(self, problem: PypiProblem, warn: Warner = lambda text: None) -> tuple[Package, ...]:
        """The PyPI packages of a problem.

        Raises SolveError with uv's explanation, NetworkError if an index cannot be read, UnsupportedFeature for a
        platform that uv does not know.
        """
        try:
            return await self._resolve(problem, warn)
        except (SolveError, NetworkError) as error:
            if error.message.startswith(problem.headline):
                raise
            raise type(error)(f"{problem.headline}\n{error.message}", help=error.help, code=error.code) from error

    async def _resolve(self, problem: PypiProblem, warn: Warner) -> tuple[Package, ...]:
        python = python_of(problem.conda)
        version = locked.version(python) if python else None
        if python is None or version is None:
            raise SolveError("No Python interpreter found in the dependencies", help="try: pixi add python")
        provided = provided_by(problem.conda)
        refuse_sources_of_conda(problem.on, provided)
        subdir, free = problem.on.platform.subdir, is_free_threaded(python)
        tags = ranks(subdir, problem.on.virtual_packages, version, free_threaded=free)
        disguise = target(subdir, problem.on.virtual_packages, free_threaded=free)
        exact = disguise is not None and disguise.machine is not None
        platform = None if exact else uv_platform(subdir, problem.on.virtual_packages)
        pretender = await interpreter(disguise, self._network.cache / "jupyter-pixi" / "targets") if disguise else None
        with tempfile.TemporaryDirectory(prefix="jupyter-pixi-") as name:
            run = _Run(problem, Path(name).resolve(), version, platform, pretender, self._uv, self._root)
            given = inputs(
                problem.on.pypi_dependencies,
                problem.environment.pypi_options,
                self._root,
                constraints(provided, self._network.cache / "jupyter-pixi" / "stubs"),
                problem.preferred,
                problem.pinned,
            )
            options = options_for_uv(
                problem.environment.pypi_options, problem.environment.solve_strategy, self._root, self._cutoffs
            )
            text = await run.compile(given, options, provided, warn)
            found = parse(
                text, run.folder, self._root, problem.on.pypi_dependencies,
                frozenset(p.name for p in provided), tags,
            )  # fmt: skip
            found = await run.with_indexes(found, given, options)
        self._check_builds(problem, found)
        reader = MetadataReader(self._uv, self._network, self._previous, version, platform)
        metadata = await reader.read(found)
        return tuple(
            as_package(resolved, meta, problem.environment) for resolved, meta in zip(found, metadata, strict=True)
        )

    def _check_builds(self, problem: PypiProblem, found: Sequence[Resolved]) -> None:
        """Pixi refuses locked directories and commits under `no-build`, where uv takes static ones."""
        barred = problem.environment.pypi_options.no_build
        if not barred:
            return
        names = None if isinstance(barred, bool) else {pypi_name(name) for name in barred}
        editable = {pypi_name(n) for n, spec in problem.on.pypi_dependencies if spec.editable}
        for package in found:
            built = package.kind in ("directory", "git") or not package.source.endswith(".whl")
            if built and package.name not in editable and (names is None or package.name in names):
                raise SolveError(
                    f"'{package.name}' has to be built, but the pypi-option `no-build` is set",
                    help="lift `no-build` for it, or ask for a version that has wheels",
                )


@dataclass(frozen=True)
class _Run:
    """The runs of uv for one problem, in one private folder."""

    problem: PypiProblem
    folder: Path
    python: str
    platform: str | None
    pretender: str | None
    uv: Uv
    root: Path

    async def compile(self, given: Inputs, options: Sequence[str], provided: Sequence[Provided], warn: Warner) -> str:
        """The output file of a resolution. Raises SolveError or NetworkError with uv's explanation."""
        for name, text in given.files.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        ran = await self._uv([given.main, *given.options, "--format", OUTPUT, "-o", OUTPUT, *options])
        if ran.status != 0:
            raise failure(ran, provided, offline=self.uv.offline)
        for line in ran.stderr.splitlines():
            if line.startswith("warning: "):
                warn(_STUB.sub(r"==\1", line.removeprefix("warning: ")))
        return (self.folder / OUTPUT).read_text(encoding="utf-8")

    async def with_indexes(self, found: list[Resolved], given: Inputs, options: Sequence[str]) -> list[Resolved]:
        """The packages with the index each came from; asked of uv only where there are several."""
        pypi = self.problem.environment.pypi_options
        plain = [p for p in found if p.kind == "registry" and p.index is None]
        has_own = any(spec.index for _, spec in self.problem.on.pypi_dependencies)
        if not pypi.extra_index_urls and not pypi.find_links and not has_own:
            only = pypi.index_url or default_index()
            return [replace(p, index=only) if p in plain else p for p in found]
        if not plain:
            return found
        (self.folder / "pins.txt").write_text("".join(f"{p.name}=={p.version}\n" for p in plain))
        (self.folder / OUTPUT).unlink()
        arguments = [given.main, *given.options, "-c", "pins.txt", "--emit-index-annotation", "--no-annotate"]
        ran = await self._uv([*arguments, *options])
        if ran.status != 0:
            raise failure(ran, ())
        urls = index_notes(ran.stdout)
        return [replace(p, index=urls.get(p.name, p.index)) if p in plain else p for p in found]

    async def _uv(self, arguments: Sequence[str]) -> Output:
        on, extra = self.problem.on, {}
        target = macos_target(on.platform.subdir, on.virtual_packages)
        if target is not None:
            extra["MACOSX_DEPLOYMENT_TARGET"] = target
        if self.problem.environment.pypi_options.skip_wheel_filename_check:
            extra["UV_SKIP_WHEEL_FILENAME_CHECK"] = "1"
        command = ["pip", "compile", "--no-config", "--no-python-downloads", "--color", "never", "--no-header"]
        command += ["--no-progress", "--python", self._interpreter(), "--python-version", self.python]
        command += self.uv.options
        command += ["--python-platform", self.platform] if self.platform else []
        return await self.uv.run([*command, *arguments], self.folder, extra)

    def _interpreter(self) -> str:
        """The installed environment's own python where it is the locked one (builds want it), else the engine's."""
        if self.pretender is not None:
            return self.pretender
        prefix = self.root / ".pixi" / "envs" / self.problem.environment.name
        if any((prefix / "conda-meta").glob(f"python-{self.python}-*.json")):
            for candidate in (prefix / "bin" / "python", prefix / "python.exe"):
                if candidate.exists():
                    return str(candidate)
        return self.uv.python


def refuse_sources_of_conda(on: OnPlatform, provided: Sequence[Provided]) -> None:
    """Raises SolveError where a path, URL or git requirement names what a conda package already provides."""
    names = {p.name for p in provided}
    for name, spec in on.pypi_dependencies:
        if not spec.is_registry and pypi_name(name) in names:
            kind = "git" if spec.git else "path" if spec.path else "url"
            raise SolveError(
                f"the PyPI package '{name}' is already provided by a conda package, "
                f"so a {kind} requirement for it is not supported",
                help=f"remove the conda package that provides '{name}', or the {kind} requirement",
            )


def is_free_threaded(python: Package) -> bool:
    """Whether a locked python runs without the global lock: then wheels need an ABI of their own."""
    return any(re.search(r"cp\d+t\b", text) for text in (locked.build(python) or "", *locked.depends(python)))


def index_notes(text: str) -> dict[str, str]:
    """The index of each package in requirements.txt output with `# from URL` lines."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        head = re.match(r"([A-Za-z0-9][\w.-]*)(?:\[.*\])?==", line)
        if head:
            name = pypi_name(head[1])
        elif name and line.strip().startswith("# from "):
            found[name] = line.strip().removeprefix("# from ")
    return found


def failure(ran: Output, provided: Sequence[Provided], *, offline: bool = False) -> PixiError:
    """uv's message as an error: an unreachable index is the network's, all else the resolution's."""
    text = explanation(ran.stderr)
    message = f"failed to resolve pypi dependencies\n{text}"
    if re.search(
        r"error sending request|Request failed after|Failed to fetch|Could not connect|error reading a body", text
    ):
        return NetworkError(
            message, help="check the network and the index URLs in `pypi-options`", code="offline" if offline else None
        )
    blamed = [p for p in provided if re.search(rf"(?<![\w.-]){re.escape(p.name)}(?![\w-])", text)]
    if "Failed to read from zip file" in text:
        return SolveError(message, help="a download may have been cut short: run the command again")
    if not blamed:
        return SolveError(message)
    pins = "\n".join(f"{p.name}=={p.version}" for p in blamed)
    return SolveError(
        message,
        help="The following PyPI packages have been pinned by the conda solve, "
        f"and this version may be causing a conflict:\n{pins}",
    )


def explanation(stderr: str) -> str:
    """uv's own words without its drawing: the lines after the headline, causes unmarked, indentation removed."""
    plain = re.sub(r"(?<=://)[^/@\s]+@", "", stderr)  # credentials of index URLs
    lines = [line for line in plain.strip().splitlines() if not line.startswith("warning: ")]
    start = next((n for n, line in enumerate(lines) if line.startswith("error: ")), 0)
    width = max((len(m[0]) for m in map(_CAUSE.match, lines[start:]) if m), default=0)
    kept = [
        _CAUSE.sub("", line) if _CAUSE.match(line) else line.removeprefix(" " * width).removeprefix("error: ")
        for line in lines[start:]
    ]
    if len(kept) > 1 and kept[0].startswith("No solution found when resolving dependencies"):
        kept = kept[1:]
    return "\n".join(kept).strip()


def as_package(resolved: Resolved, metadata: Metadata, environment: Environment) -> Package:
    """A resolved package with its metadata as the lock writes it."""
    fields: dict[str, str | list[str]] = {"name": resolved.name}
    version = resolved.version or metadata.version
    if version is not None and resolved.kind != "directory":
        fields["version"] = version
    if resolved.sha256 is not None and resolved.kind == "registry":
        fields["sha256"] = resolved.sha256
    if resolved.kind == "registry" and resolved.index is not None and not _is_implied(resolved.index, environment):
        fields["index"] = resolved.index
    if metadata.requires_dist:
        fields["requires_dist"] = list(metadata.requires_dist)
    if metadata.requires_python:
        fields["requires_python"] = metadata.requires_python
    return Package("pypi", resolved.location, fields)


def _is_implied(index: str, environment: Environment) -> bool:
    """Whether a reader takes this index when none is written: PyPI itself, where it is the environment's first."""
    return index == default_index() == indexes(environment.pypi_options)[0]
