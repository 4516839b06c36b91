"""Consents of a person: what was stated and what holds by it, a new statement, a withdrawal with its receipt."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, Field, StringConstraints

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Body
from api.clock import moment
from api.idempotency import Answer, once
from api.rows import acting, note_refused
from api.settings import today
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Purpose
from pipelines.consent.ledger import Consents, Statement, receipt_document
from pipelines.consent.texts import current_texts
from pipelines.consent.words import ConsentAct, ConsentPurpose, DisclosedItem, Speaker, StatementForm
from pipelines.registers.errors import Fault, RowRefused
from pipelines.registers.rows import require

router = APIRouter(tags=["consents"])
_READ = for_action(Action.READ_CONSENTS, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_CONSENTS, Purpose.JOB_MATCHING)
_LINE = r"^[^\x00-\x1F]*[^\s\x00-\x1F][^\x00-\x1F]*$"
_Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_LINE)]
_Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Particulars(Body):
    """监护人或见证人；加密保存，只出现在本人档案中。"""

    guardian_name: _Name | None = None
    guardian_relation: _Name | None = None
    witness_name: _Name | None = None


class NewStatement(Body):
    """本人或监护人对一项目的的表示；向单位提供信息的，写明一家单位和同意提供的项目。"""

    purpose: Annotated[ConsentPurpose, Field(strict=False)]
    act: Annotated[ConsentAct, Field(strict=False)]
    stated_at: Annotated[AwareDatetime, Field(strict=False, description="表示的时间，带时区")]
    stated_by: Annotated[Speaker, Field(strict=False)] = Speaker.PERSON
    form: Annotated[StatementForm, Field(strict=False)] = StatementForm.WRITTEN
    recipient: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{18}$")] | None = None
    items: Annotated[list[Annotated[DisclosedItem, Field(strict=False)]], Field(max_length=10, default_factory=list)]
    text_version: Annotated[str, StringConstraints(min_length=1, max_length=32)] | None = None
    ends_on: _Day | None = None
    particulars: Particulars | None = None

    def statement(self) -> Statement:
        """Return it as the ledger takes it."""
        told = {} if self.particulars is None else self.particulars.model_dump(exclude_none=True)
        return Statement(
            purpose=self.purpose,
            act=self.act,
            stated_at=self.stated_at,
            speaker=self.stated_by,
            form=self.form,
            recipient=self.recipient,
            items=tuple(self.items),
            has_witness="witness_name" in told,
            text_version=self.text_version,
            ends_on=None if self.ends_on is None else day_of("ends_on", self.ends_on),
            particulars=told,
        )


def day_of(name: str, text: str) -> date:
    """Return the day of a named text, or refuse it without repeating it.

    Raises
    ------
    RowRefused
        When there is no such day.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  a plain business date has no zone
    except ValueError as error:
        raise RowRefused([Fault(name, "应为实有的日期 YYYY-MM-DD")]) from error


@router.get("/consent-texts")
@declare(_READ)
def texts(subject: SubjectDep) -> dict[str, Any]:
    """Return what has to be read out before a person agrees, one text for each purpose."""
    require(subject, Action.READ_CONSENTS)
    return {"items": [text.as_dict() for text in current_texts()]}


@router.get("/candidates/{candidate_id}/consents")
@declare(_READ)
def consents(access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return everything that a person stated, and what holds by it now."""
    with acting(access, subject, Action.READ_CONSENTS) as connection:
        return Consents(connection, subject).of(candidate_id, on=today())


@router.post("/candidates/{candidate_id}/consents", status_code=201)
@declare(_WRITE)
def state(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, body: NewStatement) -> Response:
    """Record a statement; a withdrawal answers with its receipt."""
    statement = body.statement()

    def work(connection: Any) -> Answer:
        ledger = Consents(connection, subject)
        document = ledger.state(candidate_id, statement, now=moment())
        if statement.act is ConsentAct.WITHDRAWN:
            document = receipt_document(ledger.stated(candidate_id, document["consent_id"]))
        return Answer(201, document, {}, ("candidate", candidate_id))

    try:
        return once(request, access, subject, work)
    except NoSuchPerson:
        note_refused(access, subject, Action.WRITE_CONSENTS)
        raise


@router.get("/candidates/{candidate_id}/consents/{consent_id}/receipt")
@declare(_READ)
def receipt(access: AccessDep, subject: SubjectDep, candidate_id: str, consent_id: str) -> dict[str, Any]:
    """Return the receipt of a withdrawal."""
    with acting(access, subject, Action.READ_CONSENTS) as connection:
        return Consents(connection, subject).receipt(candidate_id, consent_id)
