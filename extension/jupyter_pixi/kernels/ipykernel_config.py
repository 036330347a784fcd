"""Configuration that the launcher gives to an ipykernel besides the user's own: load the bridge at the start."""

import os

c = get_config()  # type: ignore[name-defined]  # noqa: F821 (traitlets puts it there)

# Appended, so that the files which the user's own configuration names still run.
c.IPKernelApp.exec_files.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "bridge", "start.py"))

_other = os.environ.pop("JUPYTER_PIXI_KERNEL_CONFIG", None)
if _other:
    load_subconfig(os.path.basename(_other), path=os.path.dirname(_other))  # type: ignore[name-defined]  # noqa: F821
