"""Outside ids to row positions and back, at this one place; positions never leave `models`."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from models.arrays import Positions
from models.errors import InvalidInput

UNKNOWN = -1
"""Position of an id that is not in the map."""


class IdMap:
    """Distinct outside ids, each with its position from 0; the order given is kept."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = tuple(ids)
        self._positions = {id_: position for position, id_ in enumerate(self._ids)}
        if len(self._positions) != len(self._ids):
            raise InvalidInput(f"Ids must be distinct; {len(self._ids) - len(self._positions)} of them are repeated.")

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids in the order of their positions."""
        return self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._positions

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdMap) and self._ids == other._ids

    def __hash__(self) -> int:
        return hash(self._ids)

    def __repr__(self) -> str:
        return f"IdMap({len(self)} ids)"

    def position(self, id_: str) -> int:
        """Return the position of one id, `UNKNOWN` (-1) where it is not in the map."""
        return self._positions.get(id_, UNKNOWN)

    def positions(self, ids: Iterable[str]) -> Positions:
        """Return the position of each id, `UNKNOWN` (-1) where it is not in the map."""
        return np.fromiter((self._positions.get(id_, UNKNOWN) for id_ in ids), dtype=np.int64)

    def at(self, positions: Sequence[int] | Positions) -> list[str]:
        """Return the ids at these positions.

        Raises
        ------
        InvalidInput
            When a position is negative or past the end.
        """
        values = np.asarray(positions, dtype=np.int64)
        if values.size and (values.min() < 0 or values.max() >= len(self)):
            raise InvalidInput(f"A position must be from 0 to {len(self) - 1}.")
        return [self._ids[position] for position in values.tolist()]
