"""Signing in with password and second factor, and out, by forms alone."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from api.pages.sign_in import own_page
from pipelines.access.roles import COMMAND_LINE, Role
from tests.support.accounts import PASSWORD, a_user, give_second_factor, the_accounts
from tests.support.pages import Visitor
from tests.support.service import OWN, Service, a_service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with offices and accounts."""
    with a_service("sqlite", tmp_path_factory.mktemp("sign-in")) as made:
        yield made


def a_code(service: Service, login: str) -> str:
    """Give somebody a second factor and return a code of it."""
    with service.engine.begin() as connection:
        account = the_accounts(connection).get(login)
        uri = give_second_factor(connection, account.user_id, login)
    return pyotp.TOTP(parse_qs(urlsplit(uri).query)["secret"][0]).now()


def test_one_signs_in_with_password_and_code_and_out_again(service: Service) -> None:
    with service.engine.begin() as connection:
        a_user(connection, "wang", Role.CASEWORKER, OWN, second_factor=False)
    code = a_code(service, "wang")
    service.client.cookies.clear()
    visitor = Visitor(service.client)
    asked = visitor.open("/people")
    assert visitor.path == "/sign-in"
    shown = visitor.send(asked.form("/sign-in"), login="wang", password=PASSWORD, code=code)
    assert visitor.path == "/people"
    assert "就业服务人员" in shown.text
    left = visitor.send(shown.form("/sign-out"))
    assert "已退出登录" in left.text
    visitor.open("/people")
    assert visitor.path == "/sign-in"


def test_every_refusal_says_the_same_and_repeats_nothing(service: Service) -> None:
    service.client.cookies.clear()
    visitor = Visitor(service.client)
    for login, password in (("wang", "wrong-password-9"), ("nobody-here", PASSWORD), ("", "")):
        asked = visitor.open("/sign-in")
        told = visitor.send(asked.form("/sign-in"), 422, login=login, password=password)
        assert "登录名、密码或动态口令不正确" in told.text
        assert password == "" or password not in visitor.answer.text
        assert login == "" or f'value="{login}"' not in visitor.answer.text


def test_who_has_no_second_factor_sets_one_up_before_anything_else(service: Service) -> None:
    with service.engine.begin() as connection:
        a_user(connection, "zhao", Role.CASEWORKER, OWN, second_factor=False)
    service.client.cookies.clear()
    visitor = Visitor(service.client)
    shown = visitor.send(visitor.open("/sign-in").form("/sign-in"), login="zhao", password=PASSWORD)
    assert visitor.path == "/second-factor"
    begun = visitor.send(shown.form("/second-factor"))
    secret = next(word for word in begun.text.split() if "密钥" in word).rpartition("：")[2]
    assert len(secret) >= 16
    refused = visitor.send(begun.form("/second-factor/confirm"), 422, code="000000")
    assert secret not in refused.text  # it is shown once
    visitor.send(refused.form("/second-factor/confirm"), code=pyotp.TOTP(secret).now())
    assert visitor.path == "/"
    visitor.open("/people")
    assert visitor.path == "/people"


def test_a_password_for_once_is_changed_first(service: Service) -> None:
    with service.engine.begin() as connection:
        account, _ = a_user(connection, "qian", Role.CASEWORKER, OWN, second_factor=False)
        once = the_accounts(connection).reset(account.user_id, by=COMMAND_LINE)
    service.client.cookies.clear()
    visitor = Visitor(service.client)
    code = a_code(service, "qian")
    shown = visitor.send(visitor.open("/sign-in").form("/sign-in"), login="qian", password=once, code=code)
    assert visitor.path == "/password"
    short = visitor.send(shown.form("/password"), 422, current=once, new="short")
    assert "个字符" in short.text
    done = visitor.send(short.form("/password"), current=once, new="a-longer-one-77")
    assert visitor.path == "/"
    assert "密码已修改" in done.text


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "people",
        "/a\nb",
        "\\\\evil",
    ],
)
def test_signing_in_leads_to_no_other_host(address: str) -> None:
    assert own_page(address) == "/"


def test_signing_in_leads_back_to_what_was_read() -> None:
    assert own_page("/people/c-1/list") == "/people/c-1/list"


def test_without_accounts_the_one_user_of_this_machine_needs_no_sign_in(tmp_path: Path) -> None:
    with a_service("sqlite", tmp_path, accounts=False) as alone:
        shown = Visitor(alone.client).open("/people")
        assert "本机用户" in shown.text
        assert "退出登录" not in shown.text


def test_a_first_page_holds_the_style_and_the_next_one_asks_for_the_file_that_is_kept(service: Service) -> None:
    service.client.cookies.clear()
    first = service.client.get("/sign-in")
    held = re.search(r'<style nonce="([^"]+)" data-kept="([^"]+)">(.+?)</style>', first.text, re.DOTALL)
    assert held is not None
    nonce, kept, style = held.groups()
    assert f"style-src 'self' 'nonce-{nonce}'" in first.headers["Content-Security-Policy"]
    file = service.client.get(kept)
    assert file.text == style
    assert "immutable" in file.headers["Cache-Control"]
    said = first.headers["Set-Cookie"].lower()
    assert "httponly" in said
    assert "samesite=lax" in said
    second = service.client.get("/sign-in")
    assert "<style" not in second.text
    assert f'<link rel="stylesheet" href="{kept}">' in second.text
    assert "yougang-style" not in second.headers.get("Set-Cookie", "")
    service.client.cookies.clear()
    service.client.cookies.set("yougang-style", "of-an-older-version")
    assert "<style" in service.client.get("/sign-in").text
