"""17 | S: fake employer or borrowed licence posts directed vacancies.

Posting needs verified 信用代码 + approval by another person; self-approval refused.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from pipelines.access.errors import Forbidden
from pipelines.access.roles import Role, Subject
from pipelines.registers.errors import RegisterError
from pipelines.schema import EMPLOYERS, CellError
from pipelines.store.errors import NotFound
from pipelines.store.workflow_tables import employer_verifications, vacancy_approvals, vacancy_versions
from pipelines.vacancy_workflow.employers import Employers, Method
from pipelines.vacancy_workflow.errors import CheckFails, NotPossible, OwnWork
from pipelines.vacancy_workflow.states import State
from tests.support.firms import FIRM, Firm, a_firm, in_role, moment_of
from tests.support.stores import BACKENDS, a_store, noted


@pytest.fixture(params=BACKENDS)
def firm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Firm]:
    """A company with one who posts and one who approves."""
    with a_store(request.param, tmp_path) as engine:
        yield a_firm(engine)


def check_own_work_is_not_approved(firm: Firm) -> None:
    """Let who wrote a vacancy try to approve it, in whatever role."""
    with firm.engine.begin() as connection:
        both = in_role(connection, "poster", Role.COMPANY_APPROVER, FIRM)
        also_office = in_role(connection, "poster", Role.CASEWORKER)
    checked = firm.do("check", firm.poster, firm.draft())
    for subject in (both, also_office):
        with pytest.raises((OwnWork, Forbidden, RegisterError)):
            firm.do("approve", subject, checked)
    assert firm.do("approve", firm.approver, checked).state is State.APPROVED


def test_nobody_approves_their_own_work_in_any_role(firm: Firm) -> None:
    check_own_work_is_not_approved(firm)


def check_unverified_company_publishes_nothing_directed(firm: Firm) -> None:
    """Let a company that no office verified try to publish posts that are for disabled people only."""
    for kind in ("directed", "reserved"):
        with pytest.raises((CheckFails, NotPossible)):
            firm.published(kind=kind)
    firm.verify()
    assert firm.published(kind="directed").state is State.PUBLISHED


def test_directed_post_of_a_company_that_no_office_verified_is_not_published(firm: Firm) -> None:
    check_unverified_company_publishes_nothing_directed(firm)


def _verified(firm: Firm, connection: Connection, subject: Subject) -> None:
    Employers(connection, subject, on=firm.day, now=moment_of(firm.day)).verify(FIRM, Method.LICENCE_SEEN, 1)


def test_only_a_named_person_of_an_office_that_sees_the_company_verifies_it(firm: Firm) -> None:
    for subject in (firm.poster, firm.approver, firm.stranger):
        with pytest.raises((Forbidden, NotFound)), firm.engine.begin() as connection:
            _verified(firm, connection, subject)
    with firm.engine.connect() as connection:
        assert connection.execute(select(employer_verifications)).all() == []


def test_credit_code_with_a_wrong_check_digit_is_taken_for_no_company(firm: Firm) -> None:
    with pytest.raises(CellError):
        EMPLOYERS.column("employer_id").parse(FIRM[:-1] + "8")


def test_database_itself_refuses_an_approval_by_the_author(firm: Firm) -> None:
    checked = firm.do("check", firm.poster, firm.draft())
    with firm.engine.connect() as connection:
        author = connection.execute(select(vacancy_versions.c.author)).scalar_one()
    values = {
        "approval_id": "x",
        "vacancy_id": checked.vacancy_id,
        "version": 1,
        "author": author,
        "approved_at": moment_of(firm.day),
    }
    for by in (author, "client:1"):
        with pytest.raises(IntegrityError), firm.engine.begin() as connection:
            noted(connection).execute(insert(vacancy_approvals).values(**values, approved_by=by))
