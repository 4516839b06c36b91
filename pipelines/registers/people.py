"""One person as a subject: pages, one record, a new one, a change, and who has taken the person on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from uuid import uuid4

from sqlalchemy import Connection

from matching.identity import normalise_certificate
from pipelines.access.audit import record
from pipelines.access.errors import Forbidden, NoSuchPerson
from pipelines.access.organisations import Organisations
from pipelines.access.roles import DIVISIONS, Action, Role, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.registers.errors import AssignmentRefused, CertificateTaken, Fault, MaskedValue, NoSuchRecord
from pipelines.registers.masks import looks_masked
from pipelines.registers.rows import Register, Row, require
from pipelines.schema import CANDIDATES
from pipelines.store.assignments import Assignment, AssignmentRepository
from pipelines.store.repositories import CandidateRepository
from pipelines.store.single_rows import PersonRepository

_STEM = 20  # the number without its re-issue suffix


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A stored person: the row, its version, and who supplied each fact and when."""

    row: Row
    sources: dict[str, dict[str, str]]


class People:
    """The people as a subject reaches them."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject

    @cached_property
    def register(self) -> Register:
        """The rows of the table."""
        return Register(self.connection, CANDIDATES, self.subject)

    def one(self, candidate_id: str, action: Action) -> PersonRecord:
        """Return a visible person; the act is recorded.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not do this for the stated purpose.
        """
        # PostgreSQL takes no NUL in a text: nobody has such an id.
        people, wanted = PersonRepository(self.connection, self.subject), candidate_id.replace("\x00", "\ufffd")
        may = self.subject.may(action)
        found = people.read(wanted, action.value) if may else people.one(wanted)
        if found is None:
            raise NoSuchPerson("没有这个求职者编号")
        require(self.subject, action)
        told = {fact: {"by": by, "on": on} for fact, (by, on) in sorted(found.sources.items())}
        return PersonRecord(Row(found.values, found.version), told)

    def add(self, cells: Mapping[str, str], *, on: date, supplied_by: str | None = None) -> tuple[Row, bool]:
        """Register a person; the import takes one whom nobody would see by region on for the office that registers.

        `supplied_by` is whom the facts come from, where that is not whoever registers them.

        Raises
        ------
        RowRefused
            When an import would reject the row.
        AlreadyRegistered
            When the id is taken.
        CertificateTaken
            When the certificate is registered already, for whomever and wherever.
        """
        require(self.subject, Action.WRITE_CANDIDATES)
        named = dict(cells)
        if not named.get("candidate_id"):
            named["candidate_id"] = str(uuid4())
        self._accept_certificate(named, named["candidate_id"])
        return self.register.add(named, Action.WRITE_CANDIDATES, on=on, supplied_by=supplied_by)

    def change(
        self, candidate_id: str, cells: Mapping[str, str], version: int, *, on: date, supplied_by: str | None = None
    ) -> Row | None:
        """Change named facts of a visible person of this version; None where somebody changed the record since.

        `supplied_by` is whom the facts come from, where that is not whoever writes them down.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        RowRefused
            When the record as it would be cannot be taken.
        CertificateTaken
            When the certificate is another person's.
        """
        ScopedCandidates(self.connection, self.subject).visible(candidate_id, Action.WRITE_CANDIDATES)
        self._accept_certificate(cells, candidate_id)
        row = self.register.change((candidate_id,), cells, version, Action.WRITE_CANDIDATES, on=on)
        if row is not None:
            facts = [(candidate_id, name) for name in cells]
            CandidateRepository(self.connection, self.subject).note_sources(
                facts, supplied_by or self.subject.by.actor, on
            )
        return row

    def _accept_certificate(self, cells: Mapping[str, str], candidate_id: str) -> None:
        wrong = looks_masked(cells)
        if wrong:
            raise MaskedValue([Fault(name, "这是遮掩后的内容，不能写回") for name in wrong])
        stem = normalise_certificate(cells.get("certificate_number", ""))[:_STEM]
        holders = CandidateRepository(self.connection, self.subject).holders([stem]) if stem else {}
        if holders.get(stem, candidate_id) != candidate_id:
            raise CertificateTaken("这个残疾人证号已登记")

    # ---- who has taken the person on ----

    def assignments(self, candidate_id: str) -> list[Assignment]:
        """Return who has taken on a visible person."""
        people = ScopedCandidates(self.connection, self.subject)
        people.opened(people.visible(candidate_id, Action.READ_CANDIDATES), Action.READ_CANDIDATES)
        return AssignmentRepository(self.connection, self.subject).of(candidate_id)

    def assign(self, candidate_id: str, organisation_id: str, *, at: datetime) -> Assignment:
        """Let an office see a visible person beside those of its own places.

        Raises
        ------
        Forbidden
            When somebody but a supervisor hands a person to another office than the own.
        AssignmentRefused
            When there is no such office, or it has the person already.
        """
        ScopedCandidates(self.connection, self.subject).visible(candidate_id, Action.WRITE_CANDIDATES)
        is_own = organisation_id == self.subject.organisation_id
        if not (is_own or self.subject.is_local or self.subject.role is Role.SUPERVISOR):
            raise Forbidden("只有主管可以把求职者交给其他机构")
        office = Organisations(self.connection).find(organisation_id)
        if office is None or office.kind not in DIVISIONS:
            raise AssignmentRefused("没有这个机构，或它不是办理机构")
        repository = AssignmentRepository(self.connection, self.subject)
        if any(one.organisation_id == organisation_id and one.ended_at is None for one in repository.of(candidate_id)):
            raise AssignmentRefused("这个机构已在服务这位求职者")
        self._note("candidates.assign", candidate_id)
        made = Assignment(str(uuid4()), candidate_id, organisation_id, None, at, None)
        repository.add(made)
        return made

    def end_assignment(self, candidate_id: str, assignment_id: str, *, at: datetime) -> Assignment:
        """End an assignment of a visible person; one that has ended stays as it is.

        Raises
        ------
        NoSuchRecord
            When the person has no such assignment.
        Forbidden
            When somebody but a supervisor ends that of another office.
        """
        ScopedCandidates(self.connection, self.subject).visible(candidate_id, Action.WRITE_CANDIDATES)
        repository = AssignmentRepository(self.connection, self.subject)
        found = next((one for one in repository.of(candidate_id) if one.assignment_id == assignment_id), None)
        if found is None:
            raise NoSuchRecord("没有这条记录")
        is_own = found.organisation_id == self.subject.organisation_id
        if not (is_own or self.subject.is_local or self.subject.role is Role.SUPERVISOR):
            raise Forbidden("只有主管可以结束其他机构的服务关系")
        if found.ended_at is not None:
            return found
        self._note("candidates.assign.end", candidate_id)
        repository.end(assignment_id, at)
        return Assignment(found.assignment_id, candidate_id, found.organisation_id, found.user_id, found.since, at)

    def _note(self, action: str, candidate_id: str) -> None:
        record(self.connection, self.subject.by, action, object_kind="candidate", object_id=candidate_id)
