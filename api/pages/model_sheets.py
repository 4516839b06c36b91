"""What is measured of a model version, as tables and charts: in time, by group, gates, history's own slant."""

from collections.abc import Mapping
from typing import Any

from api.pages.plots import Interval, intervals
from api.pages.tables import Figure, Table
from api.pages.words import words
from pipelines.quarter.group_words import ATTRIBUTES, group_word
from pipelines.quarter.report import shown

KINDS = ("shortlist", "hybrid", "content", "popularity")
SEGMENTS = ("all", "warm_people", "cold_people", "cold_vacancies")
_MEASURES = ("recall@10", "ndcg@10")


def is_measured(card: Mapping[str, Any] | None) -> bool:
    """True where a cycle kept its measures with a version; one that was only trained has none."""
    return card is not None and "metrics" in card and "fairness" in card


def interval(label: str, value: Any) -> Interval:
    """Return a measured value for a chart; what was not measured says so."""
    if not isinstance(value, Mapping):
        return Interval(label, None if value is None else float(value), words=short(value))
    if "because" in value:
        return Interval(label, None, words=words()("models.not_measured"))
    return Interval(label, value["mean"], value["low"], value["high"], short(value))


def short(value: Any) -> str:
    """Return a measured value without its interval, which the chart draws and the table says."""
    if value is None or (isinstance(value, Mapping) and "because" in value):
        return words()("models.not_measured")
    return f"{value['mean'] if isinstance(value, Mapping) else value:.3f}"


def _told(rows: list[Interval]) -> str:
    t = words()
    return t("between").join(f"{row.label} {row.words}" for row in rows)


def in_time(card: Mapping[str, Any]) -> list[Figure]:
    """Return recall and NDCG over the test period, of the model and of simpler ones, with all segments in the table."""
    t, found = words(), card["metrics"]
    figures = []
    for at, measure in enumerate(_MEASURES):
        rows = [interval(t(f"models.kind_{kind}"), found[kind]["all"].get(measure)) for kind in KINDS if kind in found]
        title = t(f"models.measure_{measure.partition('@')[0]}")
        table = [
            [f"{t(f'models.kind_{kind}')} · {t(f'models.segment_{segment}')}", *_cells(found[kind][segment], measure)]
            for kind in KINDS
            for segment in SEGMENTS
            if kind in found and segment in found[kind]
        ]
        heads = [t("models.of_whom"), title, t("models.people")]
        drawn = intervals(title, _told(rows), f"time-{at}", rows)
        figures.append(Figure(title, drawn, Table(title, heads, table)))
    return figures


def _cells(row: Mapping[str, Any], measure: str) -> list[str | None]:
    n = row.get("n_people")
    return [shown(row.get(measure)), None if n is None else str(n)]


def by_group(card: Mapping[str, Any]) -> list[Figure]:
    """Return the fairness sheet: recall by group as a chart, all of it as a table."""
    t = words()
    heads = [t(f"models.{name}") for name in ("group", "n_asked", "covered", "n_tested", "recall_of_group", "exposure")]
    figures = []
    for at, (attribute, groups) in enumerate(card["fairness"].items()):
        label = ATTRIBUTES.get(attribute, attribute)
        rows = [interval(group_word(attribute, name), row.get("recall")) for name, row in groups.items()]
        table: list[list[str | None]] = [
            [
                group_word(attribute, name),
                _whole(row.get("n_asked")),
                shown(row.get("covered")),
                _whole(row.get("n_tested")),
                shown(row.get("recall")),
                shown(row.get("exposure")),
            ]
            for name, row in groups.items()
        ]
        title = t("models.by", attribute=label)
        overall = card["metrics"].get("shortlist", {}).get("all", {}).get("recall@10")
        mark = overall["mean"] if isinstance(overall, Mapping) and "mean" in overall else None
        drawn = intervals(title, _told(rows), f"group-{at}", rows, mark=mark)
        figures.append(Figure(title, drawn, Table(title, heads, table)))
    return figures


def _whole(value: Any) -> str | None:
    return None if value is None else str(value)


def gate_lines(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the gates as a page shows them: those not passed first, each with the groups that did not pass."""
    lines = []
    for one in card["gates"]["results"]:
        outcome = one.get("outcome", "not_met" if one["id"] in card["gates"]["failed"] else "met")
        groups = [
            f"{ATTRIBUTES.get(g['attribute'], g['attribute'])} {group_word(g['attribute'], g['group'])}：{g['reason']}"
            for g in one.get("groups", [])
            if g["outcome"] != "met"
        ]
        lines.append({**one, "outcome": outcome, "why": one.get("why", ""), "groups": groups})
    order = {"not_met": 0, "unknown": 1, "met": 2}
    return sorted(lines, key=lambda line: order[line["outcome"]])


def _to_four(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def off_policy(card: Mapping[str, Any]) -> Table | None:
    """Return recall as it is and weighted by how likely a vacancy was to be seen; None where it was not measured."""
    t, found = words(), card.get("off_policy")
    if not found:
        return None
    rows = [
        [
            t(f"models.{name}"),
            *(_to_four(found[name].get(key)) for key in ("plain", "snips")),
            shown(found[name].get("by_person")),
        ]
        for name in ("challenger", "champion")
    ]
    heads = [t(f"models.{name}") for name in ("version", "plain", "snips", "by_person")]
    return Table(t("models.weighted", assumption=found["assumption"]), heads, rows)


def side_by_side(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[Table]:
    """Return two cards measure by measure and group by group."""
    t = words()
    heads = [t("models.measured"), t("models.first"), t("models.second")]
    rows: list[list[str | None]] = []
    for measure in _MEASURES:
        name = t(f"models.measure_{measure.partition('@')[0]}")
        for segment in SEGMENTS:
            cells = [shown(card["metrics"]["shortlist"].get(segment, {}).get(measure)) for card in (left, right)]
            rows.append([f"{name} · {t(f'models.segment_{segment}')}", *cells])
    tables = [Table(t("models.in_time"), heads, rows)]
    for attribute, groups in left["fairness"].items():
        others = right["fairness"].get(attribute, {})
        cells_of = [
            [group_word(attribute, name), *(shown(one.get(name, {}).get("recall")) for one in (groups, others))]
            for name in dict.fromkeys([*groups, *others])
        ]
        tables.append(Table(t("models.by", attribute=ATTRIBUTES.get(attribute, attribute)), heads, cells_of))
    return tables
