"""A plugin of pytest: notes which tests were skipped, or runs again those alone.

`-p tests.support.left_out --note-skipped FILE` writes their ids, `--only-noted FILE` runs these and no others, so that
a second run with more servers beside it need not repeat the first.
"""

from pathlib import Path

import pytest

_noted: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options."""
    parser.addoption("--note-skipped", type=Path, default=None)
    parser.addoption("--only-noted", type=Path, default=None)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note a module that was skipped whole."""
    if report.skipped:
        _noted.append(report.nodeid)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a test that was skipped."""
    if report.skipped:
        _noted.append(report.nodeid)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what was noted, where that was asked for."""
    only: Path | None = config.getoption("--only-noted")
    if only is None:
        return
    noted = set(only.read_text(encoding="utf-8").splitlines())
    kept = [item for item in items if {item.nodeid, item.nodeid.partition("::")[0]} & noted]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what was noted."""
    out: Path | None = session.config.getoption("--note-skipped")
    if out is not None:
        out.write_text("".join(f"{one}\n" for one in _noted), encoding="utf-8")
