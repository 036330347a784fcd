"""The family of errors a user can cause: each is a sentence, a place and a way out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """Where something is wrong: a file, and a line and column counted from 1 where they are known."""

    file: Path
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [str(self.file)]
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        return ":".join(parts)


class PixiError(Exception):
    """A failure that is told to the user as it is, without a traceback.

    `message` is a sentence (it may have further lines), `help` says what to do, `place` says where,
    `code` is a stable word for programs, `exit_code` is what a command ends with (1 error, 2 usage).
    """

    code = "error"
    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        help: str | None = None,
        place: Place | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.place = place
        if code is not None:
            self.code = code

    def text(self) -> str:
        """The error as it is shown: message, place and help, each on a line of its own."""
        lines = [self.message]
        if self.place is not None:
            lines.append(f"  at {self.place}")
        if self.help:
            lines.append(f"  help: {self.help}")
        return "\n".join(lines)


class ManifestError(PixiError):
    """The manifest is wrong: not TOML, an unknown key, a wrong type, an undefined feature."""

    code = "manifest"


class ManifestNotFound(ManifestError):
    """There is no manifest where one was looked for."""

    code = "no-manifest"


class LockFileError(PixiError):
    """The lock file cannot be read, or is newer than this engine understands."""

    code = "lock-file"


class LockOutOfDate(PixiError):
    """The lock file does not fulfil the manifest, and may not be changed (`--locked`)."""

    code = "lock-out-of-date"


class SolveError(PixiError):
    """No set of packages fulfils the manifest; the message holds the solver's explanation."""

    code = "solve"


class NetworkError(PixiError):
    """A channel, an index or a file could not be reached."""

    code = "network"


class UnsupportedPlatform(PixiError):
    """The environment cannot run on this machine; the message says which virtual package is missing."""

    code = "cannot-run"


class InstallError(PixiError):
    """Fetching or linking failed; the prefix is as the message says."""

    code = "install"


class ActivationError(PixiError):
    """An activation script failed, or what should run it is missing."""

    code = "activation"


class UnsupportedFeature(PixiError):
    """Something that Pixi can do and this engine cannot, for example building source packages."""

    code = "unsupported"


class Refused(PixiError):
    """A change that is not made without the user's word: a loaded package would move, a policy forbids it."""

    code = "refused"


class UsageError(PixiError):
    """The command line itself is wrong."""

    code = "usage"
    exit_code = 2


class Interrupted(PixiError):
    """The user stopped the operation."""

    code = "interrupted"
    exit_code = 130
