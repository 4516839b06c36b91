"""How far long work is, on standard error where somebody watches a terminal."""

import sys
import time

import typer


class Progress:
    """Shows a count on standard error, at most twice a second; silent where nobody watches a terminal."""

    def __init__(self, label: str) -> None:
        self._label, self._last, self._count = label, 0.0, 0
        self._began = time.monotonic()

    def __call__(self, count: int, total: int | None = None) -> None:
        """Take a new count."""
        self._count = count
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._last > 0.5:
            self._last = now
            told = f"{count}/{total}{self._left(now, count, total)}" if total else str(count)
            typer.echo(f"\r{self._label} {told}", err=True, nl=False)

    def _left(self, now: float, count: int, total: int) -> str:
        """Return how long the rest will take at the pace so far."""
        seconds = (now - self._began) / max(1, count) * (total - count)
        return f"，约剩 {seconds / 60:.0f} 分钟  " if seconds >= 90 else f"，约剩 {seconds:.0f} 秒  "

    def end(self) -> None:
        """Close the line."""
        if sys.stderr.isatty() and self._last:
            typer.echo(f"\r{self._label} {self._count}", err=True)
