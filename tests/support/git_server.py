"""Turns a folder of bare repositories into a git server on loopback HTTP (git http-backend behind a small server)."""

from __future__ import annotations

import os
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

from .loopback import Quiet, loopback

IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


def git(folder: Path, *argv: str) -> str:
    """`git ARGV…` in a folder; returns what it printed."""
    command = ["git", "-C", str(folder), *argv]
    return subprocess.run(command, env=os.environ | IDENTITY, capture_output=True, text=True, check=True).stdout.strip()


def publish(source: Path, bare: Path) -> str:
    """Commit everything in `source` and push it to the bare repository, made if it is missing. Returns the commit."""
    if not bare.exists():
        bare.mkdir(parents=True)
        git(bare, "init", "--quiet", "--bare", "--initial-branch=main")
        git(bare, "config", "uploadpack.allowReachableSHA1InWant", "true")
    if not (source / ".git").exists():
        git(source, "init", "--quiet", "--initial-branch=main")
        git(source, "remote", "add", "origin", str(bare))
    git(source, "add", "--all", "--force", ".")
    git(source, "commit", "--quiet", "--allow-empty", "--message=state")
    git(source, "push", "--quiet", "--force", "origin", "main")
    return git(source, "rev-parse", "HEAD")


class _Handler(Quiet):
    folder: Path

    def do_GET(self) -> None:
        """The advertisement of refs."""
        self._backend(b"")

    def do_POST(self) -> None:
        """A pack."""
        self._backend(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _backend(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        environ = os.environ | {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environ, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n") if line]
        status = next((int(v.split()[0]) for k, v in fields if k == "Status"), 200)
        self.send_response(status)
        for key, value in fields:
            if key != "Status":
                self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)


def git_server(folder: Path) -> AbstractContextManager[str]:
    """Serves the repositories in a folder until left; gives the URL."""
    return loopback(_Handler, folder=folder)
