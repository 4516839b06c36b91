"""What one vacancy asks, read from its title and text: derived demands with their evidence, and body conditions.

Everything here is derived (推定), never stated: it may lower the order and ask a question, it must not exclude anybody.
Defaults come from `matching.occupations`, cues from `data/demand_cues.yaml`; weighing them against a person is left to
`matching.fit`.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from matching.body_conditions import BodyCondition, find_body_conditions
from matching.entities import Vacancy
from matching.occupations import MAX_LEVEL, OccupationFamily, classify
from matching.packaged import parsed
from matching.vocabulary import Function, WorkMode

Basis = Literal["text", "occupation"]

MAX_EVIDENCE = 3
MAX_QUOTE = 24
_CLAUSE_END = re.compile(r"[，,。；;！!？?\n\t]")
_METHOD = b"3"  # raised when the code, and not only a data file, reads differently
_DATA_FILES = ("occupations.yaml", "demand_cues.yaml", "body_conditions.yaml")
_WEIGHT = re.compile(
    r"(?:搬|扛|提|抬|举|负重|重物|承重|承受|端|重量|单件|每[件箱袋包]|一[件箱袋包])[^，,。；;\n\d]{0,8}(\d{1,3}(?:\.\d)?)\s*(?:[-—~～至到]\s*(\d{1,3}(?:\.\d)?)\s*)?"
    r"(公斤|千克|kg|KG|Kg|斤)"
)
_WEIGHT_UNITS = ("斤", "千克", "kg", "KG", "Kg")
_LIFTING_VERBS = ("搬", "扛", "抬", "举", "负重", "装卸", "卸货", "装货", "提")
# A post's own heading: a Chinese numeral before a short line, or any number before a short name with a count (3名).
_POST_HEADING = re.compile(
    r"^[ \t]*(?:[一二三四五六七八九十]{1,2}[、.．,，][ \t]*(?:招聘?|诚聘)?"
    r"(?P<post>[^\n，,。；;：:（(\d]{2,10})[ \t]*(?=$|[：:（(\d])"
    r"|\d{1,2}[、.．][ \t]*(?P<counted>[^\n，,。；;：:（(\d]{2,10})[：:（( \t]*\d{1,3}[名人])",
    re.MULTILINE,
)
_SENSES = {"eyesight": Function.SEEING, "hearing": Function.HEARING, "speech": Function.SPEAKING}
_EXPLAINED_LEVEL = 3


class _Sections(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    company: tuple[str, ...]
    benefits: tuple[str, ...]
    job: tuple[str, ...]


class _Cue(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    words: tuple[str, ...] = Field(min_length=1)
    pattern: str | None = None
    unless: str | None = None
    at_least: Mapping[Function, int] = {}
    at_most: Mapping[Function, int] = {}
    negated: Mapping[Function, int] = {}


class _Weight(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    up_to_kg: float | None
    level: int = Field(ge=0, le=MAX_LEVEL)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    sections: _Sections
    company: str
    negation: str
    preference: str
    cues: Mapping[str, _Cue]
    weights: tuple[_Weight, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class DerivedDemand:
    """A demand that nobody stated: its level, whether the text or only the occupation says so, and the words for it."""

    level: int
    basis: Basis
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VacancyReading:
    """What was read from one vacancy; functions that neither text nor occupation speak of are absent (unknown)."""

    family_id: str | None
    demands: Mapping[Function, DerivedDemand]
    body_conditions: tuple[BodyCondition, ...]
    traits: frozenset[str]


@dataclass(frozen=True, slots=True)
class _CueFinder:
    cue: _Cue
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None


@dataclass(slots=True)
class _Bounds:
    """The least and the most that the text asks of each function, each with the words that say so."""

    at_least: dict[Function, tuple[int, list[str]]] = field(default_factory=dict)
    at_most: dict[Function, tuple[int, list[str]]] = field(default_factory=dict)

    def raise_to(self, levels: Mapping[Function, int], quote: str) -> None:
        """Note that the quoted words ask for these levels or more."""
        for function, level in levels.items():
            known, quotes = self.at_least.get(function, (level, []))
            self.at_least[function] = (max(known, level), _with(quotes, quote))

    def lower_to(self, levels: Mapping[Function, int], quote: str) -> None:
        """Note that by the quoted words these levels are enough."""
        for function, level in levels.items():
            known, quotes = self.at_most.get(function, (level, []))
            self.at_most[function] = (min(known, level), _with(quotes, quote))


def _with(quotes: list[str], quote: str) -> list[str]:
    return quotes if quote in quotes or len(quotes) >= MAX_EVIDENCE else [*quotes, quote]


def _data_folder() -> Path:
    return Path(__file__).parent / "data"


@cache
def _file() -> _File:
    return _File.model_validate(parsed((_data_folder() / "demand_cues.yaml").read_text(encoding="utf-8")))


def _version() -> str:
    digest = hashlib.sha256(_METHOD)
    for name in _DATA_FILES:
        digest.update((_data_folder() / name).read_bytes())
    return digest.hexdigest()[:12]


READING_VERSION: str = _version()
"""Changes whenever a data file that readings are made from changes, or the way of reading (`_METHOD`)."""


@cache
def _finders() -> tuple[_CueFinder, ...]:
    return tuple(
        _CueFinder(
            cue=cue,
            pattern=re.compile(cue.pattern or "|".join(map(re.escape, cue.words))),
            unless=re.compile(cue.unless) if cue.unless else None,
        )
        for cue in _file().cues.values()
    )


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    data = _file()
    headings = {
        "company": data.sections.company,
        "benefits": data.sections.benefits,
        "job": data.sections.job,
    }
    groups = "|".join(
        f"(?P<{kind}>{'|'.join(sorted(map(re.escape, words), key=len, reverse=True))})"
        for kind, words in headings.items()
    )
    # A heading opens a line or a bracket, or is followed by a colon; else 福利 and 要求 are ordinary words.
    heading = re.compile(rf"(?:(?<=\n)|(?<=^)|(?<=[【\[（(<《◆●■、.。；;\s]))(?:{groups})\s*(?:[】\])）>》]|[：:]|\n)")
    return heading, re.compile(data.company), re.compile(data.negation), re.compile(data.preference)


def _job_text(description: str) -> str:
    """The description without the parts that present the company or its benefits; lengths are not kept."""
    heading, company, _, _ = _patterns()
    kept: list[str] = []
    start, is_job = 0, True
    for mark in heading.finditer(description):
        if is_job:
            kept.append(description[start : mark.start()])
        start, is_job = mark.end(), mark.lastgroup == "job"
    if is_job:
        kept.append(description[start:])
    return company.sub("，", "\n".join(kept))


def _own_post(text: str, family: OccupationFamily | None) -> str:
    """The text without the sections of other posts, where one posting announces several (一、厨师 … 二、电工 …)."""
    marks = list(_POST_HEADING.finditer(text)) if family is not None else []
    if not marks or family is None:
        return text
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    kept = [text[: marks[0].start()]]
    for mark, end in zip(marks, ends, strict=True):
        named = classify(mark["post"] or mark["counted"])
        if named is None or named.group == family.group:
            kept.append(text[mark.start() : end])
    return "\n".join(kept)


def _clause(text: str, start: int, end: int) -> str:
    """The words to quote: the whole clause where it is short, else what was matched."""
    before = max((m.end() for m in _CLAUSE_END.finditer(text, max(0, start - MAX_QUOTE), start)), default=-1)
    after = _CLAUSE_END.search(text, end, end + MAX_QUOTE)
    if before >= 0 and after and after.start() - before <= MAX_QUOTE:
        return text[before : after.start()].strip()
    return text[start:end].strip()[:MAX_QUOTE]


def _hits(finder: _CueFinder, text: str) -> Iterator[re.Match[str]]:
    excused = [m.span() for m in finder.unless.finditer(text)] if finder.unless else []
    _, _, _, preference = _patterns()
    for found in finder.pattern.finditer(text):
        start, end = found.span()
        if any(start < excuse_end and excuse_start < end for excuse_start, excuse_end in excused):
            continue
        if preference.match(text[end : end + 16]):
            continue
        yield found


def _read_cues(text: str, bounds: _Bounds) -> None:
    _, _, negation, _ = _patterns()
    for finder in _finders():
        if not any(word in text for word in finder.cue.words):
            continue
        for found in _hits(finder, text):
            quote = _clause(text, found.start(), found.end())
            if negation.search(text[max(0, found.start() - 8) : found.start()]):
                bounds.lower_to(finder.cue.negated, quote)
                continue
            bounds.raise_to(finder.cue.at_least, quote)
            bounds.lower_to(finder.cue.at_most, quote)


def _weight_level(kilograms: float) -> int:
    weights = _file().weights
    return next((w.level for w in weights if w.up_to_kg is None or kilograms <= w.up_to_kg), weights[-1].level)


def _read_weights(text: str, bounds: _Bounds) -> None:
    if not any(unit in text for unit in _WEIGHT_UNITS) or not any(verb in text for verb in _LIFTING_VERBS):
        return
    for found in _WEIGHT.finditer(text):
        number = float(found[2] or found[1])
        kilograms = number / 2 if found[3] == "斤" else number
        bounds.raise_to({Function.LIFTING: _weight_level(kilograms)}, _clause(text, *found.span()))


def _combine(family: OccupationFamily | None, bounds: _Bounds) -> Mapping[Function, DerivedDemand]:
    found: dict[Function, DerivedDemand] = {}
    for function in Function:
        usual = family.demands[function] if family else None
        demand = _one_demand(usual, family, bounds.at_least.get(function), bounds.at_most.get(function))
        if demand is not None:
            found[function] = demand
    return MappingProxyType(found)


def _one_demand(
    usual: int | None,
    family: OccupationFamily | None,
    least: tuple[int, list[str]] | None,
    most: tuple[int, list[str]] | None,
) -> DerivedDemand | None:
    """The text decides where it asks for more, or for less, than the occupation usually does."""
    if least and (most or usual is None or least[0] >= usual):
        # Where the text contradicts itself the higher demand stands, and both places are shown.
        return DerivedDemand(least[0], "text", tuple(least[1] + (most[1] if most else []))[:MAX_EVIDENCE])
    if most and not least and (usual is None or usual > most[0]):
        return DerivedDemand(most[0], "text", tuple(most[1]))
    if usual is None or family is None:
        return None
    return DerivedDemand(usual, "occupation", (family.label,))


def _raise_for_explained(conditions: tuple[BodyCondition, ...], bounds: _Bounds) -> None:
    """Eyesight, hearing and speech conditions that a task explains say what the task asks; all others say nothing."""
    for condition in conditions:
        function = _SENSES.get(condition.kind)
        if function is not None and condition.task is not None:
            bounds.raise_to({function: _EXPLAINED_LEVEL}, condition.quote[:MAX_QUOTE])


def read_vacancy(vacancy: Vacancy) -> VacancyReading:
    """Read one vacancy: its family, the demands derived from text and occupation, and its body conditions.

    The title names the family; the occupation is asked where the title names none. Demands that the vacancy states are
    not looked at: what is stated goes before what is derived, and whoever compares them decides that.
    """
    family = classify(vacancy.title) or (classify(vacancy.occupation) if vacancy.occupation else None)
    description = vacancy.description or ""
    bounds = _Bounds()
    text = "\n".join((vacancy.title, _own_post(_job_text(description), family), "，".join(vacancy.skills)))
    _read_cues(text, bounds)
    _read_weights(text, bounds)
    if vacancy.work_mode is WorkMode.REMOTE:
        bounds.lower_to({Function.TRAVELLING_ALONE: 0, Function.SELF_CARE: 0}, f"工作方式：{WorkMode.REMOTE.label}")
    conditions = find_body_conditions(f"{vacancy.title}\n{description}", family=family)
    _raise_for_explained(conditions, bounds)
    return VacancyReading(
        family_id=family.family_id if family else None,
        demands=_combine(family, bounds),
        body_conditions=conditions,
        traits=family.traits if family else frozenset(),
    )


def to_payload(reading: VacancyReading) -> dict[str, Any]:
    """Return the reading as JSON values, in a fixed order."""
    return {
        "family_id": reading.family_id,
        "demands": {f.value: [d.level, d.basis, list(d.evidence)] for f, d in reading.demands.items()},
        "body_conditions": [[c.kind, c.quote, c.task] for c in reading.body_conditions],
        "traits": sorted(reading.traits),
    }


def from_payload(payload: Mapping[str, Any]) -> VacancyReading:
    """Return the reading that `to_payload` wrote.

    Raises
    ------
    KeyError, ValueError
        When the payload is not one of ours.
    """
    return VacancyReading(
        family_id=payload["family_id"],
        demands=MappingProxyType(
            {
                Function.parse(name): DerivedDemand(level, basis, tuple(evidence))
                for name, (level, basis, evidence) in payload["demands"].items()
            }
        ),
        body_conditions=tuple(BodyCondition(kind, quote, task) for kind, quote, task in payload["body_conditions"]),
        traits=frozenset(payload["traits"]),
    )
