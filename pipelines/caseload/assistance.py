"""The four-fold assistance (四位一体就业援助): which level the rules propose and why; a caseworker decides.

The decision is the plan of assistance of `pipelines.caseload.plans`; opened and ended plans are the ledger.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from matching.assistance import AssistanceLevel
from matching.plans import PlanKind
from matching.rules.decision import Decision, Outcome
from matching.rules.evaluation import decide
from matching.rules.rulebook import NOTICE, Rulebook
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.registers.cases import candidate_case
from pipelines.store.plans import PlanRepository

_FROM_MOST_URGENT = tuple(reversed(AssistanceLevel))


def assistance_document(
    connection: Connection, subject: Subject, book: Rulebook, candidate_id: str, on: date
) -> dict[str, Any]:
    """Return the level that the rules propose for a visible person, every level with its reasons; recorded.

    `proposed` is the most urgent level whose conditions are met, None where none is; what nobody knows is under
    `missing` and takes nobody out. `advice` says what that means for the plan that is open: `enter`, `change`, `exit`
    (no level is met or open any more), `ask`, or `stay`.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    Forbidden
        When the role may not read people for the stated purpose.
    """
    scoped = ScopedCandidates(connection, subject)
    person = scoped.visible(candidate_id, Action.READ_CANDIDATES)
    case = candidate_case(connection, subject, person, on.year)
    facts = case.person_facts(case.candidate(person), on)
    answered = {level: decide(book, f"assistance.{level.value}", facts, on) for level in AssistanceLevel}
    scoped.opened(person, Action.READ_CANDIDATES)
    held = _held(connection, subject, person)
    proposed = next((one for one in _FROM_MOST_URGENT if answered[one].outcome is Outcome.MET), None)
    return {
        "candidate_id": person,
        "as_of": on.isoformat(),
        "proposed": None if proposed is None else proposed.value,
        "proposed_label": None if proposed is None else proposed.label,
        "held": None if held is None else held.value,
        "advice": _advice(answered, proposed, held),
        "levels": [_line(level, answered[level]) for level in _FROM_MOST_URGENT],
        "notice": NOTICE,
    }


def _held(connection: Connection, subject: Subject, candidate_id: str) -> AssistanceLevel | None:
    plans = PlanRepository(connection, subject).of(candidate_id)
    levels = [
        one["level"] for one in plans if one["kind"] == PlanKind.ASSISTANCE.value and one["ended_on"] is None
    ]  # fmt: skip
    return AssistanceLevel(levels[0]) if levels else None


def _advice(
    answered: Mapping[AssistanceLevel, Decision], proposed: AssistanceLevel | None, held: AssistanceLevel | None
) -> str:
    if held is not None and answered[held].outcome is Outcome.NOT_MET:
        return "exit" if proposed is None else "change"
    if proposed is None:
        is_open = any(one.outcome is Outcome.UNKNOWN for one in answered.values())
        return "ask" if is_open else "stay"
    if held is None:
        return "enter"
    return "stay" if held is proposed else "change"


def _line(level: AssistanceLevel, decision: Decision) -> dict[str, Any]:
    leaves = [] if decision.tree is None else list(decision.tree.leaves())
    version = decision.version
    return {
        "level": level.value,
        "label": level.label,
        "outcome": decision.outcome.value,
        "outcome_label": decision.outcome.label,
        "conditions": [
            {"text": leaf.text, "outcome": leaf.outcome.value, "label": leaf.outcome.label} for leaf in leaves
        ],
        "missing": [item.as_dict() for item in decision.lacking],
        "source": None if version is None else version.cited.as_dict(),
        "status": None if version is None else version.source.status,
    }
