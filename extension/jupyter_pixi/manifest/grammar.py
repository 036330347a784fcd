"""Texts inside a manifest (versions, names, URLs, licences, dates) -> accepted, or the reason why not.

Everything usual is decided by a regular expression. What that does not know goes to the library that Pixi's answer
comes from (py-rattler, packaging), imported only then: reading a manifest has to be quick.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

MAX_TEXT = 10_000
"""Longer specifications are refused: nobody wrote them, and the libraries take their time over them."""

_WORD = r"[0-9A-Za-z]+(?:[._][0-9A-Za-z]+)*"
_CONDA_VERSION = rf"(?:\d+!)?{_WORD}(?:\+{_WORD})?"
_CONDA_ITEM = rf"(?:(?:==|!=|>=|<=|>|<|~=|=)?{_CONDA_VERSION}(?:\.\*)?|\*)"
_CONDA_SPEC = re.compile(rf"{_CONDA_ITEM}(?:[,|] ?{_CONDA_ITEM})*")
_BARE_VERSION = re.compile(rf"(?:^|[,|] ?)({_CONDA_VERSION})(?=[,|]|$)")
_PLAIN_VERSION = re.compile(r"\d+(?:\.\d+)*")
_RANGE = re.compile(r"(>=|<=|>|<|==)(\d+(?:\.\d+)*)")

_PEP440 = r"\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.post\d+)?(?:\.dev\d+)?"
_PEP440_ITEM = rf"\s*(?:(?:>=|<=|>|<|==|!=)\s*{_PEP440}|(?:==|!=)\s*\d+(?:\.\d+)*\.\*|~=\s*\d+(?:\.\d+)+)\s*"
_PEP440_SPEC = rf"{_PEP440_ITEM}(?:,{_PEP440_ITEM})*"  # compiled where a manifest has such a text
_MARKER = (
    r"\s*(?:sys_platform|platform_system|platform_machine|os_name|python_version|python_full_version"
    r"|platform_python_implementation|implementation_name)\s*(?:==|!=|>=|<=|>|<)\s*(?:'[^']*'|\"[^\"]*\")\s*"
)

_CONDA_NAME = re.compile(r"[0-9A-Za-z_.-]+")
_PYPI_NAME = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z._-]*[0-9A-Za-z])?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?(.*)", re.DOTALL)
_SPECIAL_SCHEMES = ("http", "https", "ftp", "ws", "wss")
_DURATION_PART = re.compile(r"\s*(\d+)\s*([A-Za-zµ]+)")
_SECONDS = {
    **dict.fromkeys(("nsec", "ns", "nanos"), 1e-9),
    **dict.fromkeys(("usec", "us", "µs", "micros"), 1e-6),
    **dict.fromkeys(("millis", "msec", "ms"), 1e-3),
    **dict.fromkeys(("seconds", "second", "secs", "sec", "s"), 1.0),
    **dict.fromkeys(("minutes", "minute", "min", "mins", "m"), 60.0),
    **dict.fromkeys(("hours", "hour", "hrs", "hr", "h"), 3600.0),
    **dict.fromkeys(("days", "day", "d"), 86400.0),
    **dict.fromkeys(("weeks", "week", "wks", "wk", "w"), 7 * 86400.0),
    **dict.fromkeys(("months", "month", "M"), 2630016.0),
    **dict.fromkeys(("years", "year", "yrs", "yr", "y"), 31557600.0),
}
"""Units of the humantime grammar, which is what Pixi reads durations with, in seconds."""


def version_spec_problem(text: str) -> str | None:
    """Why `text` is not a conda version specification, or None if it is one."""
    if len(text) > MAX_TEXT:
        return f"it has {len(text)} characters"
    if _CONDA_SPEC.fullmatch(text):
        return None
    from rattler import VersionSpec

    try:
        VersionSpec(text)
    except Exception as error:
        return _sentence(error)
    return None


def bare_versions(text: str) -> list[str]:
    """The versions in a valid specification that have no operator: Pixi reads them as `==` and warns."""
    return [] if text == "*" else _BARE_VERSION.findall(text)


def version_problem(text: str) -> str | None:
    """Why `text` is not a conda version, or None if it is one."""
    if _PLAIN_VERSION.fullmatch(text):
        return None
    from rattler import Version

    try:
        Version(text)
    except Exception as error:
        return _sentence(error)
    return None


def compare_versions(left: str, right: str) -> int:
    """-1, 0 or 1 as conda orders two versions."""
    if _PLAIN_VERSION.fullmatch(left) and _PLAIN_VERSION.fullmatch(right):
        a, b = ([int(part) for part in text.split(".")] for text in (left, right))
        size = max(len(a), len(b))
        a, b = a + [0] * (size - len(a)), b + [0] * (size - len(b))
        return (a > b) - (a < b)
    from rattler import Version

    x, y = Version(left), Version(right)
    return (x > y) - (x < y)


def strict_spec_problem(text: str) -> str | None:
    """Why `text` is not a version specification that leaves nothing to guess, or None (`requires-pixi` is read so)."""
    if all(_RANGE.fullmatch(part) for part in text.split(",")):
        return None
    from rattler import VersionSpec

    try:
        VersionSpec(text, strict=True)
    except Exception as error:
        return _sentence(error)
    return None


def version_matches(version: str, spec: str) -> bool:
    """Whether a conda version fulfils a valid specification."""
    from . import versions

    parsed, fulfils = versions.parse(version), versions.predicate(spec)
    if parsed is not None and fulfils is not None:
        return fulfils(parsed)
    from rattler import Version, VersionSpec

    return VersionSpec(spec).matches(Version(version))


def pep440_problem(text: str) -> str | None:
    """Why `text` is not a list of PEP 440 version specifiers, or None if it is one."""
    if len(text) > MAX_TEXT:
        return f"it has {len(text)} characters"
    if not text.strip() or re.fullmatch(_PEP440_SPEC, text):
        return None
    if any(not part.strip() for part in text.split(",")):
        return "a comma is not followed by a version specifier"
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        return _sentence(error)
    return None


def marker_problem(text: str) -> str | None:
    """Why `text` is not a PEP 508 environment marker, or None if it is one."""
    if len(text) > MAX_TEXT:
        return f"it has {len(text)} characters"
    if re.fullmatch(_MARKER, text):
        return None
    from packaging.markers import InvalidMarker, Marker

    try:
        Marker(text)
    except (InvalidMarker, RecursionError) as error:
        return _sentence(error)
    return None


def license_problem(text: str) -> str | None:
    """Why `text` is not an SPDX licence expression, or None if it is one."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        canonical = canonicalize_license_expression(text)
    except (InvalidLicenseExpression, RecursionError) as error:
        return _sentence(error)
    if _compact(canonical) != _compact(text):
        return f"SPDX writes it '{canonical}'"
    return None


def is_conda_name(text: str) -> bool:
    """Whether `text` can be the name of a conda package."""
    return _CONDA_NAME.fullmatch(text) is not None


def is_pypi_name(text: str) -> bool:
    """Whether `text` can be the name of a PyPI package or extra (PEP 508)."""
    return _PYPI_NAME.fullmatch(text) is not None


def normal_pypi_name(text: str) -> str:
    """The name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", text).lower()


def url_problem(text: str) -> str | None:
    """Why `text` is not an absolute URL, or None if it is one."""
    match = _SCHEME.fullmatch(text)
    if match is None:
        return "relative URL without a base"
    scheme, slashes, rest = match.groups()
    if scheme.lower() in _SPECIAL_SCHEMES:
        authority = re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0].rpartition("@")[2]
        return _host_problem(authority)
    if slashes and rest.startswith(":"):
        return "empty host"
    return None


def _host_problem(authority: str) -> str | None:
    host, _, port = authority.rpartition(":") if re.search(r":\d*$", authority) else (authority, "", "")
    if not host:
        return "empty host"
    if host.startswith("["):
        return None if host.endswith("]") else "invalid IPv6 address"
    if re.search(r"[\s<>^|%\\\[\]:]", host):
        return "invalid domain character"
    return "invalid port number" if port and int(port) > 65535 else None


def hash_problem(text: str, digits: int) -> str | None:
    """Why `text` is not a hash of that many hexadecimal digits, or None if it is one."""
    if re.fullmatch(rf"[0-9A-Fa-f]{{{digits}}}", text):
        return None
    return f"expected {digits} hexadecimal digits"


def parse_cutoff(text: str) -> datetime | timedelta:
    """What an `exclude-newer` value means: an instant (UTC), or a time to count back from now.

    A date includes that day: it means the midnight at which it ends. Raises ValueError with a sentence.
    """
    duration = _duration(text)
    if duration is not None:
        return duration
    try:
        if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", text):
            year, month, day = (int(part) for part in text.split("-"))
            return datetime(year, month, day, tzinfo=UTC) + timedelta(days=1)
        if re.match(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}", text):
            instant = datetime.fromisoformat(text.upper())
            if instant.tzinfo is not None:
                return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"`{text}` is neither a valid duration (such as 7d), date (YYYY-MM-DD), nor timestamp (RFC 3339)")


def _duration(text: str) -> timedelta | None:
    text = text.strip()
    at, seconds = 0, 0.0
    while at < len(text):
        match = _DURATION_PART.match(text, at)
        unit = _SECONDS.get(match[2]) if match else None
        if match is None or unit is None or len(match[1]) > 15:
            return None
        seconds += int(match[1]) * unit
        at = match.end()
    try:
        return timedelta(seconds=seconds) if text else None
    except OverflowError:
        return None


def _sentence(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else "it cannot be parsed"


def _compact(text: str) -> str:
    return " ".join(text.replace("(", " ( ").replace(")", " ) ").split())
