"""The rules about running: the prefix's place, the activation, the user."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from .lint import PREFIX, Finding, Subject, copies, rule

_HOOK = re.compile(r"\bpixi\s+shell-hook\b")


@rule(
    "PX01",
    "one path for the prefix",
    "The prefix's path is written into scripts, libraries, kernels and the hook: at another path they do not start.",
)
def moved(subject: Subject) -> Iterable[Finding]:
    for stage in subject.file.stages:
        for instruction, words, target in copies(stage):
            origin = subject.file.stage(instruction.flag("from") or "")
            for word in words if origin is not None else ():
                match = PREFIX.search(word)
                if match is None or origin is None:
                    continue
                source = posixpath.normpath(posixpath.join("/", word))
                if posixpath.normpath(target) != source:
                    text = f"The prefix stood at {source} where it was installed, and is copied to {target}."
                    yield Finding("PX01", instruction.line, text, f"Copy it to {source}.")
        for instruction in stage.all("RUN"):
            for words in instruction.commands:
                if words[0] in ("mv", "cp") and any(PREFIX.search(w) for w in words[1:-1]):
                    text = "The prefix is moved after it was installed."
                    yield Finding("PX01", instruction.line, text, "Install where it is to be used.")


@rule(
    "PX05",
    "PATH of the final image",
    "`pixi shell-hook` writes the PATH of the stage in which it runs, literally: in another stage it drops that "
    "image's own PATH and brings /root/.pixi/bin along.",
)
def path(subject: Subject) -> Iterable[Finding]:
    if len(subject.file.stages) < 2:
        return
    for _, instruction, _ in subject.pixi("shell-hook"):
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
def entry(subject: Subject) -> Iterable[Finding]:
    found = [i for s in subject.final_chain for i in s.all("ENTRYPOINT")]
    last = found[-1] if found else None
    texts = [i.text for _, i in subject.instructions() if i.word == "RUN"]
    hook = any(_HOOK.search(t) or "activate.d" in t for t in texts)
    if last is not None and last.array is None:
        text = "A shell form of ENTRYPOINT drops the command and does not hand on signals."
        yield Finding("PX06", last.line, text, 'Use the JSON form: ENTRYPOINT ["/entrypoint.sh"].')
    if hook and last is not None and not any(re.search(r'exec\s+\\?"\$@\\?"', t) for t in texts):
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
def pointers(subject: Subject) -> Iterable[Finding]:
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
def user(subject: Subject) -> Iterable[Finding]:
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
def platform(subject: Subject) -> Iterable[Finding]:
    names = {"linux/amd64": "linux-64", "linux/arm64": "linux-aarch64"}
    if subject.plan is None:
        return
    targets = subject.targets()
    have = {t.subdir for t in targets}
    for stage, instruction, words in subject.pixi("install"):
        asked = names.get((stage.platform or "").removesuffix("/v8"))
        if asked and asked not in have:
            text = f"`pixi {' '.join(words)}` runs on {stage.platform}, and the lock has no {asked} for it."
            yield Finding("PX14", instruction.line, text, f'Add "{asked}" to `platforms` and lock again.')
        elif not have:
            text = "The lock has no Linux platform for the environment that is installed here."
            yield Finding("PX14", instruction.line, text, 'Add "linux-64" to `platforms` and lock again.')
