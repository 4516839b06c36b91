"""Keeps one desk open for the service and brings it up to date when the day, the model or the data changed.

What was changed since is in the audit, whichever process or command changed it. People are taken over one by one
before the next answer. For posts the desk is opened anew: at once where that takes a moment, else beside the work.
"""

import gc
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Lock, Thread
from typing import Any

from sqlalchemy import Connection

from api.settings import Settings
from pipelines.access.audit import events, last_event
from pipelines.access.roles import Purpose, program_subject
from pipelines.casebook import load_casebook, load_people
from pipelines.desk import Desk
from pipelines.registry import Registry
from pipelines.store.repositories import ImportRepository, ModelVersionRepository
from pipelines.store.session import engine_for, upgrade

logger = logging.getLogger(__name__)
Stamp = tuple[date, str | None, int]
_DAYS_KEPT = 3
_MOMENT_SECONDS = 5.0
"""An answer may wait so long for a new desk; where opening takes longer, the one before goes on answering meanwhile."""
_REST = 10
"""A desk that takes long to open is opened again after so many times as long, lest nothing else be done."""
_READS = (".read", ".refused", ".identity", ".extract", ".released", ".replay")
_OF_POSTS = frozenset(
    {
        "vacancies.balance", "vacancy.publish", "vacancy.confirm", "vacancy.close", "vacancies.write",
        "employers.write", "courses.write", "placements.write",
    }
)  # fmt: skip
"""What changes the posts that people are ranked on: also a placement, for it fills one."""


@dataclass(slots=True)
class _Opened:
    """A desk, up to which row of the audit it is up to date, and how long opening it took."""

    desk: Desk
    seen: int
    seconds: float
    at: float
    is_behind: bool = False
    is_reopening: bool = False
    lock: Lock = field(default_factory=Lock)


class DeskKeeper:
    """Hands out the desk of a day; one thread at a time opens one, all share it, and the latest few days are kept."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = engine_for(settings.database_url, settings.keys)
        upgrade(self.engine)
        self._lock = Lock()
        self._desks: dict[Stamp, _Opened] = {}

    def desk(self, on: date) -> Desk:
        """Return the desk of a day.

        Raises
        ------
        NoModel
            When no model was trained yet.
        """
        with self.engine.begin() as connection:
            stamp = self._current(connection, on)
        ready = self._desks.get(stamp)
        if ready is not None:
            return self._followed(ready)
        with self._lock:
            if stamp not in self._desks:
                self._desks = {kept: desk for kept, desk in self._desks.items() if kept[1:] == stamp[1:]}
                while len(self._desks) >= _DAYS_KEPT:
                    self._desks.pop(next(iter(self._desks)))
                self._desks[stamp] = self._opened(on)
            return self._desks[stamp].desk

    def _opened(self, on: date) -> _Opened:
        began = time.monotonic()
        with self.engine.begin() as connection:
            seen = last_event(connection)  # before anything is read: what is written meanwhile is followed up
            version, model, tests = Registry(connection, self.settings.models).answering()
            casebook = load_casebook(connection, program_subject("desk", Purpose.JOB_MATCHING))
        # Once the store was left: texts that were read anew were written, and nobody should have to wait for the rest.
        desk = Desk.open(casebook, model, version, on, tests)
        # A desk stays: looked through for garbage again and again, it would keep answers waiting for seconds.
        gc.collect()
        gc.freeze()
        now = time.monotonic()
        return _Opened(desk, seen, now - began, now)

    def _followed(self, ready: _Opened) -> Desk:
        """Return a desk after what was changed since was taken over."""
        with self.engine.begin() as connection:
            seen, people, has_posts = _changes(events(connection, after=ready.seen), ready.seen)
        if not (people or has_posts or ready.is_behind):
            ready.seen = max(ready.seen, seen)
            return ready.desk
        with ready.lock:
            with self.engine.begin() as connection:
                seen, people, has_posts = _changes(events(connection, after=ready.seen), ready.seen)
                ready.is_behind = ready.is_behind or has_posts
                if people:
                    subject = program_subject("desk", Purpose.JOB_MATCHING)
                    ready.desk = ready.desk.with_people(load_people(connection, subject, people), people)
            ready.seen = seen
            if ready.is_behind:
                self._bring_posts_up(ready)
            return ready.desk

    def _bring_posts_up(self, ready: _Opened) -> None:
        if ready.seconds <= _MOMENT_SECONDS:
            self._take_over(ready, self._opened(ready.desk.rules.on))
        elif not ready.is_reopening and time.monotonic() - ready.at >= _REST * ready.seconds:
            ready.is_reopening = True
            Thread(target=self._reopen, args=(ready,), daemon=True).start()

    def _reopen(self, ready: _Opened) -> None:
        try:
            opened = self._opened(ready.desk.rules.on)
            with ready.lock:
                self._take_over(ready, opened)
        except Exception as error:  # the desk before goes on answering; tried again after a rest
            logger.error("a new desk could not be opened kind=%s", type(error).__name__)
            ready.at = time.monotonic()
        finally:
            ready.is_reopening = False

    def _take_over(self, ready: _Opened, opened: _Opened) -> None:
        ready.desk, ready.seen, ready.seconds, ready.at = opened.desk, opened.seen, opened.seconds, opened.at
        ready.is_behind = False

    def _current(self, connection: Connection, on: date) -> Stamp:
        champions = [v for v in ModelVersionRepository(connection).all() if v.status == "champion"]
        # What is tried out on the lists stands in the summary: switched on or off, it holds from the next list on.
        answering = f"{champions[0].version} {champions[0].summary}" if champions else None
        return on, answering, ImportRepository(connection).count()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _changes(rows: Iterable[Mapping[str, Any]], seen: int) -> tuple[int, frozenset[str], bool]:
    """Return up to where rows of the audit were looked at, whose record they changed, and whether posts did."""
    people: set[str] = set()
    has_posts = False
    for row in rows:
        seen, action = row["sequence"], row["action"]
        has_posts = has_posts or action in _OF_POSTS
        if row["object_kind"] == "candidate" and row["object_id"] is not None and not action.endswith(_READS):
            people.add(row["object_id"])
    return seen, frozenset(people), has_posts
