"""How long notices are kept: both sides of each term, and what still falls due stays however old it is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from pipelines.access.roles import COMMAND_LINE
from pipelines.consent.retention import carry_out, plan
from pipelines.notices.words import Because, NoticeKind
from pipelines.store.notice_tables import notices
from pipelines.store.notices import NewNotice, make
from tests.support.stores import BACKENDS, a_store, noted

ON = date(2026, 11, 30)
READ, UNREAD = datetime(2026, 5, 30, tzinfo=UTC), datetime(2024, 11, 30, tzinfo=UTC)
"""Six months and two years before, as `retention.yaml` has it; midnight in Gansu is eight hours before that of UTC."""
BEFORE_READ, BEFORE_UNREAD = datetime(2026, 5, 29, 15, tzinfo=UTC), datetime(2024, 11, 29, 15, tzinfo=UTC)
OLD = datetime(2020, 1, 1, tzinfo=UTC)
TOLD, FALLS_DUE = NoticeKind.CLAIM_DECIDED, NoticeKind.FOLLOW_UP
CASES = {
    "unread": (TOLD, UNREAD, None, None, True),
    "unread-too-long": (TOLD, BEFORE_UNREAD, None, None, False),
    "read": (TOLD, OLD, READ, None, True),
    "read-too-long-ago": (TOLD, OLD, BEFORE_READ, None, False),
    "ended": (TOLD, OLD, None, READ, False),  # never read, and old itself
    "ended-of-late": (TOLD, UNREAD, None, READ, True),
    "due-and-unread": (FALLS_DUE, OLD, None, None, True),
    "due-and-read": (FALLS_DUE, OLD, OLD, None, True),
    "due-no-more": (FALLS_DUE, OLD, OLD, BEFORE_READ, False),
    "due-no-more-of-late": (FALLS_DUE, OLD, OLD, READ, True),
}


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            noted(connection)
            for mark, (kind, made, seen, ended, _) in CASES.items():
                told = NewNotice("user:u", kind.value, Because.PROPOSER.value, mark, ON)
                make(connection, [told, replace(told, reader="user:other")], now=made)
                own = notices.c.mark == mark
                connection.execute(notices.update().where(own).values(seen_at=seen, ended_at=ended))
        yield opened


def marks(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(select(notices.c.mark)).scalars())


def test_notices_go_after_their_terms_of_every_reader_and_what_still_falls_due_stays(engine: Engine) -> None:
    stays = {mark for mark, case in CASES.items() if case[-1]}
    with engine.begin() as connection:
        found = plan(connection, ON)
    assert found.as_dict()["notices"] == 2 * (len(CASES) - len(stays))
    assert marks(engine) == set(CASES)  # a plan changes nothing
    with engine.begin() as connection:
        carry_out(connection, found, by=COMMAND_LINE)
    assert marks(engine) == stays
    with engine.begin() as connection:
        assert plan(connection, ON).n_notices == 0
