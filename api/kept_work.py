"""Work that takes longer than a page may: done beside the requests, one piece at a time, and kept while it holds.

A request asks for the result under a key that says all that it depends on, and waits for a moment only. What failed is
told to whoever asks next, and is then tried again.
"""

import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Piece:
    """One piece of work, and what came of it."""

    ended: Event = field(default_factory=Event)
    result: Any = None
    error: Exception | None = None
    at: float = 0.0


class KeptWork:
    """The latest results, at most so many, each for at most so long."""

    def __init__(self, *, most: int = 32, seconds: float = 900.0) -> None:
        self._most, self._seconds = most, seconds
        self._lock, self._turn = Lock(), Lock()
        self._pieces: dict[Hashable, _Piece] = {}

    def get(self, key: Hashable, work: Callable[[], Any], *, wait: float) -> Any:
        """Return the result for a key, or None while the work on it goes on; the first who asks begins it."""
        with self._lock:
            piece = self._pieces.get(key)
            if piece is None or self._is_over(piece):
                piece = self._pieces[key] = _Piece()
                self._forget_old()
                Thread(target=self._do, args=(piece, work), daemon=True).start()
        if not piece.ended.wait(wait):
            return None
        if piece.error is not None:
            with self._lock:
                if self._pieces.get(key) is piece:
                    del self._pieces[key]
            raise piece.error
        return piece.result

    def _is_over(self, piece: _Piece) -> bool:
        return piece.ended.is_set() and time.monotonic() - piece.at > self._seconds

    def _forget_old(self) -> None:
        ended = [key for key, piece in self._pieces.items() if piece.ended.is_set()]
        for key in sorted(ended, key=lambda one: self._pieces[one].at)[: max(0, len(self._pieces) - self._most)]:
            del self._pieces[key]

    def _do(self, piece: _Piece, work: Callable[[], Any]) -> None:
        try:
            with self._turn:  # one at a time: each takes a processor for itself
                piece.result = work()
        except Exception as error:  # told to whoever waits for it
            logger.error("work beside the requests failed kind=%s", type(error).__name__)
            piece.error = error
        piece.at = time.monotonic()
        piece.ended.set()
