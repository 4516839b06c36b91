"""Faults of usage: exit code 2 and one line in Chinese, without the value that was typed."""

import re

import pytest

from tests.conftest import Yougang

CANARY = "62010219930412998442"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ([CANARY], "没有这个命令"),
        (["shortlist"], "缺少 candidate_id"),
        (["quota", "x"], "缺少 --year"),
        (["shortlist", "x", "-k", "0"], "不能小于 1"),
        (["shortlist", "x", "-k", CANARY + "x"], "应为整数"),
        (["shortlist", "x", f"--{CANARY}"], "没有这个选项"),
        (["shortlist", "x", "-k"], "后面须写一个值"),
        (["shortlist", "x", CANARY], "多写了内容"),
        (["import", CANARY, "x.csv"], "employers、vacancies"),
        (["models", "--as-of", CANARY], "YYYY-MM-DD"),
        (["restore", "x"], "--verify"),
        (["accounts", "user", "add", "liwei", "--organisation", "x", "--role", CANARY], "caseworker、supervisor"),
    ],
)
def test_a_command_typed_wrongly_is_told_in_one_line(yougang: Yougang, typed: list[str], said: str) -> None:
    result = yougang(*typed, "--json")
    assert result.code == 2
    assert result.out == ""
    line = result.err.strip()
    assert said in line
    assert "\n" not in line
    assert CANARY not in line
    assert not re.search(r"[A-Z][a-z]+ [a-z]+", line)


def test_help_and_a_new_key_are_there_where_the_key_file_is_not(
    yougang: Yougang, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOUGANG_KEY_FILE", "/nowhere/keys")
    assert yougang("shortlist", "--help").code == 0
    assert yougang("accounts", "new-key", "k1").out.startswith("k1:")
    assert yougang("models").code == 4
