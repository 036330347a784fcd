"""The rules about running: the prefix's place, the activation, the user."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from .lint_rules import PREFIX, Finding, Subject, copies, rule
from .parse import Stage

_HOOK = re.compile(r"\bpixi\s+shell-hook\b")


@rule(
    "PX01",
    "one path for the prefix",
    "The prefix's path is written into scripts, libraries, kernels and the hook: at another path they do not start.",
)
def _moved(subject: Subject) -> Iterable[Finding]:
    for stage in subject.file.stages:
        for instruction, words, target in copies(stage):
            origin = subject.file.stage(instruction.flag("from") or "")
            for word in words if origin is not None else ():
                found = _elsewhere(subject, origin, posixpath.join("/", word), target) if origin is not None else None
                if found is not None:
                    text = f"The prefix stood at {found[0]} where it was installed, and is copied to {found[1]}."
                    yield Finding("PX01", instruction.line, text, "Copy it to the path where it was installed.")
        for instruction in stage.all("RUN"):
            for words in instruction.commands:
                if words[0] in ("mv", "cp") and any(PREFIX.search(w) for w in words[1:-1]):
                    text = "The prefix is moved after it was installed."
                    yield Finding("PX01", instruction.line, text, "Install where it is to be used.")


def _elsewhere(subject: Subject, origin: Stage, source: str, target: str) -> tuple[str, str] | None:
    """Where the prefixes below what is copied stood, and where they come to stand; None where that is the same.

    A folder's content is copied into the target.
    """
    if "$" in source + target:
        return None
    own = PREFIX.search(source)
    places = [posixpath.join(folder, ".pixi/envs") for folder in subject.workspaces(origin)]
    for place in [source] if own else [p for p in places if (p + "/").startswith(source.rstrip("/") + "/")]:
        new = posixpath.normpath(posixpath.join(target, posixpath.relpath(place, source)))
        if new != posixpath.normpath(place):
            return posixpath.normpath(place), new
    return None


@rule(
    "PX05",
    "PATH of the final image",
    "`pixi shell-hook` writes the PATH of the stage in which it runs, literally: in another stage it drops that "
    "image's own PATH and brings /root/.pixi/bin along.",
)
def _path(subject: Subject) -> Iterable[Finding]:
    if len(subject.file.stages) < 2:
        return
    for stage, instruction, _ in subject.pixi("shell-hook"):
        if stage in subject.final_chain:
            continue
        if ">" in instruction.text and not re.search(r"(sed|grep|awk)\b.*PATH", instruction.text, re.DOTALL):
            text = "The hook holds this stage's PATH, literally, and is used in another."
            yield Finding(
                "PX05", instruction.line, text, 'Replace its PATH line by `export PATH="<prefix>/bin:$PATH"`.'
            )


@rule(
    "PX06",
    "an entry point that becomes the command",
    'Without `exec "$@"` the shell stays process 1 and signals do not arrive; package scripts use unset variables, so '
    "`set -u` before them ends the shell; the hook is for bash, which distroless images lack.",
)
def _entry(subject: Subject) -> Iterable[Finding]:
    found = [i for s in subject.final_chain for i in s.all("ENTRYPOINT")]
    last = found[-1] if found else None
    texts = [i.text for _, i in subject.instructions() if i.word == "RUN"]
    hook = any(_HOOK.search(t) or "activate.d" in t for t in texts)
    if last is not None and last.array is None:
        text = "A shell form of ENTRYPOINT drops the command and does not hand on signals."
        yield Finding("PX06", last.line, text, 'Use the JSON form: ENTRYPOINT ["/entrypoint.sh"].')
    made = {posixpath.basename(w) for t in texts for w in re.findall(r">>?\s*([^\s;&|)]+)", t)}
    is_made = last is not None and any(posixpath.basename(word) in made for word in last.array or ())
    if hook and last is not None and is_made and not any(re.search(r'exec\s+\\?"\$@\\?"', t) for t in texts):
        text = 'The entry point is made from the hook and does not end with `exec "$@"`.'
        yield Finding("PX06", last.line, text, 'Write `exec "$@"` as its last line.')
    for _, instruction in subject.instructions():
        strict = re.search(r"(?:echo|printf)\b.*?set -[a-z]*u", instruction.text, re.DOTALL)
        if instruction.word == "RUN" and hook and strict and "activate.d" not in strict[0]:
            text = "`set -u` stands before the activation scripts, which use unset variables."
            yield Finding("PX06", instruction.line, text, "Set it after them.")
    if hook and re.search(r"distroless|^scratch$", subject.final_chain[-1].image):
        text = f"{subject.final_chain[-1].image} has no bash for the hook."
        yield Finding("PX06", subject.final.line, text, "Use ENV for PATH and CONDA_PREFIX, or a base that has bash.")


@rule(
    "PX07",
    "no pointers to what is not there",
    "PIXI_IN_SHELL, PIXI_PROJECT_MANIFEST and PIXI_EXE in an image make a Pixi that is added later take that manifest "
    "and that environment.",
)
def _pointers(subject: Subject) -> Iterable[Finding]:
    for stage in subject.final_chain:
        for instruction in stage.all("ENV"):
            for name in re.findall(r"\b(PIXI_IN_SHELL|PIXI_PROJECT_MANIFEST|PIXI_EXE)\b", instruction.text):
                yield Finding("PX07", instruction.line, f"{name} stays set in the image.", "Leave it out.")


@rule(
    "PX13",
    "a user who is not root",
    "A container whose user is root can write its own environment and, with a volume, the host's files. ubuntu:24.04 "
    "has a user 1000 already, so `useradd -u 1000` fails there.",
)
def _user(subject: Subject) -> Iterable[Finding]:
    users = [i for s in reversed(subject.final_chain) for i in s.all("USER")]
    last = users[-1] if users else None
    name = last.text.split(":")[0].strip("\"'") if last is not None else "root"
    if name in ("root", "0"):
        line = last.line if last is not None else subject.final.line
        yield Finding("PX13", line, "The container runs as root.", "End with `USER 1000:1000`, after making that user.")
    for stage in subject.file.stages:
        base = subject.file.lineage(stage)[-1].image
        if not re.search(r"ubuntu:(24\.04|noble|latest)|:\S*noble|pixi:latest", base):
            continue
        runs = stage.all("RUN")
        freed = any(re.search(r"userdel|usermod|deluser", i.text) for i in runs)
        for instruction in runs:
            made = re.search(
                r"useradd\b[^&;|]*(?:-u|--uid)[ =]?(?:1000\b|\"?\$\{?(?:NB_UID|UID|USER_ID))", instruction.text
            )
            if made and not freed:
                text = f"{base} has a user 1000 (`ubuntu`) already, so this fails."
                yield Finding("PX13", instruction.line, text, "First `userdel --remove ubuntu`.")


@rule(
    "PX14",
    "a platform that is locked",
    "`pixi install` for a machine type that the lock does not have solves anew or fails.",
)
def _platform(subject: Subject) -> Iterable[Finding]:
    names = {"linux/amd64": "linux-64", "linux/arm64": "linux-aarch64"}
    for stage, instruction, words, name in subject.environments() if subject.plan is not None else ():
        asked = names.get((stage.platform or "").removesuffix("/v8"))
        have = {t.subdir for t in subject.plan.of(name)} if subject.plan is not None else set()
        reason = subject.plan.left_out.get(name) if subject.plan is not None else None
        if asked and have and asked not in have:
            text = f"`pixi {' '.join(words)}` runs on {stage.platform}, and the lock has no {asked} for it."
            yield Finding("PX14", instruction.line, text, f'Add "{asked}" to `platforms` and lock again.')
        elif reason:
            text = f"The environment '{name}' cannot be installed: {reason}."
            yield Finding("PX14", instruction.line, text, 'Add "linux-64" to `platforms` and lock again.')
        elif not have and subject.plan is not None:
            locked = ", ".join(dict.fromkeys([*(t.environment for t in subject.plan.targets), *subject.plan.left_out]))
            text = f"The environment '{name}' cannot be installed: the lock does not have it."
            yield Finding("PX14", instruction.line, text, f"Locked are: {locked or 'none'}.")
