"""Start-ups and household industries counted by county, and the households that nobody helped into an industry yet."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Connection

from matching.duties.households import HouseholdState
from matching.duties.terms import terms_on
from matching.duties.visits import check_due, checks_of, is_stopped
from matching.source import Source
from matching.ventures import INDUSTRIES, Venture, VentureKind, Visit, words_on
from matching.vocabulary import YesNo
from pipelines.access.audit import record_each
from pipelines.access.roles import Action, Subject
from pipelines.duties.households import ALONE, all_households, household_states
from pipelines.plan_sheet import PLAN, Cell, Sheet, place_of
from pipelines.registers.rows import require
from pipelines.store.plan_rows import PlanRows
from pipelines.store.venture_rows import VentureRows

_SOURCE = Source(PLAN, "二(六)")
_MOST_NAMED = 200
_HOLDING = frozenset({"proposed", "approved"})


def startups(connection: Connection, subject: Subject, on: date) -> Sheet:
    """Return start-ups by county: how they fare by the last check, which check is due, and how far the grant came.

    People are counted for the grant, which one gets once; start-ups for everything else.
    """
    rows = VentureRows(connection, subject)
    owners, checks, terms = rows.owners(), rows.checks(), terms_on(on)
    found: dict[str | None, Counter[str]] = defaultdict(Counter)
    paid: dict[str, bool] = {}
    for one in rows.ventures(VentureKind.STARTUP.value):
        if one.starts_on is not None and one.starts_on > on:
            continue
        own = checks_of(one, checks.get(one.venture_id, ()), on)
        count = found[owners[one.candidate_id].region]
        count["startups"] += 1
        count[_fares(one, own, on)] += 1
        count["due"] += check_due(one, own, terms) is not None
        is_paid = one.grant_paid_on is not None and one.grant_paid_on <= on
        paid[one.candidate_id] = paid.get(one.candidate_id, False) or is_paid
    grants = rows.grants()
    for owner, is_paid in paid.items():
        count, states = found[owners[owner].region], grants.get(owner, set())
        count["claimed"] += bool(states & _HOLDING)
        count["approved"] += "approved" in states
        count["paid"] += is_paid
    columns = (
        ("place", "县区"), ("startups", "创业"), ("running", "核查仍在经营"), ("stopped", "已停止"),
        ("unknown", "经营情况待核实"), ("due", "应核查"), ("claimed", "申领创业补贴（人）"), ("approved", "其中已批准"),
        ("paid", "补贴到账（人）"),
    )  # fmt: skip
    notes = (
        "经营情况以最近一次核查为准；没有核查过的是待核实，不是停业。",
        "申领和批准取自申领台账；到账以登记的到账日期为准，金额以申领台账为准，没有写明的需人工核实。",
    )
    return Sheet("startups", "创业补贴和经营情况跟踪", _SOURCE, columns, _by_county(found, columns), notes)


def _fares(one: Venture, own: Sequence[Visit], on: date) -> str:
    if is_stopped(one, own, on):
        return "stopped"
    last = max((check.on for check in own), default=None)
    return "running" if any(check.is_running is YesNo.YES for check in own if check.on == last) else "unknown"


def industry(connection: Connection, subject: Subject, on: date) -> Sheet:
    """Return households helped into an industry by county and industry, those exited or monitored apart."""
    read = PlanRows(connection, subject, terms_on(on))
    watched = {number: region for number, region, _ in household_states(read)}
    helped, names = _helped(connection, subject, on), words_on(INDUSTRIES, on)
    found: dict[str | None, Counter[str]] = defaultdict(Counter)
    for number, region in watched.items():
        found[region]["watched"] += 1
        found[region]["watched_helped" if number in helped else "watched_without"] += 1
    for number, (region, industries) in helped.items():
        count = found[watched.get(number, region)]
        count["others_helped"] += number not in watched
        count.update(dict.fromkeys(industries, 1))
    columns = (
        ("place", "县区"), ("watched", "脱贫户、监测户"), ("watched_helped", "其中已有产业帮扶"),
        ("watched_without", "其中还没有"), ("others_helped", "其他有产业帮扶的户"),
        *((code, f"{label}（户）") for code, label in names.items()),
    )  # fmt: skip
    notes = ("一户从事几个行业的，各行业都计一户。还没有产业帮扶的脱贫户、监测户另有名单，优先联系。",)
    return Sheet("industry", "农村残疾人家庭产业帮扶", _SOURCE, columns, _by_county(found, columns), notes)


def unhelped(connection: Connection, subject: Subject, on: date) -> Sheet:
    """Return the households exited or monitored that nobody helped into an industry, those without work first.

    Who is named is recorded as read.
    """
    require(subject, Action.READ_CANDIDATES)
    helped = _helped(connection, subject, on)
    order = {HouseholdState.WITHOUT: 0, HouseholdState.TO_VERIFY: 1}
    left = [one for one in all_households(connection, subject, terms_on(on)) if one.household_id not in helped]
    shown = sorted(left, key=lambda one: (order.get(one.standing.state, 2), one.household_id))[:_MOST_NAMED]
    people = list(dict.fromkeys(member.candidate_id for one in shown for member in one.members))
    if people:
        action = Action.READ_CANDIDATES.value
        record_each(connection, subject.by, action, object_kind="candidate", object_ids=people)
    rows: tuple[dict[str, Cell], ...] = tuple(
        {
            "household": one.household_id,
            "place": place_of(one.region),
            "state": one.standing.state.label,
            "members": "、".join(member.candidate_id for member in one.members),
        }
        for one in shown
    )
    columns = (("household", "户"), ("place", "县区"), ("state", "至少一人就业"), ("members", "登记的成员"))
    notes = (f"共 {len(left)} 户，列出前 {len(shown)} 户；没有人就业的在前。没有登记不等于没有帮扶，请先核实。",)
    return Sheet("unhelped", "还没有产业帮扶的脱贫户、监测户", _SOURCE, columns, rows, notes)


def _helped(connection: Connection, subject: Subject, on: date) -> dict[str, tuple[str | None, set[str]]]:
    """Return the households with an industry that runs, by number: their place and the industries."""
    rows = VentureRows(connection, subject)
    owners, found = rows.owners(), dict[str, tuple[str | None, set[str]]]()
    for one in rows.ventures(VentureKind.INDUSTRY.value):
        is_over = one.ends_on is not None and one.ends_on <= on
        if is_over or one.industry is None or (one.starts_on is not None and one.starts_on > on):
            continue
        owner = owners[one.candidate_id]
        number = owner.household_id or f"{ALONE}{one.candidate_id}"
        found.setdefault(number, (owner.region, set()))[1].add(one.industry)
    return found


def _by_county(
    found: Mapping[str | None, Counter[str]], columns: tuple[tuple[str, str], ...]
) -> tuple[dict[str, Cell], ...]:
    """Return a row a county, by code, and the sum of more than one."""
    names = [name for name, _ in columns if name != "place"]
    order = sorted(found, key=lambda region: (region is None, region or ""))
    rows: list[dict[str, Cell]] = [
        {"place": place_of(region), **{name: found[region][name] for name in names}} for region in order
    ]
    if len(rows) > 1:
        rows.append({"place": "合计", **{name: sum(found[region][name] for region in order) for name in names}})
    return tuple(rows)
