"""`switch`: what it asks of the front end, and what the server then does."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyter_pixi.environments.host import current_subdir
from jupyter_pixi.errors import PixiError
from jupyter_pixi.operations.context import Caller, Context
from jupyter_pixi.operations.switch import switch
from jupyter_pixi.server import restart


@pytest.fixture
def context(folder: Path) -> Context:
    """A kernel on `default` of a workspace without packages."""
    manifest = folder / "pixi.toml"
    manifest.write_text(
        f'[workspace]\nname = "w s"\nchannels = []\nplatforms = ["{current_subdir()}"]\n\n[environments]\ne = []\n'
    )
    caller = Caller(environment="default", manifest=str(manifest), prefix=str(folder / ".pixi/envs/default"))
    return Context(cwd=folder, caller=caller)


def test_outside_of_a_notebook_it_is_an_error(pixi, context: Context) -> None:
    ran = pixi("switch", "e")
    assert (ran.status, "%pixi switch e" in ran.err) == (1, True)
    assert pixi("switch").status == 2
    assert pixi("switch", "Not_A_Name").status == 2


def test_the_environment_is_made_ready_before_the_restart_is_asked_for(context: Context, folder: Path) -> None:
    asked = asyncio.run(switch(context, "e"))
    assert (folder / ".pixi/envs/e/conda-meta/pixi").is_file()
    assert asked.data("pixi.w-s.e")["restart_requested"] == {"environment": "e", "kernel": "pixi.w-s.e"}


def test_the_same_environment_restarts_nothing(context: Context, folder: Path) -> None:
    assert asyncio.run(switch(context, "default")).data("x")["restart_requested"] is False
    assert not (folder / ".pixi/envs").exists()


def test_an_unknown_environment(context: Context) -> None:
    with pytest.raises(PixiError, match="unknown environment 'gone'"):
        asyncio.run(switch(context, "gone"))


class Manager(dict[str, SimpleNamespace]):
    """Enough of a server's kernel manager: kernels by id."""

    def __init__(self, **kernels: SimpleNamespace) -> None:
        super().__init__(kernels)
        self.restarted: list[str] = []

    def get_kernel(self, id: str) -> SimpleNamespace:
        return self[id]

    async def restart_kernel(self, id: str) -> None:
        self.restarted.append(self[id].kernel_name)


def test_the_server_starts_the_other_kernel_in_the_same_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restart, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(restart, "FOLLOW_SECONDS", 0)
    request = {"environment": "e", "kernel": "pixi.w-s.e"}
    event = {"event": "result", "data": {"restart_requested": request}}
    assert restart.is_asked(event)
    name = restart.kernel_name(event)
    assert name == "pixi.w-s.e"
    spec = object()
    kernel = SimpleNamespace(kernel_name="pixi.w-s", kernel_spec=spec, provisioner=SimpleNamespace(kernel_spec=None))
    manager = Manager(k=kernel)
    asyncio.run(restart.restart(manager, "k", logging.getLogger("test"), name))
    assert manager.restarted == ["pixi.w-s.e"]
    assert kernel.provisioner.kernel_spec is spec


def test_an_unknown_kernelspec_leaves_the_kernel_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restart, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(restart, "FOLLOW_SECONDS", 0)

    class Kernel(SimpleNamespace):
        @property
        def kernel_spec(self) -> object:
            raise KeyError(self.kernel_name)

    kernel = Kernel(kernel_name="pixi.w-s", provisioner=None)
    manager = Manager(k=kernel)
    asyncio.run(restart.restart(manager, "k", logging.getLogger("test"), "pixi.gone"))
    assert (kernel.kernel_name, manager.restarted) == ("pixi.w-s", [])


def test_a_plain_restart_keeps_the_kernel() -> None:
    assert restart.kernel_name({"event": "result", "data": {"restart_requested": True}}) is None
