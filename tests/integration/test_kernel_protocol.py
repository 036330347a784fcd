"""The standard kernel test suite, against a kernel that was started through the launcher."""

from __future__ import annotations

import pytest
from jupyter_kernel_test import KernelTests
from support.homes import make_home
from support.workspaces import PLAIN, Workspace, write_manifest


@pytest.fixture(scope="module", autouse=True)
def published(tmp_path_factory, package_cache, test_channel):
    """An installed workspace whose kernelspecs this process sees."""
    home = make_home(tmp_path_factory.mktemp("home"), package_cache)
    root = write_manifest(tmp_path_factory.mktemp("suite") / "weather", PLAIN, test_channel).parent
    workspace = Workspace(root, home)
    workspace.do("install")
    workspace.do("kernels", "install", "--prefix", str(home.kernels))
    with pytest.MonkeyPatch.context() as patch:
        for key, value in home.environ.items():
            patch.setenv(key, value)
        patch.chdir(root)
        yield


class TestPython(KernelTests):
    """An ipykernel of the environment `default`."""

    kernel_name = "pixi.weather.default"
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    completion_samples = ({"text": "zi", "matches": {"zip"}},)
    complete_code_samples = ("1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n")
    incomplete_code_samples = ("print('''hello", "def f(x):\n  x*2")
    invalid_code_samples = ("import = 7q",)
    code_page_something = "zip?"
    code_generate_error = "raise"
    code_execute_result = (
        {"code": "1+2+3", "result": "6"},
        {"code": "[n*n for n in range(1, 4)]", "result": "[1, 4, 9]"},
    )
    code_display_data = (
        {"code": "from IPython.display import HTML, display; display(HTML('<b>test</b>'))", "mime": "text/html"},
    )
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "search")
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"


del KernelTests  # collected through the class above only
