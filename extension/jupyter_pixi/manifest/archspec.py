"""CPU microarchitectures: their names, which of them runs the code of which, and the virtual package of one.

The names and what each is built on are those of archspec 0.2.7's database.
"""

from __future__ import annotations

from functools import cache

from .model import VirtualPackage

_DATABASE = """
    x86 i686<x86 pentium2<i686 pentium3<pentium2 pentium4<pentium3 prescott<pentium4 x86_64 x86_64_v2<x86_64
    x86_64_v3<x86_64_v2 x86_64_v4<x86_64_v3 nocona<x86_64 core2<nocona nehalem<core2+x86_64_v2 westmere<nehalem
    sandybridge<westmere ivybridge<sandybridge haswell<ivybridge+x86_64_v3 broadwell<haswell skylake<broadwell
    mic_knl<broadwell skylake_avx512<skylake+x86_64_v4 cannonlake<skylake+x86_64_v4 cascadelake<skylake_avx512
    icelake<cascadelake+cannonlake sapphirerapids<icelake alderlake<skylake arrowlake<alderlake
    arrowlake_s<arrowlake k10<x86_64 bulldozer<x86_64_v2 piledriver<bulldozer steamroller<piledriver
    excavator<steamroller+x86_64_v3 zen<x86_64_v3 zen2<zen zen3<zen2 zen4<zen3+x86_64_v4 zen5<zen4 zen6<zen5 ppc64
    power7<ppc64 power8<power7 power9<power8 power10<power9 ppc64le power8le<ppc64le power9le<power8le
    power10le<power9le aarch64 armv8.1a<aarch64 armv8.2a<armv8.1a armv8.3a<armv8.2a armv8.4a<armv8.3a
    armv8.5a<armv8.4a armv8.6a<armv8.5a armv9.0a<armv8.5a armv9.2a<armv9.0a+armv8.6a thunderx2<armv8.1a
    a64fx<armv8.2a cortex_a72<aarch64 neoverse_n1<cortex_a72+armv8.2a neoverse_v1<neoverse_n1+armv8.4a
    neoverse_v2<neoverse_n1+armv9.0a neoverse_n2<neoverse_n1+armv9.0a ampere1<neoverse_n1+armv8.6a ampere1a<ampere1
    neoverse_v3ae<neoverse_v2+armv9.2a olympus<armv9.2a m1<armv8.4a m2<m1+armv8.5a m3<m2+armv8.6a m4<m3+armv8.6a arm
    ppc ppcle sparc sparc64 riscv64 u74mc<riscv64 x60<riscv64 s390x riscv32
"""
_PARENTS = {
    name: tuple(parents.split("+")) if parents else ()
    for name, _, parents in (entry.partition("<") for entry in _DATABASE.split())
}

MICROARCHITECTURES = frozenset(_PARENTS)
"""The names that `archspec = "…"` of a platform may have."""


@cache
def lineage(name: str) -> frozenset[str]:
    """A microarchitecture and all whose code it runs; of an unknown name, the name alone."""
    return frozenset((name,)).union(*map(lineage, _PARENTS.get(name, ())))


def problem_of(name: str) -> str | None:
    """What is wrong with a name for `archspec`, as a sentence with the nearest name; None for a right one."""
    if name == "0" or name in MICROARCHITECTURES:
        return None
    from difflib import get_close_matches

    near = get_close_matches(name, sorted(MICROARCHITECTURES), n=1)
    return f"'{name}' is not a known microarchitecture" + (f", did you mean '{near[0]}'?" if near else "")


def as_detected(package: VirtualPackage) -> VirtualPackage:
    """A declared virtual package as a machine would report it: `__archspec` has version 1 where it names something.

    This is the form that solvers and match specs of packages deal with; manifest and lock file write version 0.
    """
    if package.name == "__archspec" and package.build not in (None, "0"):
        return VirtualPackage(package.name, "1", package.build)
    return package
