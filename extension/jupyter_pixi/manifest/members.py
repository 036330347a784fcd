"""Turns an array or inline table into the same with a member added or taken out, in the layout that it has.

Layout follows Pixi's editor, so that both tools leave the same text: several lines stay several lines with the same
indentation and a last comma, one line stays one line. A comment behind a member lives and dies with it; comments on
lines of their own stay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .layout import Value

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")


@dataclass(frozen=True)
class Members:
    """The text between two brackets in pieces. `before` and `behind` are blanks and comments around each member's text.

    What stands behind the last comma, or in an array without members, is `rest`.
    """

    brackets: str
    before: tuple[str, ...]
    texts: tuple[str, ...]
    behind: tuple[str, ...]
    rest: str
    last_comma: bool

    @property
    def text(self) -> str:
        """The whole again, brackets included."""
        out = [self.brackets[0]]
        for index, member in enumerate(zip(self.before, self.texts, self.behind, strict=True)):
            out += [*member, "," if self.last_comma or index + 1 < len(self.texts) else ""]
        return "".join([*out, self.rest, self.brackets[1]])

    @property
    def indent(self) -> str | None:
        """What stands before a member that has a line of its own; None if all is on one line."""
        for lead in self.before:
            if "\n" in lead:
                return lead.rpartition("\n")[2]
        return "    " if any("\n" in text for text in (self.rest, *self.behind)) else None


def members(text: str, value: Value) -> Members:
    """The pieces of an array or inline table of a valid TOML text. Line ends are `\\n` in them."""
    spans = [(m.start, m.end) for m in value.items] or [(e.start, e.value.end) for e in value.entries]
    at, before, behind, comma = value.start + 1, [], [], False
    for start, end in spans:
        before.append(text[at:start])
        gap = _BLANK.match(text, end)
        at = gap.end() if gap is not None else end
        behind.append(text[end:at])
        comma = text[at] == ","
        at += comma
    return Members(
        text[value.start] + text[value.end - 1],
        tuple(lead.replace("\r\n", "\n") for lead in before),
        tuple(text[start:end] for start, end in spans),
        tuple(tail.replace("\r\n", "\n") for tail in behind),
        text[at : value.end - 1].replace("\r\n", "\n"),
        comma,
    )


def added(old: Members, text: str, *, first: bool = False) -> Members:
    """With a member at the end, or as the first one."""
    if first and old.texts:
        return _added_first(old, text)
    if old.indent is not None:
        return _added_line(old, text)
    behind = old.behind
    if old.brackets == "{}":
        behind = (*behind[:-1], "") if behind else ()
        lead, tail = " ", " "
    else:
        lead, tail = " " if old.texts else "", ""
    return replace(old, before=(*old.before, lead), texts=(*old.texts, text), behind=(*behind, tail))


def _added_first(old: Members, text: str) -> Members:
    lead = old.before[0]
    if old.indent is None:
        mine, pushed = lead, lead or " "
    else:
        opening, line_break, rest = lead.partition("\n")
        mine, pushed = f"{opening}\n{old.indent}", line_break + rest or " "
    before = (mine, pushed, *old.before[1:])
    return replace(old, before=before, texts=(text, *old.texts), behind=("", *old.behind))


def _added_line(old: Members, text: str) -> Members:
    """On a line of its own below all others; comments that stood there stay above it."""
    tail = (old.behind[-1] if old.behind else "") + old.rest
    same_line, _, below = tail.partition("\n")
    own_lines, _, closing = f"\n{below}".rpartition("\n")
    comment = f" {same_line.strip()}" if same_line.strip() else ""
    lead = f"{comment}{own_lines if own_lines.strip() else ''}\n{old.indent}"
    behind = (*old.behind[:-1], "", "") if old.behind else ("",)
    return replace(
        old,
        before=(*old.before, lead),
        texts=(*old.texts, text),
        behind=behind,
        rest=f"\n{closing}",
        last_comma=True,
    )


def without(old: Members, index: int) -> Members:
    """Without one member, the comma and the line that were its own, and the comment on that line."""
    last = index + 1 == len(old.texts)
    kept = _own_lines(old.before[index]) + _own_lines(_below_first_line(old.behind[index]))
    following = _below_first_line(old.rest if last else old.before[index + 1])
    if kept and not following.startswith("\n"):
        following = "\n" if last else "\n" + old.before[index].rpartition("\n")[2]
    following = kept + following
    before, texts, behind = (list(pieces) for pieces in (old.before, old.texts, old.behind))
    del before[index], texts[index], behind[index]
    rest = following if last else old.rest
    if not last:
        before[index] = following
    if not texts:
        return replace(old, before=(), texts=(), behind=(), rest=rest if rest.strip() else "", last_comma=False)
    if last and old.indent is not None and "\n" not in rest + behind[-1]:
        rest += "\n"
    return replace(old, before=tuple(before), texts=tuple(texts), behind=tuple(behind), rest=rest)


def _own_lines(lead: str) -> str:
    """What stands above a member's own line, if there is a comment in it."""
    above = lead.rpartition("\n")[0]
    return above if above.strip() else ""


def _below_first_line(gap: str) -> str:
    """A gap without the comment on its first line, which belongs to what stands before the gap."""
    same_line, line_break, below = gap.partition("\n")
    return line_break + below if same_line.strip() else gap
