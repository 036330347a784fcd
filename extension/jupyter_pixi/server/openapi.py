"""Turns the routes and commands of the REST interface into an OpenAPI document, and serves it."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from .. import __version__
from .answers import ANSWERS
from .discovery import MAX_DEPTH
from .handlers import NAMESPACE, PixiHandler
from .requests import COMMANDS, MAX_ITEMS, MAX_TEXT, Field
from .snapshot import Snapshot

JSON = "application/json"
_ID = {"type": "string", "pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$"}
_NAME = {"type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"}
_MODULE = {"type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9._]{0,127}$"}
_KIND = {"type": "string", "enum": ["conda", "pypi"], "default": "conda"}


class DocumentHandler(PixiHandler):
    """`GET openapi.json`."""

    @classmethod
    def route(cls) -> tuple[str, type[DocumentHandler], dict[str, Any]]:
        """The route, without the server's base URL."""
        return f"{NAMESPACE}/openapi.json", cls, {"snapshot": Snapshot}

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer."""
        self.answer(document(self.base_url))


def document(base_url: str = "/") -> dict[str, Any]:
    """The OpenAPI 3.1 document of a server whose URLs begin with `base_url`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "jupyter-pixi",
            "version": __version__,
            "description": "Pixi workspaces of a Jupyter server, and the operations on them. Changes are told as "
            "events on Jupyter's event bus.",
        },
        "servers": [{"url": f"{base_url.rstrip('/')}{NAMESPACE}"}],
        "security": [{"token": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}},
            "schemas": {"Error": _error(), **ANSWERS, **{f"Start{name.title()}": _request(name) for name in COMMANDS}},
        },
    }


def _paths() -> dict[str, Any]:
    manifest = _query("manifest", "The path of a workspace's manifest, as `workspaces` tells it.", required=True)
    one = {**manifest, "required": False}
    return {
        "/openapi.json": {"get": _operation("This document.")},
        **_workspaces(manifest, one),
        **_operations(manifest, one),
        **_packages(manifest),
    }


def _workspaces(manifest: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    """What workspaces declare and have; `one` is the parameter that leaves only one of them."""
    agreed = {"type": "object", "required": ["manifest"], "properties": {"manifest": {"type": "string"}}}
    folders = {"type": "array", "items": {"type": "string", "maxLength": MAX_TEXT}, "maxItems": 20}
    depth = {"type": ["integer", "null"], "minimum": 0, "maximum": MAX_DEPTH}
    discovery = {"type": "object", "properties": {"roots": folders, "depth": depth}}
    return {
        "/workspaces": {
            "get": _operation("All workspaces with the states of their environments, or one.", one, answer="Workspaces")
        },
        "/workspace": {
            "get": _operation("What a workspace declares, and what is locked where.", manifest, answer="Workspace")
        },
        "/packages": {
            "get": _operation(
                "All locked packages of an environment on a platform.",
                manifest,
                _query("environment", "Its name (default: `default`)."),
                _query("platform", "The platform's name (default: this machine's)."),
                answer="Packages",
            )
        },
        "/discovery": {
            "get": _operation("Where workspaces are searched, and how deep.", answer="Discovery"),
            "put": _operation("Search other folders too, or deeper.", body=discovery, answer="Discovery"),
        },
        "/drift": {
            "get": _operation(
                "What was changed in an installed environment behind the lock file's back.",
                manifest,
                _query("environment", "Its name (default: `default`)."),
            )
        },
        "/disk": {"get": _operation("How many bytes each installed environment takes.", manifest, answer="Disk")},
        "/history": {
            "get": _operation(
                "What the lock can be compared with: git's HEAD, earlier changes.", manifest, answer="History"
            )
        },
        "/diff": {
            "get": _operation(
                "In which packages the lock differs.",
                manifest,
                _query("against", "`head`, or an id of the history."),
                answer="Difference",
            )
        },
        "/trust": {
            "get": _operation(
                "What starting a kernel of this workspace would do, and whether it may.", manifest, answer="Trust"
            ),
            "post": _operation("Agree to that.", body=agreed, answer="Trust"),
        },
    }


def _operations(manifest: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    """What changes workspaces, and what would."""
    start = {"oneOf": [{"$ref": f"#/components/schemas/Start{name.title()}"} for name in COMMANDS]}
    dry = {"oneOf": [{"$ref": f"#/components/schemas/Start{n.title()}"} for n, c in COMMANDS.items() if c.dry_run]}
    id = {"name": "id", "in": "path", "required": True, "schema": _ID}
    return {
        "/operations": {
            "get": _operation(
                "The last operations, newest first; of all workspaces or of one.", one, answer="Operations"
            ),
            "post": _operation("Start an operation.", body=start, status="202", answer="Started"),
        },
        "/operations/{id}": {
            "get": _operation("An operation with all that it said.", id, manifest, answer="Operation"),
            "delete": _operation(
                "Cancel an operation: what it has begun is taken back.", id, manifest, status="202", answer="Cancelled"
            ),
        },
        "/preview": {"post": _operation("What an operation would change.", body=dry, answer="Preview")},
    }


def _packages(manifest: dict[str, Any]) -> dict[str, Any]:
    """What there is to add."""
    name = {"name": "name", "in": "path", "required": True, "schema": _NAME}
    module = {"name": "module", "in": "path", "required": True, "schema": _MODULE}
    kind = _query("type", "Which kind of package.", schema=_KIND)
    return {
        "/search": {
            "get": _operation(
                "Names of packages that hold a text.", manifest, _query("query", "The text."), kind, answer="Names"
            )
        },
        "/search/{name}": {
            "get": _operation("The versions of a package, newest first.", name, manifest, kind, answer="Versions")
        },
        "/about/{name}": {
            "get": _operation("What a package's maintainers say of it.", name, manifest, kind, answer="About")
        },
        "/imports/{module}": {
            "get": _operation("The package that provides a module.", module, manifest, answer="Provider")
        },
    }


def _operation(
    summary: str,
    *parameters: dict[str, Any],
    body: dict[str, Any] | None = None,
    status: str = "200",
    answer: str | None = None,
) -> dict[str, Any]:
    """An operation of a path; `answer` names the schema of what it answers."""
    error = {"description": "Why not.", "content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}
    schema = {"$ref": f"#/components/schemas/{answer}"} if answer else {"type": "object"}
    answered = {"description": "The answer.", "content": {JSON: {"schema": schema}}}
    told: dict[str, Any] = {
        "summary": summary,
        "parameters": list(parameters),
        "responses": {"200": answered, **({status: answered} if status != "200" else {}), "4XX": error},
    }
    if body is not None:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": body}}}
    return told


def _query(name: str, help: str, *, required: bool = False, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": help,
        "schema": schema or {"type": "string"},
    }


def _request(name: str) -> dict[str, Any]:
    """The schema of the document that starts a command."""
    command = COMMANDS[name]
    properties: dict[str, Any] = {
        "manifest": {"type": "string", "description": "The workspace's manifest."},
        "command": {"const": name},
        "caller": {"type": "object", "description": "The kernel on whose behalf: what it has loaded."},
    }
    properties |= {key: _field(one) for key, one in command.fields.items()}
    if command.dry_run:
        properties["dry_run"] = {"type": "boolean", "description": "Change nothing."}
    needed = ["manifest", "command", *(key for key, one in command.fields.items() if one.required)]
    return {"type": "object", "description": command.help, "required": needed, "properties": properties}


def _field(one: Field) -> dict[str, Any]:
    if one.kind == "flag":
        return {"type": "boolean", "description": one.help}
    text = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
    if one.kind == "text":
        return {**text, "description": one.help}
    return {
        "type": "array",
        "items": text,
        "minItems": 1 if one.required else 0,
        "maxItems": MAX_ITEMS,
        "description": one.help,
    }


def _error() -> dict[str, Any]:
    optional = {"type": ["string", "null"]}
    place = {"type": ["integer", "null"]}
    return {
        "type": "object",
        "required": ["message"],
        "properties": {
            "message": {"type": "string"},
            "code": optional,
            "help": optional,
            "file": optional,
            "line": place,
            "column": place,
        },
    }
