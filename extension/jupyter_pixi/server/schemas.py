"""The events that this server extension puts on Jupyter's event bus, and their schemas."""

from __future__ import annotations

from typing import Any

ENVIRONMENTS_CHANGED = "https://jupyter-pixi.readthedocs.io/events/environments-changed"
OPERATION = "https://jupyter-pixi.readthedocs.io/events/operation"

SCHEMAS: tuple[dict[str, Any], ...] = (
    {
        "$id": ENVIRONMENTS_CHANGED,
        "version": "1",
        "title": "Pixi environments changed",
        "description": "Workspaces came or went, or the state or the kernels of an environment changed.",
        "personal-data": False,
        "type": "object",
        "required": ["workspaces", "kernels"],
        "properties": {
            "workspaces": {
                "title": "Manifests",
                "description": "Paths of the manifests of the workspaces concerned.",
                "type": "array",
                "items": {"type": "string"},
            },
            "kernels": {
                "title": "Kernels changed",
                "description": "Whether kernelspecs were added, removed or changed.",
                "type": "boolean",
            },
        },
    },
    {
        "$id": OPERATION,
        "version": "1",
        "title": "An operation on a Pixi workspace reports",
        "description": "One event of an operation, whoever started it: a kernel, a terminal, the server.",
        "personal-data": False,
        "type": "object",
        "required": ["operation", "manifest", "kernel", "event"],
        "properties": {
            "operation": {"title": "Operation", "description": "The operation's id.", "type": "string"},
            "manifest": {"title": "Manifest", "description": "The workspace's manifest.", "type": "string"},
            "kernel": {
                "title": "Kernel",
                "description": "The id of the server's kernel in which it was started, if it was.",
                "type": ["string", "null"],
            },
            "event": {
                "title": "Event",
                "description": "The event, its kind under `event` (see jupyter_pixi.events).",
                "type": "object",
            },
        },
    },
)
