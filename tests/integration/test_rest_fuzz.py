"""The REST interface, asked all that its own OpenAPI document allows, and what it does not: never a 500."""

from __future__ import annotations

import http.cookiejar
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jupyter_pixi.demo.channel import channel
from jupyter_pixi.server.openapi import document
from support.authorizer import HEADER
from support.homes import make_home
from support.jupyter_server import TOKEN, Running, jupyter_server
from support.recipe import TEST
from support.waiting import wait
from support.workspaces import write_manifest

API = "jupyter-pixi/api"
DOCUMENT = document("/")
OPERATIONS = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]
SLOW = {"/search", "/search/{name}", "/imports/{module}", "/about/{name}"}  # these start a process
MANIFEST = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}"]

[dependencies]
everywhere = "1.*"
"""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)
TEXT = st.text(max_size=40) | st.sampled_from(["..", "../../etc/passwd", "\x00", "%00", "a/b", "-x", "é", "a" * 3000])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server on which no operation may be started, so that right requests change nothing."""
    root = tmp_path_factory.mktemp("root")
    home = make_home(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("packages"))
    write_manifest(root / "fuzzed", MANIFEST, channel(TEST).as_uri())
    shut = ("--JupyterPixi.commands=[]", "--ServerApp.authorizer_class=support.authorizer.Choosy")
    tests = str(Path(__file__).resolve().parent.parent)
    with jupyter_server(root, home, *shut, app=("jupyter_server",), env={"PYTHONPATH": tests}) as running:
        wait(lambda: running.get(f"{API}/workspaces")["workspaces"])
        yield running


def ask(server: Running, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    given = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"} | headers
    given = {name: value for name, value in given.items() if value}
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"{server.url}{API}{path}", data=data, headers=given, method=method.upper())
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the document's components at hand."""
    return {**schema, "components": DOCUMENT["components"]}


def values(schema: dict[str, Any], manifest: str, name: str) -> st.SearchStrategy[Any]:
    """Right values of a schema of the document, as far as its words go."""
    if "$ref" in schema:
        return values(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]], manifest, name)
    if "oneOf" in schema:
        return st.one_of([values(one, manifest, name) for one in schema["oneOf"]])
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if name == "manifest":
        return st.just(manifest)
    if kind == "object":
        fields = schema.get("properties", {})
        needed = {key: values(fields[key], manifest, key) for key in schema.get("required", ())}
        others = {key: values(one, manifest, key) for key, one in fields.items() if key not in needed}
        return st.fixed_dictionaries(needed, optional=others)
    if kind == "array":
        items = values(schema["items"], manifest, "")
        return st.lists(items, min_size=schema.get("minItems", 0), max_size=4)
    if kind == "boolean":
        return st.booleans()
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    return st.text(min_size=schema.get("minLength", 0), max_size=40)


@st.composite
def requests(draw: Any, path: str, method: str, manifest: str) -> tuple[str, Any]:
    """A path with its query, and a body: mostly right, sometimes not at all."""
    described = DOCUMENT["paths"][path][method]
    query: list[tuple[str, str]] = []
    for one in described["parameters"]:
        right = values(one["schema"], manifest, one["name"])
        value = str(draw(right if draw(st.integers(0, 4)) else TEXT))
        if one["in"] == "path":
            path = path.replace("{" + one["name"] + "}", urllib.parse.quote(value.encode("utf-8", "replace"), safe=""))
        elif one["required"] or draw(st.booleans()):
            query.append((one["name"], value.encode("utf-8", "replace").decode()))
    body = None
    if "requestBody" in described:
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        body = draw(values(schema, manifest, "") if draw(st.integers(0, 3)) else JSON | st.binary(max_size=40))
    return f"{path}?{urllib.parse.urlencode(query)}", body


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_nothing_breaks_it(server: Running, path: str, method: str) -> None:
    """Every answer is one of those that the document describes."""
    manifest = str(server.root / "fuzzed" / "pixi.toml")
    described = DOCUMENT["paths"][path][method]["responses"]

    @settings(
        max_examples=5 if path in SLOW else 25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(requests(path, method, manifest))
    def check(asked: tuple[str, Any]) -> None:
        status, text = ask(server, method, *asked)
        assert status < 500, (asked, text[:500])
        known = described.get(str(status)) or described["4XX"]
        assert str(status) in described or status >= 400, (status, asked)
        if status < 400 or text[:1] == b"{":
            schema = known["content"]["application/json"]["schema"]
            jsonschema.Draft202012Validator(resolved(schema)).validate(json.loads(text))

    check()
    if (path, method) == ("/discovery", "put"):
        assert ask(server, "put", path, {"roots": [], "depth": None})[0] == 200


def right(server: Running, path: str, method: str) -> tuple[str, Any]:
    """A request that is right but for who asks."""
    manifest = str(server.root / "fuzzed" / "pixi.toml")
    for name, value in (("id", "20260101T000000-00000000"), ("name", "cowsay"), ("module", "yaml")):
        path = path.replace("{" + name + "}", value)
    body = {"manifest": manifest, "command": "lock"} if method == "post" else None
    return f"{path}?{urllib.parse.urlencode({'manifest': manifest})}", body


def test_nobody_else_is_answered(server: Running) -> None:
    """No token, a wrong one, a login's cookie without the XSRF token, and what the authorizer does not allow."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    browser.open(f"{server.url}login?token={TOKEN}&next=/api/status", timeout=30).close()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)
    assert ask(server, "get", "/workspaces", Authorization="", Cookie=cookies)[0] == 200
    for path, method in OPERATIONS:
        url, body = right(server, path, method)
        action = "read" if method == "get" else "write"
        assert ask(server, method, url, body, Authorization="")[0] == 403, (method, path)
        assert ask(server, method, url, body, Authorization="token of-somebody-else")[0] == 403, (method, path)
        assert ask(server, method, url, body, **{HEADER: action})[0] == 403, (method, path)
        if method != "get":
            assert ask(server, method, url, body, Authorization="", Cookie=cookies)[0] == 403, (method, path)


def test_nothing_outside_is_answered_for(server: Running, tmp_path: Path) -> None:
    """A manifest below no root and in no registry, however its path is written."""
    (tmp_path / "pixi.toml").write_text('[workspace]\nname = "x"\nchannels = []\nplatforms = []\n')
    (server.root / "fuzzed" / "link.toml").symlink_to(tmp_path / "pixi.toml")
    for outside in (
        str(tmp_path / "pixi.toml"),
        f"{server.root}/fuzzed/../../{tmp_path.name}/pixi.toml",
        f"{server.root}/fuzzed/link.toml",
        "/etc/passwd",
        "pixi.toml",
        "",
    ):
        for path, method in OPERATIONS:
            url, body = right(server, path, method)
            if "manifest" not in {p["name"] for p in DOCUMENT["paths"][path][method]["parameters"]} and body is None:
                continue
            if body is not None:
                body["manifest"] = outside
            url = f"{url.partition('?')[0]}?{urllib.parse.urlencode({'manifest': outside})}"
            assert ask(server, method, url, body)[0] in (400, 404), (method, path, outside)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "OPTIONS", "HEAD"])
def test_other_methods_break_nothing(server: Running, method: str) -> None:
    for path, methods in DOCUMENT["paths"].items():
        if method.lower() not in methods:
            url, _ = right(server, path, "get")
            assert ask(server, method, url, b"{}" if method in ("PUT", "POST", "PATCH") else None)[0] < 500
