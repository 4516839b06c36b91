"""Signing in at the command line: for acts that need to know who somebody is, and not only at which machine."""

import sys
from collections.abc import Callable
from getpass import getpass

import typer
from sqlalchemy import Engine

from api.clock import moment
from api.session import session_of
from pipelines.access.accounts import Accounts
from pipelines.access.errors import LoginRefused, PasswordChangeRequired, SecondFactorRequired
from pipelines.access.passwords import Passwords
from pipelines.access.roles import Purpose, Subject
from pipelines.access.sessions import subject_for
from pipelines.store.sealed import vault_of


def _asked(what: str) -> str:
    """Return what somebody types unseen, or the next line where nobody sits there."""
    return getpass(f"{what}：") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def signed_in(
    context: typer.Context,
    engine: Engine,
    login: str,
    purpose: Purpose,
    may: Callable[[Subject], bool],
) -> Subject | None:
    """Return who signs in, in a capacity that may do what is asked, or None; password and code are typed.

    Raises
    ------
    LoginRefused
        When it is nobody, or may not come in now.
    PasswordChangeRequired, SecondFactorRequired
        When that comes first.
    """
    password, code = _asked("口令"), _asked("动态口令")
    on = session_of(context).settings.as_of
    with engine.begin() as connection:
        accounts = Accounts(connection, passwords=Passwords(), vault=vault_of(connection), now=moment())
        account = accounts.check(login, password, code or None)
    # Raised after the transaction: the attempt has to stay counted.
    if account is None:
        raise LoginRefused("登录名、口令或动态口令不正确，或账号暂时不能使用")
    if account.must_change_password:
        raise PasswordChangeRequired("请先修改一次性密码")
    if not account.has_second_factor:
        raise SecondFactorRequired("请先设置动态口令")
    with engine.connect() as connection:
        for membership in Accounts(
            connection, passwords=Passwords(), vault=vault_of(connection), now=moment()
        ).memberships(account.user_id, on):
            subject = subject_for(
                connection,
                membership.organisation_id,
                membership.role,
                purpose,
                on,
                user_id=account.user_id,
            )
            if may(subject):
                return subject
    return None
