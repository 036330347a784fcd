"""The rules about base images: that they exist, fit the lock, and that CUDA is there to be asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from . import images
from .lint_rules import Finding, Subject, rule
from .plan import numbers


@rule(
    "PX15",
    "a tag that was published",
    "Pixi's image is published as `<X.Y.Z>-<base>`, and with CUDA as `<X.Y.Z>-<codename>-cuda-<version>` for few "
    "versions, which change from release to release. A tag without a release moves.",
)
def _tags(subject: Subject) -> Iterable[Finding]:
    for stage in subject.file.stages:
        image, _, tag = stage.image.partition("@")[0].partition(":")
        if not image.endswith("prefix-dev/pixi"):
            continue
        match = re.fullmatch(r"(\d+\.\d+\.\d+)(?:-(.+))?", tag)
        if match is None:
            text = f"{stage.image} is not pinned to a release of Pixi."
            yield Finding("PX15", stage.line, text, "Use a full version, such as 0.77.0-noble.")
            continue
        release, base = match[1], match[2] or ""
        if re.match(r"cuda-", base):
            text = f"The tag {tag} does not exist: the codename comes first."
            yield Finding("PX15", stage.line, text, f"{release}-{base.split('-')[-1]}-{base.rsplit('-', 1)[0]}")
        elif "-cuda-" in base:
            name, _, version = base.partition("-cuda-")
            known = images.cuda_variants(release)
            if name not in known.get(version, ()):
                have = ", ".join(f"{n}-cuda-{v}" for v, names in known.items() for n in names) or "none that is known"
                text = f"Pixi {release} is not known to be published as {base}."
                yield Finding("PX15", stage.line, text, f"Known: {have}.")
        if subject.plan and subject.plan.lock_version >= 7 and numbers(release) < numbers(images.FIRST_WITH_LOCK_7):
            text = f"Pixi {release} cannot read a lock file of version 7."
            yield Finding("PX15", stage.line, text, f"Use {images.FIRST_WITH_LOCK_7} or newer.")

    for _, instruction in subject.instructions():
        if (
            instruction.word == "RUN"
            and "pixi.sh/install" in instruction.text
            and "PIXI_VERSION" not in instruction.text
        ):
            yield Finding("PX15", instruction.line, "This fetches the newest Pixi.", "Set PIXI_VERSION to a release.")


@rule(
    "PX16",
    "a C library that is new enough",
    "conda packages need glibc of the version that the lock says, and never run on musl (Alpine).",
)
def _glibc(subject: Subject) -> Iterable[Finding]:
    needs = max((t.glibc for t in subject.targets() if t.glibc), key=numbers, default="2.17")
    image = subject.final_chain[-1].image
    has = images.glibc_of(image)
    if images.is_musl(image):
        text = f"{image} is made with musl, and conda packages need glibc."
        yield Finding("PX16", subject.final_chain[-1].line, text, "Use a Debian or Ubuntu image.")
    elif has is not None and numbers(has) < numbers(needs):
        text = f"{image} has glibc {has}, and the locked packages need {needs}."
        yield Finding("PX16", subject.final_chain[-1].line, text, "Use a newer base, such as ubuntu:24.04.")


@rule(
    "PX17",
    "CUDA in a build",
    "A build has no GPU, so `__cuda` is absent and Pixi refuses environments that need it, unless CONDA_OVERRIDE_CUDA "
    "says what to assume. Without NVIDIA_VISIBLE_DEVICES a container gets no GPU.",
)
def _cuda(subject: Subject) -> Iterable[Finding]:
    rows = subject.targets()
    if not rows or any(t.cuda is None for t in rows):
        return
    for stage, instruction, _ in subject.pixi("install"):
        before = [
            i
            for s in subject.file.lineage(stage)
            for i in s.instructions
            if s is not stage or i.line <= instruction.line
        ]
        if not any("CONDA_OVERRIDE_CUDA" in i.text for i in before):
            text = f"{rows[0].environment} needs CUDA, which a build does not have."
            yield Finding("PX17", instruction.line, text, f"Set ENV CONDA_OVERRIDE_CUDA={rows[0].cuda} before.")
    texts = [i.text for s in subject.final_chain for i in s.all("ENV")]
    if "nvidia/cuda" not in subject.final_chain[-1].image and not any("NVIDIA_VISIBLE_DEVICES" in t for t in texts):
        text = "The final stage does not ask for GPUs."
        yield Finding("PX17", subject.final.line, text, "Set NVIDIA_VISIBLE_DEVICES=all there.")
