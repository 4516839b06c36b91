"""Compiling of loops by numba, kept on disk where there is a place to keep it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

_SOURCES = Path(__file__).parent


def compiled(function: Callable[..., Any], **settings: Any) -> Callable[..., Any]:
    """Return the function compiled at its first call; what was compiled is found again by the next process.

    It is kept beside the module, else in the user's cache folder; where neither can be written it is compiled anew.
    So it is when any module beside this one changed: numba asks after the function's own file alone, and would keep
    what it took from another.
    """
    settings = {"nogil": True, "error_model": "numpy", **settings}
    found: Any
    try:
        found = numba.njit(function, cache=True, **settings)
    except RuntimeError:  # numba found no folder to keep it in
        return _plainly(function, settings)
    file = getattr(getattr(found, "_cache", None), "_cache_file", None)
    if file is None:
        return _plainly(function, settings)
    file._source_stamp = stamp()
    made: Callable[..., Any] = found
    return made


def _plainly(function: Callable[..., Any], settings: dict[str, Any]) -> Callable[..., Any]:
    found: Callable[..., Any] = numba.njit(function, **settings)
    return found


def stamp() -> tuple[tuple[str, int, int], ...]:
    """Return the name, size and time of change of every module that compiled functions are made of."""
    files = sorted(_SOURCES.glob("*.py"))
    return tuple((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files)
