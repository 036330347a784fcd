"""The Jupyter server extension: what `jupyter_pixi` adds to a running server, and how it is configured."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_runtime_dir
from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Dict, Float, Int, List, Unicode

from .. import policy
from ..kernels.request import SERVER_VARIABLE
from . import discovery, launch_page, restart, state
from .follower import Follower, Heard
from .handlers import handlers
from .jobs import Job, Jobs, without_activation
from .observer import Observer, Roots
from .openapi import DocumentHandler
from .operation_handlers import operation_handlers
from .operation_log import FOLDER, shared_folder
from .publish import KernelDirectory
from .requests import COMMANDS
from .scan import Limits
from .schemas import ENVIRONMENTS_CHANGED, OPERATION, SCHEMAS
from .search import Search
from .search_handlers import search_handlers
from .snapshot import Snapshot, changed

SERVERS_POLICY = "the Jupyter server's configuration (JupyterPixi.policy)"
"""Who decided what stands in the server's configuration."""


class JupyterPixi(ExtensionApp):
    """Pixi workspaces in a Jupyter server: finds them, lists their environments' kernels, tells what changes.

    An observer thread looks and writes kernelspecs; the event loop only takes over each finished snapshot.
    """

    name = "jupyter_pixi"
    description = "Lists the environments of Pixi workspaces as kernels."
    load_other_extensions = True

    roots: List[str] = List(
        Unicode(),
        help="Folders to search for Pixi workspaces, beside the server's root directory.",
    ).tag(config=True)
    search_root = Bool(True, help="Whether the server's root directory is searched.").tag(config=True)
    depth = Int(4, min=0, help="How many folders deep the search goes below a root.").tag(config=True)
    max_folders = Int(20_000, min=1, help="How many folders are searched at most.").tag(config=True)
    hidden: List[str] = List(
        Unicode(),
        help="Globs on names, or on paths below a root, of folders that are not searched.",
    ).tag(config=True)
    poll_seconds = Float(
        10.0, min=0.5, help="How often to look again where the file system tells of no changes (seconds)."
    ).tag(config=True)
    search_seconds = Float(
        60.0, min=1.0, help="How often to search all folders again, whatever was told (seconds)."
    ).tag(config=True)
    user_discovery = Bool(
        True,
        help="Whether users may set in JupyterLab how deep is searched, and add folders of the server's root and of "
        "their home to search.",
    ).tag(config=True)
    commands: List[str] = List(
        Unicode(),
        default_value=list(COMMANDS),
        help="Which operations may be started from JupyterLab; an empty list makes it read-only.",
    ).tag(config=True)

    policy: Dict[str, Any] = Dict(
        help="What users may not do in this server and its kernels, as the tables of /etc/jupyter-pixi/config.toml: "
        "`trust`, `changes`, `start`, `sources`, `pixi`. It adds to that file and takes nothing back.",
    ).tag(config=True)

    launch_hosts: List[str] = List(
        Unicode(),
        default_value=list(launch_page.HOSTS),
        help="Hosts that launch links may fetch from; `*.example.org` for all below one, `http://HOST` without TLS.",
    ).tag(config=True)

    def initialize_handlers(self) -> None:
        """Adds the REST interface and the events, and begins to look once the server's loop runs."""
        if self.policy:
            # Inherited by kernels, terminals, and the engine.
            os.environ[policy.VARIABLE] = policy.with_rules(os.environ, self.policy, SERVERS_POLICY)
        for rules in policy.read(os.environ).rules:
            self.log.info("jupyter-pixi keeps to the policy of %s", rules.who)
        self.snapshot = Snapshot()
        self._follower = Follower(os.environ)
        self._observer: Observer | None = None
        self._kernels: KernelDirectory | None = None
        for schema in SCHEMAS:
            self._server.event_logger.register_event_schema(schema)
        self._jobs = Jobs(os.environ, self.log.warning, self._job_ended)
        self.handlers.extend(handlers(self._known))
        self.handlers.extend(operation_handlers(self._known, self._jobs_now, self._allowed))
        self.handlers.extend(search_handlers(self._known, Search(os.environ)))
        self.handlers.append(DocumentHandler.route())
        self._asked_for = discovery.Choice()
        self.handlers.append(discovery.route(self._known, self._discovery, self._look_in))
        self._launches = launch_page.Launches(
            self._jobs_now, self._root, lambda: launch_page.rules_of(self.launch_hosts)
        )
        self.handlers.extend(launch_page.routes(self._launches))
        self._server.io_loop.add_callback(self._begin)

    async def stop_extension(self) -> None:
        """Ends the observer and takes the kernelspecs away."""
        if self._observer is not None:
            self._observer.stop()
        if self._kernels is not None:
            self._kernels.remove()
        self._launches.close()

    def current_activity(self) -> list[str] | None:
        """The ids of running operations: the server does not stop itself for idleness while there are any."""
        return [*self._follower.running, *(id for id in self._jobs.running if id not in self._follower.running)] or None

    def _known(self) -> Snapshot:
        return self.snapshot

    def _jobs_now(self) -> Jobs:
        return self._jobs

    def _root(self) -> Path:
        return Path(os.path.realpath(self._server.root_dir))

    def _discovery(self) -> discovery.Searched:
        where = self._where()
        return discovery.Searched(where.below, where.limits.depth, self.user_discovery, self._base)

    def _look_in(self, choice: discovery.Choice) -> None:
        self._asked_for = choice
        if self._observer is not None:
            self._observer.look_in(self._where())

    def _allowed(self, command: str) -> bool:
        return command in self.commands

    @property
    def _server(self) -> Any:  # ServerApp, whose parts are all optional to a type checker
        assert self.serverapp is not None
        return self.serverapp

    def _begin(self) -> None:
        if self._server.gateway_config.gateway_enabled:
            self.log.info("jupyter-pixi lists no kernels: they come from a gateway.")
        else:
            # Inherited by kernels whose kernelspecs were installed: this server restarts those that ask for it.
            os.environ[SERVER_VARIABLE] = str(os.getpid())
            self._kernels = KernelDirectory(Path(jupyter_runtime_dir()) / "jupyter-pixi")
            manager = self._server.kernel_spec_manager
            # In front: a kernelspec of the same name that was published for other programs does not know the state.
            manager.kernel_dirs = [str(self._kernels.path), *manager.kernel_dirs]
        logging.getLogger("watchfiles").setLevel(logging.WARNING)
        self._base = Path(os.path.realpath(self._server.root_dir))
        self._observer = Observer(self._where(), state.read, self._look_taken, self._noticed, self.log, self._idle)
        self._observer.start()

    def _where(self) -> Roots:
        environ = dict(os.environ)
        root = self._base
        configured = tuple(Path(os.path.realpath(Path(folder).expanduser())) for folder in self.roots)
        asked = self._asked_for
        project = environ.get("PIXI_PROJECT_ROOT")
        return Roots(
            below=tuple(dict.fromkeys((*((root,) if self.search_root else ()), *configured, *asked.roots))),
            at=(root, *((Path(os.path.realpath(project)),) if project else ())),
            beside=(shared_folder(environ),),
            base=root,
            environ=environ,
            limits=Limits(
                self.depth if asked.depth is None else asked.depth, self.max_folders, hidden=tuple(self.hidden)
            ),
            poll=self.poll_seconds,
            search=self.search_seconds,
        )

    # --- on the observer's thread -------------------------------------------------------------------------------

    def _look_taken(self, snapshot: Snapshot) -> None:
        kernels = False
        try:
            kernels = self._kernels is not None and self._kernels.write(state.kernelspecs(snapshot, self._base))
        except Exception:  # a full disk, a mistake of ours: what was found is told all the same
            self.log.exception("jupyter-pixi could not write its kernelspecs")
        self._call(self._take_over, snapshot, kernels)
        for folder in (shared_folder(os.environ), *(w.root / FOLDER for w in snapshot.workspaces)):
            self._tell(self._follower.adopt(folder))

    def _noticed(self, paths: Iterable[Path]) -> None:
        for path in paths:
            if path.suffix == ".jsonl" and path.parent.name == FOLDER.name:
                heard = self._follower.read(path)
                self._tell([heard] if heard is not None else [])

    def _idle(self) -> None:
        self._tell(self._follower.sweep())
        if self._follower.running:
            self._call(self._be_active)

    def _tell(self, heard: Iterable[Heard]) -> None:
        for one in heard:
            self._call(self._tell_operation, one.id, one.first, one.events)

    def _call(self, function: Any, *arguments: Any) -> None:
        self._server.io_loop.add_callback(function, *arguments)

    # --- on the event loop --------------------------------------------------------------------------------------

    def _take_over(self, snapshot: Snapshot, kernels: bool) -> None:
        before, self.snapshot = self.snapshot, snapshot
        manifests = [str(manifest) for manifest in changed(before, snapshot)]
        if snapshot.truncated and snapshot.truncated != before.truncated:
            self.log.warning(
                "jupyter-pixi ended its search for workspaces: %s. See JupyterPixi.depth and JupyterPixi.hidden.",
                snapshot.truncated,
            )
        if manifests or kernels or snapshot.complete != before.complete:  # who asked too early waits for the end
            self._emit(ENVIRONMENTS_CHANGED, {"workspaces": manifests, "kernels": kernels})

    def _be_active(self) -> None:
        """A hub ends servers by the time of their last activity, which says nothing of operations by itself."""
        times = self._server.web_app.settings.setdefault("last_activity_times", {})
        times[self.name] = datetime.now(UTC)

    def _tell_operation(self, id: str, first: Mapping[str, Any], events: Sequence[dict[str, Any]]) -> None:
        manifest = str(first.get("manifest") or "")
        if self.snapshot.workspace(Path(manifest)) is None:
            return
        kernel = restart.kernel_id(first.get("kernel"))
        for event in events:
            if event["event"] in ("started", "result", "failed"):
                self._audit(id, manifest, first, event)
            self._emit(OPERATION, {"operation": id, "manifest": manifest, "kernel": kernel, "event": event})
            if kernel is not None and restart.is_asked(event):
                name = restart.kernel_name(event)
                self._server.io_loop.add_callback(restart.restart, self._server.kernel_manager, kernel, self.log, name)

    def _job_ended(self, job: Job) -> None:
        """Tell of an operation that left no file, for it found nothing to do: nobody else would."""
        first = job.events[0] if job.events else {}
        manifest = Path(str(first.get("manifest") or ""))
        folders = (manifest.parent / FOLDER, shared_folder(os.environ))
        if first and not any((folder / f"{job.id}.jsonl").exists() for folder in folders):
            self._tell_operation(str(job.id), first, without_activation(job.events))

    def _audit(self, id: str, manifest: str, first: Mapping[str, Any], event: dict[str, Any]) -> None:
        """One line in the server's log at an operation's beginning, and one at its end."""
        word = {"started": "began", "result": "done", "failed": f"failed ({event.get('code')})"}[event["event"]]
        command = ascii(" ".join(str(each) for each in first.get("command") or ()))[1:-1]  # one line, whatever is in it
        self.log.info("jupyter-pixi: operation %s %s: `%s` on %s", id, word, command, manifest)

    def _emit(self, schema_id: str, data: dict[str, Any]) -> None:
        self._server.event_logger.emit(schema_id=schema_id, data=data)
