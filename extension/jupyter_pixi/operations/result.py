"""What an operation tells when it is done: plain data for renderers, for `--json` and for the calling kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..manifest.edit import Written

if TYPE_CHECKING:
    from ..lockfile.diff import LockDiff
    from ..prefix.request import InstallReport
    from .changing.preview import Preview


@dataclass(frozen=True)
class Changed:
    """A change that was made (or, with `dry_run`, would be).

    `lines` are the sentences for people, without marks. `diff` is None when the lock did not change. `environment` and
    `platform` are those of the calling kernel or of what was installed. `installed` lists reports by environment.
    `preview` is what a dry run knows more.
    """

    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    written: tuple[Written, ...] = ()
    diff: LockDiff | None = None
    environment: str | None = None
    platform: str | None = None
    installed: dict[str, InstallReport] = field(default_factory=dict)
    restart: tuple[str, ...] = ()
    restart_requested: bool = False
    activation: dict[str, Any] | None = None
    dry_run: bool = False
    preview: Preview | None = None

    def data(self) -> dict[str, Any]:
        """The document of the Result event (kind "change")."""
        own, others = self._rows()
        report = self.installed.get(self.environment or "")
        install = None
        if report is not None:
            install = {"prefix": str(report.prefix), "linked": list(report.linked), "unlinked": list(report.unlinked)}
        return {
            "kind": "change",
            "environment": self.environment,
            "platform": self.platform,
            "changes": own,
            "others": others,
            "written": [{"file": str(w.path), "line": w.line, "text": w.text} for w in self.written],
            "install": install,
            "restart": list(self.restart),
            "restart_requested": self.restart_requested,
            "activation": self.activation,
            "message": "\n".join((*self.lines, *self.notes)),
            "dry_run": self.dry_run,
            **({"preview": self.preview.data()} if self.preview is not None else {}),
        }

    def _rows(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        own: list[dict[str, Any]] = []
        others: list[dict[str, Any]] = []
        if self.diff is None:
            return own, others
        for row in self.diff.rows():
            data = row.to_json()
            where = (data.pop("environment"), data.pop("platform"))
            if where == (self.environment, self.platform):
                own.append(data)
            else:
                others.append({**data, "environment": where[0], "platform": where[1]})
        return own, others


def joined(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else ""
