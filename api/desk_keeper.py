"""Keeps one desk open for the service and opens a new one when the day, the model or the data changed."""

from datetime import date
from threading import Lock

from sqlalchemy import Connection

from api.settings import Settings
from pipelines.casebook import load_casebook
from pipelines.desk import Desk
from pipelines.registry import Registry
from pipelines.store.repositories import ImportRepository, ModelVersionRepository
from pipelines.store.session import engine_for, upgrade

Stamp = tuple[date, str | None, int]


class DeskKeeper:
    """Hands out the desk of a day; one thread at a time opens it, all share it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = engine_for(settings.database_url)
        upgrade(self.engine)
        self._lock = Lock()
        self._desk: Desk | None = None
        self._stamp: Stamp | None = None

    def desk(self, on: date) -> Desk:
        """Return the desk of a day.

        Raises
        ------
        NoModel
            When no model was trained yet.
        """
        with self._lock, self.engine.begin() as connection:
            stamp = self._current(connection, on)
            if self._desk is None or stamp != self._stamp:
                version, model = Registry(connection, self.settings.models).champion()
                self._desk = Desk.open(load_casebook(connection), model, version, on)
                self._stamp = stamp
            return self._desk

    def _current(self, connection: Connection, on: date) -> Stamp:
        champions = [v.version for v in ModelVersionRepository(connection).all() if v.status == "champion"]
        return on, champions[0] if champions else None, ImportRepository(connection).count()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()
