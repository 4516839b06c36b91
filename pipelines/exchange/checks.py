"""What the certification platform looks at, looked at before an employer hands in: person by person, with the ground.

The platform checks certificate, insurance and wages by itself (FACTS levy.cert_window); what it will not find is better
found here. A check passes, fails or waits for a fact; nobody is left out for what is not known, and nothing here
decides: the federation's body reviews. Months are answered by the rules that `yougang quota` asks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection

from matching.entities import Candidate, CandidateId, Employer
from matching.rules.decision import ConditionTrace, Decision, Outcome
from matching.rules.evaluation import decide
from matching.rules.rulebook import NOTICE, Rulebook
from matching.rules.values import Value
from matching.vocabulary import YesNo
from pipelines.access.audit import record_each
from pipelines.access.roles import Action, Subject
from pipelines.counted import CountedPerson, counted_persons
from pipelines.registers.cases import employer_case

PASSED, FAILED, ASK = "passed", "failed", "ask"
STATES: Mapping[str, str] = {PASSED: "通过", FAILED: "不通过", ASK: "待补"}
_WINDOW, _VALIDITY = "levy.cert_window", "quota.cert_validity"
_IN_PAPERS = "certificate_expired"
"""Of the months' conditions the one that is asked for the day of handing in instead (T9)."""
_STAFF = "用人单位"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one person: its state, how many months it concerns, the ground, and whom to ask."""

    code: str
    text: str
    state: str
    n_months: int | None
    source: Mapping[str, str] | None
    who_can_supply: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as it travels in JSON."""
        return {
            "code": self.code,
            "text": self.text,
            "state": self.state,
            "state_label": STATES[self.state],
            "months": self.n_months,
            "source": None if self.source is None else dict(self.source),
            "who_can_supply": self.who_can_supply,
        }


@dataclass(frozen=True, slots=True)
class Line:
    """One placement of the year with its checks."""

    person: CountedPerson
    candidate: Candidate
    checks: tuple[Check, ...]

    @property
    def state(self) -> str:
        """Failed where one check fails, else waiting where one waits."""
        states = {check.state for check in self.checks}
        return FAILED if FAILED in states else ASK if ASK in states else PASSED

    @property
    def asks(self) -> list[str]:
        """What has to be supplied first."""
        return [check.text for check in self.checks if check.state == ASK]


@dataclass(frozen=True, slots=True)
class Certification:
    """An employer's year before it is handed in: the window, a line a placement, and how many lines are elsewhere."""

    employer: Employer
    year: int
    on: date
    window: Decision
    lines: tuple[Line, ...]
    n_elsewhere: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as it travels in JSON; nobody's name and number are in it."""
        told = self.window.results_dict()
        return {
            "employer_id": self.employer.employer_id,
            "employer": self.employer.name,
            "year": self.year,
            "as_of": self.on.isoformat(),
            "window": {
                "state": told.get("state"),
                "label": told.get("state_in_words"),
                "opens_on": told.get("opens_on"),
                "closes_on": told.get("closes_on"),
                "source": None if self.window.version is None else self.window.version.cited.as_dict(),
            },
            "lines": [
                {
                    "placement_id": line.person.placement.placement_id,
                    "candidate_id": line.person.placement.candidate_id,
                    "months": len(line.person.months),
                    "state": line.state,
                    "state_label": STATES[line.state],
                    "checks": [check.as_dict() for check in line.checks],
                }
                for line in self.lines
            ],
            "elsewhere": self.n_elsewhere,
            "materials": list(self.window.rule.materials),
            "notice": NOTICE,
        }

    def text(self) -> list[str]:
        """Return it in plain Chinese."""
        told = self.as_dict()
        window = told["window"]
        lines = [
            f"{self.employer.name or self.employer.employer_id}，{self.year} 年度联网认证预审（{told['as_of']}）",
            f"申报时间：{window['opens_on']} 至 {window['closes_on']}，{window['label'] or '待核实'}",
        ]
        for line in told["lines"]:
            lines.append(f"{line['placement_id']}（{line['candidate_id']}）：{line['state_label']}")
            for check in line["checks"]:
                if check["state"] == PASSED:
                    continue
                months = "" if check["months"] is None else f"，{check['months']} 个月"
                ground = check["source"]
                cited = "" if ground is None else f"〔{ground['document']} {ground['clause']}〕"
                ask = f"，请问{check['who_can_supply']}" if check["who_can_supply"] else ""
                lines.append(f"  {check['state_label']}：{check['text']}{months}{cited}{ask}")
        if not told["lines"]:
            lines.append("这一年没有登记的就业记录；安排了残疾人的请先登记，没有安排的不用认证")
        if self.n_elsewhere:
            lines.append(f"另有 {self.n_elsewhere} 条就业记录的本人不在您的辖区登记，请其登记地的残联提供")
        lines.append(f"随附材料：{'、'.join(told['materials'])}")
        return [*lines, NOTICE]


def certification(
    connection: Connection, subject: Subject, book: Rulebook, employer_id: str, year: int, on: date
) -> Certification:
    """Return an employer's year of work before it is handed in; whose lines were shown is recorded.

    Raises
    ------
    NoSuchEmployer
        When there is none, or none that is visible.
    Forbidden
        When the role may not hand out files for the stated purpose.
    """
    found = employer_case(connection, subject, employer_id, Action.HAND_OUT_FILES)
    case, employer = found.case, found.case.employer(employer_id)
    facts: dict[str, Value] = {"cert_window_date": on, "cert_window_year": Fraction(year + 1)}
    if employer.region is not None:
        facts["cert_window_scope"] = employer.region
    persons = counted_persons(case, book, employer, year, on)
    shown = [one for one in persons if one.placement.candidate_id in found.shown]
    lines = tuple(
        Line(one, candidate, tuple(_checks(book, one, candidate, on)))
        for one in sorted(shown, key=lambda one: one.placement.placement_id)
        if (candidate := case.candidates.get(CandidateId(one.placement.candidate_id))) is not None
    )
    if lines:
        people = list(dict.fromkeys(line.person.placement.candidate_id for line in lines))
        record_each(
            connection, subject.by, Action.READ_PLACEMENTS.value, object_kind="candidate", object_ids=people,
            details={"file": "certification"},
        )  # fmt: skip
    return Certification(employer, year, on, decide(book, _WINDOW, facts, on), lines, len(persons) - len(shown))


def _checks(book: Rulebook, person: CountedPerson, candidate: Candidate, on: date) -> Iterator[Check]:
    """Yield the checks of one placement: certificate, the months' conditions, payment by bank."""
    number = Check("certificate_number", "残疾人证号", PASSED, None, _ID_SOURCE)
    yield number if candidate.certificate_number else _asking(number, "本人")
    yield _valid(book, candidate, on)
    yield from _of_months(person.months)
    paid = Check("wage_by_bank", "银行发放工资凭证", PASSED, None, _cited(book, _WINDOW, on))
    by_bank = person.placement.wage_paid_by_bank
    if by_bank is None:
        yield _asking(paid, _STAFF)
    else:
        yield paid if by_bank is YesNo.YES else replace(paid, state=FAILED)


_ID_SOURCE = {"document": "残疾人证管理办法", "clause": "第二条"}


def _asking(check: Check, whom: str) -> Check:
    return replace(check, state=ASK, who_can_supply=whom)


def _cited(book: Rulebook, rule_id: str, on: date) -> Mapping[str, str] | None:
    version = book.rule(rule_id).rule.version_on(on)
    return None if version is None else version.cited.as_dict()


def _valid(book: Rulebook, candidate: Candidate, on: date) -> Check:
    """Return whether the certificate is valid on the day of handing in, by the rule of T9."""
    until = candidate.certificate_valid_until
    check = Check("certificate_valid", "提交审核之日残疾人证在有效期内", PASSED, None, _cited(book, _VALIDITY, on))
    if until is None:
        return _asking(check, "本人")
    told = decide(book, _VALIDITY, {"certificate_valid_until": until, "submitted_on": on}, on)
    valid = told.results.get("valid_at_submission")
    return check if valid is True else replace(check, state=FAILED) if valid is False else _asking(check, "县级残联")


def _of_months(months: Sequence[tuple[date, Decision]]) -> Iterator[Check]:
    """Yield each condition of the months once: failed in how many of them, else unknown in how many."""
    found: dict[str, list[ConditionTrace]] = {}
    for _, decision in months:
        for leaf in () if decision.tree is None else decision.tree.leaves():
            if leaf.code != _IN_PAPERS:
                found.setdefault(leaf.code or leaf.text, []).append(leaf)
    whom = {item.name: item.who_can_supply for _, decision in months for item in decision.lacking}
    for code, leaves in found.items():
        source = {"document": leaves[0].document, "clause": leaves[0].clause}
        failed, unknown = (sum(leaf.outcome is outcome for leaf in leaves) for outcome in _WORSE)
        state = FAILED if failed else ASK if unknown else PASSED
        asked = next((whom[why.name] for leaf in leaves for why in leaf.why if why.name in whom), _STAFF)
        n_months = {FAILED: failed, ASK: unknown, PASSED: len(leaves)}[state]
        yield Check(code, leaves[0].text, state, n_months, source, asked if state == ASK else None)


_WORSE = (Outcome.NOT_MET, Outcome.UNKNOWN)


def states_of(lines: Iterable[Line]) -> dict[str, int]:
    """Return how many lines pass, fail and wait."""
    found = dict.fromkeys(STATES, 0)
    for line in lines:
        found[line.state] += 1
    return found
