"""Turns `launch TARGET` into an open JupyterLab: fetched, shown, agreed to, installed, opened."""

from __future__ import annotations

import shutil
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PixiError, Refused, UsageError
from .output import Output, context_of

if TYPE_CHECKING:
    from ..operations.sharing.launch import Launch
    from ..operations.sharing.launch_target import Target


def launch(arguments: Namespace) -> int:
    """`launch TARGET`."""
    from ..operations.sharing.launch import plan_launch, told
    from ..operations.sharing.launch_fetch import fetch
    from ..operations.sharing.launch_target import parse

    output: Output = arguments.output
    if arguments.json and not arguments.no_lab:
        raise UsageError("--json goes with --no-lab: JupyterLab prints no document.")
    context = context_of(arguments)
    target = parse(arguments.target, ref=arguments.ref, subfolder=arguments.subfolder, cwd=context.cwd)
    if target.kind == "folder" and arguments.path:
        raise UsageError("--path says where to put what is fetched, and a folder is used where it is.")
    place = _place(arguments, target)
    if target.kind != "folder":
        output.say(f"Fetching {target.shown}" + (f" at {target.ref}" if target.ref else ""))
    try:
        where = fetch(target, place, output.say)
        planned = plan_launch(where, target.subfolder, context, arguments.environment, arguments.opened)
    except BaseException:
        if not arguments.path and target.kind != "folder":
            shutil.rmtree(place.parent, ignore_errors=True)  # a temporary folder that is of no use to anybody
        raise
    output.say(told(planned) + "\n")
    _ask(arguments, planned)
    _install(arguments, planned)
    output.result({"kind": "launch", **planned.to_json()})
    if arguments.no_lab:
        if arguments.json:
            output.json(planned.to_json())
        else:
            output.data(str(planned.root))
        return 0
    return _open(arguments, planned)


def _place(arguments: Namespace, target: Target) -> Path:
    if arguments.path:
        return Path(arguments.path).absolute()
    if target.kind == "folder":
        return Path(target.address)
    return Path(tempfile.mkdtemp(prefix="jupyter-pixi-launch-")).resolve() / target.name


def _ask(arguments: Namespace, planned: Launch) -> None:
    """Ask once; nothing has been installed and nothing has run so far. Raises Refused."""
    if arguments.yes:
        return
    if not sys.stdin.isatty():
        raise Refused(
            "Nobody can be asked here, and nothing is installed without consent.",
            help=f"Look at {planned.root}, then run it again with --yes.",
            code="consent",
        )
    sys.stderr.write("Install and open it? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused("Nothing was installed.", help=f"What was fetched is in {planned.root}.", code="consent")


def _install(arguments: Namespace, planned: Launch) -> None:
    from ..operations.installing.install import InstallOptions, install
    from .running import operation

    arguments.manifest_path = str(planned.manifest)
    names = tuple(i.environment for i in planned.environments)
    operation(arguments, lambda context: install(context, InstallOptions(environments=names)))
    output: Output = arguments.output
    output.success(f"Installed {', '.join(names)}.")


def _open(arguments: Namespace, planned: Launch) -> int:
    import importlib.util

    if importlib.util.find_spec("jupyterlab") is None:
        raise PixiError("JupyterLab is not installed beside this package.", help="pip install jupyterlab")
    from ..demo.lab import lab

    log = planned.root / ".pixi" / "launch-jupyterlab.log"
    output: Output = arguments.output
    browser = not arguments.no_browser
    try:
        with lab(planned.root, planned.opened, port=arguments.port, browser=browser, log=log) as running:
            output.data(f"JupyterLab runs on {planned.root}\n\n    {running.url}\n")
            sys.stdout.flush()
            output.say("Ctrl-C ends it.")
            status = running.process.wait()
    except KeyboardInterrupt:
        output.say(f"Stopped. The workspace is in {planned.root}.")
        return 0
    if status:
        output.warn(f"JupyterLab ended with status {status}; its log is {log}")
    return 1 if status else 0
