"""Quarter runs and drift as pages of analysts: how far a run has come, what it found, and what moves by month."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.access import AccessDep, SubjectDep, declare
from api.desk_keeper import DeskKeeper
from api.pages import model_sheets
from api.pages.models import READ
from api.pages.plots import Series, intervals, lines
from api.pages.render import page
from api.pages.tables import Figure, Table
from api.pages.words import words
from api.routes.models import kept_drift
from pipelines.access.roles import Action
from pipelines.quarter.drift_now import MONTHS, MOST_MONTHS
from pipelines.quarter.report import by_place, shown
from pipelines.quarter.run_list import STAGES, report_beside, runs_beside
from pipelines.registers.errors import NoSuchRecord
from pipelines.registers.rows import require

router = APIRouter(prefix="/models", include_in_schema=False)
MOMENT_SECONDS = 0.2
"""A page waits so long for what is worked out beside it; then it says so and asks again."""
_LINES = 4


@router.get("/runs")
@declare(READ)
def runs(request: Request, subject: SubjectDep) -> Response:
    """List the runs beside the models, the latest first."""
    require(subject, Action.READ_MODELS)
    keeper: DeskKeeper = request.app.state.keeper
    found = runs_beside(keeper.settings.models)
    return page(request, "model_runs.html", runs=found, n_stages=len(STAGES))


@router.get("/runs/{name}")
@declare(READ)
def run(request: Request, subject: SubjectDep, name: str) -> Response:
    """Show one run: its stages, and what it reported."""
    require(subject, Action.READ_MODELS)
    keeper: DeskKeeper = request.app.state.keeper
    found = report_beside(keeper.settings.models, name)
    if found is None:
        raise NoSuchRecord("没有这次运行")
    state, report = found
    return page(
        request,
        "model_run.html",
        run=state,
        stages=[one for one in STAGES if one in state.done or one in state.left],
        report=report,
        gates=[] if report is None else model_sheets.gate_lines(report),
        search=None if report is None else _search(report["search"]),
        against=None if report is None else _against(report["metrics"]["measures"]["overall"]),
        off_policy=None if report is None else model_sheets.off_policy(report["metrics"]),
        shadow=None if report is None else report["shadow"],
        places=None if report is None else _places(report["shadow"]),
        by_lot=None if report is None else _by_lot(report["shadow"]),
        beside=None if report is None else report["shadow"].get("beside"),
        latency=None if report is None else report["latency"],
    )


def _places(found: Mapping[str, Any]) -> Table | None:
    """Return how often a line was acted on by where it stood; None where none was."""
    t, acted = words(), found.get("acted_by_place") or {}
    rows: list[list[str | None]] = [[place, str(n)] for place, n in by_place(acted)]
    return Table(t("runs.by_place"), [t("runs.place"), t("runs.acted")], rows) if rows else None


def _by_lot(found: Mapping[str, Any]) -> Table | None:
    """Return what is estimated from places given by lot; None where no list had one."""
    t, lot = words(), found.get("by_lot") or {}
    if not lot.get("n_lists"):
        return None
    rows: list[list[str | None]] = []
    for name in ("challenger", "champion"):
        one = lot[name]
        between = one.get("interval")
        told = None if between is None else t("runs.between", low=f"{between[0]:.4f}", high=f"{between[1]:.4f}")
        cells = [None if one.get(key) is None else f"{one[key]:.4f}" for key in ("ips", "snips")]
        rows.append([t(f"models.{name}"), str(one["n_matched"]), cells[0], told, cells[1], one.get("because") or ""])
    heads = [t(f"runs.{name}") for name in ("model", "matched", "lot_ips", "lot_interval", "lot_snips", "because")]
    return Table(t("runs.by_lot"), heads, rows)


def _search(found: Mapping[str, Any]) -> Figure:
    t = words()

    def told(point: Mapping[str, Any]) -> str:
        return t("between").join(f"{t(f'models.point_{name}')} {point[name]:g}" for name in point)

    rows = [model_sheets.interval(str(at), one["ndcg"]) for at, one in enumerate(found["points"], start=1)]
    table = [[f"{at}. {told(one['point'])}", f"{one['ndcg']:.4f}", str(one["n"])] for at, one in _counted(found)]
    title = t("runs.search")
    drawn = intervals(title, t("runs.taken", point=told(found["taken"])), "search", rows)
    heads = [t("models.parameters"), t("models.measure_ndcg"), t("models.people")]
    return Figure(title, drawn, Table(title, heads, table), [t("runs.taken", point=told(found["taken"]))])


def _counted(found: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    return list(enumerate(found["points"], start=1))


def _against(overall: Mapping[str, Any]) -> Figure:
    t = words()
    wanted = ("recall_difference", "ndcg_difference", "gain_over_stated")
    rows = [model_sheets.interval(t(f"runs.{name}"), overall.get(name)) for name in wanted]
    table = [[t(f"runs.{name}"), shown(overall.get(name))] for name in wanted]
    title = t("runs.against")
    told = t("between").join(f"{row.label} {row.words}" for row in rows)
    drawn = intervals(title, told, "against", rows, mark=0.0)
    return Figure(title, drawn, Table(title, [t("models.measured"), t("runs.difference")], table))


@router.get("/drift")
@declare(READ)
def drift(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    months: Annotated[int, Query(ge=1, le=MOST_MONTHS)] = MONTHS,
) -> Response:
    """Show what moved by month, alerts first; while it is worked out the page says so and asks again."""
    require(subject, Action.READ_MODELS)
    found = kept_drift(request, access, subject, months, wait=MOMENT_SECONDS)
    return page(
        request,
        "model_drift.html",
        months=months,
        found=found,
        again=f"/models/drift?months={months}",
        figures=[] if found is None else _figures(found),
    )


def _figures(found: Mapping[str, Any]) -> list[Figure]:
    t, looked_at = words(), found["months"]
    most = sorted(found["features"], key=lambda name: -max(_value(one) or 0.0 for one in _of(found, name)))
    drawn = [
        Series(found["labels"][name], [_value(found["features"][name][month]) for month in looked_at])
        for name in most[:_LINES]
    ]
    title = t("drift.features")
    rows = [[found["labels"][name], *map(_cell, _of(found, name))] for name in found["features"]]
    told = t("drift.limit", limit=f"{found['limit']:g}")
    chart = lines(title, told, "drift", looked_at, drawn, mark=found["limit"])
    figures = [Figure(title, chart, Table(title, [t("drift.feature"), *looked_at], rows), [told])]
    for at, (name, by_month) in enumerate(found["outcomes"].items()):
        of_month = [Series(t("drift.share"), [_value(one) for one in by_month.values()])]
        table = [
            [month, _cell(one), None if "n" not in one else str(round(one["n"]))] for month, one in by_month.items()
        ]
        heads = [t("drift.month"), t("drift.share"), t("drift.n")]
        chart = lines(name, t("drift.of_outcome"), f"outcome-{at}", list(by_month), of_month)
        figures.append(Figure(name, chart, Table(name, heads, table)))
    return figures


def _of(found: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [found["features"][name][month] for month in found["months"]]


def _value(told: Mapping[str, Any]) -> float | None:
    value = told.get("mean")
    return None if value is None else float(value)


def _cell(told: Mapping[str, Any]) -> str | None:
    return str(told["because"]) if "because" in told else shown(told) if "mean" in told else None
