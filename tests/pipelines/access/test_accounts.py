"""Threats 4, 13 and 16 below the doors: passwords, codes, lockout, roles that end, sessions that end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection, Engine, event, select, text

from pipelines.access.accounts import ATTEMPTS, LOCKED_FOR, ONE_TIME_FOR, Accounts, any_account
from pipelines.access.audit import events
from pipelines.access.errors import AccountRefused, PasswordRefused
from pipelines.access.organisations import Organisations, gansu, office_id
from pipelines.access.passwords import Passwords
from pipelines.access.roles import COMMAND_LINE, OrganisationKind, Role
from pipelines.access.scope import ScopedCandidates
from pipelines.access.sessions import IDLE, LONGEST, Sessions
from pipelines.access.vault import Vault, new_key
from pipelines.store.tables import sessions, users
from tests.support.accounts import KEYS, PASSWORD, a_user, gansu_with_others, give_second_factor, the_accounts
from tests.support.builders import LANZHOU, certificate_number
from tests.support.stores import BACKENDS, a_store

NOW = datetime(2026, 11, 24, 2, 0, 5, tzinfo=UTC)
TODAY = date(2026, 11, 24)


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as opened:
        gansu_with_others(opened)
        yield opened


def user(connection: Connection, *, second_factor: bool = False) -> Any:
    return a_user(connection, "liwei", Role.CASEWORKER, LANZHOU, second_factor=second_factor)[0]


def enters(connection: Connection, password: str = PASSWORD, code: str | None = None, at: datetime = NOW) -> bool:
    return the_accounts(connection, at).check("liwei", password, code) is not None


def test_passwords_are_kept_as_argon2id_and_never_in_clear(connection: Connection) -> None:
    account, one_time = the_accounts(connection).create("wang", "王", by=COMMAND_LINE)
    (stored,) = connection.execute(select(users.c.password_hash)).scalars().all()
    assert stored.startswith("$argon2id$")
    assert one_time not in stored
    assert account.must_change_password


def test_the_hash_of_the_service_is_the_second_recommended_one_of_rfc_9106() -> None:
    hasher = PasswordHasher()
    assert (hasher.memory_cost, hasher.time_cost, hasher.type.name) == (65536, 3, "ID")


def test_a_one_time_password_runs_out(connection: Connection) -> None:
    accounts = the_accounts(connection, NOW)
    _, one_time = accounts.create("liwei", "liwei", by=COMMAND_LINE)
    assert not enters(connection, one_time, at=NOW + ONE_TIME_FOR)
    assert enters(connection, one_time, at=NOW + ONE_TIME_FOR - timedelta(seconds=1))


@pytest.mark.parametrize("login", ["13912345678", certificate_number(), "a b", "ab", "620102199001011234"])
def test_threat_7_a_login_is_no_number_of_a_person(connection: Connection, login: str) -> None:
    with pytest.raises(AccountRefused) as refused:
        the_accounts(connection).create(login, "x", by=COMMAND_LINE)
    assert login not in str(refused.value)


def test_a_login_is_one_whatever_its_case(connection: Connection) -> None:
    user(connection)
    with pytest.raises(AccountRefused):
        the_accounts(connection).create(" LIWEI ", "x", by=COMMAND_LINE)
    assert the_accounts(connection, NOW).check("LIWEI ", PASSWORD, None) is not None


def test_threat_16_an_account_shuts_after_five_wrong_passwords_and_opens_again(connection: Connection) -> None:
    user(connection)
    for _ in range(ATTEMPTS):
        assert not enters(connection, "wrong-password")
    assert not enters(connection)
    assert not enters(connection, at=NOW + LOCKED_FOR - timedelta(seconds=1))
    assert enters(connection, at=NOW + LOCKED_FOR)


def test_threat_16_attempts_while_shut_do_not_keep_it_shut(connection: Connection) -> None:
    user(connection)
    for minutes in (0, 0, 0, 0, 0, 5, 10, 14):
        enters(connection, "wrong-password", at=NOW + timedelta(minutes=minutes))
    assert enters(connection, at=NOW + LOCKED_FOR)


def test_an_administrator_locks_unlocks_and_resets(connection: Connection) -> None:
    account, accounts = user(connection), the_accounts(connection, NOW)
    accounts.lock(account.user_id, by=COMMAND_LINE)
    assert not enters(connection)
    accounts.unlock(account.user_id, by=COMMAND_LINE)
    assert enters(connection)
    one_time = accounts.reset(account.user_id, by=COMMAND_LINE)
    assert not enters(connection)
    assert enters(connection, one_time)


class Counted:
    """Counts the statements sent and the hashes checked while it is on."""

    def __init__(self, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements, self.hashes = [0], [0]
        event.listen(connection, "before_cursor_execute", lambda *_: self._more(self.statements))
        verify = PasswordHasher.verify

        def counting(hasher: PasswordHasher, *given: Any) -> bool:
            self._more(self.hashes)
            return verify(hasher, *given)

        monkeypatch.setattr(PasswordHasher, "verify", counting)

    @staticmethod
    def _more(count: list[int]) -> None:
        count[0] += 1

    def of(self, act: Any) -> tuple[int, int]:
        before = self.statements[0], self.hashes[0]
        act()
        return self.statements[0] - before[0], self.hashes[0] - before[1]


def test_threat_16_unknown_known_and_locked_accounts_cost_the_same_work(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = user(connection)
    accounts, counted = the_accounts(connection, NOW), Counted(connection, monkeypatch)
    known = counted.of(lambda: accounts.check("liwei", "wrong-password", None))
    unknown = counted.of(lambda: accounts.check("nobody", "wrong-password", None))
    accounts.lock(account.user_id, by=COMMAND_LINE)
    locked = counted.of(lambda: accounts.check("liwei", PASSWORD, None))
    assert known == unknown == locked
    assert known[1] == 1


def test_threat_16_a_used_code_is_refused_and_so_is_an_earlier_one(connection: Connection) -> None:
    account = user(connection)
    totp = pyotp.parse_uri(give_second_factor(connection, account.user_id, "liwei"))
    assert isinstance(totp, pyotp.TOTP)
    code, before = totp.at(NOW), totp.at(NOW - timedelta(seconds=30))
    assert not enters(connection)
    assert not enters(connection, code="000000" if code != "000000" else "111111")
    assert enters(connection, code=code)
    assert not enters(connection, code=code)
    assert not enters(connection, code=before)
    later = NOW + timedelta(seconds=30)
    assert enters(connection, code=totp.at(later), at=later)


def test_threat_16_of_sign_ins_with_one_code_at_the_same_time_one_gets_in_beside_refusals(
    engine: Engine,
) -> None:
    with engine.begin() as connection:
        gansu_with_others(connection)
        account = user(connection)
        totp = pyotp.parse_uri(give_second_factor(connection, account.user_id, "liwei"))
        assert isinstance(totp, pyotp.TOTP)
    code = totp.at(NOW)

    def right() -> bool:
        with engine.begin() as connection:
            return enters(connection, code=code)

    def wrong() -> bool:
        with engine.begin() as connection:
            return enters(connection, "wrong-password")

    def unlock() -> bool:
        with engine.begin() as connection:
            the_accounts(connection, NOW).unlock(account.user_id, by=COMMAND_LINE)
        return False

    n = ATTEMPTS - 1  # so few wrong ones do not shut the account
    with ThreadPoolExecutor(3 * n) as pool:
        acts = [pool.submit(act) for _ in range(n) for act in (wrong, right, unlock)]
        assert sum(act.result() for act in acts) == 1
    with engine.begin() as connection:
        told = [event["action"] for event in events(connection) if event["object_id"] == account.user_id]
    assert (told.count("session.accepted"), told.count("session.refused")) == (1, 2 * n - 1)


def test_threat_16_a_wrong_password_does_not_use_a_code_up(connection: Connection) -> None:
    account = user(connection)
    totp = pyotp.parse_uri(give_second_factor(connection, account.user_id, "liwei"))
    assert isinstance(totp, pyotp.TOTP)
    assert not enters(connection, "wrong-password", totp.at(NOW))
    assert enters(connection, code=totp.at(NOW))


def test_threat_13_the_second_factor_is_sealed_and_does_not_open_in_another_users_row(connection: Connection) -> None:
    first = user(connection, second_factor=True)
    second, _ = a_user(connection, "zhao", Role.CASEWORKER, LANZHOU)
    secrets = {row.user_id: row.totp_secret for row in connection.execute(select(users.c.user_id, users.c.totp_secret))}
    assert all(secret.startswith("v1.k1.") for secret in secrets.values())
    swap = text("UPDATE users SET totp_secret = :secret WHERE user_id = :user")
    connection.execute(swap, {"secret": secrets[first.user_id], "user": second.user_id})
    assert the_accounts(connection, NOW).check("zhao", "wrong-password", "123456") is None
    with pytest.raises(Exception, match="加密内容已损坏"):
        the_accounts(connection, NOW).check("zhao", PASSWORD, "123456")


def test_keys_are_changed_without_anybody_setting_up_anew(connection: Connection) -> None:
    account = user(connection)
    totp = pyotp.parse_uri(give_second_factor(connection, account.user_id, "liwei"))
    assert isinstance(totp, pyotp.TOTP)
    newer = new_key("k2")

    def with_keys(keys: str) -> Accounts:
        return Accounts(connection, passwords=Passwords(), vault=Vault.read(keys), now=NOW)

    assert with_keys(f"{newer},{KEYS}").reseal(by=COMMAND_LINE) == 1
    assert with_keys(newer).check("liwei", PASSWORD, totp.at(NOW)) is not None


@pytest.mark.parametrize("new", ["short", "aaaaaaaaaaaaaaaa", "my-name-is-liwei-9876", PASSWORD])
def test_a_weak_or_old_password_is_refused(connection: Connection, new: str) -> None:
    account = user(connection)
    with pytest.raises(PasswordRefused) as refused:
        the_accounts(connection, NOW).change_password(account.user_id, "liwei", PASSWORD, new, by=COMMAND_LINE)
    assert new not in str(refused.value)
    assert enters(connection)


def test_a_session_ends_idle_and_in_any_case(connection: Connection) -> None:
    account, at = a_user(connection, "liwei", Role.CASEWORKER, LANZHOU)
    token = Sessions(connection, now=NOW, on=TODAY).open(account.user_id, at, Role.CASEWORKER).token

    def holds(moment: datetime) -> bool:
        return Sessions(connection, now=moment, on=TODAY).current(token) is not None

    assert not holds(NOW + IDLE)
    moment = NOW
    while moment + timedelta(minutes=29) < NOW + LONGEST:
        moment += timedelta(minutes=29)
        assert holds(moment)
    assert not holds(NOW + LONGEST)


def test_only_hashes_of_tokens_are_kept(connection: Connection) -> None:
    account, at = a_user(connection, "liwei", Role.CASEWORKER, LANZHOU)
    opened = Sessions(connection, now=NOW, on=TODAY).open(account.user_id, at, Role.CASEWORKER)
    row = connection.execute(select(sessions)).one()
    assert opened.token not in str(tuple(row))
    assert opened.csrf_token not in str(tuple(row))


def test_threat_4_a_withdrawn_role_ends_the_session_at_the_next_request(connection: Connection) -> None:
    account, at = a_user(connection, "liwei", Role.CASEWORKER, LANZHOU)
    mine = Sessions(connection, now=NOW, on=TODAY)
    token = mine.open(account.user_id, at, Role.CASEWORKER).token
    assert mine.current(token) is not None
    the_accounts(connection, NOW).withdraw(account.user_id, at, Role.CASEWORKER, by=COMMAND_LINE)
    assert mine.current(token) is None


def test_gansu_is_a_tree_of_14_prefectures_and_two_units_over_its_counties() -> None:
    kinds = [organisation.kind for organisation, _ in gansu()]
    assert kinds.count(OrganisationKind.PROVINCE) == 1
    assert kinds.count(OrganisationKind.PREFECTURE) == 14 + 2
    assert kinds.count(OrganisationKind.COUNTY) >= 85
    assert len({code for _, codes in gansu() for code in codes}) == sum(len(codes) for _, codes in gansu())


def test_scope_is_the_subtree_of_the_day_and_nothing_beside_it(connection: Connection) -> None:
    organisations = Organisations(connection)
    assert organisations.codes_of_subtree(office_id(LANZHOU), TODAY) == {LANZHOU}
    lanzhou = organisations.codes_of_subtree(office_id("620100"), TODAY)
    assert {"620100", "620101", LANZHOU, "620123"} <= lanzhou
    assert not {"620171", "620502", "620000"} & lanzhou  # 兰州新区 answers to the province itself
    whole = organisations.codes_of_subtree(office_id("620000"), TODAY)
    assert {"620171", "620299", "620502", "620000"} <= whole
    connection.execute(text("UPDATE organisation_codes SET valid_to = '2026-11-23' WHERE code = '620102'"))
    assert organisations.codes_of_subtree(office_id(LANZHOU), TODAY) == set()


def test_the_trusted_user_is_there_until_the_first_account(connection: Connection) -> None:
    assert not any_account(connection)
    user(connection)
    assert any_account(connection)


def test_seeding_twice_adds_nothing(connection: Connection) -> None:
    assert Organisations(connection).seed_gansu(by=COMMAND_LINE) == 0


def test_nobody_is_visible_through_an_identifier_with_a_null(connection: Connection) -> None:
    from pipelines.access.errors import NoSuchPerson
    from pipelines.access.roles import Action, Purpose, local_subject

    with pytest.raises(NoSuchPerson):
        ScopedCandidates(connection, local_subject(Purpose.JOB_MATCHING)).visible("a\x00b", Action.READ_SHORTLIST)
