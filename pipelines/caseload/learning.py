"""What people learn: enrolled in a course, attended, finished with a certificate that becomes a fact, subsidy claimed.

Competitions, examinations and coaching are enrolments as well; only what ends with a certificate adds to the facts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from matching.plans import ENDED, EnrolmentKind, EnrolmentStatus
from matching.publicity import ReviewKind
from matching.regions import region_name
from matching.rules.rulebook import rulebook
from matching.vocabulary import ServiceKind
from pipelines.access.audit import wait_for_turn
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.caseload.errors import CaseworkRefused
from pipelines.claims.ledger import Ledger, Proposal
from pipelines.plan_schema import ENROLMENTS
from pipelines.registers.errors import AlreadyRegistered, Fault, NoSuchRecord, RowRefused
from pipelines.registers.people import People
from pipelines.registers.rows import Register, Row, require
from pipelines.schema import COURSES, LIST_SEPARATOR, SERVICES
from pipelines.store.claims import Claim
from pipelines.store.enrolments import all_places_taken, figures, places_taken
from pipelines.store.publicity import CourseReviewRows
from pipelines.store.repositories import TableRepository

_MOST = 200
SUBSIDY = "training.subsidy"
COMPETITION = "技能竞赛"
"""What the class of a course says that is a competition."""


@dataclass(frozen=True, slots=True)
class Completion:
    """How an enrolment ended; a certificate has a day."""

    status: EnrolmentStatus = EnrolmentStatus.COMPLETED
    attended: str = ""
    result: str = ""
    certificate: str = ""
    certificate_on: str = ""


class Learning:
    """The enrolments of the people whom a subject sees."""

    def __init__(self, connection: Connection, subject: Subject, *, on: date) -> None:
        self.connection, self.subject, self.on = connection, subject, on
        self.register = Register(connection, ENROLMENTS, subject)
        self.people = ScopedCandidates(connection, subject)

    def of(self, candidate_id: str) -> list[dict[str, Any]]:
        """Return the enrolments of a visible person, the latest first; the read is recorded.

        `is_in_facts` says whether the certificate is among the person's facts; None where there is no certificate.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not read services for the stated purpose.
        """
        rows, _ = self.register.page(
            after=None, limit=_MOST, filters={"candidate_id": candidate_id}, action=Action.READ_SERVICES
        )  # fmt: skip
        held = self._certificates(candidate_id) if rows else frozenset()
        told = [_document(row, held) for row in rows]
        return sorted(told, key=lambda one: one["starts_on"] or "9999", reverse=True)

    def enrol(self, candidate_id: str, course_id: str) -> dict[str, Any]:
        """Enrol a visible person in a course of the catalogue.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not write services for the stated purpose.
        RowRefused
            When there is no such course.
        CaseworkRefused
            When its places are taken, it has ended, or the person is enrolled already.
        """
        self.people.visible(candidate_id, Action.WRITE_SERVICES)
        require(self.subject, Action.WRITE_SERVICES)
        course = TableRepository(self.connection, COURSES, self.subject).find([(course_id,)]).get((course_id,))
        if course is None:
            raise RowRefused([Fault("course_id", "没有这门课程")])
        if course["ends_on"] is not None and course["ends_on"] < self.on:
            raise CaseworkRefused("这门课程已经结束")
        wait_for_turn(self.connection)  # two at the last place
        where = {"candidate_id": candidate_id, "course_id": course_id}
        c = self.register.repository.table.c
        own = self.register.repository.page(None, _MOST, [c[name] == value for name, value in where.items()])
        if any(values["status"] not in (EnrolmentStatus.LEFT, EnrolmentStatus.ABSENT) for values, _ in own):
            raise CaseworkRefused("已经报名参加这门课程")
        if course["places"] is not None and places_taken(self.connection, course_id) >= course["places"]:
            raise CaseworkRefused("这门课程的名额已满")
        is_competition = COMPETITION in (course["class"] or "")
        cells = {
            **where,
            "enrolment_id": str(uuid4()),
            "kind": (EnrolmentKind.COMPETITION if is_competition else EnrolmentKind.COURSE).value,
            "title": course["title"] or "",
            "place": course["provider"] or "",
            "starts_on": _iso(course["starts_on"]),
            "ends_on": _iso(course["ends_on"]),
            "status": EnrolmentStatus.ENROLLED.value,
        }
        row, _ = self.register.add(cells, Action.WRITE_SERVICES, on=self.on)
        return _document(row, frozenset())

    def attend(self, enrolment_id: str, sessions: str, attended: str, version: int) -> dict[str, Any] | None:
        """Note at how many sessions somebody was so far; None where somebody changed the row since.

        Raises
        ------
        NoSuchRecord
            When there is none, or none that is visible.
        RowRefused
            When the numbers cannot be taken.
        CaseworkRefused
            When it has ended.
        """
        self._open_one(enrolment_id)
        if sessions.isdigit() and attended.isdigit() and int(attended) > int(sessions):
            raise RowRefused([Fault("attended", "实到次数多于应到次数")])
        cells = {"sessions": sessions, "attended": attended, "status": EnrolmentStatus.ATTENDING.value}
        row = self.register.change((enrolment_id,), cells, version, Action.WRITE_SERVICES, on=self.on)
        return None if row is None else _document(row, frozenset())

    def complete(self, enrolment_id: str, done: Completion, version: int) -> dict[str, Any] | None:
        """End an enrolment; its skills and certificate become facts of the person, and a training is a service given.

        None where somebody changed the row since.

        Raises
        ------
        NoSuchRecord
            When there is none, or none that is visible.
        RowRefused
            When the end is none, or the certificate has no day.
        CaseworkRefused
            When it has ended.
        """
        before = self._open_one(enrolment_id)
        if done.status not in ENDED:
            raise RowRefused([Fault("status", "应为已完成、中途退出或未参加")])
        if bool(done.certificate.strip()) != bool(done.certificate_on.strip()):
            raise RowRefused([Fault("certificate_on", "证书和发证日期须一并填写")])
        told = {
            "attended": done.attended, "result": done.result, "certificate": done.certificate,
            "certificate_on": done.certificate_on,
        }  # fmt: skip
        cells = {"status": done.status.value, **{name: value for name, value in told.items() if value.strip()}}
        row = self.register.change((enrolment_id,), cells, version, Action.WRITE_SERVICES, on=self.on)
        if row is None:
            return None
        if done.status is EnrolmentStatus.COMPLETED:
            self._take_over(row)
            if before["kind"] in _TRAININGS:
                self._serve(row)
        return _document(row, self._certificates(row.values["candidate_id"]))

    def take_over(self, enrolment_id: str) -> None:
        """Take the skills and the certificate of a finished enrolment, as a sheet brought it, over into the facts.

        Raises
        ------
        NoSuchRecord
            When there is none, or none that is visible.
        CaseworkRefused
            When it is not finished.
        """
        row = self._one(enrolment_id)
        if row.values["status"] is not EnrolmentStatus.COMPLETED:
            raise CaseworkRefused("还没有完成，没有可以写入档案的结果")
        self._take_over(row)

    def claim(self, enrolment_id: str, *, at: datetime) -> Claim:
        """Propose the training subsidy for a finished course in the ledger; the month is that of the certificate.

        So a second claim for the same course is refused there, by whomever and at whichever office.

        Raises
        ------
        NoSuchRecord
            When there is none, or none that is visible.
        Forbidden
            When the role may not claim for the stated purpose.
        CaseworkRefused
            When there is no certificate yet, or the person's county is not known.
        ClaimOverlaps
            When the subsidy is claimed for the month already.
        """
        row = self._seen(enrolment_id)
        require(self.subject, Action.WRITE_BENEFITS)
        got: date | None = row["certificate_on"]
        person = People(self.connection, self.subject).one(row["candidate_id"], Action.READ_CANDIDATES)
        if got is None:
            raise CaseworkRefused("取得证书以后才能申领培训补贴")
        if person.row.values["region"] is None:
            raise CaseworkRefused("先登记本人的居住地区，才知道向哪个县区申领")
        month = got.year * 100 + got.month
        after = month + 1 if got.month < 12 else (got.year + 1) * 100 + 1
        proposal = Proposal(
            SUBSIDY, month, after, "training", person.row.values["region"], candidate_id=row["candidate_id"]
        )  # fmt: skip
        return Ledger(self.connection, self.subject, at=at).propose(rulebook(), proposal)

    # ---- the catalogue ----

    def catalogue(self, *, after: str | None, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """Return the courses by id with their figures over the visible people, and whether there are more.

        Raises
        ------
        Forbidden
            When the role may not read courses for the stated purpose.
        """
        own = Register(self.connection, COURSES, self.subject)
        key = None if after is None else (after,)
        rows, has_more = own.page(after=key, limit=limit, filters={}, action=Action.READ_COURSES)
        ids = [row.values["course_id"] for row in rows]
        counts, taken_of = figures(self.connection, self.subject, ids), all_places_taken(self.connection, ids)
        reviews = CourseReviewRows(self.connection, self.subject).of(ids, self.on)
        none = dict.fromkeys(("enrolled", "completed", "away", "certified"), 0)
        told = []
        for row in rows:
            values = row.values
            places = values["places"]
            taken = taken_of.get(values["course_id"], 0)
            told.append(
                {
                    **{name: values[name] for name in ("course_id", "title", "provider", "certificate", "places")},
                    "class": values["class"],
                    "region_name": None if values["region"] is None else region_name(values["region"]),
                    "starts_on": _iso(values["starts_on"]) or None,
                    "ends_on": _iso(values["ends_on"]) or None,
                    "free": None if places is None else max(0, places - taken),
                    **counts.get(values["course_id"], none),
                    **_reviewed(reviews.get(values["course_id"], ())),
                }
            )
        return told, has_more

    def roster(self, course_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return a course, and the visible people enrolled in it with their results; the read is recorded.

        Raises
        ------
        NoSuchRecord
            When there is no such course.
        Forbidden
            When the role may not read services for the stated purpose.
        """
        course = Register(self.connection, COURSES, self.subject).one((course_id,), Action.READ_COURSES).values
        rows, _ = self.register.page(
            after=None, limit=_MOST, filters={"course_id": course_id}, action=Action.READ_SERVICES
        )  # fmt: skip
        return course, [_document(row, frozenset()) for row in rows]

    # ---- parts ----

    def _seen(self, enrolment_id: str) -> Mapping[str, Any]:
        found = self.register.repository.find([(enrolment_id.replace("\x00", "\ufffd"),)])
        if not found:
            raise NoSuchRecord("没有这条记录")
        return next(iter(found.values()))

    def _one(self, enrolment_id: str) -> Row:
        return self.register.one((enrolment_id.replace("\x00", "\ufffd"),), Action.WRITE_SERVICES)

    def _open_one(self, enrolment_id: str) -> Mapping[str, Any]:
        values = self._one(enrolment_id).values
        if values["status"] in ENDED:
            raise CaseworkRefused("这条学习记录已经结束")
        return values

    def _certificates(self, candidate_id: str) -> frozenset[str]:
        values = People(self.connection, self.subject).one(candidate_id, Action.READ_CANDIDATES).row.values
        return frozenset(values["certificates"] or ())

    def _take_over(self, row: Row) -> None:
        """Add what was learned to the person's facts, with the provider as source and the day of today."""
        values = row.values
        person = People(self.connection, self.subject).one(values["candidate_id"], Action.READ_CANDIDATES).row
        course = None
        if values["course_id"] is not None:
            courses = TableRepository(self.connection, COURSES, self.subject)
            course = courses.find([(values["course_id"],)]).get((values["course_id"],))
        is_learned = course is not None and values["kind"] is not EnrolmentKind.COMPETITION
        more = {
            "skills": tuple(course["skills"] or ()) if course is not None and is_learned else (),
            "certificates": (values["certificate"],) if values["certificate"] else (),
        }
        cells = {}
        for name, added in more.items():
            held = tuple(person.values[name] or ())
            known = {one.casefold() for one in held}
            new = [one for one in added if one.casefold() not in known]
            if new:
                cells[name] = LIST_SEPARATOR.join((*held, *new))
        if not cells:
            return
        changed = People(self.connection, self.subject).change(
            values["candidate_id"], cells, person.version, on=self.on, supplied_by=values["place"] or "培训机构"
        )
        if changed is None:
            raise CaseworkRefused("这位求职者的档案刚被修改，请重新读取后再办")

    def _serve(self, row: Row) -> None:
        values = row.values
        cells = {
            "candidate_id": values["candidate_id"], "kind": ServiceKind.TRAINING.value,
            "on": min(values["ends_on"] or self.on, self.on).isoformat(), "by": values["place"] or "",
            "outcome": "；".join(part for part in (values["title"], values["certificate"]) if part),
        }  # fmt: skip
        try:
            Register(self.connection, SERVICES, self.subject).add(cells, Action.WRITE_SERVICES, on=self.on)
        except AlreadyRegistered:
            return  # written down by hand, or by another sheet


def _reviewed(reviews: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return when a training project was last published, and its last evaluation; they come the latest first."""
    latest = {kind: next((one for one in reviews if one["kind"] is kind), None) for kind in ReviewKind}
    published, judged = latest[ReviewKind.PUBLICATION], latest[ReviewKind.EVALUATION]
    return {
        "published_on": None if published is None else _iso(published["on"]),
        "evaluated_on": None if judged is None else _iso(judged["on"]),
        "evaluation": None if judged is None else judged["result"],
    }


_TRAININGS = frozenset(
    {
        EnrolmentKind.COURSE, EnrolmentKind.MASSAGE_CLASS, EnrolmentKind.MASSAGE_MASTER, EnrolmentKind.MASSAGE_SHOP,
        EnrolmentKind.CONTINUING,
    }
)  # fmt: skip


def _iso(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _document(row: Row, held: frozenset[str]) -> dict[str, Any]:
    values = row.values
    kind, status, certificate = values["kind"], values["status"], values["certificate"]
    return {
        **{name: values[name] for name in ("enrolment_id", "candidate_id", "course_id", "title", "place", "tutor")},
        "kind": kind.value,
        "kind_label": kind.label,
        "status": None if status is None else status.value,
        "status_label": None if status is None else status.label,
        "starts_on": _iso(values["starts_on"]) or None,
        "ends_on": _iso(values["ends_on"]) or None,
        **{name: values[name] for name in ("sessions", "attended", "result", "certificate")},
        "certificate_on": _iso(values["certificate_on"]) or None,
        "is_in_facts": None if certificate is None else certificate in held,
        "is_open": status not in ENDED and kind is not EnrolmentKind.SCHOOL,
        "row_version": row.version,
    }
