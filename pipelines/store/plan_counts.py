"""Counts over the people whom a subject sees for the plan's work: in auxiliary work, coached, in massage training."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from matching.plans import EnrolmentKind
from matching.vocabulary import PlacementForm, ServiceKind
from pipelines.access.roles import Subject
from pipelines.store import tables
from pipelines.store.reach import reach

_MASSAGE = [one.value for one in EnrolmentKind if one.value.startswith("massage_")]
_AWAY = ("left", "absent")


class PlanCounts:
    """Counts as of a day over the visible people."""

    def __init__(self, connection: Connection, subject: Subject, on: date) -> None:
        self.connection, self.subject, self.on = connection, subject, on

    def _readable(self, table: str, *columns: Any) -> Select[Any]:
        """Return the statement that every other one starts from."""
        condition = reach(table, self.subject)
        return select(*columns) if condition is None else select(*columns).where(condition)

    def in_auxiliary_work(self, unit_ids: Sequence[str | None]) -> dict[str, int]:
        """Return how many people are in auxiliary work (辅助性就业) at each of these units."""
        p = tables.CASE_TABLES["placements"].c
        wanted = self._readable("placements", p.employer_id, func.count(p.candidate_id.distinct())).where(
            p.employer_id.in_([one for one in unit_ids if one]),
            p.form == PlacementForm.AUXILIARY.value,
            *self._running(p),
        )
        return {row[0]: int(row[1]) for row in self.connection.execute(wanted.group_by(p.employer_id))}

    def _running(self, p: Any) -> tuple[Any, Any]:
        return p.starts_on <= self.on, or_(p.ends_on.is_(None), p.ends_on >= self.on)

    def coaching(self) -> list[dict[str, Any]]:
        """Return by coach and place whom they coach now, and visits planned and made; who has most first."""
        e = tables.CASE_TABLES["enrolments"].c
        wanted = self._readable("enrolments", e.tutor, e.place, e.candidate_id, e.sessions, e.attended).where(
            e.kind == EnrolmentKind.COACHING.value,
            or_(e.status.is_(None), e.status.in_(("enrolled", "attending"))),
            or_(e.ends_on.is_(None), e.ends_on >= self.on),
        )
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for row in self.connection.execute(wanted.order_by(e.candidate_id)):
            key = (row.tutor or "未写明", row.place or "")
            one = found.setdefault(
                key, {"tutor": key[0], "place": row.place, "sessions": 0, "attended": 0, "whom": []}
            )  # fmt: skip
            one["sessions"] += row.sessions or 0
            one["attended"] += row.attended or 0
            one["whom"].append(row.candidate_id)
        for one in found.values():
            ids = list(dict.fromkeys(one.pop("whom")))
            one |= {"people": len(ids), "ids": ids, "who": "、".join(ids)}
        return sorted(found.values(), key=lambda one: (-one["people"], one["tutor"], one["place"] or ""))

    def massage(self) -> dict[str, dict[str, int]]:
        """Return by prefecture who is in each kind of massage training, finished one, works since, and runs a shop."""
        e, p, c = (tables.CASE_TABLES[name].c for name in ("enrolments", "placements", "candidates"))
        city = func.substr(c.region, 1, 4)
        is_in = or_(e.status.is_(None), e.status.in_(("enrolled", "attending")))
        trained = self._readable(
            "enrolments", e.candidate_id, e.kind, city.label("city"), is_in.label("is_in"), e.status
        )
        trained = trained.join_from(
            tables.CASE_TABLES["enrolments"], tables.CASE_TABLES["candidates"], c.candidate_id == e.candidate_id
        ).where(e.kind.in_(_MASSAGE))
        rows = self.connection.execute(trained).all()
        ids = sorted({row.candidate_id for row in rows})
        works: dict[str, bool] = {}
        for start in range(0, len(ids), 400):
            own = case((p.form == PlacementForm.SELF_EMPLOYED.value, 1), else_=0)
            wanted = self._readable("placements", p.candidate_id, func.max(own)).where(
                and_(p.candidate_id.in_(ids[start : start + 400]), *self._running(p))
            )
            works.update({row[0]: bool(row[1]) for row in self.connection.execute(wanted.group_by(p.candidate_id))})
        found: dict[str, dict[str, set[str]]] = {}
        for row in rows:
            held = found.setdefault(row.city or "", {})
            if row.is_in:
                held.setdefault(row.kind, set()).add(row.candidate_id)
            if row.status == "completed":
                held.setdefault("finished", set()).add(row.candidate_id)
                if row.candidate_id in works:
                    held.setdefault("working", set()).add(row.candidate_id)
                    if works[row.candidate_id]:
                        held.setdefault("operating", set()).add(row.candidate_id)
        return {city: {name: len(who) for name, who in held.items()} for city, held in found.items()}

    def titles(self) -> dict[str, dict[str, int]]:
        """Return by prefecture whose title (职称) is being appraised, and who was given one."""
        e, c = (tables.CASE_TABLES[name].c for name in ("enrolments", "candidates"))
        got = and_(e.status == "completed", e.certificate.is_not(None))
        waits = or_(e.status.is_(None), e.status.in_(("enrolled", "attending")))
        word = case((got, "titled"), (waits, "appraised"))
        wanted = self._readable(
            "enrolments", e.candidate_id, func.substr(c.region, 1, 4).label("city"), word.label("word")
        )
        wanted = wanted.join_from(
            tables.CASE_TABLES["enrolments"], tables.CASE_TABLES["candidates"], c.candidate_id == e.candidate_id
        ).where(e.kind == EnrolmentKind.APPRAISAL.value, or_(e.starts_on.is_(None), e.starts_on <= self.on))
        found: dict[str, dict[str, set[str]]] = {}
        for row in self.connection.execute(wanted):
            if row.word is not None:
                found.setdefault(row.city or "", {}).setdefault(row.word, set()).add(row.candidate_id)
        return {city: {word: len(who) for word, who in held.items()} for city, held in found.items()}

    def services_by(self, provider: str, kind: ServiceKind | None, since: date, until: date | None) -> int:
        """Return how many services a provider gave in a time, until the day."""
        s = tables.CASE_TABLES["services"].c
        last = self.on if until is None else min(until, self.on)
        wanted = self._readable("services", func.count()).where(s.by == provider, s.on >= since, s.on <= last)
        if kind is not None:
            wanted = wanted.where(s.kind == kind.value)
        return int(self.connection.execute(wanted).scalar_one())
