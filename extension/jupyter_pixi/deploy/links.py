"""Turns a repository's address into Binder's launch links and badge (binderhub, `/v2/<provider>/<spec>`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ..errors import PixiError

HUB = "https://mybinder.org"

_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)")
_DOI = re.compile(r"10\.5281/zenodo\.\d+")


@dataclass(frozen=True)
class Links:
    """Where a launch begins: the URL, and the badge in Markdown and HTML."""

    url: str
    hub: str = HUB

    @property
    def image(self) -> str:
        """The badge's picture."""
        return f"{self.hub}/badge_logo.svg"

    @property
    def markdown(self) -> str:
        """The badge for a README.md."""
        return f"[![Binder]({self.image})]({self.url})"

    @property
    def html(self) -> str:
        """The badge for a web page."""
        url = self.url.replace("&", "&amp;")
        return f'<a href="{url}"><img src="{self.image}" alt="Binder"></a>'


def links(repository: str, ref: str = "HEAD", path: str | None = None, hub: str = HUB) -> Links:
    """The links for a repository: a git address of any form, or a Zenodo DOI. `path` is opened in JupyterLab.

    Raises PixiError for an address that Binder cannot reach.
    """
    parts = urlsplit(hub)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PixiError(f"'{hub}' is not the address of a Binder hub.", code="usage")
    url = f"{hub.rstrip('/')}/v2/{_spec(repository.strip(), ref)}"
    if path:
        # Encoded twice where it matters: Binder hands the value on as a path of the server's URL.
        url += "?urlpath=" + quote(f"lab/tree/{quote(path)}", safe="")
    return Links(url, hub.rstrip("/"))


def _spec(repository: str, ref: str) -> str:
    doi = _DOI.search(repository)
    if doi:
        return f"zenodo/{doi[0]}/"  # a record has one state, and so no ref
    host, path = _host_and_path(repository)
    reference = quote(ref, safe="")
    if host == "github.com" and path.count("/") == 1:
        return f"gh/{quote(path)}/{reference}"
    if host == "gist.github.com":
        owner, _, name = path.rpartition("/")
        if not owner:
            raise PixiError(
                f"Binder needs the owner of the gist {name}, whom its clone address does not name.",
                help=f"Give --repository https://gist.github.com/OWNER/{name}.",
                code="usage",
            )
        return f"gist/{quote(owner)}/{quote(name)}/{reference}"
    if host == "gitlab.com":
        return f"gl/{quote(path, safe='')}/{reference}"
    address = f"https://{host}/{path}"
    return f"git/{quote(address, safe='')}/{reference}"


def _host_and_path(repository: str) -> tuple[str, str]:
    if "://" in repository:
        parts = urlsplit(repository)
        if parts.scheme not in ("https", "http", "ssh", "git") or not parts.hostname:
            raise PixiError(f"Binder cannot reach {repository}: it clones from public servers only.", code="not-public")
        host, path = parts.hostname, parts.path
        if parts.port and parts.scheme in ("https", "http"):
            host = f"{host}:{parts.port}"
    else:
        match = _SCP.fullmatch(repository)
        if match is None:
            raise PixiError(
                f"Binder cannot reach {repository}: it is a folder of this machine.",
                help="Push it to GitHub, GitLab or another public server, or name that with --repository.",
                code="not-public",
            )
        host, path = match[1], match[2]
    path = path.strip("/").removesuffix(".git")
    if not path:
        raise PixiError(f"{repository} names no repository.", code="usage")
    return host.lower(), path
