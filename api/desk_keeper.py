"""Keeps one desk open for the service and opens a new one when the day, the model or the data changed."""

from datetime import date
from threading import Lock

from sqlalchemy import Connection

from api.settings import Settings
from pipelines.access.roles import Purpose, program_subject
from pipelines.casebook import load_casebook
from pipelines.desk import Desk
from pipelines.registry import Registry
from pipelines.store.repositories import ImportRepository, ModelVersionRepository
from pipelines.store.session import engine_for, upgrade

Stamp = tuple[date, str | None, int]


_DAYS_KEPT = 3


class DeskKeeper:
    """Hands out the desk of a day; one thread at a time opens one, all share it, and the latest few days are kept."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = engine_for(settings.database_url, settings.keys)
        upgrade(self.engine)
        self._lock = Lock()
        self._desks: dict[Stamp, Desk] = {}

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
            return ready
        with self._lock:
            if stamp not in self._desks:
                self._desks = {kept: desk for kept, desk in self._desks.items() if kept[1:] == stamp[1:]}
                while len(self._desks) >= _DAYS_KEPT:
                    self._desks.pop(next(iter(self._desks)))
                self._desks[stamp] = self._opened(on)
            return self._desks[stamp]

    def _opened(self, on: date) -> Desk:
        with self.engine.begin() as connection:
            version, model = Registry(connection, self.settings.models).champion()
            return Desk.open(
                load_casebook(connection, program_subject("desk", Purpose.JOB_MATCHING)), model, version, on
            )

    def _current(self, connection: Connection, on: date) -> Stamp:
        champions = [v.version for v in ModelVersionRepository(connection).all() if v.status == "champion"]
        return on, champions[0] if champions else None, ImportRepository(connection).count()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()
