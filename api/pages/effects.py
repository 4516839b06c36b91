"""The effect of a measure as a page of supervisors and analysts: the difference, how alike people are, what it lacks.

Comparing takes longer than a page may, so it is done beside the requests and kept a while.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.access import AccessDep, SubjectDep, declare, page_for
from api.kept_work import KeptWork
from api.pages.plots import Interval, counts, intervals
from api.pages.render import page, see_other
from api.pages.supervision import MOMENT_SECONDS
from api.pages.tables import Figure, Table
from api.pages.tabs import tabs_of
from api.pages.words import words
from api.routes.effects import Month, effect_file, months_of
from api.settings import today
from matching.effects import EffectOutcome, StartingFrom
from pipelines.access.audit import record
from pipelines.access.roles import Action, Purpose
from pipelines.duties.places import area_of
from pipelines.effects.people import end_of
from pipelines.effects.report import Question, effect_document, measures_document
from pipelines.effects.sheets import count_words

router = APIRouter(include_in_schema=False)
HERE = "/supervision/effects"
_READ = page_for(Action.READ_REPORTS, Purpose.SUPERVISION)
_PATIENCE_SECONDS = 40
MeasureName = Annotated[str | None, Query(max_length=128)]


@router.get(HERE)
@declare(_READ)
def effects(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    measure: MeasureName = None,
    first: Month = None,
    last: Month = None,
    outcome: EffectOutcome = EffectOutcome.PLACED,
    start: StartingFrom | None = None,
) -> Response:
    """Show which measures were received in some months and, of one, the comparison."""
    on = today()
    begin, end = months_of(first, last, on)
    kept: KeptWork = request.app.state.kept_reports

    def listed() -> dict[str, Any]:
        with access.engine.begin() as connection:
            return measures_document(connection, subject, begin, end_of(end), area_of(connection, None, on))

    measures = kept.get((subject, "effects", begin, end, on), listed, wait=MOMENT_SECONDS)
    told = None
    if measure and measures is not None:
        asked = Question(measure, begin, end, outcome, start)

        def work() -> dict[str, Any]:
            with access.engine.begin() as connection:
                return effect_document(connection, subject, asked, on, area_of(connection, None, on))

        told = kept.get((subject, "effect", asked, on), work, wait=MOMENT_SECONDS)
        if told is not None:
            with access.engine.begin() as connection:
                record(connection, subject.by, Action.READ_REPORTS.value, object_kind="report", object_id="effect")
    return page(
        request,
        "effects.html",
        tabs=tabs_of(subject, HERE),
        measures=measures,
        count=count_words,
        measure=measure,
        first=f"{begin:%Y-%m}",
        last=f"{end:%Y-%m}",
        outcome=outcome,
        outcomes=list(EffectOutcome),
        start=start,
        starts=list(StartingFrom),
        again=f"{HERE}?{request.url.query}" if request.url.query else HERE,
        is_waiting=measures is None or (bool(measure) and told is None),
        told=told,
        query=request.url.query,
        figures=[] if told is None else _figures(told),
    )


@router.get(f"{HERE}.docx")
@declare(_READ)
def effect_sheet(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    measure: Annotated[str, Query(max_length=128)],
    first: Month = None,
    last: Month = None,
    outcome: EffectOutcome = EffectOutcome.PLACED,
    start: StartingFrom | None = None,
) -> Response:
    """Hand the comparison out as a Word document."""
    on = today()
    begin, end = months_of(first, last, on)
    asked = Question(measure, begin, end, outcome, start)

    def work() -> dict[str, Any]:
        with access.engine.begin() as connection:
            return effect_document(connection, subject, asked, on, area_of(connection, None, on))

    kept: KeptWork = request.app.state.kept_reports
    told = kept.get((subject, "effect", asked, on), work, wait=_PATIENCE_SECONDS)
    return see_other(f"{HERE}?{request.url.query}") if told is None else effect_file(told)


def _figures(told: Mapping[str, Any]) -> list[Figure]:
    return [one for one in (_difference(told), _balance(told), _overlap(told)) if one is not None]


def _difference(told: Mapping[str, Any]) -> Figure | None:
    """Return the difference with its interval beside that of the plain comparison; nought is the mark."""
    t, effect = words(), told["effect"]
    if effect is None:
        return None
    pairs = [(t("effects.alike"), effect["difference"])]
    if told["naive"] is not None:
        pairs.append((t("effects.plain"), told["naive"]))
    rows = [
        Interval(label, one["value"] * 100, one["low"] * 100, one["high"] * 100, f"{one['value'] * 100:.1f}")
        for label, one in pairs
    ]
    heads = [t("effects.comparison"), t("effects.points"), t("effects.low"), t("effects.high")]
    table = [[row.label, row.words, f"{row.low:.1f}", f"{row.high:.1f}"] for row in rows]
    title = t("effects.difference")
    drawing = intervals(title, t("effects.difference_drawn"), "f-difference", rows, mark=0.0)
    return Figure(title, drawing, Table(title, heads, table), [t("effects.difference_note")])


def _balance(told: Mapping[str, Any]) -> Figure | None:
    """Return how far apart the groups are in each fact, before and after weighting."""
    t = words()
    if not told["balance"]:
        return None
    rows = []
    for one in told["balance"]:
        rows.append(Interval(t("effects.before", fact=one["label"]), one["before"], words=f"{one['before']:.2f}"))
        after = "" if one["after"] is None else f"{one['after']:.2f}"
        rows.append(Interval(t("effects.after"), one["after"], words=after))
    title = t("effects.balance")
    heads = [t("effects.fact"), t("effects.before_head"), t("effects.after")]
    table = [
        [one["label"], f"{one['before']:.2f}", None if one["after"] is None else f"{one['after']:.2f}"]
        for one in told["balance"]
    ]
    drawing = intervals(title, t("effects.balance_drawn"), "f-balance", rows, mark=told["told_difference"])
    return Figure(title, drawing, Table(title, heads, table), [t("effects.balance_note", most=told["told_difference"])])


def _overlap(told: Mapping[str, Any]) -> Figure | None:
    """Return how those who received it and the others lie over five parts of the propensity."""
    t, bins = words(), told["overlap"]["bins"]
    if not bins:
        return None
    rows = []
    for one in bins:
        for who in ("received", "others"):
            label = t("effects.part", n=one["part"], who=t(f"effects.{who}"))
            rows.append((label, None if one[who] is None else round(one[who] * 100)))
    title = t("effects.overlap")
    heads = [t("effects.likely"), t("effects.received"), t("effects.others")]
    table = [
        [t("effects.part_row", n=one["part"]), *(_percent(one[who]) for who in ("received", "others"))] for one in bins
    ]
    drawing = counts(title, t("effects.overlap_drawn"), "f-overlap", rows)
    share = told["overlap"]["share"]
    return Figure(title, drawing, Table(title, heads, table), [t("effects.overlap_note", share=f"{share:.0%}")])


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.0%}"
