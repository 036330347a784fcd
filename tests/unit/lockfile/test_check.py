"""The up-to-date check: each of its reasons, on manifests and locks of a few lines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose
from jupyter_pixi.lockfile import read_lock
from jupyter_pixi.lockfile.check import Verdict, check
from jupyter_pixi.lockfile.simple_index import default_index
from jupyter_pixi.manifest import parse_manifest

CHANNEL = "https://conda.anaconda.org/tiny"

MANIFEST = """\
[workspace]
name = "ws"
channels = ["tiny"]
platforms = ["linux-64"]
[dependencies]
app = "<2"
"""
LOCK = """\
version: 7
platforms:
- name: linux-64
environments:
  default:
    channels:
    - url: https://conda.anaconda.org/tiny/
    packages:
      linux-64:
      - conda: https://conda.anaconda.org/tiny/linux-64/app-1.0-h1_0.conda
      - conda: https://conda.anaconda.org/tiny/linux-64/lib-1.2-0.conda
packages:
- conda: https://conda.anaconda.org/tiny/linux-64/app-1.0-h1_0.conda
  depends:
  - lib >=1,<2
  - __glibc >=2.17
  timestamp: 1700000000000
- conda: https://conda.anaconda.org/tiny/linux-64/lib-1.2-0.conda
  track_features:
  - quick
"""
PYPI_MANIFEST = """\
[workspace]
name = "ws"
channels = ["tiny"]
platforms = ["linux-64"]
[dependencies]
python = "3.12.*"
[pypi-dependencies]
idna = ">=3"
"""


def pypi_lock(entry: str, *, location: str = "https://files.test/idna-3.10-py3-none-any.whl") -> str:
    return f"""\
version: 7
platforms:
- name: linux-64
environments:
  default:
    channels:
    - url: {CHANNEL}/
    indexes:
    - {default_index()}
    packages:
      linux-64:
      - conda: {CHANNEL}/linux-64/python-3.12.3-0_cpython.conda
      - pypi: {location}
packages:
- conda: {CHANNEL}/linux-64/python-3.12.3-0_cpython.conda
  purls: []
- pypi: {location}
{entry}"""


IDNA = "  name: idna\n  version: '3.10'\n  requires_python: '>=3.6'\n"


def judge(manifest: str, lock: str | None, root: Path = Path("/nowhere"), name: str = "pixi.toml") -> Verdict:
    parsed = parse_manifest(manifest.encode(), root / name)
    locked = read_lock(lock.encode(), root / "pixi.lock") if lock is not None else None
    return check(parsed, compose(parsed, Config()), locked)


def only_reason(verdict: Verdict) -> str:
    assert not verdict.up_to_date
    assert len(verdict.reasons) == 1, verdict.reasons
    return verdict.reasons[0].partition(" because ")[2]


def test_a_lock_that_fits() -> None:
    verdict = judge(MANIFEST, LOCK)
    assert verdict.up_to_date
    assert verdict.reason is None
    assert verdict.environments["default"]["linux-64"].up_to_date


def test_no_lock_at_all() -> None:
    verdict = judge(MANIFEST, None)
    assert verdict.reasons == ("environment 'default' is out of date because it does not exist in the lock file.",)
    assert not verdict.environments["default"]["linux-64"].up_to_date


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('app = "<2"', 'app = "*"'),
        ('app = "<2"', 'app = "==1.0"'),
        ('app = "<2"', 'app = { version = "1.*", build = "h1*" }'),
        ('app = "<2"', 'app = { version = "*", build-number = ">=0" }'),
        ('app = "<2"', 'app = { version = "*", channel = "tiny" }'),
        ('app = "<2"', 'app = "<2"\nlib = { version = "*", track-features = ["quick"] }'),
        ('app = "<2"', 'app = "<2"\nother = { version = "*", when = "__cuda>=12" }'),
        ('app = "<2"', 'app = "<2"\n[constraints]\nlib = "<2"\nabsent = "<1"'),
        ('channels = ["tiny"]', 'channels = ["https://conda.anaconda.org/tiny"]'),
        ('channels = ["tiny"]', 'channels = ["tiny"]\nsolve-strategy = "highest"\nchannel-priority = "strict"'),
        ('channels = ["tiny"]', 'channels = ["tiny"]\nexclude-newer = "2023-11-14"'),
        ('name = "ws"', 'name = "another"'),
        ('app = "<2"', 'app = "<2"\n[tasks]\nx = "echo"\n[activation.env]\nA = "1"'),
    ],
)
def test_changes_that_are_no_reason(old: str, new: str) -> None:
    assert judge(MANIFEST.replace(old, new), LOCK).reason is None


@pytest.mark.parametrize(
    ("old", "new", "reason", "keep"),
    [
        ('app = "<2"', 'app = "<1"', "the requirement 'app <1' could not be satisfied (required by '<environment>')",
         "all"),
        ('app = "<2"', 'app = "<2"\nact = "*"', "the requirement 'act *' could not be satisfied", "all"),
        ('app = "<2"', 'app = { version = "*", build = "x*" }', "the requirement 'app * x*' could not be", "all"),
        ('app = "<2"', 'app = "<2"\nx = { version = "*", when = "lib>=1" }',
         'the requirement \'x *[when="lib>=1"]\'', "all"),
        ('app = "<2"', 'lib = "*"',
         "more conda packages in the lock file than are used by the environment: app", "all"),
        ('app = "<2"', "", "more conda packages in the lock file than are used by the environment: ", "all"),
        ('app = "<2"', 'app = "*"\n[constraints]\nlib = "<1"',
         "the locked package 'lib' with version '1.2' does not satisfy the constraint '<1'", "all"),
        ('["tiny"]', '["other"]', "the channels in the lock file do not match the environments channels", "nothing"),
        ('["tiny"]', '["tiny", "other"]', "channels were extended with additional lower-priority channels", "all"),
        ('["tiny"]', '["tiny"]\nchannel-priority = "disabled"',
         "a different channel priority (strict) than the one selected (disabled)", "nothing"),
        ('["tiny"]', '["tiny"]\nsolve-strategy = "lowest"',
         "a different strategy (highest) than the one selected (lowest-version)", "nothing"),
        ('["tiny"]', '["tiny"]\npypi-options = { prerelease-mode = "allow" }',
         "a different PyPI prerelease mode (if-necessary-or-explicit) than the one selected (allow)", "conda"),
        ('["tiny"]', '["tiny"]\nexclude-newer = "2023-11-13"',
         "the locked package 'app' has timestamp 2023-11-14T22:13:20Z, "
         "which is newer than the environment's exclude-newer cutoff 2023-11-14T00:00:00Z", "nothing"),
        ('["linux-64"]', '["osx-arm64"]',
         "platform(s) 'linux-64' present in the lock file but not in the environment", "all"),
        ('["linux-64"]', '["linux-64", "win-64"]', "the requirement 'app <2' could not be satisfied", "all"),
        ('app = "<2"', 'app = "<2"\n[pypi-dependencies]\nsix = "*"', "missing purls", "all"),
    ],
)  # fmt: skip
def test_changes_that_are_a_reason(old: str, new: str, reason: str, keep: str) -> None:
    verdict = judge(MANIFEST.replace(old, new), LOCK)
    assert reason in only_reason(verdict)
    broken = [found for found in verdict.environments["default"].values() if not found.up_to_date]
    assert broken[0].keep == keep
    assert not broken[0].pypi_only


def test_a_damaged_dependency_names_the_package_that_asks() -> None:
    lock = LOCK.replace("lib-1.2-0", "lib-2.2-0")
    assert only_reason(judge(MANIFEST, lock)) == (
        "the requirement 'lib >=1,<2' could not be satisfied (required by 'app-1.0-h1_0.conda')"
    )


def test_environments_that_came_or_went() -> None:
    gone = judge(
        MANIFEST, LOCK.replace("packages:\n- conda", "  old:\n    channels: []\n    packages: {}\npackages:\n- conda")
    )
    assert gone.reasons == (
        "environment 'old' is out of date because it no longer exists in the manifest but is still present in the "
        "lock-file.",
    )
    came = judge(MANIFEST + "[environments]\nnew = { no-default-feature = true, features = [] }\n", LOCK)
    assert came.reasons == ("environment 'new' is out of date because it does not exist in the lock file.",)
    assert came.environments["default"]["linux-64"].up_to_date


RICH = MANIFEST.replace('["linux-64"]', '["linux-64", { platform = "linux-64", cuda = "12" }]')
RICH_LOCK = LOCK.replace(
    "environments:", "  virtual-packages:\n  - __unix=0=0\n"
    "- name: p1\n  subdir: linux-64\n  virtual-packages:\n  - __cuda=12\nenvironments:"
).replace(
    "packages:\n- conda", f"      p1:\n      - conda: {CHANNEL}/linux-64/app-1.0-h1_0.conda\n"
    f"      - conda: {CHANNEL}/linux-64/lib-1.2-0.conda\npackages:\n- conda"
)  # fmt: skip


def test_rich_platforms_are_found_by_what_they_declare() -> None:
    assert judge(RICH, RICH_LOCK).up_to_date
    assert judge(RICH.replace('cuda = "12"', 'name = "box", cuda = "12"'), RICH_LOCK).up_to_date
    for text in ('cuda = "12.0"', '__cuda = "12=0"'):  # compared as text
        assert "the requirement" in only_reason(judge(RICH.replace('cuda = "12"', text), RICH_LOCK))


def test_a_rich_platform_that_is_gone_is_noticed() -> None:
    assert only_reason(judge(MANIFEST, RICH_LOCK)) == (
        "platform(s) 'p1' present in the lock file but not in the environment"
    )


def test_a_platform_of_the_same_name_must_be_the_same() -> None:
    named = RICH.replace('cuda = "12"', 'name = "gpu", cuda = "12"')
    lock = RICH_LOCK.replace("p1", "gpu").replace("__cuda=12", "__cuda=11")
    assert only_reason(judge(named, lock)) == (
        "the workspace platform 'gpu' declares virtual packages [__cuda=12] but the lock-file was solved with "
        "[__cuda=11]"
    )
    other = RICH_LOCK.replace("p1", "gpu").replace("subdir: linux-64", "subdir: linux-aarch64")
    assert "uses subdir 'linux-64' but the lock-file was solved with subdir 'linux-aarch64'" in only_reason(
        judge(named, other)
    )


def test_pypi_packages_that_fit() -> None:
    assert judge(PYPI_MANIFEST, pypi_lock(IDNA)).reason is None


@pytest.mark.parametrize(
    ("old", "new", "entry", "reason", "pypi_only"),
    [
        ('">=3"', '"<3"', IDNA, "'idna' with specifiers '<3' does not match the locked version '3.10'", False),
        ('idna = ">=3"', 'idna = "*"\nsix = "*"', IDNA, "the requirement 'six' could not be satisfied", True),
        ('">=3"', '{ version = "*", index = "https://a.test/simple" }', IDNA + "  index: https://b.test/simple\n",
         "'idna' requires index https://a.test/simple but the lock file has https://b.test/simple", False),
        ('">=3"', '{ version = "*", index = "https://a.test/simple" }', IDNA,
         f"'idna' requires index https://a.test/simple but the lock file has {default_index()}", False),
        ('">=3"', '">=3"', IDNA + "  index: https://b.test/simple\n",
         "but the lock file has https://b.test/simple", False),
        ('">=3"', '">=3"', IDNA.replace(">=3.6", ">=3.13"),
         "'idna' requires python version >=3.13 but the python interpreter in the lock file has version 3.12.3", True),
        ('">=3"', '">=3"', IDNA + "  requires_dist:\n  - six ; python_full_version >= '3.9'\n",
         "the requirement 'six ; python_full_version >= '3.9'' could not be satisfied (required by 'idna')", True),
        ("[pypi-dependencies]\nidna", "[target.win.pypi-dependencies]\nidna", IDNA,
         "there are more pypi packages in the lock file than are used by the environment: idna", True),
        ('"linux-64"]', '"linux-64"]\npypi-options = { index-url = "https://a.test/simple" }', IDNA,
         "the indexes used to previously solve to lock file do not match", False),
        ('">=3"', '{ git = "https://git.test/idna" }', IDNA, "'idna' expected a git url but the lock file has", False),
        ('">=3"', '{ url = "https://files.test/idna-3.10-py3-none-any.whl" }', IDNA,
         "should start with `direct+`", False),
        ('">=3"', '{ path = "./idna" }', IDNA, "when converting idna into a pep508 requirement", True),
    ],
)  # fmt: skip
def test_pypi_packages_that_do_not(old: str, new: str, entry: str, reason: str, pypi_only: bool) -> None:
    verdict = judge(PYPI_MANIFEST.replace(old, new), pypi_lock(entry))
    assert reason in only_reason(verdict)
    assert verdict.environments["default"]["linux-64"].pypi_only is pypi_only


@pytest.mark.parametrize(
    ("spec", "location", "reason"),
    [
        ('{ git = "https://git.test/idna.git" }', "git+https://git.test/idna#abc", None),
        ('{ git = "https://git.test/idna", branch = "b" }', "git+https://git.test/idna?branch=b#abc", None),
        ('{ git = "https://git.test/idna", branch = "b" }', "git+https://git.test/idna#abc", None),
        ('{ git = "https://git.test/idna", branch = "b" }', "git+https://git.test/idna?branch=c#abc",
         "git ref: 'b != c'"),
        ('{ git = "https://git.test/idna" }', "git+https://git.test/idna?tag=1#abc", "mismatching git ref"),
        ('{ git = "https://git.test/idna", rev = "a", subdirectory = "s" }', "git+https://git.test/idna?rev=a#abc",
         "mismatching git subdirectory: 's != '"),
        ('{ git = "https://git.test/other" }', "git+https://git.test/idna#abc", "mismatching git url"),
        ('{ url = "https://u:p@files.test/i-1-py3-none-any.whl" }',
         "direct+https://files.test/i-1-py3-none-any.whl", None),
        ('{ url = "https://files.test/i-2-py3-none-any.whl" }', "direct+https://files.test/i-1-py3-none-any.whl",
         "mismatching url"),
    ],
)  # fmt: skip
def test_locations_of_pypi_packages(spec: str, location: str, reason: str | None) -> None:
    manifest = PYPI_MANIFEST.replace('">=3"', spec)
    verdict = judge(manifest, pypi_lock("  name: idna\n  version: '3.10'\n", location=location))
    if reason is None:
        assert verdict.reason is None
    else:
        assert reason in only_reason(verdict)


def test_wheels_must_fit_the_platform() -> None:
    wheel = "https://files.test/idna-3.10-cp312-cp312-manylinux_2_34_x86_64.whl"
    verdict = judge(PYPI_MANIFEST, pypi_lock(IDNA, location=wheel))
    assert "incompatible with the tags on wheel (idna)" in only_reason(verdict)
    assert judge(PYPI_MANIFEST, pypi_lock(IDNA, location=wheel.replace("2_34", "2_28"))).up_to_date


def test_no_build_refuses_what_has_to_be_built() -> None:
    manifest = PYPI_MANIFEST.replace('"linux-64"]', '"linux-64"]\npypi-options = { no-build = true }')
    lock = pypi_lock(IDNA, location="https://files.test/idna-3.10.tar.gz")
    assert "non-binary package: 'idna', but the pypi-option `no-build` is set" in only_reason(judge(manifest, lock))
    assert judge(manifest, pypi_lock(IDNA)).up_to_date


def test_conda_packages_stand_in_for_pypi_packages() -> None:
    lock = f"""\
version: 7
platforms:
- name: linux-64
environments:
  default:
    channels:
    - url: {CHANNEL}/
    packages:
      linux-64:
      - conda: {CHANNEL}/linux-64/python-3.12.3-0_cpython.conda
      - conda: {CHANNEL}/noarch/idna-3.10-py_0.conda
packages:
- conda: {CHANNEL}/linux-64/python-3.12.3-0_cpython.conda
  purls: []
- conda: {CHANNEL}/noarch/idna-3.10-py_0.conda
  purls:
  - pkg:pypi/idna?source=hash-mapping
"""
    both = PYPI_MANIFEST.replace("[pypi-dep", 'idna = "*"\n[pypi-dep')
    assert judge(both, lock).up_to_date
    narrow = judge(both.replace('">=3"', '">=4"'), lock)
    assert "the conda package does not satisfy the pypi requirement 'idna>=4'" in only_reason(narrow)
    unasked = judge(PYPI_MANIFEST, lock)
    assert "'idna' is locked as a conda package but only requested by pypi dependencies" in only_reason(unasked)


PROJECT = """\
[project]
name = "mine"
version = "1.0"
requires-python = ">=3.10"
dependencies = ["idna >= 3.0", "Tomli; python_version < '3.11'"]
[project.optional-dependencies]
dev = ["mine[test]"]
test = ["pytest"]
[tool.pixi.workspace]
channels = ["tiny"]
platforms = ["linux-64"]
[tool.pixi.pypi-dependencies]
mine = { path = ".", editable = true }
"""


def local_lock(requires_dist: list[str], python: str = ">=3.10", more: str = "") -> str:
    wanted = "".join(f"  - {text}\n" for text in requires_dist)
    text = pypi_lock(f"  name: mine\n{more}  requires_dist:\n{wanted}  requires_python: '{python}'\n", location="./")
    wheel = "https://files.test/idna-3.10-py3-none-any.whl"
    return text.replace("      - pypi: ./\n", f"      - pypi: ./\n      - pypi: {wheel}\n") + f"- pypi: {wheel}\n{IDNA}"


FIRST = ["idna>=3.0", "tomli ; python_full_version < '3.11'"]
EXTRAS = ["pytest ; extra == 'dev'", "pytest ; extra == 'test'"]


def test_metadata_of_local_packages(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)

    def reason(lock: str) -> str | None:
        verdict = judge(PROJECT, lock, tmp_path, "pyproject.toml")
        return only_reason(verdict) if verdict.reasons else None

    assert reason(local_lock(FIRST + EXTRAS)) is None
    assert reason(local_lock([*FIRST, "mine[test] ; extra == 'dev'", EXTRAS[1]])) is None
    assert reason(local_lock(FIRST)) == (
        "metadata for local package 'mine' has changed: dependencies changed - added: [pytest, pytest], removed: []"
    )
    assert "requires-python changed from '>=3.9' to '>=3.10'" in (reason(local_lock(FIRST + EXTRAS, ">=3.9")) or "")
    versioned = local_lock(FIRST + EXTRAS, more="  version: '0.9'\n")
    assert "'mine' is locked as a distribution but points to a local source directory" in (reason(versioned) or "")
    assert "version changed from 0.9 to 1.0" in (reason(versioned.replace("version: 7", "version: 6")) or "")


def test_solve_groups_go_together() -> None:
    manifest = (
        MANIFEST
        + """\
[feature.more.dependencies]
extra = "*"
[environments]
default = { solve-group = "g" }
more = { features = ["more"], solve-group = "g" }
"""
    )
    start, end = LOCK.index("  default:"), LOCK.index("packages:\n- conda")
    lock = LOCK[:end] + LOCK[start:end].replace("default", "more") + LOCK[end:]
    verdict = judge(manifest, lock)
    assert "the requirement 'extra *' could not be satisfied" in only_reason(verdict)
    assert verdict.environments["default"]["linux-64"].shared
    assert not verdict.environments["more"]["linux-64"].shared


def test_source_packages_are_taken_as_locked_and_said_so() -> None:
    manifest = MANIFEST.replace('["tiny"]', '["tiny"]\npreview = ["pixi-build"]').replace('"<2"', '{ path = "./app" }')
    lock = LOCK.replace(f"conda: {CHANNEL}/linux-64/app-1.0-h1_0.conda", "conda_source: app[12345678] @ ./app")
    verdict = judge(manifest, lock)
    assert verdict.up_to_date
    assert "source packages are not built here" in verdict.notes[0]
    assert "required source package 'app' is locked as binary" in only_reason(judge(manifest, LOCK))
    assert "is locked as source, but is only required as binary" in only_reason(judge(MANIFEST, lock))


def test_an_ordinary_check_imports_no_solver() -> None:
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from jupyter_pixi.lockfile import read_lock
from jupyter_pixi.lockfile.check import check
from jupyter_pixi.manifest import parse_manifest
from jupyter_pixi.environments import compose
from jupyter_pixi.config import Config
manifest = parse_manifest({PYPI_MANIFEST!r}.encode(), Path("/nowhere/pixi.toml"))
verdict = check(manifest, compose(manifest, Config()), read_lock({pypi_lock(IDNA)!r}.encode(), Path("/x")))
assert verdict.up_to_date, verdict.reason
print([name for name in ("rattler", "packaging", "yaml", "requests") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
