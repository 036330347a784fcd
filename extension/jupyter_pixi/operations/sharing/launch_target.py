"""Turns what a person or a link names into a target that is safe to fetch: a repository, folder, archive, record.

Everything here is untrusted. A repository's address has one of few schemes, and from a link one of few hosts; nothing
that is handed to git begins with a dash; a path inside the target stays inside it. Pure but for looking whether a
folder or file is there.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from ...errors import PixiError, Refused

SCHEMES = ("https", "ssh")
HOSTS = ("github.com", "gitlab.com", "gist.github.com", "bitbucket.org", "codeberg.org", "zenodo.org")
"""What links may name unless the administrator says otherwise."""

BEHIND = {
    "github.com": (
        *("codeload.github.com", "objects.githubusercontent.com"),
        "release-assets.githubusercontent.com",
    )
}
"""Hosts that an allowed one hands its archives to: a redirect may lead there, an address may not."""

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SCP = re.compile(r"(?P<user>[A-Za-z0-9_][\w.-]*)@(?P<host>[A-Za-z0-9][\w.-]*):(?P<path>[^\s:]+)")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_REF = re.compile(r"[A-Za-z0-9_][\w./+-]{0,200}")
_SHORT = re.compile(r"(?P<host>github|gh|gitlab|gl):(?P<path>[\w.-]+/[\w./-]+)")
_PAGE = re.compile(
    r"(?P<repository>https://(?:github\.com/[\w.-]+/[\w.-]+|gitlab\.com/[\w./-]+?(?=/-/tree/)))"
    r"(?:/-)?/tree/(?P<ref>[^/?#]+)(?:/(?P<path>[^?#]*))?"
)
"""The page of a folder, as it is copied from a browser; a branch with a slash in its name needs `--ref`."""

_DOI = re.compile(r"(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:)?10\.5281/zenodo\.(?P<id>[0-9]+)", re.IGNORECASE)
_RECORD = re.compile(
    r"(?P<server>https://(?:sandbox\.)?zenodo\.org|http://(?:127\.0\.0\.1|localhost)(?::[0-9]+)?)/records?/(?P<id>[0-9]+)/?"
)
_HASHED = re.compile(r"(?P<address>.*)#(?P<digest>[A-Za-z0-9]+=\w*)", re.DOTALL)
_DIGESTS = {"sha256": 64, "sha512": 128, "md5": 32}
"""Checksums that are understood, and how many hexadecimal digits they have. (md5 is what Zenodo gives.)"""

_SHORT_HOSTS = {"github": "github.com", "gh": "github.com", "gitlab": "gitlab.com", "gl": "gitlab.com"}

Kind = Literal["git", "folder", "archive", "record"]


@dataclass(frozen=True)
class Rules:
    """What may be fetched. `hosts` None allows any; `local` allows folders and archives of this machine.

    `http_hosts` may be asked without encryption: only this machine, unless an administrator says otherwise.
    """

    hosts: tuple[str, ...] | None = None
    local: bool = True
    http_hosts: tuple[str, ...] = _LOOPBACK


FOR_PERSONS = Rules()
FOR_LINKS = Rules(hosts=HOSTS, local=False, http_hosts=())


@dataclass(frozen=True)
class Target:
    """What to fetch. `address` is a URL or an absolute path; `ref` None is the repository's default branch.

    An archive is on this machine, or behind a URL; `digest` is `ALGORITHM:HEX` of it, "" where it is not known. A
    record is a page of Zenodo with an archive among its files.
    """

    kind: Kind
    address: str
    ref: str | None = None
    subfolder: str = ""
    digest: str = ""

    @property
    def shown(self) -> str:
        """The address as it is told and kept: without a query, which may be a key."""
        return self.address.partition("?")[0] if "://" in self.address else self.address

    @property
    def name(self) -> str:
        """A name for the folder it is put into."""
        if self.kind == "record":
            return "record-" + self.address.rpartition("/")[2]
        last = unquote(self.shown.rstrip("/").rpartition("/")[2].rpartition(":")[2])
        for suffix in (".git", *sorted(ARCHIVES, key=len, reverse=True)):
            last = last.removesuffix(suffix)
        return re.sub(r"[^\w.-]+", "-", last).strip(".-") or "workspace"


def parse(
    text: str,
    *,
    ref: str | None = None,
    subfolder: str | None = None,
    cwd: Path | None = None,
    rules: Rules = FOR_PERSONS,
) -> Target:
    """The target that a text names. Raises Refused with the reason for one that is not fetched."""
    text = text.strip()
    hashed = _HASHED.fullmatch(text)
    if hashed:
        target = parse(hashed["address"], ref=ref, subfolder=subfolder, cwd=cwd, rules=rules)
        return _with_digest(target, hashed["digest"])
    odd = r"[\x00-\x1f\x7f]" if rules.local and "://" not in text else r"[\x00-\x20\x7f\\]"
    if not text or text.startswith("-") or re.search(odd, text):
        raise Refused(f"'{text}' is not the address of a workspace.", code="target")
    inside = check_path(subfolder or "")
    reference = check_ref(ref) if ref else None
    short, page = _SHORT.fullmatch(text), _PAGE.fullmatch(text)
    record = _DOI.fullmatch(text) or _RECORD.fullmatch(text)
    if record:
        server = record.groupdict().get("server") or "https://zenodo.org"
        return _record(f"{server}/records/{record['id']}", reference, inside, rules)
    if re.match(r"(?:doi:|(?:https?://)?(?:dx\.)?doi\.org/)|10\.[0-9]{4,}/", text, re.IGNORECASE):
        raise Refused(
            f"'{text}' is no DOI of Zenodo (10.5281/zenodo.…), which are the ones that are understood here.",
            help="Give the address of the archive or repository that it stands for.",
            code="target",
        )
    if short:
        text = f"https://{_SHORT_HOSTS[short['host']]}/{short['path']}"
    elif page:
        text, reference, folder = _page(page, ref)
        inside = posixpath.join(folder, inside).rstrip("/")
    scp = _SCP.fullmatch(text)
    if "://" in text or scp:
        is_archive = scp is None and text.partition("?")[0].lower().endswith(ARCHIVES)
        _check_address(text, rules, "archive" if is_archive else "git")
        if is_archive and reference is not None:
            raise _no_ref()
        return Target("archive" if is_archive else "git", text, reference, inside)
    if "::" in text:
        raise Refused(f"'{text}' names a git helper, and those run commands.", code="target")
    if not rules.local:
        raise Refused(f"'{text}' is not the address of a repository.", code="target")
    return _local(text, reference, inside, cwd or Path.cwd())


def _record(address: str, ref: str | None, inside: str, rules: Rules) -> Target:
    if ref is not None:
        raise _no_ref()
    _check_address(address, rules, "archive")
    return Target("record", address, None, inside)


def _no_ref() -> Refused:
    return Refused("A ref belongs to a git repository.", code="target")


def _with_digest(target: Target, fragment: str) -> Target:
    """The target with the checksum that stands behind its address, as pip and Pixi write it. Raises Refused."""
    if target.kind not in ("archive", "record"):
        raise Refused(
            "A checksum belongs to an archive.", help="A commit, as the ref, is the one of a repository.", code="digest"
        )
    digest = digest_of(fragment, "=")
    if not digest:
        forms = ", ".join(f"#{name}=…" for name in _DIGESTS)
        raise Refused(f"'#{fragment}' is not the checksum of an archive; it is one of {forms}.", code="digest")
    return replace(target, digest=digest)


def digest_of(text: str, separator: str) -> str:
    """A checksum as `ALGORITHM:HEX`, from `ALGORITHM<separator>HEX`; "" where the text is none."""
    name, _, value = text.partition(separator)
    fits = len(value) == _DIGESTS.get(name.lower(), 0) and re.fullmatch(r"[0-9a-fA-F]+", value)
    return f"{name}:{value}".lower() if fits else ""


def _page(page: re.Match[str], ref: str | None) -> tuple[str, str, str]:
    """The repository, the ref and the folder of a folder's page."""
    rest, name = f"{page['ref']}/{page['path'] or ''}", ref or page["ref"]
    if not rest.startswith(f"{name}/"):
        raise Refused(f"'{page[0]}' is not a page at {ref}.", code="ref")
    return page["repository"], check_ref(name), check_path(rest.removeprefix(f"{name}/").rstrip("/"))


def _local(text: str, ref: str | None, inside: str, cwd: Path) -> Target:
    path = (cwd / Path(text).expanduser()).absolute()
    if path.is_file() and path.name.endswith(ARCHIVES):
        kind: Kind = "archive"
    elif (path / "HEAD").is_file() and (path / "objects").is_dir():
        kind = "git"  # a bare repository
    elif path.is_dir():
        kind = "git" if ref is not None else "folder"
    else:
        raise Refused(
            f"There is no folder, archive or repository at {path}.",
            help=f"Archives end in {', '.join(ARCHIVES)}; repositories have an address such as https://host/name.",
            code="target",
        )
    if ref is not None and kind != "git":
        raise _no_ref()
    return Target(kind, str(path), ref, inside)


def check_redirect(old: str, new: str, rules: Rules) -> None:
    """Raise Refused unless an archive's server may send on from one address to another."""
    hosts = rules.hosts
    if hosts is not None:
        hosts = (*hosts, *(behind for host in hosts for behind in BEHIND.get(host, ())))
    _check_address(new, Rules(hosts, local=False, http_hosts=rules.http_hosts), "redirect")
    if old.startswith("https:") and not new.startswith("https:"):
        raise Refused(f"{old} leads to {new}, which is not encrypted.", code="scheme")


def _check_address(text: str, rules: Rules, kind: Literal["git", "archive", "redirect"]) -> None:
    scp = _SCP.fullmatch(text) if "://" not in text else None
    if scp:
        scheme, host, secret, path = "ssh", scp["host"], "", scp["path"]
    else:
        try:
            parts = urlsplit(text)
            scheme, host, path = parts.scheme.lower(), parts.hostname or "", parts.path
            _ = parts.port
        except ValueError:
            raise Refused(f"'{text}' is not a URL.", code="target") from None
        secret = parts.password or (parts.username if scheme != "ssh" else "") or ""
        if (parts.query and kind == "git") or parts.fragment:
            raise Refused(f"'{text}' has a query, which no repository's address has.", code="target")
        if (parts.username or "").startswith("-"):
            raise Refused(f"'{text}' is not a URL.", code="target")
    if secret:
        raise Refused(
            "The address holds a user name or a password, which would end up in files and logs.",
            help="Let git's credential helper keep it.",
            code="credentials",
        )
    plain = scheme == "http" and host.lower() in rules.http_hosts
    schemes = SCHEMES if kind == "git" else ("https",)
    if scheme not in schemes and not plain:
        allowed = " and ".join(f"{s}://" for s in schemes)
        raise Refused(f"{scheme}:// is not fetched from; use {allowed}.", code="scheme")
    if not _HOST.fullmatch(host) and host != "::1":
        raise Refused(f"'{text}' names no host.", code="target")
    if rules.hosts is not None and not plain and not host_allowed(host, rules.hosts):
        raise Refused(
            f"Repositories and archives are not fetched from {host} here.",
            help=f"Allowed are {', '.join(rules.hosts)}. An administrator adds others (JupyterPixi.launch_hosts).",
            code="host",
        )
    if path.strip("/") == "" or (kind == "git" and "/-" in "/" + path.lstrip("/")):
        raise Refused(f"'{text}' names no repository.", code="target")


def host_allowed(host: str, allowed: Sequence[str]) -> bool:
    """Whether a host is in the list; `*.example.org` stands for all below it."""
    host = host.lower().rstrip(".")
    return any(host == h.lower() or (h.startswith("*.") and host.endswith(h[1:].lower())) for h in allowed)


def check_ref(ref: str) -> str:
    """A branch, tag or commit that git takes as one (git-check-ref-format). Raises Refused."""
    if not _REF.fullmatch(ref) or ".." in ref or "//" in ref or ref.endswith((".lock", "/", ".")) or "/." in ref:
        raise Refused(f"'{ref}' is not the name of a branch, tag or commit.", code="ref")
    return ref


def check_path(path: str) -> str:
    """A path inside the target, normalised; "" is its root. Raises Refused."""
    if not path or path == ".":
        return ""
    normal = posixpath.normpath(path)
    if normal.startswith(("/", "..", "-")) or "\\" in path or "\0" in path or re.match(r"[A-Za-z]:", path):
        raise Refused(f"'{path}' leads out of the workspace.", code="path")
    if ".git" in normal.split("/"):
        raise Refused(f"'{path}' is git's own.", code="path")
    return normal


def inside(root: Path, path: str) -> Path:
    """The real place of a path in a fetched target. Raises Refused where a link leads out, or nothing is there."""
    real = (root / check_path(path)).resolve()
    if not real.is_relative_to(root.resolve()):
        raise Refused(f"'{path}' is a link that leads out of what was fetched.", code="path")
    if not real.exists():
        raise PixiError(f"There is no {path or 'folder'} in what was fetched.", code="path")
    return real
