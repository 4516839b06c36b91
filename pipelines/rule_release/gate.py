"""The gate before every decision of the service: the rule book that was loaded is one that two people released."""

from datetime import datetime
from functools import cache

from sqlalchemy import Connection

from matching.rules.rulebook import HOME, rulebook
from pipelines.access.accounts import any_account
from pipelines.access.roles import Action, By, Purpose
from pipelines.rule_release.errors import RulesNotReleased
from pipelines.rule_release.releases import Releases, content_of

RULED = frozenset(
    {Action.READ_SHORTLIST, Action.READ_QUOTA, Action.READ_BENEFITS, Action.WRITE_BENEFITS, Action.DECIDE_BENEFITS}
)
"""Acts whose answer is worked out by the rules."""
_SERVICE = By("service", None, Purpose.ACCOUNT_ADMINISTRATION)


@cache
def _loaded() -> str:
    """Return the hash of the files that this process answers by; they are read once."""
    rulebook()
    return content_of(HOME)


def check_rules(connection: Connection, *, at: datetime) -> None:
    """Let the loaded rules answer; the first that a store with accounts ever sees are taken on as they are.

    Raises
    ------
    RulesNotReleased
        When they are not released.
    """
    releases = Releases(connection, at=at)
    if not releases.take_on(rulebook(), HOME, by=_SERVICE):
        releases.check(_loaded())


def rule_findings(connection: Connection, *, at: datetime) -> list[tuple[str, str, bool]]:
    """Return what is wrong with the releases of a store, as id, sentence and whether it is an error.

    Where there are accounts and somebody released rules, rules on disk without a release are told as well.
    """
    releases = Releases(connection, at=at)
    found = [(release_id, text, True) for release_id, text in releases.faults()]
    if any_account(connection) and releases.all():
        try:
            releases.check(_loaded())
        except RulesNotReleased as error:
            found.append((rulebook().version, f"{error}：服务不据以答复，请先 yougang rules propose", False))
    return found
