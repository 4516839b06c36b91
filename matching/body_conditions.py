"""Conditions on a person's body that a posting states: found, quoted, flagged, and never obeyed.

A condition that a task of the same posting explains (eyesight for driving) names that task. The patterns are in
`data/body_conditions.yaml`; showing them to a caseworker is left to others.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from matching.occupations import OccupationFamily
from matching.packaged import parsed

MAX_QUOTE = 40


class _Explanation(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    traits: Mapping[str, str] = {}
    words: Mapping[str, str] = {}


class _Kind(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    label: str
    is_body: bool
    clause: str = "第二十六条"
    triggers: tuple[str, ...] = Field(min_length=1)
    patterns: tuple[str, ...] = Field(min_length=1)
    unless: tuple[str, ...] = ()
    explained_by: _Explanation = _Explanation()


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    kinds: Mapping[str, _Kind]


@dataclass(frozen=True, slots=True)
class _Finder:
    kind: str
    triggers: tuple[str, ...]
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    explained_by: _Explanation


@dataclass(frozen=True, slots=True)
class BodyCondition:
    """One condition: its kind, the words of the posting, and the task that explains it, if any."""

    kind: str
    quote: str
    task: str | None

    @property
    def is_body(self) -> bool:
        """Whether it is about the body (with sex and age), not about marriage or household register."""
        return _file().kinds[self.kind].is_body

    @property
    def label(self) -> str:
        """The kind in Chinese."""
        return kind_label(self.kind)


@cache
def _file() -> _File:
    path = Path(__file__).parent / "data" / "body_conditions.yaml"
    return _File.model_validate(parsed(path.read_text(encoding="utf-8")))


def joined_clauses(found: Iterable[str]) -> str:
    """Return the clauses of 就业促进法 against hiring by these kinds of condition, in the order of the law."""
    clauses = {clause for kind in found for clause in _file().kinds[kind].clause.split("、")}
    return "、".join(sorted(clauses, key=_number_of))


def _number_of(clause: str) -> int:
    """Return 26 for 第二十六条."""
    tens, has_tens, ones = clause.strip("第条").rpartition("十")
    digits = "零一二三四五六七八九"
    return digits.index(ones or "零") + 10 * (digits.index(tens or "一") if has_tens else 0)


def kinds() -> tuple[str, ...]:
    """Return the kinds of condition, in the order of the data file."""
    return tuple(_file().kinds)


def kind_label(kind: str) -> str:
    """Return the Chinese label of a kind.

    Raises
    ------
    KeyError
        When there is no such kind.
    """
    return _file().kinds[kind].label


@cache
def _finders() -> tuple[_Finder, ...]:
    return tuple(
        _Finder(
            kind=name,
            triggers=kind.triggers,
            pattern=re.compile("|".join(f"(?:{p})" for p in kind.patterns), re.MULTILINE),
            unless=re.compile("|".join(f"(?:{p})" for p in kind.unless)) if kind.unless else None,
            explained_by=kind.explained_by,
        )
        for name, kind in _file().kinds.items()
    )


def _spans(finder: _Finder, text: str) -> Iterator[str]:
    excused = [m.span() for m in finder.unless.finditer(text)] if finder.unless else []
    for found in finder.pattern.finditer(text):
        start, end = found.span()
        if any(start < excuse_end and excuse_start < end for excuse_start, excuse_end in excused):
            continue
        yield found.group().strip(" \t\r\n，,、；;：:。.（(")[:MAX_QUOTE]


def _task(explained_by: _Explanation, text: str, family: OccupationFamily | None) -> str | None:
    for trait, task in explained_by.traits.items():
        if family is not None and trait in family.traits:
            return task
    for word, task in explained_by.words.items():
        if word in text:
            return task
    return None


def find_body_conditions(text: str, *, family: OccupationFamily | None) -> tuple[BodyCondition, ...]:
    """Return the conditions in a text, by kind, each different quote once; none for a text without any.

    `family` is the occupation of the same posting; its traits may explain a condition (driving explains eyesight).
    """
    found: list[BodyCondition] = []
    for finder in _finders():
        if not any(trigger in text for trigger in finder.triggers):
            continue
        quotes = dict.fromkeys(_spans(finder, text))
        task = _task(finder.explained_by, text, family) if quotes else None
        found.extend(BodyCondition(finder.kind, quote, task) for quote in quotes)
    return tuple(found)
