"""A person's start-ups and industries with their checks and the grant, and the dated visits of a job coach."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection

from matching.duties.duty import CaseFile
from matching.duties.terms import terms_on
from matching.duties.visits import check_due, checks_of, coach_visit, is_coached, is_stopped
from matching.rules.rulebook import rulebook
from matching.ventures import INDUSTRIES, INDUSTRY_SERVICES, Venture, VentureKind, VisitKind, labels_of
from matching.vocabulary import HouseholdKind, YesNo
from pipelines.access.roles import Action, Subject
from pipelines.caseload.errors import CaseworkRefused
from pipelines.claims.ledger import Ledger, Proposal
from pipelines.registers.errors import NoSuchRecord
from pipelines.registers.people import People
from pipelines.registers.rows import Register, require
from pipelines.store.case_files import CaseFiles
from pipelines.store.claims import Claim
from pipelines.store.venture_rows import GRANTS
from pipelines.venture_tables import VENTURES

_MOST = 200
_STATES = {"proposed": "已申领，待决定", "approved": "已批准", "refused": "不予批准", "withdrawn": "已撤回"}
_WATCHED = frozenset({HouseholdKind.POVERTY_EXITED, HouseholdKind.MONITORED})


class Ventures:
    """The start-ups, industries and visits of the people whom a subject sees."""

    def __init__(self, connection: Connection, subject: Subject, *, on: date) -> None:
        self.connection, self.subject, self.on = connection, subject, on

    def of(self, candidate_id: str) -> dict[str, Any]:
        """Return what a visible person runs, how it fares, the grant, and the visits of their coach; recorded.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not read services for the stated purpose.
        """
        rows, _ = Register(self.connection, VENTURES, self.subject).page(
            after=None, limit=_MOST, filters={"candidate_id": candidate_id}, action=Action.READ_SERVICES
        )
        file = CaseFiles(self.connection, self.subject).files([candidate_id])[candidate_id]
        visits = sorted(
            (one for one in file.visits if one.kind is VisitKind.COACH_VISIT),
            key=lambda one: (one.on, one.visit_id),
            reverse=True,
        )
        due = coach_visit(file, terms_on(self.on))
        return {
            "candidate_id": candidate_id,
            "as_of": self.on.isoformat(),
            "is_watched_household": bool(_WATCHED & set(file.candidate.household_kinds)),
            "ventures": [self._told(row.values, row.version, file) for row in rows],
            "grants": self._grants(candidate_id),
            "coaches": [
                {
                    "enrolment_id": one.enrolment_id,
                    "coach": one.tutor,
                    "place": one.place,
                    "starts_on": _iso(one.starts_on),
                }
                for one in file.enrolments
                if is_coached(one, self.on)
            ],
            "visits": [
                {
                    "visit_id": one.visit_id,
                    "on": one.on.isoformat(),
                    "coach": one.by,
                    "minutes": one.minutes,
                    "about": one.about,
                    "next_on": _iso(one.next_on),
                }
                for one in visits
            ],
            "visit_due": None if due is None else due.reason,
        }

    def _told(self, values: Mapping[str, Any], version: int, file: CaseFile) -> dict[str, Any]:
        one = Venture(**{name: value for name, value in values.items() if value is not None})
        checks = checks_of(one, file.visits, self.on)
        industries, services = labels_of(INDUSTRIES), labels_of(INDUSTRY_SERVICES)
        last = checks[-1] if checks else None
        state = "stopped" if is_stopped(one, checks, self.on) else None
        if state is None:
            state = "running" if last is not None and last.is_running is YesNo.YES else "unknown"
        return {
            "venture_id": one.venture_id,
            "kind": one.kind.value,
            "kind_label": one.kind.label,
            "title": one.title,
            "industry": one.industry,
            "industry_label": None if one.industry is None else industries[one.industry],
            "services": [services[code] for code in one.services],
            "for_whom_label": None if one.for_whom is None else one.for_whom.label,
            "starts_on": _iso(one.starts_on),
            "ends_on": _iso(one.ends_on),
            "next_check_on": _iso(one.next_check_on),
            "grant_paid_on": _iso(one.grant_paid_on),
            "state": state,
            "check_due_on": _iso(check_due(one, checks, terms_on(self.on))),
            "checks": [
                {
                    "on": check.on.isoformat(),
                    "by": check.by,
                    "about": check.about,
                    "next_on": _iso(check.next_on),
                    "is_running": None if check.is_running is None else check.is_running is YesNo.YES,
                }
                for check in reversed(checks)
            ],
            "row_version": version,
        }

    def _grants(self, candidate_id: str) -> list[dict[str, Any]]:
        """Return the claims for a start-up grant; none are told to whom claims are not theirs to read."""
        if not self.subject.may(Action.READ_BENEFITS):
            return []
        ledger = Ledger(self.connection, self.subject, at=datetime.combine(self.on, time(), UTC))
        claims, _ = ledger.page(after=None, limit=_MOST, filters={"candidate_id": candidate_id})
        return [
            {
                "claim_id": one.claim_id,
                "rule_id": one.rule_id,
                "title": rulebook().rule(one.rule_id).rule.title,
                "status": one.status,
                "status_label": _STATES[one.status],
                "month": f"{one.from_month // 100}-{one.from_month % 100:02d}",
                "amount": None if one.amount is None else f"{one.amount:f}",
            }
            for one in claims
            if one.rule_id in GRANTS
        ]

    def claim(self, venture_id: str, *, at: datetime) -> Claim:
        """Propose the start-up grant in the register of claims for this month; a second one is refused there.

        The amount stays open: whoever decides writes it down from the rule in force.

        Raises
        ------
        NoSuchRecord
            When there is none, or none that is visible.
        Forbidden
            When the role may not claim for the stated purpose.
        CaseworkRefused
            When it is no start-up, or the person's county is not known.
        ClaimOverlaps
            When the grant is claimed already.
        """
        held = Register(self.connection, VENTURES, self.subject).repository.find([(_plain(venture_id),)])
        if not held:
            raise NoSuchRecord("没有这条记录")
        row = next(iter(held.values()))
        require(self.subject, Action.WRITE_BENEFITS)
        if row["kind"] is not VentureKind.STARTUP:
            raise CaseworkRefused("产业帮扶没有创业补贴")
        person = People(self.connection, self.subject).one(row["candidate_id"], Action.READ_CANDIDATES).row.values
        if person["region"] is None:
            raise CaseworkRefused("先登记本人的居住地区，才知道向哪个县区申领")
        month = self.on.year * 100 + self.on.month
        after = month + 1 if self.on.month < 12 else (self.on.year + 1) * 100 + 1
        proposal = Proposal(GRANTS[0], month, after, "startup", person["region"], candidate_id=row["candidate_id"])
        return Ledger(self.connection, self.subject, at=at).propose(rulebook(), proposal)


def venture_lines(document: Mapping[str, Any]) -> list[str]:
    """Return what a person runs and who visited them in plain Chinese."""
    lines = [
        f"{document['candidate_id']}，{document['as_of']}，创业、产业帮扶和走访〔甘政办发〔2022〕97号 二(五)、二(六)〕"
    ]
    states = {"running": "核查仍在经营", "stopped": "已停止", "unknown": "经营情况待核实"}
    for one in document["ventures"]:
        name = one["title"] or one["industry_label"] or "名称未登记"
        due = f"，应于 {one['check_due_on']} 核查" if one["check_due_on"] else ""
        state = f"，{states[one['state']]}" if one["kind"] == "startup" else ""
        lines.append(f"{one['kind_label']}：{name}（{one['starts_on'] or '日期未登记'} 起）{state}{due}")
    for one in document["grants"]:
        lines.append(f"{one['title']}：{one['status_label']}，{one['amount'] or '金额需人工核实'}")
    for one in document["visits"]:
        lines.append(
            f"走访 {one['on']} {one['coach']}：{one['about'] or '事项未写明'}，下次 {one['next_on'] or '没有约定'}"
        )
    if document["visit_due"]:
        lines.append(f"应走访：{document['visit_due']}")
    return lines if len(lines) > 1 else [*lines, "没有登记"]


def _plain(key: str) -> str:
    return key.replace("\x00", "\ufffd")


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
