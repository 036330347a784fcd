"""Becomes an ipykernel with a bridge, as the launcher does: `launcher.py --environment NAME -f FILE`.

The rest of the hand-over stands in STAND_IN_LAUNCH (JSON), and `kernel` in it is the interpreter of the kernel.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parents[2] / "extension/jupyter_pixi/kernels/ipykernel_config.py"

document = json.loads(os.environ["STAND_IN_LAUNCH"])
_, environment, _, connection_file = sys.argv[1:5]
document.update(
    environ=dict(os.environ, PYTHONPATH=str(HERE)),
    environment=environment,
    connection_file=connection_file,
    launcher=[sys.executable, str(HERE / "launcher.py"), *sys.argv[1:]],
)
os.environ["JUPYTER_PIXI_BRIDGE"] = json.dumps(document)
python = document["kernel"]
os.execv(python, [python, "-m", "ipykernel_launcher", "-f", connection_file, f"--config={CONFIG}"])
