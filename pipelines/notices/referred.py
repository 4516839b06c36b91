"""A referral as its company is told of it: that there is one to a post of its own, and nothing of the person."""

from datetime import date

from sqlalchemy import Connection

from pipelines.access.roles import Purpose, program_subject
from pipelines.notices.tell import of_referral
from pipelines.schema import VACANCIES
from pipelines.store.repositories import TableRepository
from pipelines.vacancy_workflow.people import members_of

_PROGRAM = program_subject("notices", Purpose.RECRUITMENT)


def tell_company(connection: Connection, vacancy_id: str, *, on: date) -> None:
    """Tell who acts for the company of a vacancy; the referral was recorded in the same transaction."""
    found = TableRepository(connection, VACANCIES, _PROGRAM).find([(vacancy_id,)]).get((vacancy_id,))
    employer_id = None if found is None else found["employer_id"]
    if employer_id is not None:
        of_referral(connection, vacancy_id, employer_id, members_of(connection, employer_id, on), on=on)
