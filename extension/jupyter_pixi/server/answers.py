"""The schemas of what the REST interface answers, by the name of the view: for its OpenAPI document."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
MAYBE: Schema = {"type": ["string", "null"]}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
TRUTH: Schema = {"type": "boolean"}
ANYTHING: Schema = {"type": "object"}


def table(**fields: Schema) -> Schema:
    """An object that has all these fields, and may have more."""
    return {"type": "object", "required": list(fields), "properties": fields}


def many(item: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": item}


def maybe(schema: Schema) -> Schema:
    """The same, or null."""
    return {"oneOf": [schema, {"type": "null"}]}


def by_name(value: Schema) -> Schema:
    """An object whose keys are names."""
    return {"type": "object", "additionalProperties": value}


_LINE: Schema = {"type": ["integer", "null"]}
_STATE: Schema = {
    "enum": ["ready", "not-installed", "out-of-date", "not-locked", "cannot-run", "broken", "untrusted"],
}
_ENVIRONMENT = table(
    name=TEXT,
    state=_STATE,
    reason=maybe(table(code=TEXT, text=TEXT, file=MAYBE, line=_LINE, column=_LINE)),
    prefix=TEXT,
    platform=MAYBE,
    kernels=many(table(name=TEXT, language=TEXT, display_name=TEXT)),
)
_ERROR = table(message=TEXT, help=MAYBE, file=MAYBE, line=_LINE, column=_LINE)
_WORKSPACE = table(
    manifest=TEXT,
    root=TEXT,
    name=TEXT,
    path=MAYBE,
    trusted=TRUTH,
    environments=many(_ENVIRONMENT),
    error=maybe(_ERROR),
)
_PLATFORM = table(name=TEXT, subdir=TEXT)
_CELL = table(name=TEXT, subdir=TEXT, locked=_LINE, up_to_date=TRUTH, reason=MAYBE, why_not_here=MAYBE)
_DEPENDENCY = table(name=TEXT, type=TEXT, feature=MAYBE, requested=by_name(TEXT), locked=by_name(MAYBE))
_DECLARED = table(
    name=TEXT,
    features=many(TEXT),
    solve_group=MAYBE,
    platform=MAYBE,
    platforms=many(_CELL),
    dependencies=many(_DEPENDENCY),
)
_START = table(
    name=TEXT,
    solve=TRUTH,
    packages=WHOLE,
    bytes=WHOLE,
    sources=many(TEXT),
    builds=many(TEXT),
    scripts=many(TEXT),
    variables=by_name(TEXT),
    refused=MAYBE,
)
_SUMMARY: dict[str, Schema] = {
    "id": TEXT,
    "manifest": TEXT,
    "command": many(TEXT),
    "environment": MAYBE,
    "kernel": MAYBE,
    "started": NUMBER,
    "ended": {"type": ["number", "null"]},
    "state": {"enum": ["running", "done", "failed", "interrupted", "lost"]},
    "last": {"type": ["object", "null"]},
}
_CHANGE = table(
    environment=TEXT, platform=TEXT, name=TEXT, type=TEXT, kind=TEXT, before=MAYBE, after=MAYBE, explicit=TRUTH
)

ANSWERS: dict[str, Schema] = {
    "Workspaces": {
        "oneOf": [table(workspaces=many(_WORKSPACE), truncated=MAYBE, complete=TRUTH), _WORKSPACE],
    },
    "Workspace": table(
        manifest=TEXT,
        name=TEXT,
        channels=many(TEXT),
        platforms=many(_PLATFORM),
        machine=table(subdir=TEXT, virtual_packages=many(TEXT)),
        lock=table(exists=TRUTH, up_to_date=TRUTH, reason=MAYBE),
        features=many(table(name=TEXT, inline=TRUTH, targets=many(ANYTHING))),
        environments=many(_DECLARED),
        undo=MAYBE,
        redo=MAYBE,
        frozen=TRUTH,
    ),
    "Packages": table(
        environment=TEXT,
        platform=TEXT,
        packages=many(
            table(name=TEXT, version=MAYBE, build=MAYBE, type=TEXT, size=_LINE, requested=MAYBE, source=TEXT)
        ),
    ),
    "Disk": table(manifest=TEXT, environments=by_name(_LINE), total=WHOLE),
    "History": table(
        manifest=TEXT,
        head=TRUTH,
        history=many(table(id=TEXT, time=NUMBER, command=TEXT, kind=TEXT, changes=many(TEXT))),
    ),
    "Difference": table(manifest=TEXT, against=TEXT, present=TRUTH, total=WHOLE, rows=many(_CHANGE)),
    "Trust": table(
        manifest=TEXT,
        trusted=TRUTH,
        reason=MAYBE,
        forbidden=TRUTH,
        changed=many(TEXT),
        files=many(TEXT),
        install_at_start=TRUTH,
        environments=many(_START),
    ),
    "Operations": table(operations=many(table(**_SUMMARY))),
    "Operation": table(**_SUMMARY, events=many(ANYTHING), activation={"type": ["object", "null"]}),
    "Started": table(id=MAYBE, manifest=TEXT),
    "Cancelled": table(id=TEXT),
    "Preview": table(manifest=TEXT, result=ANYTHING),
    "Names": table(query=TEXT, type=TEXT, total=WHOLE, names=many(TEXT)),
    "Versions": table(name=TEXT, type=TEXT, found=TRUTH, versions=many(table(version=TEXT, subdirs=many(TEXT)))),
    "About": table(summary=MAYBE, license=MAYBE, home=MAYBE, size=_LINE, version=MAYBE),
    "Discovery": table(roots=many(TEXT), depth=WHOLE, mine=TRUTH, missing=many(TEXT)),
    "Provider": table(module=TEXT, conda=MAYBE, pypi=MAYBE, searched=TRUTH),
}
