"""Turns `switch` into a request to restart the notebook's kernel on another environment."""

from __future__ import annotations

from argparse import Namespace

from .output import Output
from .running import operation


def switch(arguments: Namespace) -> int:
    """`switch ENVIRONMENT`: the kernel's bridge, or the front end, does what the result asks for."""
    from ..kernels.names import name
    from ..operations.switch import switch as work

    asked = operation(arguments, lambda c: work(c, arguments.environment))
    output: Output = arguments.output
    output.success(asked.message)
    output.result(asked.data(str(name(asked.workspace, asked.environment))))
    return 0
