"""The present moment."""

from datetime import UTC, datetime


def moment() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)
