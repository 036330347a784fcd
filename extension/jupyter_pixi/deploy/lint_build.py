"""The rules about building: what is installed, from what, and whether it is what the lock says."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from .dockerignore import ignores
from .lint_rules import Finding, Subject, copies, rule
from .parse import Instruction, Stage

_CACHES = ("/root/.cache/rattler/cache", "/root/.cache/rattler")
_SECRET = re.compile(r"(?:^|[\s_])(?:TOKEN|PASSWORD|PASSWD|SECRET|API_KEY|SECRET_KEY)(?:$|\s*$|[= ](?!\"\"|''|\s|$))")
"""A variable whose name ends like a secret's, with a value or as an argument without one."""

_AUTH = re.compile(r"(^|/)(credentials\.json|\.netrc|auth\.json|rattler_auth\S*)$")


@rule(
    "PX04",
    "no second look at the environment",
    "`pixi run`, `pixi shell-hook` and `pixi shell` bring the environment up to date first: what was changed since the "
    "install is undone, and editable installs come back.",
)
def _resync(subject: Subject) -> Iterable[Finding]:
    installed = [i for _, i, _ in subject.pixi("install")]
    for _, instruction, words in subject.pixi("run", "r", "shell-hook", "shell"):
        if installed and installed[0].line <= instruction.line and not _as_is(words):
            text = f"`pixi {words[0]}` looks at the environment again and may change what was installed."
            yield Finding("PX04", instruction.line, text, "Add --as-is.")
    for word in ("ENTRYPOINT", "CMD"):
        found = [i for stage in reversed(subject.final_chain) for i in stage.all(word)]
        for words in subject.pixi_of(found[-1]) if found else ():
            if words[:1] and words[0] in ("run", "r", "shell") and not _as_is(words):
                text = f"Each start of the container brings the environment up to date first (`pixi {words[0]}`)."
                yield Finding("PX04", found[-1].line, text, "Add --as-is.")


def _as_is(words: list[str]) -> bool:
    return "--as-is" in words or {"--frozen", "--no-install"} <= set(words)


@rule(
    "PX09",
    "install what the lock says",
    "Without `--locked` an image build may solve anew and hold other versions than the lock; `--frozen` does not check "
    "that lock and manifest belong together.",
)
def _locked(subject: Subject) -> Iterable[Finding]:
    installs = list(subject.pixi("install"))
    for stage, instruction, words in installs:
        variables = [i.text for s in subject.file.lineage(stage) for i in s.all("ENV", "ARG")]
        if "--locked" in words or any(
            re.search(r"PIXI_LOCKED[= ]\"?(true|1)", t) for t in (*variables, instruction.text)
        ):
            continue
        text = "`--frozen` installs a lock that may be out of date." if "--frozen" in words else "This may solve anew."
        yield Finding("PX09", instruction.line, text, "Use `pixi install --locked`.")
    for _, instruction, words in subject.pixi("run", "r", "shell-hook") if not installs else ():
        if not {"--locked", "--frozen", "--as-is"} & set(words):
            text = f"`pixi {words[0]}` installs the environment, and may solve anew."
            yield Finding("PX09", instruction.line, text, "Run `pixi install --locked` before.")


@rule(
    "PX10",
    "look whether the prefix is there",
    "With a cache mount that has gone stale, an install has been seen to succeed with an empty prefix.",
)
def _checked(subject: Subject) -> Iterable[Finding]:
    runs = [i for _, i in subject.instructions() if i.word == "RUN"]
    on_path = any(".pixi/envs" in i.text for _, i in subject.instructions() if i.word == "ENV")
    for _, instruction, words in subject.pixi("install"):
        if not any(key == "mount" and "type=cache" in value for key, value in instruction.flags):
            continue
        texts = [i.text for i in runs if i.line >= instruction.line]
        tested = any(re.search(r"\.pixi/envs/\S*(bin/|conda-meta)|\bpixi (run|r)\b", t) for t in texts)
        if not tested and not (on_path and any(re.search(r"\bpython[\d.]* -", t) for t in texts)):
            yield Finding(
                "PX10",
                instruction.line,
                f"Nothing looks whether `pixi {' '.join(words)}` left an environment behind.",
                "Add a step such as `RUN .pixi/envs/default/bin/python -c 'import sys'`.",
            )


@rule(
    "PX11",
    "cache where Pixi caches",
    "The package cache is PIXI_CACHE_DIR, else RATTLER_CACHE_DIR, else $XDG_CACHE_HOME/pixi, else "
    "~/.cache/rattler/cache. A cache mount elsewhere is empty for ever.",
)
def _cache(subject: Subject) -> Iterable[Finding]:
    for stage, instruction, _ in subject.pixi("install"):
        known = [*_CACHES, *_cache_variables(stage, instruction)]
        for _, value in (f for f in instruction.flags if f[0] == "mount"):
            options = dict(o.partition("=")[::2] for o in value.split(","))
            where = options.get("target") or options.get("dst") or options.get("destination") or ""
            if options.get("type") == "cache" and not any(
                where.rstrip("/") == k or k.startswith(where.rstrip("/") + "/") for k in known
            ):
                text = f"Pixi does not cache in {where}."
                yield Finding("PX11", instruction.line, text, f"Mount {_CACHES[0]}, or set PIXI_CACHE_DIR to {where}.")


def _cache_variables(stage: Stage, before: Instruction) -> Iterable[str]:
    for instruction in stage.all("ENV", "ARG"):
        for match in re.finditer(
            r"(PIXI_CACHE_DIR|RATTLER_CACHE_DIR|XDG_CACHE_HOME)[= ]\"?([^\s\"]+)", instruction.text
        ):
            yield posixpath.join(match[2], "pixi") if match[1].startswith("XDG") else match[2].rstrip("/")
    for match in re.finditer(r"(?:PIXI|RATTLER)_CACHE_DIR=(\S+)", before.text):
        yield match[1].rstrip("/")


@rule(
    "PX12",
    "git where it is needed, passwords nowhere",
    "PyPI packages from git are cloned in the build. Credentials that are copied stay in a layer for everybody who has "
    "the image; a secret mount does not.",
)
def _needs(subject: Subject) -> Iterable[Finding]:
    for _, instruction in subject.instructions():
        if instruction.word in ("COPY", "ADD"):
            for word in instruction.words[:-1]:
                if _AUTH.search(word):
                    text = f"{word} would stay in a layer of the image."
                    yield Finding(
                        "PX12", instruction.line, text, "Use `RUN --mount=type=secret` and RATTLER_AUTH_FILE."
                    )
        if instruction.word in ("ENV", "ARG") and _SECRET.search(instruction.text):
            text = "A password in an ENV or ARG can be read by everybody who has the image."
            yield Finding("PX12", instruction.line, text, "Use `RUN --mount=type=secret`.")
    for _, instruction, words in subject.pixi("auth"):
        if "login" in words and not any("type=tmpfs" in value for _, value in instruction.flags):
            text = "`pixi auth login` writes the password into a file that stays in a layer of the image."
            yield Finding("PX12", instruction.line, text, "Use `RUN --mount=type=secret` and RATTLER_AUTH_FILE.")
    if any(t.git for t in subject.targets()):
        for stage, instruction, _ in subject.pixi("install"):
            before = stage.instructions[: stage.instructions.index(instruction) + 1]
            if not any(re.search(r"\binstall\b.*\bgit\b", i.text, re.DOTALL) for i in before if i.word == "RUN"):
                text = "The lock has PyPI packages from git, and this stage has no git."
                yield Finding("PX12", instruction.line, text, "Install git before `pixi install`.")


@rule(
    "PX08",
    "the right things in the context",
    "Without `.pixi` in .dockerignore the environments of the machine that builds are copied into the image; with "
    "pixi.lock in it there is nothing to install from. `.pixi/config.toml` is left out with `.pixi`.",
)
def _context(subject: Subject) -> Iterable[Finding]:
    if not subject.has_dockerignore:
        return
    broad = [
        (i, s)
        for _, i in subject.instructions()
        if i.word in ("COPY", "ADD") and i.flag("from") is None
        for s in i.words[:-1]
        if s.rstrip("/") in (".", "", "*") or s in ("./",)
    ]
    text = subject.dockerignore or ""
    envs, lock = (posixpath.join(subject.folder, name) for name in (".pixi/envs", "pixi.lock"))
    if broad and not ignores(text, ".pixi/envs") and not ignores(text, envs):
        said = "`.pixi` is not in .dockerignore, so this copies the environments of the machine that builds."
        yield Finding("PX08", broad[0][0].line, said, "Add the line `.pixi` to .dockerignore.")
    if ignores(text, "pixi.lock") and ignores(text, lock):
        line = next((i.line for _, i, _ in subject.pixi("install")), 0)
        yield Finding("PX08", line, "pixi.lock is in .dockerignore.", "Take it out: it says what is installed.")


@rule(
    "PX03",
    "sources of editable and local packages",
    "Packages from folders are built when they are installed, so their sources must be there before; editable ones "
    "are imported from their folder, so it must be at the same path in the final stage too.",
)
def _sources(subject: Subject) -> Iterable[Finding]:
    yield from _looked_at(subject)
    for target in subject.targets():
        for stage, instruction, _ in subject.pixi("install"):
            for source in target.sources:
                if not _copied(subject, stage, source.path, instruction):
                    text = f"{source.name} is installed from {source.path}, which is not copied before the install."
                    yield Finding("PX03", instruction.line, text, f"Add `COPY {source.path} ./{source.path}` before.")
        for source in target.sources:
            copied = any(_copied(subject, stage, source.path, None) for stage in subject.final_chain)
            if source.editable and len(subject.file.stages) > 1 and not copied:
                text = f"{source.name} is editable: it is imported from {source.path}, which the final stage lacks."
                yield Finding("PX03", subject.final.line, text, "Copy it to the same path there.")


def _looked_at(subject: Subject) -> Iterable[Finding]:
    """`--locked` checks the whole lock file, so it reads the sources of other environments as well."""
    own = {s.path for t in subject.targets() for s in t.sources}
    for stage, instruction, words in subject.pixi("install"):
        for source in subject.plan.sources if subject.plan and "--locked" in words else ():
            if (
                source.path not in own
                and not source.is_outside
                and not _copied(subject, stage, source.path, instruction)
            ):
                text = f"`--locked` looks at {source.path} of another environment, which is not copied before."
                yield Finding("PX03", instruction.line, text, f"Add `COPY {source.path} ./{source.path}` before.")


def _copied(subject: Subject, stage: Stage, path: str, before: Instruction | None) -> bool:
    """Whether a stage has a path of the workspace: from the context, by a mount, or from a stage that has it."""
    if before is not None and any("type=bind" in value for key, value in before.flags if key == "mount"):
        return True
    for instruction, words, _ in copies(stage):
        if before is not None and instruction.line > before.line:
            break
        origin = subject.file.stage(instruction.flag("from") or "")
        if origin is not None:
            places = [posixpath.join(folder, path) for folder in subject.workspaces(origin)]
            if any(_holds(posixpath.join("/", word), place) for word in words for place in places):
                return True
        elif instruction.flag("from") is None:
            names = (path, posixpath.normpath(posixpath.join(subject.folder, path)))
            if any(_holds(word, name) for word in words for name in names):
                return True
    return False


def _holds(word: str, path: str) -> bool:
    """Whether what a COPY names is a path or a folder above it."""
    name = posixpath.normpath(word)
    above = [path.rsplit("/", n)[0] for n in range(path.count("/") + 1)]
    return name in (".", "/") or any(fnmatchcase(part, name) for part in above if part)


@rule(
    "PX02",
    "activation scripts outside the prefix",
    "[activation.scripts] stand in the workspace, not in the prefix: the hook fails where they were not copied.",
)
def _scripts(subject: Subject) -> Iterable[Finding]:
    for target in subject.targets():
        for script in target.scripts:
            if len(subject.file.stages) > 1 and not any(_copied(subject, s, script, None) for s in subject.final_chain):
                text = f"The activation of {target.environment} sources {script}, which the final stage lacks."
                yield Finding("PX02", subject.final.line, text, f"Add `COPY {script} ./{script}`.")
