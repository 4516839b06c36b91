"""A plugin of pytest: notes which tests were skipped, or runs again those alone.

`-p tests.support.left_out --note-skipped FILE` writes their ids, `--only-noted FILE` runs these and no others, so that
a second run with more servers beside it need not repeat the first. Where several processes share the tests, the one
that started them writes.
"""

from pathlib import Path
from typing import Any

import pytest

_noted: set[str] = set()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options."""
    parser.addoption("--note-skipped", type=Path, default=None)
    parser.addoption("--only-noted", type=Path, default=None)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note a module that was skipped whole."""
    if report.skipped:
        _noted.add(report.nodeid)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a test that was skipped."""
    if report.skipped:
        _noted.add(report.nodeid)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what was noted, where that was asked for."""
    only: Path | None = config.getoption("--only-noted")
    if only is None:
        return
    noted = set(only.read_text(encoding="utf-8").splitlines())
    kept = [item for item in items if {item.nodeid, item.nodeid.partition("::")[0]} & noted]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what one of several processes noted: modules skipped whole are told by no report here."""
    _noted.update(getattr(node, "workeroutput", {}).get("left_out", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what was noted, or hand it to the process that started this one."""
    handed: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if handed is not None:
        handed["left_out"] = sorted(_noted)
        return
    out: Path | None = session.config.getoption("--note-skipped")
    if out is not None:
        out.write_text("".join(f"{one}\n" for one in sorted(_noted)), encoding="utf-8")
