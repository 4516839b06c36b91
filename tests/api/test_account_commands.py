"""`yougang accounts`: the first administrator, users and keys, and what the audit keeps of it."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.account_commands import accounts
from api.session import Session
from api.settings import Settings
from pipelines.access.audit import breaks, events
from pipelines.access.errors import AccountRefused
from pipelines.access.roles import OrganisationId, Purpose, Role
from pipelines.access.sessions import subject_for
from pipelines.store.repositories import has_rows_beside
from pipelines.store.session import engine_for
from tests.support.accounts import the_accounts
from tests.support.firms import FIRM


class Office:
    """A database and the commands on it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, *arguments: str) -> Any:
        result = CliRunner().invoke(accounts, list(arguments), obj=Session(Settings.of(self.url), True))
        if result.exception is not None:
            raise result.exception
        return json.loads(result.stdout)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(f"sqlite:///{tmp_path / 'office.db'}")


def test_there_is_one_first_administrator(office: Office) -> None:
    made = office("first-administrator", "root-gs")
    engine = engine_for(office.url)
    with engine.begin() as connection:
        people = the_accounts(connection)
        assert people.check("root-gs", made["one_time_password"], None) is not None
        user_id = people.get("root-gs").user_id
        assert [m.role for m in people.memberships(user_id, Settings.of(office.url).as_of)] == [Role.ADMINISTRATOR]
    engine.dispose()
    with pytest.raises(AccountRefused):
        office("first-administrator", "second-root")


def test_every_act_is_in_the_audit_and_no_password_is(office: Office) -> None:
    office("seed-gansu")
    at = ("--organisation", "office-620102", "--role", "caseworker")
    passwords = [office("user", "add", "liwei", *at)["one_time_password"]]
    office("user", "lock", "liwei")
    office("user", "unlock", "liwei")
    passwords.append(office("user", "reset", "liwei")["one_time_password"])
    office("user", "withdraw", "liwei", *at)
    engine = engine_for(office.url)
    with engine.connect() as connection:
        kept = list(events(connection))
        assert list(breaks(connection)) == []
    engine.dispose()
    acts = [row["action"] for row in kept if not row["action"].startswith("organisation.")]
    assert acts == ["user.create", "membership.grant", "user.lock", "user.unlock", "user.reset", "membership.withdraw"]
    assert {row["actor"] for row in kept} == {"command-line"}
    assert not any(password in str(kept) for password in passwords)


def test_a_role_that_the_organisation_does_not_have_leaves_no_user_behind(office: Office) -> None:
    office("seed-gansu")
    at = ("--organisation", "office-620102", "--role", "analyst")
    with pytest.raises(AccountRefused):
        office("user", "add", "liwei", *at)
    with pytest.raises(AccountRefused):
        office("user", "lock", "liwei")


@pytest.mark.parametrize(
    "wrong",
    [
        ("twp-1", "某乡", "--kind", "township"),
        ("twp-1", "某乡", "--kind", "township", "--parent", "office-999999"),
        ("twp-1", "某市", "--kind", "prefecture", "--parent", "office-620102"),
        ("firm-1", "某公司", "--kind", "employer", "--parent", "office-620102", "--employer", FIRM),
        ("firm-1", "某公司", "--kind", "employer"),
        ("firm-1", "某公司", "--kind", "employer", "--employer", "91620102MA00000000"),
        ("stats-1", "统计室", "--kind", "analyst_office", "--employer", FIRM),
        ("twp-1", "某乡", "--kind", "township", "--parent", "office-620102", "--code", "629999"),
    ],
)
def test_an_organisation_that_does_not_fit_the_tree_is_refused(office: Office, wrong: tuple[str, ...]) -> None:
    office("seed-gansu")
    with pytest.raises(AccountRefused):
        office("organisation", "add", *wrong)
    assert wrong[0] not in {o["organisation_id"] for o in office("organisation", "list")["organisations"]}


def test_a_company_has_its_credit_code_by_which_its_people_find_its_rows(office: Office) -> None:
    made = office("organisation", "add", "firm-1", "某公司", "--kind", "employer", "--employer", FIRM)
    assert made["employer_id"] == FIRM
    engine = engine_for(office.url)
    with engine.connect() as connection:
        subject = subject_for(
            connection, OrganisationId("firm-1"), Role.COMPANY_POSTER, Purpose.RECRUITMENT, date(2026, 11, 23)
        )
    engine.dispose()
    assert subject.employer_id == FIRM


def test_the_demonstration_never_erases_a_database_with_accounts(office: Office) -> None:
    office("first-administrator", "root-gs")
    engine = engine_for(office.url)
    with engine.connect() as connection:
        assert has_rows_beside(connection, "demo-")
    engine.dispose()
