"""A workspace's environments as Jupyter kernels: names and specs, the launcher, the overlay and the rescue kernel.

Import what you need from its module: the launcher runs at every start of a kernel, so nothing is imported here.
"""
