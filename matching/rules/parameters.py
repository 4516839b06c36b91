"""Dated numbers of the law: one YAML file each; which value holds on a day in a place, and where it comes from.

Values are never extended past their end: a day without a version is `not_in_force`, and a number that nobody could
confirm is written as such (`value: null` with a reason). A county falls back to its prefecture, province and nation.
"""

from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, date, timedelta
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from matching.errors import RuleError
from matching.regions import prefecture, province
from matching.rules.values import NOTHING, Lack, Unknown, Value, missing, read_number
from matching.rules.yaml_files import Place, at_line, read_model
from matching.source import Source

NATION = "000000"
Status = Literal["confirmed", "known-high", "known-medium", "known-low", "unknown", "convention", "ended"]
_TEXT_UNITS = frozenset({"text", "month_day", "rating", "basis"})


class CitedSource(BaseModel):
    """Document, clause and a short quote or summary, with how sure it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    document: str
    clause: str
    quote: str = ""
    ref: str = ""
    status: Status

    @property
    def cited(self) -> Source:
        """Document and clause."""
        return Source(self.document, self.clause)


class Version(BaseModel):
    """One value with its first and last day (both inclusive), place and source; `value: null` needs a `reason`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    valid_from: date
    valid_to: date | None = None
    region: str = Field(pattern=r"\d{6}")
    value: Any
    reason: Literal["unconfirmed", "expired", "not_seen"] | None = None
    review_after: date | None = None
    source: CitedSource

    def holds_on(self, day: date) -> bool:
        """True on the days on which this value is in force."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    @property
    def cited(self) -> Source:
        """Document and clause."""
        return self.source.cited


_MOST_ASKED = 4096


class Parameter(BaseModel):
    """A number or table of a rule over time and place."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    title: str
    unit: str
    note: str = ""
    versions: tuple[Version, ...] = Field(min_length=1)

    @cached_property
    def regions(self) -> frozenset[str]:
        """The places that have a timeline of their own."""
        return frozenset(version.region for version in self.versions)

    @property
    def varies_by_place(self) -> bool:
        """True where a prefecture or county has values of its own."""
        return any(not region.endswith("0000") for region in self.regions)

    def chain(self, region: str | None) -> tuple[str, ...]:
        """Return the places looked at, nearest first; no place means the province of this project's rules."""
        near = () if region is None else (region, prefecture(region), province(region))
        kept = [
            place for place in dict.fromkeys((*near, *(() if near else ("620000",)), NATION)) if place in self.regions
        ]
        return tuple(kept)

    @cached_property
    def _asked(self) -> dict[tuple[date, str | None], Version | None]:
        """What was found for days and places asked before."""
        return {}

    def on(self, day: date, region: str | None = None) -> Version | None:
        """Return the version in force on a day, the nearest place first."""
        asked, key = self._asked, (day, region)
        if key in asked:
            return asked[key]
        if len(asked) >= _MOST_ASKED:
            asked.clear()
        found = asked[key] = self._found_on(day, region)
        return found

    def _found_on(self, day: date, region: str | None) -> Version | None:
        for place in self.chain(region):
            for version in self.versions:
                if version.region == place and version.holds_on(day):
                    return version
        return None

    def in_year(self, year: int, region: str | None = None) -> Version | None:
        """Return the version in force at mid-year, else the last one that touches the year.

        Some rules ask for a year only; a value that held for most of it answers for it (convention).
        """
        if not MINYEAR <= year < MAXYEAR:
            return None
        middle = self.on(date(year, 7, 1), region)
        if middle is not None and middle.value is not None:
            return middle
        for place in self.chain(region):
            touching = [
                version
                for version in self.versions
                if version.region == place
                and version.value is not None
                and version.valid_from <= date(year, 12, 31)
                and (version.valid_to is None or version.valid_to >= date(year, 1, 1))
            ]
            if touching:
                return touching[-1]
        return middle

    def read(self, version: Version | None) -> "Value | Mapping[str, Any]":
        """Return a version's value as the rules calculate with it."""
        key = None if version is None else id(version)  # versions live as long as this parameter
        if key not in self._values:
            self._values[key] = _read(self, version)
        return self._values[key]

    @cached_property
    def _values(self) -> "dict[int | None, Value | Mapping[str, Any]]":
        return {}


@lru_cache(maxsize=4096)
def _number_or_word(unit: str, raw: str) -> Fraction | str | Unknown:
    if raw == "none":  # the text sets no such number, as for a cap before there was one
        return NOTHING
    if unit in _TEXT_UNITS:
        return raw
    try:
        return read_number(raw)
    except ValueError:
        return raw


def _scalar(parameter: Parameter, raw: Any) -> Any:
    if isinstance(raw, bool | date):
        return raw
    if isinstance(raw, Mapping):
        return {str(key): _scalar(parameter, item) for key, item in raw.items()}
    if isinstance(raw, list | tuple):
        return tuple(str(item) for item in raw)
    if parameter.unit in ("date", "month"):
        return date.fromisoformat(str(raw) if parameter.unit == "date" else f"{raw}-01")
    return _number_or_word(parameter.unit, str(raw))


def _read(parameter: Parameter, version: Version | None) -> Value | Mapping[str, Any]:
    if version is None:
        return missing(parameter.id, Lack.NOT_IN_FORCE)
    if version.value is None:
        return missing(parameter.id, Lack(version.reason or "unconfirmed"))
    value: Value | Mapping[str, Any] = _scalar(parameter, version.value)
    return value


def check_versions(path: Path, lines: dict[Place, int], parameter: Parameter) -> None:
    """Refuse versions of one place that overlap, run backwards or leave out a day.

    Raises
    ------
    RuleError
        With file, line and mend.
    """
    last: dict[str, tuple[int, Version]] = {}
    for number, version in enumerate(parameter.versions):
        place = ("versions", number, "valid_from")
        if version.valid_to is not None and version.valid_to < version.valid_from:
            raise at_line(path, lines, ("versions", number, "valid_to"), "结束日早于开始日，请改正其一")
        if version.value is None and version.reason is None:
            told = "没有数值的版本要写 reason（unconfirmed、expired 或 not_seen）"
            raise at_line(path, lines, ("versions", number, "value"), told)
        if version.value is not None and version.reason is not None:
            raise at_line(path, lines, ("versions", number, "reason"), "有数值的版本不写 reason，请删去")
        if version.region in last:
            check_follows(path, lines, place, last[version.region][1], version)
        last[version.region] = (number, version)


def check_follows(path: Path, lines: dict[Place, int], place: Place, previous: Any, version: Any) -> None:
    """Refuse a version that does not start on the day after the one before it."""
    if previous.valid_to is None or previous.valid_to >= version.valid_from:
        eve = version.valid_from - timedelta(days=1)
        told = f"与自 {previous.valid_from} 起的版本重叠，请先把那一版本的 valid_to 写为 {eve}"
        raise at_line(path, lines, place, told)
    if previous.valid_to + timedelta(days=1) != version.valid_from:
        told = (
            f"{previous.valid_to + timedelta(days=1)} 至 {version.valid_from - timedelta(days=1)} 没有版本，"
            "请补上这一段，未见到数值时写 value: null 和 reason"
        )
        raise at_line(path, lines, place, told)


def load_parameters(folder: Path) -> dict[str, Parameter]:
    """Read every parameter file under a folder.

    Raises
    ------
    RuleError
        For a file that is no parameter, an id used twice, or versions that overlap or leave out a day.
    """
    found: dict[str, Parameter] = {}
    for path in sorted(folder.rglob("*.yaml")):
        parameter, lines = read_model(path, Parameter)
        if parameter.id in found:
            raise at_line(path, lines, ("id",), f"编号 {parameter.id} 已在另一文件中，请改用别的编号")
        check_versions(path, lines, parameter)
        found[parameter.id] = parameter
    if not found:
        raise RuleError(f"{folder.name}：没有参数文件")
    return found
