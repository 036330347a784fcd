"""Starts the environment's ipykernel; one that cannot start becomes the launcher again, which then tells why.

Run as a script by the environment's Python (3.8 or newer): `kernel_start.py MODULE OVERLAY` and ipykernel's arguments.
OVERLAY is a folder that goes behind everything else on the path (empty: none). Nothing of ours is imported here: a
damaged environment may lack anything.
"""

import os
import sys

BEGUN_BY = "ipykernel.kernelapp"


def main():
    # type: () -> None
    """Runs the module as `python -m` does, until the kernel ends."""
    # A script's own folder comes first on the path; a kernel has nothing to find in it.
    if sys.path and os.path.realpath(sys.path[0]) == os.path.dirname(os.path.realpath(__file__)):
        del sys.path[0]
    module, overlay = sys.argv[1:3]
    del sys.argv[1:3]
    if overlay:
        sys.path.append(overlay)
    try:
        import runpy

        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except BaseException as error:
        if not _has_begun() and not (isinstance(error, SystemExit) and not error.code):
            _give_back(error)
        raise


def _has_begun():
    # type: () -> bool
    """Whether the kernel had been there for clients; what happens later is no failed start."""
    app = getattr(sys.modules.get(BEGUN_BY), "IPKernelApp", None)
    return app is not None and app.initialized() and getattr(app.instance(), "kernel", None) is not None


def _give_back(error):
    # type: (BaseException) -> None
    """Becomes the launcher, if one has handed over to us; it reads the reason from a variable."""
    try:
        import json

        with os.fdopen(int(os.environ["JUPYTER_PIXI_BRIDGE"]), encoding="utf-8") as stream:
            handed = json.load(stream)
        reason = type(error).__name__ + (": " + str(error) if str(error) else "")
        environ = dict(handed["environ"], JUPYTER_PIXI_START_FAILED=reason[:1000])
        launcher = [str(word) for word in handed["launcher"]]
    except Exception:
        return
    import traceback

    traceback.print_exception(type(error), error, error.__traceback__)
    sys.stderr.flush()
    os.execve(launcher[0], launcher, environ)  # noqa: S606


if __name__ == "__main__":
    main()
