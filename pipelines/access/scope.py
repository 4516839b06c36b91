"""The one door to people: every query starts from the subject, and every read is in the audit.

Not visible is the same as absent. Only who sees a person is told that an act is not allowed.
Whom a subject sees is said in `pipelines.store.reach`, for every door alike.
"""

from typing import Any, NewType

from sqlalchemy import Connection, Select, select

from pipelines.access.audit import record
from pipelines.access.errors import Forbidden, NoSuchPerson
from pipelines.access.roles import Action, Subject
from pipelines.store.reach import reach
from pipelines.store.tables import CASE_TABLES

VisibleCandidate = NewType("VisibleCandidate", str)
"""The id of a person that `ScopedCandidates` found within a subject's scope; nothing else makes one."""
_candidates = CASE_TABLES["candidates"]


class ScopedCandidates:
    """The people whom a subject sees."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject

    def _readable(self) -> Select[Any]:
        """Return the statement that every other one starts from."""
        statement, condition = select(_candidates.c.candidate_id), reach("candidates", self.subject)
        return statement if condition is None else statement.where(condition)

    def ids(self) -> list[VisibleCandidate]:
        """Return everybody whom the subject sees, by id."""
        found = self.connection.execute(self._readable().order_by(_candidates.c.candidate_id)).scalars()
        return [VisibleCandidate(candidate_id) for candidate_id in found]

    def visible(self, candidate_id: str, action: Action) -> VisibleCandidate:
        """Return a person to whom the subject may do something.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody whom the subject sees.
        Forbidden
            When the person is visible, but the role may not do this for the stated purpose.
        """
        # PostgreSQL takes no NUL in a text: nobody has such an id.
        wanted = self._readable().where(_candidates.c.candidate_id == candidate_id.replace("\x00", "\ufffd"))
        if self.connection.execute(wanted).first() is None:
            raise NoSuchPerson("没有这个求职者编号")
        if not self.subject.may(action):
            raise Forbidden("您的角色不能为这一目的查看")
        return VisibleCandidate(candidate_id)

    def opened(self, person: VisibleCandidate, action: Action) -> None:
        """Record a read in the transaction that hands it out; looks again, since scope may end in between."""
        self.visible(person, action)
        record(self.connection, self.subject.by, action.value, object_kind="candidate", object_id=person)

    def refused(self, action: Action) -> None:
        """Record an attempt on somebody not visible; the id is left out, for it may be anything that was typed."""
        record(self.connection, self.subject.by, f"{action.value}.refused", object_kind="candidate")
