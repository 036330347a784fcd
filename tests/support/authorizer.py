"""Turns a header of a request into what its user may not do: an authorizer for a test's server."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth import Authorizer

HEADER = "X-May-Not"


class Choosy(Authorizer):
    """Allows everything but the action on this package's resource that the request's own header names."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Whether the request may go on."""
        return not (resource == "jupyter-pixi" and handler.request.headers.get(HEADER) == action)
