"""The kernels of workspaces' environments and their states -> kernelspecs: names, kernel.json and logos.

A kernelspec starts `launch`, so it stays right when the environment changes: nothing of the prefix is in its argv.
What the kernel found in the prefix says about itself (metadata, interrupt mode, logo) is kept.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import folders
from ..environments.model import Environment
from ..lockfile.model import LockFile
from ..manifest.model import DEFAULT, Manifest
from ..prefix.kernels import Kernel, offered
from . import logos, names
from .request import SERVER_VARIABLE

METADATA = "jupyter-pixi"
"""The key in a kernelspec's metadata under which ours stands."""

_NOT_KEPT = frozenset(["kernel_provisioner"])  # theirs would start another process than the launcher


@dataclass(frozen=True)
class Offer:
    """A kernel that an environment offers on this machine. `state` is one of the states' words, `reason` its reason."""

    manifest: Path
    workspace: str
    environment: str
    kernel: Kernel
    state: str = "ready"
    reason: str = ""

    @property
    def wanted(self) -> names.Wanted:
        """The offer as it asks for a name."""
        title = self.kernel.display_name
        return names.Wanted(str(self.manifest.parent), self.workspace, self.environment, self.kernel.name, title)


@dataclass(frozen=True)
class Spec:
    """A kernelspec: its name, what its kernel.json says, and the files beside it (name to where their bytes are)."""

    name: str
    document: Mapping[str, Any]
    resources: Mapping[str, Path] = field(default_factory=dict)


def offers(
    manifest: Manifest,
    environments: Mapping[str, Environment],
    lock: LockFile | None,
    prefix_of: Callable[[str], Path],
    states: Mapping[str, tuple[str, str]] | None = None,
) -> tuple[Offer, ...]:
    """The kernels of a workspace, in the order in which they are listed.

    The default environment counts only if it has dependencies of its own or is the only one; others if they have a
    kernel, installed, locked or asked for. `[tool.jupyter-pixi] kernels` hides and orders. `states` maps environments
    to (state, reason); one that is missing there is taken as ready.
    """
    found = []
    candidates = [name for name in environments if name != DEFAULT or _has_own(manifest) or len(environments) == 1]
    for name in names.listed(candidates, patterns(manifest)):
        state, reason = (states or {}).get(name, ("ready", ""))
        for kernel in offered(environments[name], lock, prefix_of(name)):
            found.append(Offer(manifest.path, manifest.workspace.name, name, kernel, state, reason))
    return tuple(found)


def patterns(manifest: Manifest) -> tuple[str, ...]:
    """`[tool.jupyter-pixi] kernels`: which environments are listed, and in which order."""
    given = manifest.settings.get("kernels", ())
    return tuple(text for text in given if isinstance(text, str)) if isinstance(given, (list, tuple)) else ()


def specs(
    found: Iterable[Offer],
    *,
    base: Path | None = None,
    server: int | None = None,
    python: str = sys.executable,
    logo_folder: Path | None = None,
) -> tuple[Spec, ...]:
    """The kernelspecs of all offers of all workspaces.

    `base` is the folder from which clones are told apart, `server` the process id of the Jupyter server for which
    they are made. Logos are kept in `logo_folder` (default: the user's cache). Raises OSError.
    """
    by_wanted: dict[names.Wanted, Offer] = {}
    for offer in found:
        by_wanted.setdefault(offer.wanted, offer)
    folder = logo_folder or Path(folders.cache(os.environ)) / "logos"
    made = []
    for named in names.assign(by_wanted, None if base is None else str(base)):
        several = [by_wanted[wanted] for wanted in named.stands_for]
        document = kernel_json(several, folder=named.folder, python=python, server=server)
        made.append(Spec(named.name, document, _resources(several[0], folder)))
    return tuple(made)


def kernel_json(
    several: Sequence[Offer], *, folder: str | None = None, python: str = sys.executable, server: int | None = None
) -> dict[str, Any]:
    """The kernel.json for a kernel; for several workspaces of one name, the first one's tells what it looks like."""
    first = several[0]
    kernel = first.kernel
    where = [word for offer in several for word in ("--manifest", str(offer.manifest))]
    kept = {key: value for key, value in kernel.metadata.items() if key not in _NOT_KEPT}
    if not _rescue_encrypts(kept.get("supported_encryption")):
        kept.pop("supported_encryption", None)
    if kernel.name == names.PYTHON:
        kept.setdefault("debugger", True)
    ours = {
        "manifests": [str(offer.manifest) for offer in several],
        "workspace": first.workspace,
        "environment": first.environment,
        "kernel": kernel.name,
        "state": first.state,
        "reason": first.reason,
    }
    document = {
        "argv": [
            *(python, "-P", "-m", "jupyter_pixi.kernels.launch", *where),
            *("--environment", first.environment, "--kernel", kernel.name, "-f", "{connection_file}"),
        ],
        "display_name": names.display_name(first.wanted, unavailable=first.state == "cannot-run", folder=folder),
        "language": kernel.language,
        "metadata": {**kept, METADATA: ours},
    }
    if kernel.interrupt_mode:
        document["interrupt_mode"] = kernel.interrupt_mode
    if server is not None:
        document["env"] = {SERVER_VARIABLE: str(server)}
    return document


def _rescue_encrypts(declared: Any) -> bool:
    """Whether the rescue kernel can speak what the environment's kernel declares: both get the same connection file."""
    if not declared:
        return True
    from ipykernel.kernelspec import get_kernel_dict

    ours = get_kernel_dict().get("metadata", {}).get("supported_encryption") or ()
    return set([declared] if isinstance(declared, str) else declared) <= set([ours] if isinstance(ours, str) else ours)


def _resources(offer: Offer, folder: Path) -> dict[str, Path]:
    path = logos.write(offer.kernel.dir, offer.kernel.language, offer.environment, folder)
    return {} if path is None else {logos.LOGO: path}


def _has_own(manifest: Manifest) -> bool:
    targets = manifest.features[DEFAULT].targets
    return any(target.dependencies or target.pypi_dependencies for target in targets)
