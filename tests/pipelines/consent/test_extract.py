"""A person's own extract as it is read or read out: in Chinese, by Beijing time, staff not named."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from pipelines.consent.extract import extract_lines, own_extract
from pipelines.consent.words import ConsentAct
from tests.support.firms import FIRM, two_firms
from tests.support.people import a_person, a_vacancy, acted, agrees_to_tell, says
from tests.support.stores import BACKENDS, PROGRAM, a_store

LATE = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
"""After midnight in Gansu."""


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            two_firms(connection)
            a_person(connection)
            a_vacancy(connection, "v-1", FIRM)
            acted(connection, "c-1", "v-1")
            says(connection, "c-1", ConsentAct.GIVEN, at=LATE)
            agrees_to_tell(connection, "c-1", FIRM, at=LATE)
        yield opened


def test_it_is_in_words_that_the_person_reads(engine: Engine) -> None:
    with engine.begin() as connection:
        text = "\n".join(extract_lines(own_extract(connection, PROGRAM, "c-1", now=LATE)))
    assert "残疾类别：肢体" in text
    assert "残疾等级：二级" in text
    assert "居住地区：兰州市城关区" in text
    assert "行走重度受限" in text
    assert "类型 推荐" in text
    assert "甲公司" in text
    assert "登记同意" in text
    assert "出具于 2026-11-23 01:30" in text
    assert "2026-11-23 同意：参与岗位匹配" in text
    assert not re.search(r"[a-z]{3,}", text.replace("command-line", ""))
