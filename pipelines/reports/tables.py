"""The reports: fixed tables of counts by place, exact for staff over their own scope, safe for everybody else.

A report is a population (people, or what happened to them), a question with fixed words, and rows by province,
prefecture and county. Analysts get all reports out of one suppression, so that no two of them can be subtracted, on
month's ends, and without those who do not want to be counted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from matching.assistance import AssistanceLevel
from matching.regions import GANSU, divisions, prefecture, region_name
from matching.rules.person import age_in_months
from matching.vocabulary import DisabilityCategory, Education, PlacementForm, ServiceKind
from pipelines.access.roles import Purpose, Subject, program_subject
from pipelines.consent.effects import learning_refused
from pipelines.consent.errors import NoSuchReport
from pipelines.reports.bands import AGE_BANDS, EDUCATION_BANDS, age_band, education_band
from pipelines.reports.generalise import K
from pipelines.reports.suppress import Line, rounded, suppressed
from pipelines.store import counts
from pipelines.store.counts import Counted

_PROGRAM = program_subject("reports", Purpose.STATISTICS)
ALL, UNKNOWN, ELSEWHERE = "all", "unknown", "elsewhere"
PEOPLE = "people"
_STATUS = {"employed": "在业", "looking": "求职", "not_looking": "暂无就业意愿"}
Read = Callable[[Connection, Subject, date], list[Counted]]


@dataclass(frozen=True, slots=True)
class Report:
    """One fixed table: what is counted, under which words, and how its rows are read."""

    name: str
    title: str
    population: str
    words: Mapping[str, str]
    read: Read


def _people_by(name: str, band: Callable[[str | None], str | None]) -> Read:
    def read(connection: Connection, subject: Subject, _: date) -> list[Counted]:
        rows = counts.of_column(connection, subject, name)
        return [Counted(row.owner, row.region, band(row.word)) for row in rows]

    return read


def _by_category(connection: Connection, subject: Subject, _: date) -> list[Counted]:
    return counts.categories(connection, subject)


def _by_age(connection: Connection, subject: Subject, on: date) -> list[Counted]:
    return [
        Counted(owner, region, age_band(None if born is None else age_in_months(born, on) // 12))
        for owner, region, born in counts.births(connection, subject)
    ]


def _of(table: str, word: str, day: str) -> Read:
    return lambda connection, subject, on: counts.of_table(connection, subject, table, word, day, on)


def _moved(day: str) -> Read:
    return lambda connection, subject, on: counts.assistance(connection, subject, day, on)


def _education(word: str | None) -> str | None:
    return education_band(None if word is None else Education(word))


def _labels(terms: Any) -> dict[str, str]:
    return {term.value: term.label for term in terms}


REPORTS: Mapping[str, Report] = {
    report.name: report
    for report in (
        Report("people", "求职者：就业状况", PEOPLE, _STATUS, counts.statuses),
        Report("ages", "求职者：年龄", PEOPLE, dict(zip(AGE_BANDS, AGE_BANDS, strict=True)), _by_age),
        Report(
            "education",
            "求职者：学历",
            PEOPLE,
            dict(zip(EDUCATION_BANDS, EDUCATION_BANDS, strict=True)),
            _people_by("education", _education),
        ),
        Report("categories", "求职者：残疾类别", PEOPLE, _labels(DisabilityCategory), _by_category),
        Report(
            "placements", "安置就业：形式", "placements", _labels(PlacementForm), _of("placements", "form", "starts_on")
        ),
        Report("services", "就业服务：种类", "services", _labels(ServiceKind), _of("services", "kind", "on")),
        Report(
            "assistance_in",
            "就业援助：本年进入，按类别",
            "assistance_in",
            _labels(AssistanceLevel),
            _moved("opened_on"),
        ),
        Report(
            "assistance_out",
            "就业援助：本年退出，按类别",
            "assistance_out",
            _labels(AssistanceLevel),
            _moved("ended_on"),
        ),
    )
}
Key = tuple[str, str, str]
"""The report, or its population for totals; the place; the word."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Cells with their counts, how they add up, and those in which fewer people than k are counted, however often."""

    cells: dict[Key, int]
    lines: list[Line]
    of_few: frozenset[Key]


def exact(connection: Connection, subject: Subject, name: str, on: date) -> dict[str, Any]:
    """Return a report over whom the subject sees, exact.

    Raises
    ------
    NoSuchReport
        When no report has this name.
    """
    report = _report(name)
    tally = _tally([report], {name: report.read(connection, subject, on)})
    return _document(report, tally.cells, frozenset(), on, is_exact=True)


def published(connection: Connection, name: str, on: date) -> dict[str, Any]:
    """Return a report for analysts: as of the last month's end, small cells suppressed, the others to the nearest ten.

    Raises
    ------
    NoSuchReport
        When no report has this name.
    """
    report, day = _report(name), month_end(on)
    tally = everything(connection, day)
    hidden = suppressed(tally.cells, tally.lines, small=tally.of_few)
    return _document(report, tally.cells, hidden, day, is_exact=False)


def everything(connection: Connection, day: date) -> Tally:
    """Return every cell of every report with how they add up, without those who do not want to be counted."""
    refused = learning_refused(connection)
    rows = {report.name: counts.without(report.read(connection, _PROGRAM, day), refused) for report in REPORTS.values()}
    return _tally(list(REPORTS.values()), rows)


def month_end(on: date) -> date:
    """Return the last day of the month before."""
    return on.replace(day=1) - timedelta(days=1)


def _report(name: str) -> Report:
    if name not in REPORTS:
        raise NoSuchReport("没有这个报表")
    return REPORTS[name]


def _places() -> dict[str, list[str]]:
    """Return the prefectures of the province with their counties, and with who is known only by prefecture."""
    found: dict[str, list[str]] = {f"{ELSEWHERE}00": []}
    for code in sorted(divisions()):
        if code.startswith(GANSU[:2]) and code != GANSU:
            counties = found.setdefault(prefecture(code), [])
            if not code.endswith("00"):
                counties.append(code)
    return found


def _leaf(region: str | None) -> str:
    """Return the smallest place that somebody is counted in; outside the province, or unknown, is one place."""
    if region is None or not region.startswith(GANSU[:2]) or region == GANSU:
        return f"{ELSEWHERE}00"
    return region if not region.endswith("00") else f"{region}*"


def _tally(reports: Sequence[Report], rows: Mapping[str, Sequence[Counted]]) -> Tally:
    cells: dict[Key, int] = {}
    lines: dict[Line, None] = {}
    owners: dict[Key, set[str]] = {}
    places = _places()
    for report in reports:
        words = (*report.words, UNKNOWN)
        for group in [(report.name, word) for word in words] + [(report.population, ALL)]:
            lines |= dict.fromkeys(_fill(cells, group, places))
        alike: dict[tuple[str | None, str | None], tuple[int, set[str]]] = {}
        for row in rows[report.name]:
            n, some = alike.get((row.region, row.word)) or (0, set())
            if len(some) < K:  # whose it is matters only where there are fewer
                some.add(row.owner)
            alike[row.region, row.word] = n + 1, some
        for (region, told), (n, some) in alike.items():
            word = told if told is not None and told in report.words else UNKNOWN
            for place in _counted_in(cells, (report.name, word), region):
                cells[report.name, place, word] += n
                owners.setdefault((report.name, place, word), set()).update(some)
        for place in [key[1] for key in cells if key[0] == report.population and key[2] == ALL]:
            total, parts = (report.population, place, ALL), [(report.name, place, word) for word in words]
            lines[Line(total, tuple(parts))] = None
            cells[total] = sum(cells[part] for part in parts)
            owners[total] = set().union(*(owners.get(part, set()) for part in parts))
    return Tally(cells, list(lines), frozenset(key for key in cells if len(owners.get(key, ())) < K))


def _fill(cells: dict[Key, int], group: tuple[str, str], places: Mapping[str, Sequence[str]]) -> list[Line]:
    """Put noughts into all cells of a group and return how its places add up."""
    name, word = group
    found = [Line((name, GANSU, word), tuple((name, place, word) for place in places))]
    for place, counties in places.items():
        if counties:
            below = (*counties, f"{place}*")
            found.append(Line((name, place, word), tuple((name, county, word) for county in below)))
            for county in below:
                cells.setdefault((name, county, word), 0)
        cells.setdefault((name, place, word), 0)
    cells.setdefault((name, GANSU, word), 0)
    return found


def _counted_in(cells: Mapping[Key, int], group: tuple[str, str], region: str | None) -> set[str]:
    """Return the places that somebody is counted in: the smallest, its prefecture, the province."""
    leaf, (name, word) = _leaf(region), group
    upper = leaf if leaf.startswith(ELSEWHERE) else prefecture(leaf.rstrip("*"))
    if (name, leaf, word) not in cells:  # a code of the province that is no division any more
        leaf = f"{upper}*" if (name, f"{upper}*", word) in cells else upper
    if (name, upper, word) not in cells:
        leaf = upper = f"{ELSEWHERE}00"
    return {leaf, upper, GANSU}


def _document(
    report: Report, cells: Mapping[Key, int], hidden: frozenset[Any], on: date, *, is_exact: bool
) -> dict[str, Any]:
    def told(key: Key) -> int | None:
        if is_exact:
            return cells[key]
        return None if key in hidden else rounded(cells[key])

    words = (*report.words, UNKNOWN)
    shown = [key[1] for key in cells if key[0] == report.population and key[2] == ALL]
    return {
        "name": report.name,
        "title": report.title,
        "as_of": on.isoformat(),
        "is_exact": is_exact,
        "rule": None if is_exact else f"少于{K}的数字，以及可由其他数字算出它的数字，不公布；其余四舍五入到十位",
        "columns": [{"name": word, "label": report.words.get(word, "未知")} for word in words]
        + [{"name": ALL, "label": "合计"}],
        "rows": [
            {
                "place": place,
                "label": _name(place),
                "counts": {
                    **{word: told((report.name, place, word)) for word in words},
                    ALL: told((report.population, place, ALL)),
                },
            }
            for place in sorted(shown)
            if not is_exact or cells[report.population, place, ALL]
        ],
    }


def _name(place: str) -> str:
    if place.startswith(ELSEWHERE):
        return "省外或未登记地区"
    if place.endswith("*"):
        return f"{region_name(place[:6])}（未写明县区）"
    name, above = region_name(place), f"{place[:4]}00"
    # A prefecture's own districts (01) are called like the prefecture, which has a line of its own above them.
    return f"{name}（市辖区）" if place not in (above, f"{place[:2]}0000") and name == region_name(above) else name
