"""What `--export` takes out of a cell's first line, what travels, and what is never loaded from the other side."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jupyter_pixi.kernels.bridge import exports
from jupyter_pixi.kernels.bridge.errors import PixiError
from jupyter_pixi.kernels.bridge.exports import Wanted, is_asked_for, received, taken


def sent(folder: Path, code: str, *names: str, may_pickle: bool = False) -> tuple[dict[str, Any], list[str]]:
    """The variables of a cell that another Python ran."""
    wanted = Wanted(["run"], list(names), may_pickle)
    text = code + exports._epilogue(str(folder), wanted)
    done = subprocess.run([sys.executable, "-"], input=text, text=True, capture_output=True, cwd=folder, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return received(str(folder), wanted)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 0, -(10**30), 1.5, float("inf"), "it's ☃", b"\x00\xff", (), (1, (2,)), {1, 2}, frozenset({"a"})),
        *([1, [2, {"a": None}]], {1: "a", (2, 3): [b"x"], "kind": "dict"}, {"items": []}),
    ],
)
def test_plain_data_comes_as_it_was(tmp_path, value):
    values, problems = sent(tmp_path, f"value = {value!r}" if value != float("inf") else "value = 1e999", "value")
    assert values == {"value": value} and type(values["value"]) is type(value) and not problems


def test_what_cannot_travel_is_told(tmp_path):
    code = "ring = []; ring.append(ring); thing = object(); huge = 10 ** 9999; fine = 1\n"
    code += "class Number(int): pass\nn = Number(3)"
    values, problems = sent(tmp_path, code, "ring", "thing", "huge", "nothing", "fine", "n")
    assert values == {"fine": 1}
    assert [problem.split("`")[1] for problem in problems] == ["ring", "thing", "huge", "nothing", "n"]
    assert "(object) cannot be brought here" in problems[1] and "--allow-pickle" in problems[1]
    assert "has no variable `nothing`" in problems[3]


def test_a_pickle_is_neither_written_nor_loaded_without_the_users_word(tmp_path):
    code = "import datetime\nday = datetime.date(2026, 1, 2)"
    values, problems = sent(tmp_path, code, "day")
    assert not values and len(problems) == 1 and not list(tmp_path.glob("*.pickle"))
    values, problems = sent(tmp_path, code, "day", may_pickle=True)
    assert str(values["day"]) == "2026-01-02" and not problems

    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "pwned",))

    (tmp_path / "0.pickle").write_bytes(pickle.dumps(Trap()))
    values, problems = received(str(tmp_path), Wanted(["run"], ["day"], False))  # its 0.json says "pickle"
    assert not values and problems and not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    "told",
    [
        *("[" * 100_000, "nonsense", "[]", "{}", '{"how": "exec", "value": "x"}', '{"how": "plain"}'),
        *('{"how": "plain", "value": {"kind": "__import__", "items": []}}', '{"how": "npy", "type": null}'),
        *('{"how": "arrow", "type": "os.system"}', '{"how": "plain", "value": {"kind": "set", "items": [[]]}}'),
    ],
)
def test_whatever_the_other_side_writes_is_data(tmp_path, told):
    (tmp_path / "0.json").write_text(told)
    values, problems = received(str(tmp_path), Wanted(["run"], ["x"], False))
    assert not values and len(problems) == 1 and "`x`" in problems[0]


def test_the_flags_are_taken_out(tmp_path):
    words = ["run", "-e", "cuda", "--export", "df, n", "--allow-pickle", "--export=m", "python"]
    assert is_asked_for(words)
    assert taken(words) == (["run", "-e", "cuda", "python"], ["df", "n", "m"], True)
    assert not is_asked_for(["run", "-e", "cuda", "tool", "--export", "x"])  # the tool's own
    for wrong in (
        ["run", "--export", "a.b"],
        ["run", "--export", "class"],
        ["run", "--export"],
        ["run", "--allow-pickle"],
    ):
        with pytest.raises(PixiError):
            taken(wrong)
    for program in (["bash"], ["python", "x.py"], ["Rscript", "-"]):
        with pytest.raises(PixiError, match="variables of Python"):
            exports.run(None, ["run", "--export", "x", *program], "x")  # type: ignore[arg-type]
