"""People by what is sealed of them: a name, the end of a telephone number, a certificate; only among the visible.

Names and numbers lie sealed, each under a nonce of its own, so that the database cannot look for them: they are opened
one after the other until enough are found. A certificate is found by its keyed hash.
"""

from collections.abc import Callable

from pipelines.access.vault import Place
from pipelines.store.repositories import CandidateRepository
from pipelines.store.sealed import certificate_indices

_STEM = 20


class PeopleFinder(CandidateRepository):
    """The visible people, looked through."""

    def named(self, part: str, limit: int) -> list[str]:
        """Return the ids of the first people whose name holds a text."""
        return self._whose("name", lambda name: part in name, limit)

    def phoned(self, end: str, limit: int) -> list[str]:
        """Return the ids of the first people whose telephone number ends so."""
        return self._whose("phone", lambda number: number.endswith(end), limit)

    def certified(self, number: str) -> list[str]:
        """Return the id of the visible holder of a certificate, in a list."""
        c = self.table.c
        indices = list(certificate_indices(self._vault, number[:_STEM]))
        found = self.connection.execute(
            self._readable(c.candidate_id).where(c.certificate_index.in_(indices)).order_by(c.candidate_id)
        )
        return list(found.scalars())

    def _whose(self, column: str, holds: Callable[[str], bool], limit: int) -> list[str]:
        c = self.table.c
        statement = self._readable(c.candidate_id, c[column]).where(c[column].is_not(None)).order_by(c.candidate_id)
        found: list[str] = []
        # In blocks, and given up as soon as there are enough: the rest is neither fetched nor opened.
        with self.connection.execute(statement, execution_options={"yield_per": 2000}) as rows:
            for candidate_id, kept in rows:
                if holds(self._vault.open(kept, Place(self.spec.name, column, candidate_id))):
                    found.append(candidate_id)
                if len(found) == limit:
                    break
        return found
