"""Variables of another environment's Python -> files that this kernel reads (`exports.py`).

That Python runs this file behind the text of the cell, with `variables`, `names`, `folder` and `may_pickle` given. It
need not have anything but the standard library; Python 3.8 on. Of each variable it writes `<number>.json` (what it
is, or why it cannot travel) and, for tables, arrays and pickles, a file of data beside it.
"""

from __future__ import annotations

import json
import os
from importlib import import_module
from typing import Any

PLAIN = (type(None), bool, int, float, str)


def described(value: Any) -> str:
    """A value's type as people write it: `pandas.DataFrame`."""
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else kind.__module__.split(".")[0] + "."
    return module + kind.__qualname__


def plain(value: Any) -> Any:
    """A value of plain types as JSON. Raises TypeError for any other (RecursionError for one that holds itself)."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is list:
        return [plain(item) for item in value]
    if kind is tuple or kind is set or kind is frozenset:
        return {"kind": kind.__name__, "items": [plain(item) for item in value]}
    if kind is dict:
        return {"kind": "dict", "items": [[plain(key), plain(item)] for key, item in value.items()]}
    if kind is bytes:
        return {"kind": "bytes", "hex": value.hex()}
    raise TypeError(described(value))


def table(value: Any, path: str) -> bool:
    """Writes a table as an Arrow file. False for what is no table; ImportError where nothing here can write it."""
    module = type(value).__module__.split(".")[0]
    name = type(value).__name__
    if module == "polars" and name in ("DataFrame", "Series"):
        (value if name == "DataFrame" else value.to_frame()).write_ipc(path)
        return True
    if module == "pandas" and name in ("DataFrame", "Series"):
        pyarrow = import_module("pyarrow")
        frame = value if name == "DataFrame" else value.to_frame()
        arrow(pyarrow.Table.from_pandas(frame), path)
        return True
    if module == "pyarrow" and name in ("Table", "RecordBatch"):
        pyarrow = import_module("pyarrow")
        arrow(value if name == "Table" else pyarrow.Table.from_batches([value]), path)
        return True
    return False


def arrow(found: Any, path: str) -> None:
    """Writes a pyarrow table to an Arrow file."""
    pyarrow, ipc = import_module("pyarrow"), import_module("pyarrow.ipc")
    with pyarrow.OSFile(path, "wb") as sink, ipc.new_file(sink, found.schema) as writer:
        writer.write_table(found)


def array(value: Any, path: str) -> bool:
    """Writes a numpy array of numbers, texts or times. False for anything else."""
    if type(value).__module__ != "numpy" or type(value).__name__ != "ndarray" or value.dtype.hasobject:
        return False
    with open(path, "wb") as stream:
        import_module("numpy").save(stream, value, allow_pickle=False)
    return True


def sent(value: Any, stem: str, may_pickle: bool) -> dict[str, Any]:
    """Writes a value's data, and gives what is to be told of it: `how` it travels, or `why` it cannot."""
    why: str | None = None
    try:
        return {"how": "plain", "value": plain(value)}
    except (TypeError, RecursionError):
        pass
    try:
        if table(value, stem + ".arrow"):
            return {"how": "arrow"}
        if array(value, stem + ".npy"):
            return {"how": "npy"}
    except ImportError as error:
        why = "there is no {} there, which writes it as Arrow".format(error.name or "pyarrow")
    except Exception as error:
        why = "{}: {}".format(type(error).__name__, error)
    if may_pickle:
        import pickle

        try:
            with open(stem + ".pickle", "wb") as stream:
                pickle.dump(value, stream, protocol=4)
            return {"how": "pickle"}
        except Exception as error:
            why = "{}: {}".format(type(error).__name__, error)
    return {"how": None, "why": why}


def send(variables: Any, names: Any, folder: str, may_pickle: bool) -> None:
    """Writes every variable that there is."""
    for number, name in enumerate(names):
        if name in variables:
            value = variables[name]
            stem = os.path.join(folder, str(number))
            told = dict(sent(value, stem, may_pickle), type=described(value), name=type(value).__name__)
            try:
                text = json.dumps(told)
            except ValueError:  # a whole number of more digits than Python writes
                text = json.dumps({"how": None, "why": None, "type": described(value)})
            with open(stem + ".json", "w", encoding="utf-8") as stream:
                stream.write(text)
