"""Starts an ipykernel that lies in a folder of its own, behind everything that the environment has.

Run as a script by the environment's Python (3.8 or newer): `overlay_start.py FOLDER` and ipykernel's arguments.
"""

import os
import sys

# A script's own folder comes first on the path; a kernel has nothing to find in it.
if sys.path and os.path.realpath(sys.path[0]) == os.path.dirname(os.path.realpath(__file__)):
    del sys.path[0]
sys.path.append(sys.argv.pop(1))

if __name__ == "__main__":
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()
