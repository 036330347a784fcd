"""Turns a workspace on disk into the files of an export, and writes them where nothing of a person's is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from ...deploy import binder, binder_check, dockerfile, lint, sagemaker
from ...deploy.dockerignore import ignores
from ...deploy.generated import Step, refuse_changed, steps, write
from ...deploy.lint_rules import Finding
from ...deploy.model import File, Plan
from ...deploy.plan import plan
from ...errors import LockOutOfDate, PixiError, Refused
from ...manifest.model import DEFAULT
from ...prefix.kernels import offered
from ..context import Context
from ..targets import prefix_of
from ..workspace import OpenWorkspace, open_workspace
from . import deploy_repository as repository

MAX_TEXT = 10_000_000  # bytes of a configuration file that is looked into


@dataclass(frozen=True)
class Where:
    """Where an export is written: `folder` None is the workspace's root; `dry_run` writes nothing."""

    folder: Path | None = None
    dry_run: bool = False
    force: bool = False


@dataclass(frozen=True)
class Exported:
    """What an export is and did: the files with what writing them means, what was written, warnings."""

    steps: tuple[Step, ...]
    written: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()
    more: tuple[str, ...] = ()  # lines for the user: commands, links


def plan_of(opened: OpenWorkspace) -> Plan:
    """The plan of a workspace. Raises PixiError without a lock, and LockOutOfDate for a lock that is not up to date."""
    if opened.lock is None:
        raise PixiError(
            "This workspace has no lock file, and an image is made from what is locked.",
            help="Run `jupyter pixi lock`.",
            code="not-locked",
        )
    verdict = opened.verdict
    if not verdict.up_to_date:
        raise LockOutOfDate(
            f"The lock file is not up to date with the manifest: {verdict.reason}.", help="Run `jupyter pixi lock`."
        )
    return plan(opened.manifest, opened.environments, opened.lock)


def export_dockerfile(context: Context, options: dockerfile.Options, where: Where) -> Exported:
    """`export dockerfile`. Raises PixiError."""
    opened = open_workspace(context)
    opened.environment(options.environment)
    export = dockerfile.dockerfile(plan_of(opened), options)
    return _finish(export.files, where.folder or opened.root, where, (*export.warnings, *_local_config(opened)))


def export_sagemaker(
    context: Context, options: dockerfile.Options, registry: sagemaker.Registry, where: Where
) -> Exported:
    """`export sagemaker`. Raises PixiError."""
    opened = open_workspace(context)
    opened.environment(options.environment)
    made = plan_of(opened)
    export = sagemaker.sagemaker(made, options, registry)
    target, _ = dockerfile.choose(made, options.environment, options.platform)
    more = (*sagemaker.push_commands(made, target, registry), *sagemaker.usage(made, target, registry))
    warnings = (*export.warnings, *_local_config(opened))
    return _finish(export.files, where.folder or opened.root, where, warnings, more)


def _local_config(opened: OpenWorkspace) -> tuple[str, ...]:
    if (opened.root / ".pixi" / "config.toml").is_file():
        return ("`.pixi/config.toml` is not in the image: what it says does not hold there.",)
    return ()


def _finish(
    files: Sequence[File], folder: Path, where: Where, warnings: Sequence[str], more: Sequence[str] = ()
) -> Exported:
    planned, said = _with_ignore_file(steps(folder, files))
    if where.dry_run:
        return Exported(planned, (), (*warnings, *said), tuple(more))
    refuse_changed(planned, force=where.force)
    return Exported(planned, write(planned), (*warnings, *said), tuple(more))


def _with_ignore_file(planned: tuple[Step, ...]) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """A .dockerignore that a person wrote stays if it keeps the right things out. Raises Refused if it does not."""
    kept: list[Step] = []
    for step in planned:
        if step.file.path != ".dockerignore" or step.state not in ("foreign", "changed"):
            kept.append(step)
            continue
        text = step.path.read_text("utf-8", "replace")
        if ignores(text, "pixi.lock"):
            raise Refused(
                f"{step.path} keeps pixi.lock out of the image, which is made from it.", help="Take that line out."
            )
        if not ignores(text, ".pixi/envs"):
            raise Refused(
                f"{step.path} does not list `.pixi`: the environments of this machine would be copied into the image.",
                help="Add the line `.pixi` to it.",
            )
    said = () if len(kept) == len(planned) else ("The .dockerignore that is there is kept: it has what is needed.",)
    return tuple(kept), said


def lint_file(context: Context, path: Path) -> tuple[Finding, ...]:
    """`export dockerfile --lint FILE`. Asks the workspace that the file stands in, or the one that was named.

    Raises OSError and PixiError.
    """
    if not path.is_file():
        raise PixiError(f"There is no file {path} to look at.", code="usage")
    path = path.absolute()
    top = repository.top(path.parent)
    known, folder = None, ""
    try:
        beside = context if context.manifest_path is not None else replace(context, cwd=path.parent)
        opened = open_workspace(beside, tolerate_lock=True)
        if opened.lock is not None:
            known = plan(opened.manifest, opened.environments, opened.lock)
            folder = _below(opened.root, top)
    except PixiError:
        pass  # a Dockerfile can be looked at without a workspace
    # Docker looks for the file's own first, then in the context, which is its folder or one above.
    places = [path.with_name(f"{path.name}.dockerignore"), path.with_name(".dockerignore"), top / ".dockerignore"]
    ignore = next((p for p in places if p.is_file()), None)
    return lint.lint(
        path.read_text("utf-8", "replace"),
        dockerignore=ignore.read_text("utf-8", "replace") if ignore else None,
        has_dockerignore=True,
        plan=known,
        folder=folder,
    )


def _below(root: Path, top: Path) -> str:
    """The workspace's folder in the repository; "" for its top, and where it is not below it."""
    try:
        found = root.resolve().relative_to(top.resolve()).as_posix()
    except ValueError:
        return ""
    return "" if found == "." else found


@dataclass(frozen=True)
class BinderRequest:
    """What `export binder` was asked for besides the form of the files; None: found in the repository."""

    options: binder.Options
    remote: str | None = None
    ref: str | None = None
    hub: str | None = None


def export_binder(context: Context, request: BinderRequest, where: Where) -> Exported:
    """`export binder`. Raises PixiError."""
    opened = open_workspace(context)
    root = where.folder or repository.top(opened.root)
    options = _placed(opened, root, request.options)
    for name in options.environments or ():
        opened.environment(name)
    there = present(root)
    files = binder.binder(plan_of(opened), options, there, with_kernels(opened))
    unused = ", ".join(binder.out_of_use(there))
    said = (f"Binder has been reading {unused}; {files[0].path} takes its place there.",) if unused else ()
    return _finish(files, root, where, said, _links(root, request, options))


def check_binder(context: Context, request: BinderRequest) -> tuple[binder_check.Said, ...]:
    """`export binder --check`: what Binder would do, errors last. Raises PixiError for a broken manifest."""
    opened = open_workspace(context, tolerate_lock=True)
    root = repository.top(opened.root)
    made = None
    why = "There is no pixi.lock: run `jupyter pixi lock` and commit it."
    if opened.lock_error is not None:
        why = opened.lock_error.message
    elif opened.lock is not None:
        made = plan(opened.manifest, opened.environments, opened.lock)
    return binder_check.check(
        made,
        why,
        _placed(opened, root, request.options),
        present(root),
        kernels=with_kernels(opened),
        up_to_date=made is not None and opened.verdict.up_to_date,
        git=_git(root, opened.lock_path),
        texts=[(path.name, text) for path in (opened.manifest.path, opened.lock_path) if (text := _text(path))],
    )


def _git(root: Path, lock: Path) -> binder_check.Git | None:
    tracked = repository.tracked(root)
    if tracked is None:
        return None
    return binder_check.Git(frozenset(tracked), frozenset(repository.changed(root)), repository.is_ignored(root, lock))


def _placed(opened: OpenWorkspace, root: Path, options: binder.Options) -> binder.Options:
    """The options with the workspace's folder in the repository, and the notebook that it opens."""
    notebook = options.notebook
    if notebook is None:
        found = sorted(p.name for p in opened.root.glob("*.ipynb"))
        notebook = found[0] if len(found) == 1 else None
    elif not (opened.root / notebook).is_file():
        raise PixiError(f"There is no {notebook} in {opened.root}.", code="usage")
    return replace(options, subfolder=_below(opened.root, root), notebook=notebook)


def _links(root: Path, request: BinderRequest, options: binder.Options) -> tuple[str, ...]:
    from ...deploy.links import HUB, links

    remote = request.remote or repository.remote(root)
    if remote is None:
        return ("Push the repository to a public server; `--repository URL` then shows the link and the badge.",)
    path = "/".join(p for p in (options.subfolder, options.notebook or "") if p) or None
    try:
        found = links(remote, request.ref or repository.branch(root) or "HEAD", path, request.hub or HUB)
    except PixiError as error:
        if request.remote:
            raise
        return (f"{error.message} {error.help or ''}".strip(),)  # where git happens to point is no reason to fail
    return (f"Launch:   {found.url}", f"Markdown: {found.markdown}", f"HTML:     {found.html}")


def present(root: Path) -> binder.Present:
    """What a repository has of Binder's configuration, and the .dockerignore."""
    folders = tuple(name for name in ("binder", ".binder") if (root / name).is_dir())
    names = [*binder.ROOT_FILES, ".dockerignore"]
    candidates = [*names, *(f"{folder}/{name}" for folder in folders for name in names)]
    found = []
    for name in candidates:
        text = _text(root / name)
        if text is not None:
            found.append((name, text))
    return binder.Present(folders, tuple(found))


def _text(path: Path) -> str | None:
    """The text of a file that is there and not too large to be looked into."""
    if not path.is_file() or path.stat().st_size > MAX_TEXT:
        return None
    return path.read_text("utf-8", "replace")


def with_kernels(opened: OpenWorkspace) -> tuple[str, ...]:
    """The environments that have a kernel which is listed (`[tool.jupyter-pixi] kernels` hides others)."""
    default = opened.manifest.features[DEFAULT].targets
    own = any(t.dependencies or t.pypi_dependencies for t in default) or len(opened.environments) == 1
    given = opened.manifest.settings.get("kernels", ())
    patterns = [p for p in given if isinstance(p, str)] if isinstance(given, (list, tuple)) else []
    hiding = [p[1:] for p in patterns if p.startswith("!")]
    showing = [p for p in patterns if not p.startswith("!")] or ["*"]
    return tuple(
        name
        for name, environment in opened.environments.items()
        if (name != DEFAULT or own)
        and any(fnmatchcase(name, p) for p in showing)
        and not any(fnmatchcase(name, p) for p in hiding)
        and offered(environment, opened.lock, prefix_of(opened, name))
    )
