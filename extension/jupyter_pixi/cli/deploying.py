"""Turns `export dockerfile`, `export binder` and `export sagemaker` into what they print."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from .output import Output, context_of

if TYPE_CHECKING:
    from ..deploy.dockerfile import Options
    from ..operations.sharing.deploy_export import BinderRequest, Exported, Where


def dockerfile(arguments: Namespace) -> int:
    """`export dockerfile`."""
    if arguments.lint:
        return _lint(arguments)
    from ..operations.sharing.deploy_export import export_dockerfile

    done = export_dockerfile(context_of(arguments), _image_options(arguments), _where(arguments))
    return _tell(arguments, done)


def sagemaker(arguments: Namespace) -> int:
    """`export sagemaker`."""
    from ..deploy.sagemaker import Registry
    from ..operations.sharing.deploy_export import export_sagemaker

    registry = Registry(arguments.account, arguments.region, arguments.repository)
    done = export_sagemaker(context_of(arguments), _image_options(arguments), registry, _where(arguments))
    return _tell(arguments, done)


def binder(arguments: Namespace) -> int:
    """`export binder`."""
    from ..operations.sharing.deploy_export import check_binder, export_binder

    context = context_of(arguments)
    request = _binder_request(arguments)
    if not arguments.check:
        return _tell(arguments, export_binder(context, request, _where(arguments)))
    said = check_binder(context, request)
    output: Output = arguments.output
    if arguments.json:
        output.json([{"level": s.level, "text": s.text} for s in said])
    else:
        marks = {"ok": "✔", "warning": "!", "error": "×"}
        output.data("\n".join(f"{marks[s.level]} {s.text}" for s in said))
    return 1 if any(s.level == "error" for s in said) else 0


def _binder_request(arguments: Namespace) -> BinderRequest:
    from ..deploy.binder import Options
    from ..operations.sharing.deploy_export import BinderRequest

    options = Options(
        notebook=arguments.notebook,
        environments=tuple(arguments.environment) or None,
        folder=arguments.dir,
        source=arguments.package_source,
        force=arguments.force,
        told=_told(arguments, {"--repository"}),  # where it is published is not in the files
    )
    return BinderRequest(options, arguments.repository, arguments.ref, arguments.hub)


def _image_options(arguments: Namespace) -> Options:
    from ..deploy.dockerfile import Options
    from ..operations.workspace import open_workspace

    context = context_of(arguments)
    command = tuple(shlex.split(arguments.command)) if getattr(arguments, "command", None) else ("bash",)
    return Options(
        environment=arguments.environment or open_workspace(context, tolerate_lock=True).default_name(context),
        platform=arguments.platform,
        pixi=arguments.pixi_version,
        base=arguments.base,
        command=command,
        auth=arguments.auth,
        told=_told(arguments),
    )


_NOT_TOLD = {"--dry-run", "-n", "--force", "--json", "--check", "-v", "-q", "--no-progress"}
_NOT_TOLD_VALUES = {"--manifest-path", "-m", "--workspace", "-w", "--output", "-o", "--color", "--ref", "--hub"}


def _told(arguments: Namespace, untold: Collection[str] = ()) -> str:
    """The command line as the file repeats it: what decides its content, and nothing of this machine."""
    kept: list[str] = []
    skip = False
    for word in arguments.output.arguments:
        name = word.split("=")[0]
        if skip:
            skip = False
        elif name in _NOT_TOLD_VALUES or name in untold:
            skip = "=" not in word
        elif word not in _NOT_TOLD:
            kept.append(word)
    return shlex.join(kept)


def _where(arguments: Namespace) -> Where:
    from ..operations.sharing.deploy_export import Where

    folder = Path(arguments.folder).absolute() if arguments.folder else None
    return Where(folder, arguments.dry_run, arguments.force)


def _tell(arguments: Namespace, done: Exported) -> int:
    output: Output = arguments.output
    for warning in done.warnings:
        output.warn(warning)
    document = {
        "kind": "export",
        "files": [{"path": str(s.path), "state": s.state, "text": s.file.text} for s in done.steps],
        "written": [str(p) for p in done.written],
        "more": list(done.more),
    }
    if arguments.json:
        output.json(document)
    elif arguments.dry_run:
        output.data("\n".join(f"#### {s.path} ({_SAID[s.state]})\n{s.file.text}" for s in done.steps))
    else:
        for path in done.written:
            output.success(f"Wrote {path}")
        if not done.written:
            output.say("Everything is up to date.")
        if done.more:
            output.data("\n".join(done.more))
    output.result(document)
    return 0


_SAID = {
    "new": "new",
    "same": "would not change",
    "ours": "would be brought up to date",
    "changed": "was changed by hand: would not be written",
    "foreign": "was not made by jupyter-pixi: would not be written",
}


def _lint(arguments: Namespace) -> int:
    from ..deploy.lint import RULES
    from ..operations.sharing.deploy_export import lint_file

    path = Path(arguments.lint)
    found = lint_file(context_of(arguments), path)
    output: Output = arguments.output
    if arguments.json:
        why = {name: rule.why for name, rule in RULES.items()}
        output.json([{**asdict(finding), "why": why.get(finding.rule, "")} for finding in found])
        return 1 if found else 0
    told: set[str] = set()
    lines = []
    for finding in found:
        lines.append(f"{path}:{finding.line}: {finding.rule} {finding.text}")
        if finding.help:
            lines.append(f"    {finding.help}")
        if finding.rule in RULES and finding.rule not in told:
            lines.append(f"    Why: {RULES[finding.rule].why}")
        told.add(finding.rule)
    if lines:
        output.data("\n".join(lines))
    else:
        output.success(f"{path}: nothing found by {len(RULES)} rules.")
    return 1 if found else 0
