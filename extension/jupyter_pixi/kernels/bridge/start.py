"""A kernel's start that runs this file -> a kernel with `%pixi`, where the launcher has handed something over.

IPython's `exec_files` run a file's text in the user's namespace. So this one says only how the package beside it is
loaded by path, under a name that nobody else has, and puts back what the execution itself has touched.
"""

if __name__ == "__main__":

    def _jupyter_pixi_load(path: str) -> None:
        import importlib.util
        import os
        import sys

        folder = os.path.dirname(path)
        spec = importlib.util.spec_from_file_location(
            "_jupyter_pixi_bridge", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
        )
        assert spec is not None and spec.loader is not None
        sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.start()

    # IPython's docstring of __main__ reads like this in every version.
    __doc__ = "Automatically created module for IPython interactive environment"
    try:
        _jupyter_pixi_load(__file__)
    finally:
        del _jupyter_pixi_load
    raise SystemExit(0)  # not an error: IPython ends the execution of the file without a word
