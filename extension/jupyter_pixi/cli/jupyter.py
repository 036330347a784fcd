"""Turns `kernels …`, `trust` and `demo` into what they do and print."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .output import Output, context_of

if TYPE_CHECKING:
    from ..kernels.specs import Offer
    from ..operations.context import Context
    from ..operations.workspace import OpenWorkspace


def _offers(context: Context, only: tuple[str, ...] = ()) -> tuple[OpenWorkspace, tuple[Offer, ...]]:
    from ..kernels.specs import offers
    from ..operations.installing.status import states
    from ..operations.targets import prefix_of
    from ..operations.workspace import open_workspace

    opened = open_workspace(context, tolerate_lock=True)
    for name in only:
        opened.environment(name)
    told = {s.name: (s.state, s.reason.text if s.reason else "") for s in states(opened, context)}
    found = offers(opened.manifest, opened.environments, opened.lock, lambda name: prefix_of(opened, name), told)
    return opened, tuple(o for o in found if not only or o.environment in only)


def kernels_list(arguments: Namespace) -> int:
    """`kernels list`: what the picker shows, and why."""
    from ..kernels.specs import specs

    _, found = _offers(context_of(arguments))
    rows: list[dict[str, Any]] = []
    for offer in found:
        for spec in specs([offer]):
            rows.append(
                {
                    "name": spec.name,
                    "display_name": spec.document["display_name"],
                    "environment": offer.environment,
                    "manifest": str(offer.manifest),
                    "state": offer.state,
                    "reason": offer.reason or None,
                }
            )
            break  # the plain name; a clone's own name is for where several workspaces share one
    output: Output = arguments.output
    if arguments.json:
        output.json(rows)
        return 0
    from .tables import table

    shown = [(r["name"], r["display_name"], r["state"], r["reason"] or "") for r in rows]
    output.data(table(("Name", "Shown as", "State", "Reason"), shown) if rows else "No environment has a kernel.")
    return 0


def kernels_install(arguments: Namespace) -> int:
    """`kernels install`: real kernelspecs, for front ends that do not ask the server."""
    from ..kernels.install import install, prune
    from ..kernels.specs import specs
    from ..operations.trusting import remember

    context = context_of(arguments)
    opened, found = _offers(context, tuple(arguments.environment))
    target = _target(arguments)
    prune([target])
    written = install(specs(found), target)
    remember(opened, context)
    output: Output = arguments.output
    for path in written:
        output.success(f"Wrote {path}")
    if not written:
        output.warn("No environment has a kernel; add ipykernel to one that should have.")
    if arguments.json:
        output.json([str(p) for p in written])
    output.result({"kind": "kernels", "written": [str(p) for p in written]})
    return 0


def kernels_remove(arguments: Namespace) -> int:
    """`kernels remove`: take this workspace's kernelspecs back."""
    from ..kernels.install import remove
    from ..operations.workspace import locate

    explicit = arguments.user or arguments.sys_prefix or arguments.prefix
    where = [_target(arguments)] if explicit else None
    touched = remove(locate(context_of(arguments)), tuple(arguments.environment) or None, where)
    output: Output = arguments.output
    for path in touched:
        output.success(f"Removed {path}")
    if not touched:
        output.say("No kernelspec of this workspace was installed there.")
    return 0


def _target(arguments: Namespace) -> Path:
    from ..kernels.install import directory

    prefix = Path(arguments.prefix).absolute() if arguments.prefix else None
    return directory(prefix=prefix, sys_prefix=arguments.sys_prefix)


def kernels_prepare(arguments: Namespace) -> int:
    """`kernels prepare`: what a kernel's start does when its environment is not current (the launcher asks)."""
    from ..operations.installing.prepare import prepare
    from .running import operation

    done = operation(arguments, lambda c: prepare(c, arguments.environment or "default"))
    arguments.output.result(done)
    return 0


def trust(arguments: Namespace) -> int:
    """`trust`: agree to what a start of this workspace installs and runs, or take that back."""
    from .. import trust as record
    from ..operations.policy import refuse_if_forbidden
    from ..operations.trusting import remember
    from ..operations.workspace import open_workspace

    context = context_of(arguments)
    opened = open_workspace(context, tolerate_lock=True)
    output: Output = arguments.output
    files = [os.path.relpath(f, opened.root) for f in record.what_runs(opened.manifest, opened.lock)]
    if arguments.forget:
        record.forget(str(opened.root), context.environ)
    elif not arguments.show:
        refuse_if_forbidden(opened.root, context.environ)
        remember(opened, context)
    after = record.check(str(opened.root), context.environ)
    document = {"trusted": after.trusted, "reason": after.reason or None, "files": files, "root": str(opened.root)}
    if arguments.json:
        output.json(document)
    elif arguments.show:
        state = "trusted" if after.trusted else f"not trusted: {after.reason}"
        output.data("\n".join([f"{opened.root} is {state}", "A start is decided by:", *(f"  {f}" for f in files)]))
    else:
        output.success(f"{opened.root} is {'trusted' if after.trusted else 'no longer trusted'}.")
    message = "Trusted. Restart the kernel to start the environment." if after.trusted else "No longer trusted."
    output.result({"kind": "trust", **document, "message": message})
    return 0


def demo(arguments: Namespace) -> int:
    """`demo`: the sample workspace in JupyterLab."""
    from ..demo.run import DemoOptions, run_demo

    options = DemoOptions(
        directory=Path(arguments.directory) if arguments.directory else None,
        check=arguments.check,
        browser=not arguments.no_browser,
        port=arguments.port,
        channel=arguments.channel,
    )
    return run_demo(options, arguments.output.sink)
