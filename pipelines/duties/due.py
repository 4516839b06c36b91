"""The list of what is due: who waits longest first, each with what is due, since when, by when and by which text.

The database puts everybody in order (`pipelines.store.duty_rows`); what exactly is due to a person is said by the one
definition in `matching.duties`, so that the list of one person and the list of a province cannot differ.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, islice
from typing import Any

from sqlalchemy import Connection

from matching.duties.all import duties_of
from matching.duties.clocks import in_working_age
from matching.duties.duty import Duty
from matching.duties.terms import DutyKind, DutyTerms, terms_on
from matching.regions import region_name
from matching.rules.dated import rules_on
from matching.rules.rulebook import NOTICE
from pipelines.access.audit import record_each
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.duties.places import Area, area_of
from pipelines.registers.rows import require
from pipelines.store.case_files import CaseFiles
from pipelines.store.duty_rows import DutyRows, Key

MOST_AT_ONCE = 1000
WIDE = 10_000
"""From so many people on, a page shows an order that was made some minutes ago."""
_BLOCK = 200


@dataclass(frozen=True, slots=True)
class Due:
    """One duty with the place of its person."""

    duty: Duty
    region: str | None


@dataclass(frozen=True, slots=True)
class DuePage:
    """The next duties in order; `next_key` is where the following ones begin, None at the end."""

    on: date
    area: Area
    items: tuple[Due, ...]
    next_key: Key | None

    def as_dict(self) -> dict[str, Any]:
        """Return the page as it travels in JSON, without the key of the next one."""
        return {
            "as_of": self.on.isoformat(),
            "rules_version": rules_on(self.on).version,
            "region": self.area.code,
            "region_name": self.area.name,
            "items": [due_document(item, self.on) for item in self.items],
            "notice": NOTICE,
        }


def due_list(
    connection: Connection,
    subject: Subject,
    on: date,
    region: str | None = None,
    limit: int = 50,
    *,
    kinds: Sequence[DutyKind] = (),
    after: Key | None = None,
    ordered: Sequence[Key] | None = None,
) -> DuePage:
    """Return what is due to the people whom the subject sees, who waits longest first; who was shown is recorded.

    Parameters
    ----------
    region : code or name; everybody of the offices there and below. None: everybody visible.
    kinds : only these; empty for all.
    after : the key of the last duty of the page before.
    ordered : the first keys after that as `due_order` found them a while ago. What they stand for is looked up anew:
        what is due no more is left out; what fell due meanwhile stands where the order is made again.

    Raises
    ------
    Forbidden
        When the role may not read people for the stated purpose.
    NoSuchRegion
        When the place is none that an office answers for.
    """
    require(subject, Action.READ_CANDIDATES)
    area, terms = area_of(connection, region, on), terms_on(on)
    rows = DutyRows(connection, subject, terms, area.codes)
    keys: Iterable[Key] = rows.keys(kinds, after)
    if ordered is not None:
        keys = chain(ordered, rows.keys(kinds, ordered[-1])) if len(ordered) >= MOST_AT_ONCE else ordered
    found: list[Due] = []
    for item in _in_order(connection, subject, rows, terms, iter(keys), limit + limit // 2 + 1):
        found.append(item)
        if len(found) > limit:
            break
    shown = tuple(found[:limit])
    _record(connection, subject, [item.duty.candidate_id for item in shown])
    return DuePage(on, area, shown, shown[-1].duty.key if len(found) > limit else None)


def is_wide(connection: Connection, subject: Subject, on: date) -> bool:
    """Return whether so many people are within reach that putting them in order takes longer than a page may."""
    return DutyRows(connection, subject, terms_on(on)).has_more_people_than(WIDE)


def due_order(
    connection: Connection, subject: Subject, on: date, kinds: Sequence[DutyKind] = (), after: Key | None = None
) -> tuple[Key, ...]:
    """Return the keys of the first duties in order, at most `MOST_AT_ONCE`, for `due_list` to be told later.

    Nothing of it is shown as it is, so that nobody is recorded as read.

    Raises
    ------
    Forbidden
        When the role may not read people for the stated purpose.
    """
    require(subject, Action.READ_CANDIDATES)
    return tuple(islice(DutyRows(connection, subject, terms_on(on)).keys(kinds, after), MOST_AT_ONCE))


def duties_for(connection: Connection, subject: Subject, candidate_id: str, on: date) -> tuple[Duty, ...]:
    """Return what is due to one visible person; the read is recorded.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    Forbidden
        When the role may not read the person for the stated purpose.
    """
    people, terms = ScopedCandidates(connection, subject), terms_on(on)
    people.opened(people.visible(candidate_id, Action.READ_CANDIDATES), Action.READ_CANDIDATES)
    rows = DutyRows(connection, subject, terms)
    file = CaseFiles(connection, subject).files([candidate_id])[candidate_id]
    strong = rows.strong_matches([candidate_id]).get(candidate_id)
    return duties_of(replace(file, strong_matches=strong), terms)


def _in_order(
    connection: Connection, subject: Subject, rows: DutyRows, terms: DutyTerms, keys: Iterator[Key], n_first: int
) -> Iterator[Due]:
    """Yield the duties that the keys stand for; who is past or below the age of work is passed over.

    So many files are read at first as a page most likely takes: those behind them would be opened for nothing.
    """
    people, size = CaseFiles(connection, subject), min(n_first, _BLOCK)
    while block := list(islice(keys, size)):
        size = _BLOCK
        clocks = [key[1] for key in block if key[2] == DutyKind.FOUR_ONES.value]
        births = people.births(clocks)
        outside = {owner for owner, birth in births.items() if in_working_age(*birth, terms) is False}
        kept = [key for key in block if key[2] != DutyKind.FOUR_ONES.value or key[1] not in outside]
        ids = list(dict.fromkeys(key[1] for key in kept))
        files, strong = people.files(ids), rows.strong_matches(ids) if ids else {}
        owed = {
            (duty.candidate_id, duty.kind.value): Due(duty, file.candidate.region)
            for owner, file in files.items()
            for duty in duties_of(replace(file, strong_matches=strong.get(owner)), terms)
        }
        yield from (item for key in kept if (item := owed.get((key[1], key[2]))) is not None)


def _record(connection: Connection, subject: Subject, candidate_ids: Sequence[str]) -> None:
    """Write into the audit who was shown, each under their own name: it stands in their own extract."""
    shown = list(dict.fromkeys(candidate_ids))
    if shown:
        action = Action.READ_CANDIDATES.value
        record_each(connection, subject.by, action, object_kind="candidate", object_ids=shown)


def due_document(item: Due, on: date) -> dict[str, Any]:
    """Return one duty as it travels in JSON."""
    duty = item.duty
    return {
        "candidate_id": duty.candidate_id,
        "region": item.region,
        "region_name": None if item.region is None else region_name(item.region),
        "kind": duty.kind.value,
        "label": duty.kind.label,
        "state": duty.state.value,
        "state_label": duty.state.label,
        "services": [{"kind": kind.value, "label": kind.label} for kind in duty.missing],
        "open_services": [{"kind": kind.value, "label": kind.label} for kind in duty.open],
        "asks": [question.as_dict() for question in duty.asks],
        "about": list(duty.about),
        "since": duty.since.isoformat(),
        "by": None if duty.by is None else duty.by.isoformat(),
        "waiting_since": duty.waiting_since.isoformat(),
        "waited_days": duty.waited_days(on),
        "strong_matches": duty.strong_matches,
        "reasons": reasons_of(duty, on),
        "source": duty.ground.as_dict(),
    }


def reasons_of(duty: Duty, on: date) -> list[str]:
    """Return why a duty is on the list and why it stands where it stands."""
    told = [duty.reason]
    if waited := duty.waited_days(on):
        told.append(f"从 {duty.waiting_since.isoformat()} 起已等 {waited} 天")
    if duty.bonus_days:
        told.append(f"有 {duty.strong_matches} 个匹配度高的岗位，次序按多等 {duty.bonus_days} 天计")
    if duty.asks:
        told.append("待核实：" + "；".join(f"{one.label}（问{one.who_can_supply}）" for one in duty.asks))
    return told


def due_lines(page: DuePage) -> list[str]:
    """Return a page in plain Chinese."""
    lines = [f"{page.area.name}，{page.on.isoformat()}，应办事项（等得最久的在前）"]
    for place, item in enumerate(page.items, 1):
        duty = item.duty
        where = "地区未登记" if item.region is None else region_name(item.region)
        by = f"，{duty.by.isoformat()} 前" if duty.by is not None else ""
        lines.append(f"{place}. {duty.candidate_id}（{where}）{duty.kind.label}：{duty.state.label}{by}")
        lines += [f"   {reason}" for reason in reasons_of(duty, page.on)]
        lines.append(f"   依据：{duty.ground.source.document} {duty.ground.source.clause}")
    if not page.items:
        lines.append("没有应办事项")
    if page.next_key is not None:
        lines.append("…后面还有；加 --limit 看更多")
    return [*lines, NOTICE]
