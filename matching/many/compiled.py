"""Compiling of loops by numba, kept on disk where there is a place to keep it."""

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any], **settings: Any) -> Callable[..., Any]:
    """Return the function compiled at its first call; what was compiled is found again by the next process.

    It is kept beside the module, else in the user's cache folder; where neither can be written it is compiled anew.
    """
    settings = {"nogil": True, "error_model": "numpy", **settings}
    found: Callable[..., Any]
    try:
        found = numba.njit(function, cache=True, **settings)
    except RuntimeError:  # numba found no folder to keep it in
        found = numba.njit(function, **settings)
    return found
