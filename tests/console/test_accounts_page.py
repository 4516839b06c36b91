"""Accounts on the page of an administrator: those of the own place, shut at once and opened again, never one's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from pipelines.access.audit import events
from pipelines.access.roles import COMMAND_LINE, Role
from tests.support.accounts import SINCE, a_user, place_of, the_accounts
from tests.support.pages import Read, Visitor
from tests.support.service import OTHER, OWN, Service, a_service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Two counties, each with a caseworker, and an administrator of the first."""
    with a_service("sqlite", tmp_path) as opened:
        for login, role, code in (
            ("here-too", Role.CASEWORKER, OWN),
            ("elsewhere", Role.CASEWORKER, OTHER),
            ("both-places", Role.CASEWORKER, OWN),
        ):
            opened.user(login, role, code)
        with opened.engine.begin() as connection:
            accounts = the_accounts(connection)
            both = accounts.get("both-places").user_id
            accounts.grant(
                both, place_of(Role.CASEWORKER, OTHER), Role.CASEWORKER, by=COMMAND_LINE, since=SINCE
            )  # fmt: skip
            a_user(connection, "not-ready", Role.SUPERVISOR, OWN, second_factor=False)
        yield opened


def administrator(service: Service) -> Visitor:
    return Visitor(service.client, service.enter("first-admin", Role.ADMINISTRATOR))


def id_of(service: Service, login: str) -> str:
    with service.engine.connect() as connection:
        return str(the_accounts(connection).get(login).user_id)


def test_administrator_sees_who_is_what_in_the_own_place_and_nobody_elsewhere(service: Service) -> None:
    told = administrator(service).open("/accounts").text
    for part in ("here-too", "first-admin", "就业服务人员", "系统管理员", "还没有设置动态口令", "本人账号"):
        assert part in told
    assert "elsewhere" not in told
    with service.engine.connect() as connection:
        assert "user.list" in [row["action"] for row in events(connection)]


def test_shut_account_is_out_at_once_and_comes_back_when_opened(service: Service) -> None:
    session = service.enter("here-too", Role.CASEWORKER)
    who, address = administrator(service), f"/accounts/{id_of(service, 'here-too')}"
    told = who.send(who.open("/accounts").form(f"{address}/lock"))
    assert "账号已停用" in told.text
    out = Visitor(service.client, session).open("/people")
    assert "登录名" in out.text
    who = administrator(service)
    assert "账号已恢复" in who.send(who.open("/accounts").form(f"{address}/unlock")).text
    Visitor(service.client, service.enter("here-too", Role.CASEWORKER)).open("/people")


def sent_anyway(who: Visitor, address: str, status: int) -> Read:
    """Send what no form of the page offers."""
    form = who.open("/accounts").form("/sign-out")
    form.action = address
    return who.send(form, status)


def test_nobody_shuts_themselves_out_or_somebody_of_another_place(service: Service) -> None:
    who = administrator(service)
    assert "自己的账号" in sent_anyway(who, f"/accounts/{id_of(service, 'first-admin')}/lock", 409).text
    assert "在其他机构也有角色" in sent_anyway(who, f"/accounts/{id_of(service, 'both-places')}/lock", 409).text
    sent_anyway(who, f"/accounts/{id_of(service, 'elsewhere')}/lock", 404)
    with service.engine.connect() as connection:
        assert set(connection.execute(text("SELECT status FROM users")).scalars()) == {"active"}


@pytest.mark.parametrize("role", [Role.CASEWORKER, Role.SUPERVISOR])
def test_only_administrators_have_the_page(service: Service, role: Role) -> None:
    with service.engine.begin() as connection:
        a_user(connection, "somebody-else", role, OWN)
    Visitor(service.client, service.enter("somebody-else", role)).open("/accounts", 403)


def test_the_province_sees_every_account(service: Service) -> None:
    with service.engine.begin() as connection:
        a_user(connection, "of-province", Role.ADMINISTRATOR, "620000")
        a_user(connection, "an-analyst", Role.ANALYST, OWN)
    told = Visitor(service.client, service.enter("of-province", Role.ADMINISTRATOR, "620000")).open("/accounts").text
    assert "elsewhere" in told
    assert "an-analyst" in told
