"""16 | S: stuffed passwords, enumerated accounts.

Lockout, equal answers and times for unknown/known users; TOTP replay refused.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import update

from api.rates import RateLimit
from pipelines.access.accounts import ATTEMPTS
from pipelines.access.roles import COMMAND_LINE, Role
from pipelines.store.tables import users
from tests.support.accounts import PASSWORD, give_second_factor, the_accounts
from tests.support.service import Service
from tests.support.stores import noted
from tests.threats.doors import V1, body_of, statements

SESSION = f"{V1}/session"


def _enter(house: Service, login: str, password: str = PASSWORD, code: str | None = None) -> Any:
    house.client.cookies.clear()
    return house.client.post(SESSION, json={"login": login, "password": password, "code": code})


def _unlimited(house: Service) -> None:
    house.access.by_client = house.access.by_login = RateLimit(10_000, 60)


def _code(house: Service, login: str, *, later: int = 0) -> str:
    """Give somebody a new second factor and return its code of now."""
    with house.engine.begin() as connection:
        account = the_accounts(connection).get(login)
        own = users.c.user_id == account.user_id
        noted(connection).execute(update(users).where(own).values(totp_secret=None, totp_confirmed_at=None))
        totp = pyotp.parse_uri(give_second_factor(connection, account.user_id, login))
    assert isinstance(totp, pyotp.TOTP)
    return str(totp.at(datetime.now(UTC) + timedelta(seconds=later)))


def check_account_shuts(house: Service) -> None:
    """Try wrong passwords, then the right one."""
    _unlimited(house)
    for _ in range(ATTEMPTS):
        assert _enter(house, "here", "wrong-password-1").status_code == 401
    assert _enter(house, "here", code=_code(house, "here")).status_code == 401


def test_account_shuts_after_a_few_wrong_passwords(house: Service) -> None:
    check_account_shuts(house)


def test_attempts_from_one_place_and_on_one_login_are_told_to_wait(house: Service) -> None:
    assert [_enter(house, f"nobody-{n}", "x").status_code for n in range(40)].count(429) >= 5
    house.access.by_client = RateLimit(10_000, 60)
    refused = [_enter(house, "nobody", "x") for _ in range(15)]
    assert [answer.status_code for answer in refused].count(429) >= 3
    assert int(refused[-1].headers["Retry-After"]) >= 1


def test_unknown_known_locked_and_half_right_are_answered_alike(house: Service) -> None:
    _unlimited(house)
    house.user("locked", Role.CASEWORKER)
    with house.engine.begin() as connection:
        accounts = the_accounts(connection)
        accounts.lock(accounts.get("locked").user_id, by=COMMAND_LINE)
    answers = [
        _enter(house, "nobody", "x"),
        _enter(house, "here", "x"),
        _enter(house, "locked"),
        _enter(house, "here", code="000000"),
        _enter(house, "here"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({str(body_of(answer)) for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers)) for answer in answers}) == 1


def test_unknown_and_known_cost_the_same_statements_and_the_same_hash(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    _unlimited(house)
    hashed: list[str] = []
    verify = PasswordHasher.verify

    def counting(hasher: PasswordHasher, *given: Any) -> bool:
        hashed.append("x")
        return verify(hasher, *given)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    costs = []
    for login in ("here", "nobody"):
        hashed.clear()
        with statements(house.access.engine) as asked:
            _enter(house, login, "wrong-password-1")
        costs.append((len(asked), len(hashed)))
    assert costs[0] == costs[1]
    assert costs[0][1] == 1


def check_code_counts_once(house: Service) -> None:
    """Sign in with a code, then replay it."""
    _unlimited(house)
    code = _code(house, "here")
    assert _enter(house, "here", code=code).status_code == 201
    assert _enter(house, "here", code=code).status_code == 401


def test_code_of_a_second_factor_counts_once(house: Service) -> None:
    check_code_counts_once(house)
