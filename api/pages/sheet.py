"""A sheet to print: headings, lines, lists and tables, made once and shown as a page or written as a PDF."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["heading", "line", "note", "list", "facts", "signature"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a sheet; `rows` are the entries of a list, or pairs of label and value."""

    kind: Kind
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass
class Sheet:
    """A sheet: its title, what stands in it, and whether it is in large print."""

    title: str
    is_large: bool = False
    parts: list[Part] = field(default_factory=list)

    def heading(self, text: str) -> None:
        """Add a heading."""
        self.parts.append(Part("heading", text))

    def line(self, text: str) -> None:
        """Add a line of text."""
        self.parts.append(Part("line", text))

    def note(self, text: str) -> None:
        """Add what stands in small print."""
        self.parts.append(Part("note", text))

    def list(self, entries: Sequence[str]) -> None:
        """Add a list, where there is anything in it."""
        if entries:
            self.parts.append(Part("list", rows=tuple((entry,) for entry in entries)))

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Add labels with their values."""
        if pairs:
            self.parts.append(Part("facts", rows=tuple(pairs)))

    def signature(self, text: str) -> None:
        """Add a line to sign on."""
        self.parts.append(Part("signature", text))
