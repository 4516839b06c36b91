"""The queue of inspections (核查): drawn by a seed, half by chance and half for the hints, decided with evidence.

A hint is no finding, and who was drawn by chance is under no suspicion. The disabled person may be the victim: one of
the outcomes hands the case to rights protection. The same seed over the same rows draws the same units.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import numpy as np
from sqlalchemy import Connection

from matching.rules.rulebook import rulebook
from matching.vocabulary import Term
from pipelines.access.audit import record
from pipelines.access.roles import Action, Subject
from pipelines.duties.places import area_of
from pipelines.hints import NO_FINDING, VICTIM, Hint, hints_of
from pipelines.inspections.errors import InspectionRefused, NoSuchInspection
from pipelines.registers.cases import review_case
from pipelines.registers.rows import require
from pipelines.store.inspections import Inspection, InspectionRepository

MOST_DRAWN, MOST_LOOKED_AT = 200, 2000
_SEEDS = 2**31 - 1


class Chosen(Term):
    """Why a unit was drawn."""

    RANDOM = "random", "随机抽取"
    RISK = "risk", "按核查提示抽取"


class InspectionOutcome(Term):
    """What came of an inspection."""

    NOTHING_FOUND = "nothing_found", "未发现问题"
    CORRECTED = "corrected", "记录有误，已更正"
    HANDED_ON = "handed_on", "移交主管部门处理"
    RIGHTS_PROTECTION = "rights_protection", "转权益保护、法律援助"


@dataclass(frozen=True, slots=True)
class Draw:
    """How to draw: how many by chance, how many for their hints out of how many looked at, by which seed, where."""

    year: int
    seed: int
    n_random: int = 5
    n_risk: int = 5
    n_looked_at: int = 100
    region: str | None = None


class Inspections:
    """The inspections as a subject reaches them."""

    def __init__(self, connection: Connection, subject: Subject, *, on: date, now: datetime) -> None:
        self.connection, self.subject, self.on, self.now = connection, subject, on, now
        self._kept = InspectionRepository(connection, subject)

    def draw(self, how: Draw) -> list[Inspection]:
        """Draw units of a year that were not drawn before, keep and return them: those by chance first.

        Raises
        ------
        Forbidden
            When the role may not draw for the stated purpose.
        InspectionRefused
            When more is asked for than is drawn or looked at in one go.
        NoSuchRegion
            When the place is none that an office answers for.
        """
        require(self.subject, Action.DRAW_INSPECTIONS)
        if not (0 <= how.n_random + how.n_risk <= MOST_DRAWN and 0 <= how.n_looked_at <= MOST_LOOKED_AT):
            raise InspectionRefused(f"一次最多抽取{MOST_DRAWN}家，最多比较{MOST_LOOKED_AT}家")
        if not 0 <= how.seed <= _SEEDS:
            raise InspectionRefused(f"随机种子应在0至{_SEEDS}之间")
        area = area_of(self.connection, how.region, self.on)
        before = self._kept.drawn(how.year)
        known = [one for one in self._kept.candidates(how.year, area.codes) if one not in before]
        units = [known[place] for place in np.random.default_rng(how.seed).permutation(len(known)).tolist()]
        by_chance, others = units[: how.n_random], units[how.n_random :][: how.n_looked_at]
        hinted = [(unit, self._hints(unit, how.year)) for unit in others]
        hinted = sorted((one for one in hinted if one[1]), key=lambda one: (-len(_by_rule(one[1])), one[0]))
        drawn = [self._new(unit, Chosen.RANDOM, how, self._hints(unit, how.year)) for unit in by_chance]
        drawn += [self._new(unit, Chosen.RISK, how, hints) for unit, hints in hinted[: how.n_risk]]
        for one in drawn:
            self._note(Action.DRAW_INSPECTIONS, one)
            self._kept.add(one)
        return drawn

    def _hints(self, employer_id: str, year: int) -> tuple[Hint, ...]:
        case = review_case(self.connection, self.subject, employer_id, Action.READ_INSPECTIONS).case
        return hints_of(case, rulebook(), employer_id, year, self.on)

    def _new(self, employer_id: str, chosen: Chosen, how: Draw, hints: Sequence[Hint]) -> Inspection:
        return Inspection(
            inspection_id=str(uuid4()),
            employer_id=employer_id,
            year=how.year,
            chosen=chosen.value,
            seed=how.seed,
            flags=json.dumps(_flags(hints), ensure_ascii=False),
            rules_version=rulebook().version,
            drawn_by=self.subject.by.actor,
            drawn_at=self.now,
        )

    def page(
        self, *, after: str | None, limit: int, year: int | None, is_open: bool | None
    ) -> tuple[list[Inspection], bool]:
        """Return the next visible inspections by id, and whether there are more.

        Raises
        ------
        Forbidden
            When the role may not see inspections for the stated purpose.
        """
        require(self.subject, Action.READ_INSPECTIONS)
        found = self._kept.page(after=after, limit=limit + 1, year=year, is_open=is_open)
        return found[:limit], len(found) > limit

    def one(self, inspection_id: str) -> Inspection:
        """Return one visible inspection; the read is recorded.

        Raises
        ------
        NoSuchInspection
            When there is none, or none that is visible.
        Forbidden
            When the role may not see it for the stated purpose.
        """
        found = self._found(inspection_id, Action.READ_INSPECTIONS)
        self._note(Action.READ_INSPECTIONS, found)
        return found

    def decide(
        self, inspection_id: str, outcome: InspectionOutcome, *, ground: str, evidence: str, version: int
    ) -> Inspection | None:
        """Keep what came of an inspection, with what was seen; None where somebody changed it since that version.

        Raises
        ------
        NoSuchInspection
            When there is none, or none that is visible.
        Forbidden
            When the role may not decide for the stated purpose.
        InspectionRefused
            When it is decided already, by nobody named, or without ground and evidence.
        """
        found = self._found(inspection_id, Action.DECIDE_INSPECTIONS)
        if found.outcome is not None:
            raise InspectionRefused("这项核查已有结论")
        if self.subject.user_id is None:
            raise InspectionRefused("须由具名的工作人员作出结论")
        if not ground.strip() or not evidence.strip():
            raise InspectionRefused("须写明理由和看过的材料")
        if found.row_version != version:
            return None
        values: dict[str, Any] = {
            "outcome": outcome.value, "ground": ground.strip(), "evidence": evidence.strip(),
            "decided_by": self.subject.by.actor, "decided_at": self.now,
        }  # fmt: skip
        self._note(Action.DECIDE_INSPECTIONS, found)
        if not self._kept.settle(found, values):
            return None
        return replace(found, **values, row_version=version + 1)

    def _found(self, inspection_id: str, action: Action) -> Inspection:
        found = self._kept.find(inspection_id)
        if found is None:
            raise NoSuchInspection("没有这项核查")
        require(self.subject, action)
        return found

    def _note(self, action: Action, inspection: Inspection) -> None:
        by = self.subject.by
        details: dict[str, str | int | bool] = {"year": inspection.year, "chosen": inspection.chosen}
        record(
            self.connection, by, action.value, object_kind="employer", object_id=inspection.employer_id, details=details
        )


def _by_rule(hints: Sequence[Hint]) -> Counter[str]:
    return Counter(hint.decision.rule.id for hint in hints)


def _flags(hints: Sequence[Hint]) -> list[dict[str, Any]]:
    """Return the hints by rule, with how many placements each concerns; whose they are is not kept."""
    counted, first = _by_rule(hints), {hint.decision.rule.id: hint for hint in reversed(hints)}
    found = []
    for rule_id, hint in sorted(first.items()):
        version = hint.decision.version
        found.append(
            {
                "rule_id": rule_id,
                "title": hint.decision.rule.title,
                "placements": 0 if hint.placement is None else counted[rule_id],
                "look_at": hint.look_at,
                "source": None if version is None else version.cited.as_dict(),
            }
        )
    return found


def inspection_document(inspection: Inspection) -> dict[str, Any]:
    """Return an inspection as it travels in JSON."""
    chosen, outcome = Chosen(inspection.chosen), inspection.outcome
    return {
        "inspection_id": inspection.inspection_id,
        "employer_id": inspection.employer_id,
        "year": inspection.year,
        "chosen": chosen.value,
        "chosen_label": chosen.label,
        "seed": inspection.seed,
        "flags": json.loads(inspection.flags),
        "rules_version": inspection.rules_version,
        "drawn_by": inspection.drawn_by,
        "drawn_at": inspection.drawn_at.isoformat(),
        "outcome": outcome,
        "outcome_label": None if outcome is None else InspectionOutcome(outcome).label,
        "ground": inspection.ground,
        "evidence": inspection.evidence,
        "decided_by": inspection.decided_by,
        "decided_at": None if inspection.decided_at is None else inspection.decided_at.isoformat(),
        "notice": f"{NO_FINDING}。{VICTIM}",
    }
