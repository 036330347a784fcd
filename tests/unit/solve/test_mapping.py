"""Conda packages get their PyPI names by the four rules, asked of a server on loopback."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest
from jupyter_pixi.config import Config
from jupyter_pixi.environments.model import Channel
from jupyter_pixi.errors import ManifestError, NetworkError
from jupyter_pixi.solve.gateway import network
from jupyter_pixi.solve.mapping import provided, read_rules, same_name
from jupyter_pixi.solve.mapping_service import MappingService
from rattler import PackageRecord, RepoDataRecord
from rattler.package import BuildString
from support.loopback import Quiet, loopback

FORGE = Channel("https://conda.anaconda.org/conda-forge/", "conda-forge")
OTHER = Channel("https://conda.anaconda.org/bioconda/", "bioconda")


def record(name: str, version: str = "1.0", *, channel: Channel = FORGE, sha: int = 0) -> RepoDataRecord:
    inner = PackageRecord(name, version, BuildString("0"), 0, "noarch", sha256=bytes([sha]) * 32)
    return RepoDataRecord(
        inner, f"{name}-{version}-0.conda", f"{channel.url}noarch/{name}-{version}-0.conda", channel.url
    )


class Service:
    """The mapping service with known hashes and names; counts what it is asked."""

    def __init__(self) -> None:
        self.hashes: dict[str, dict] = {}
        self.names: dict[str, str | None] = {"numpy": "numpy", "opencv": "opencv-python", "openssl": None}
        self.asked: Counter[str] = Counter()
        self.status = 404
        outer = self

        class Handler(Quiet):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.asked[self.path] += 1
                body = None
                if outer.status != 404:
                    pass
                elif self.path.startswith("/hash-v0/"):
                    body = outer.hashes.get(self.path.removeprefix("/hash-v0/"))
                elif self.path == "/compressed-v0/compressed_mapping.json":
                    body = outer.names
                data = json.dumps(body).encode()
                self.send_response(200 if body is not None else outer.status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.handler = Handler
        self.config = Config()

    def mirrored_to(self, url: str) -> None:
        """Asks the service at this URL."""
        self.config = Config(layers=(f'[mirrors]\n"https://conda-mapping.prefix.dev" = ["{url}"]\n',))

    def ask(
        self, cache: Path, *records, declared=None, channels=(FORGE, OTHER), root=Path(), offline=False, warn=print
    ):
        async def run():
            net = network(self.config, {"PIXI_CACHE_DIR": str(cache)}, offline=offline)
            rules = await read_rules(declared, (FORGE, OTHER), root, net)
            return await provided(records, rules, MappingService(net, warn))

        return asyncio.run(run())


@pytest.fixture
def service():
    made = Service()
    with loopback(made.handler) as url:
        made.mirrored_to(url)
        yield made


def test_the_chain(service, tmp_path):
    service.hashes["01" * 32] = {"pypi_normalized_names": ["Torch", "functorch"], "conda_name": "pytorch"}
    service.hashes["02" * 32] = {"pypi_normalized_names": None}
    found = service.ask(
        tmp_path,
        record("pytorch", sha=1),
        record("weird", sha=2),
        record("opencv", sha=3),
        record("openssl", sha=3),
        record("liblzma", sha=3),
        record("_openmp_mutex", sha=3),
        record("odd", "9e", sha=3),
        record("samtools", channel=OTHER, sha=3),
        record("pysam", channel=OTHER, sha=1),
    )
    assert found == [
        ("pkg:pypi/functorch?source=hash-mapping", "pkg:pypi/torch?source=hash-mapping"),
        (),
        ("pkg:pypi/opencv-python?source=compressed-mapping",),
        (),
        ("pkg:pypi/liblzma",),
        (),
        (),
        None,
        ("pkg:pypi/functorch?source=hash-mapping", "pkg:pypi/torch?source=hash-mapping"),
    ]


def test_answers_are_kept_and_each_question_is_asked_once(service, tmp_path):
    service.hashes["01" * 32] = {"pypi_normalized_names": ["a"]}
    records = [record("a", sha=1), record("a", "2.0", sha=1), record("numpy", sha=2)]
    first = service.ask(tmp_path, *records)
    assert service.ask(tmp_path, *records) == first
    assert set(service.asked.values()) == {1} and len(service.asked) == 3


def test_offline_uses_what_is_in_the_cache_then_the_same_name(service, tmp_path):
    service.hashes["01" * 32] = {"pypi_normalized_names": ["a"]}
    service.ask(tmp_path, record("a", sha=1), record("numpy", sha=2))
    before = service.asked.total()
    assert service.ask(tmp_path, record("a", sha=1), record("opencv", sha=9), record("z", sha=9), offline=True) == [
        ("pkg:pypi/a?source=hash-mapping",),
        ("pkg:pypi/opencv-python?source=compressed-mapping",),
        ("pkg:pypi/z",),
    ]
    assert service.ask(tmp_path / "empty", record("numpy"), offline=True) == [("pkg:pypi/numpy",)]
    assert service.asked.total() == before


def test_a_service_that_fails_is_an_error_unless_its_names_are_known(service, tmp_path):
    service.status = 403
    with pytest.raises(NetworkError, match="failed to map conda packages to their PyPI equivalents"):
        service.ask(tmp_path, record("numpy", sha=1))
    service.status = 404
    service.ask(tmp_path, record("numpy", sha=1))
    service.status = 403
    told = []
    assert service.ask(tmp_path, record("opencv", sha=2), warn=told.append) == [
        ("pkg:pypi/opencv-python?source=compressed-mapping",)
    ]
    assert len(told) == 1


def test_private_channels_do_without_the_service(service, tmp_path):
    private = Channel("file:///srv/channel/", "file:///srv/channel")
    service.status = 403
    asked = [record("numpy", channel=private, sha=1), record("six", channel=private, sha=2)]
    assert service.ask(tmp_path, *asked) == [None, None]
    before = service.asked.total()
    assert service.ask(tmp_path, *asked) == [None, None]
    assert service.asked.total() == before


def test_no_mapping_at_all(service, tmp_path):
    assert service.ask(tmp_path, record("numpy"), declared=False) == [()]
    assert service.ask(tmp_path, record("numpy"), declared={}) == [()]
    assert not service.asked


def test_the_projects_own_names_come_first(service, tmp_path):
    (tmp_path / "map.json").write_text('{"numpy": "not-numpy", "six": null, "both": ["b", "A"]}')
    records = [record("numpy"), record("six"), record("both"), record("opencv")]
    own = [
        ("pkg:pypi/not-numpy?source=project-defined-mapping",),
        (),
        ("pkg:pypi/a?source=project-defined-mapping", "pkg:pypi/b?source=project-defined-mapping"),
    ]
    overlay = service.ask(tmp_path, *records, declared={"conda-forge": "map.json"}, root=tmp_path)
    assert overlay == [*own, ("pkg:pypi/opencv-python?source=compressed-mapping",)]
    only = {FORGE.url: {"location": "map.json", "mapping-mode": "replace"}}
    assert service.ask(tmp_path, *records, declared=only, root=tmp_path) == [*own, ("pkg:pypi/opencv",)]
    inline = {"conda-forge": {"mapping": {"numpy": "x"}, "same-name-heuristic": False, "mapping-mode": "replace"}}
    assert service.ask(tmp_path, record("numpy"), record("six"), declared=inline) == [
        ("pkg:pypi/x?source=project-defined-mapping",),
        (),
    ]
    assert service.ask(tmp_path, record("numpy"), declared={"conda-forge": False}) == [()]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"other-channel": {"mapping": {}}}, "'other-channel' of `conda-pypi-map` is used by no environment"),
        ({"conda-forge": {"mapping": {}}, FORGE.url: {"mapping": {}}}, "names the channel .* twice"),
    ],
)
def test_a_channel_that_is_not_there_or_named_twice_is_an_error(service, tmp_path, declared, message):
    with pytest.raises(ManifestError, match=message):
        service.ask(tmp_path, declared=declared)


def test_a_mapping_file_that_is_wrong_is_named(service, tmp_path):
    with pytest.raises(ManifestError, match=r"nowhere\.json"):
        service.ask(tmp_path, declared={"conda-forge": "nowhere.json"}, root=tmp_path)
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(ManifestError, match=r"list\.json"):
        service.ask(tmp_path, declared={"conda-forge": "list.json"}, root=tmp_path)


@pytest.mark.parametrize(
    ("name", "version", "purls"),
    [
        ("ld_impl_linux-64", "2.45.1", ("pkg:pypi/ld-impl-linux-64",)),
        ("tzdata", "2025c", ("pkg:pypi/tzdata",)),
        ("_x", "1.0", ()),
        ("jpeg", "9e", ()),
    ],
)
def test_the_same_name_rule_wants_a_name_and_a_version_pypi_could_have(name, version, purls):
    assert same_name(name, version) == purls
