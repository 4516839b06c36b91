"""What the tables say of one placement as the review hints ask for it: facts, the words that show them, whom to ask.

What no row states is no fact here: it stays unknown, gives no hint, and is asked for where a row could state it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

from matching.entities import Candidate, EmployerId, Placement, Vacancy
from matching.reach import Spot, apart, spot
from matching.rules.decision import Lacking
from matching.rules.rulebook import Rulebook
from matching.rules.subjects import contract_party, known, placement_facts, record_of, runs_on
from matching.rules.values import Record, Value, shown
from matching.vocabulary import Accommodation, PlacementForm, YesNo
from pipelines.case import Case
from pipelines.counted import certificate_valid_at_audit, in_month
from pipelines.schema import PLACEMENTS
from pipelines.shared_telephones import Sharing, sharing_of

_OTHER_WORK = (PlacementForm.SELF_EMPLOYED, PlacementForm.FLEXIBLE)
_STATED_BY: Mapping[str, str] = {
    "wage_reported": "monthly_wage",
    "wage_bank_proof": "wage_paid_by_bank",
    "attendance_evidence": "attendance_confirmed",
    "insurance_base": "insurance_base",
    "insurance_base_at_floor": "insurance_base_limit",
    "insurance_base_at_ceiling": "insurance_base_limit",
    "insurance_payer": "insured_by",
    "contract_party": "is_dispatch",
    "is_dispatch": "is_dispatch",
    "remote_agreement": "remote_agreement",
}
"""Facts that a column of a placement states, and which; what no table has a place for is not asked for."""
_SHARING, _DISTANCE, _DECLARED = "shared_contact_persons", "home_work_km", ("agency_declares", "host_declares")
_FAR = "fraud.red_flags.f7_distance_km"


@dataclass(frozen=True, slots=True)
class Parties:
    """Who dispatches a person to whom, as a placement or one beside it states; None where nobody says."""

    is_dispatched: bool | None
    agency: EmployerId | None = None
    host: EmployerId | None = None


@dataclass(frozen=True, slots=True)
class Distance:
    """How far somebody lives from the work, in km at least and at most, between which places; or what is not known."""

    least: float | None = None
    most: float | None = None
    between: str = ""
    asks: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts of a placement, what was seen in words by rule, and of distance and telephone what is not known."""

    placement: Placement
    facts: Mapping[str, Value]
    words: Mapping[str, tuple[str, ...]]
    parties: Parties
    distance: Distance
    sharing: Sharing

    def asks(self, item: Lacking) -> Iterator[tuple[tuple[str, str, str], Placement]]:
        """Yield what to state so that a lacking fact is known (name, label, who can supply it), and of which placement.

        Whether others who share a telephone were placed in the year hangs on the first days of their own placements.
        """
        if item.name == _SHARING:
            begun = PLACEMENTS.column("starts_on")
            yield from (((begun.name, begun.label, "用人单位"), one) for one in self.sharing.undated)
        else:
            yield from ((ask, self.placement) for ask in self._own(item))

    def _own(self, item: Lacking) -> Iterator[tuple[str, str, str]]:
        if item.name == _DISTANCE:
            yield from self.distance.asks
        elif item.name in _DECLARED:
            is_agency = item.name == _DECLARED[0]
            if (self.parties.agency if is_agency else self.parties.host) is not None:
                yield item.name, item.label, item.who_can_supply
            else:
                party = PLACEMENTS.column("dispatch_agency" if is_agency else "dispatch_host")
                yield party.name, party.label, "用人单位"
        elif item.name in _STATED_BY:
            column = PLACEMENTS.column(_STATED_BY[item.name])
            yield column.name, column.label, item.who_can_supply


def evidence_of(case: Case, book: Rulebook, placement: Placement, year: int, as_of: date) -> Evidence:
    """Return what the tables hold of one placement for the hints."""
    candidate = case.candidates.get(placement.candidate_id)
    own = case.placements_of.get(placement.candidate_id, ())
    parties = parties_of(placement, own)
    distance = distance_of(case, candidate, placement, parties)
    facts = placement_facts(placement, as_of)
    facts["person_month_employers"] = months_with_employers(own, year, as_of)
    if any(other.form in _OTHER_WORK and _overlap(placement, other) for other in own if other is not placement):
        facts["other_work_record"] = True
    facts |= known(
        {
            "identical_contract_employers": _identical_contracts(case, placement),
            "is_dispatch": parties.is_dispatched,
            "agency_declares": _declares(parties.agency, placement, own),
            "host_declares": _declares(parties.host, placement, own),
            _DISTANCE: _decided(distance, book, as_of),
        }
    )
    if candidate is not None:
        facts |= _papers(candidate, year, as_of)
    sharing = sharing_of(case, candidate, year)
    if (persons := sharing.decided(book, as_of)) is not None:
        facts[_SHARING] = persons
    words = {**_words(case, placement, parties, distance), "fraud.f9": sharing.words()}
    return Evidence(placement, facts, words, parties, distance, sharing)


# ---- dispatch -------------------------------------------------------------------------------------------------------


def parties_of(placement: Placement, own: Sequence[Placement]) -> Parties:
    """Return who dispatches to whom: as the placement says, else as one of the same time with the other party does."""
    if placement.is_dispatched is not None:
        agency, host = placement.agency, placement.host
        if placement.is_dispatched and (agency is None or host is None):
            beside = _told_beside(placement, own)
            agency, host = agency or beside.agency, host or beside.host
        return Parties(placement.is_dispatched, agency, host)
    return _told_beside(placement, own)


def _told_beside(placement: Placement, own: Sequence[Placement]) -> Parties:
    """Return the dispatch between this placement's employer and another one, as the other's record has it."""
    for other in own:
        parties = (other.agency, other.host)
        is_named = other.is_dispatched and None not in parties and placement.employer_id in parties
        if is_named and other is not placement and _overlap(placement, other):
            return Parties(True, *parties)
    return Parties(None)


def _declares(party: EmployerId | None, placement: Placement, own: Sequence[Placement]) -> bool | None:
    """Return whether a party of a dispatch counts the person, by its own record of the same time."""
    if party is None:
        return None
    said = {one.counted for one in own if one.employer_id == party and (one is placement or _overlap(placement, one))}
    if YesNo.YES in said:
        return True
    return False if said == {YesNo.NO} else None


# ---- distance -------------------------------------------------------------------------------------------------------


def distance_of(case: Case, candidate: Candidate | None, placement: Placement, parties: Parties) -> Distance:
    """Return how far the home is from the work: by points where both rows have one, else from place to place."""
    home = None if candidate is None else spot(candidate.longitude, candidate.latitude, candidate.region)
    work, where = _workplace(case, placement, parties)
    asks = []
    if home is None:
        asks.append(("region", "居住地区或居住地经纬度", "本人"))
    if work is None:
        asks.append(("workplace", "岗位的工作地区或经纬度", "用人单位"))
    if home is None or work is None:
        return Distance(asks=tuple(asks))
    least, most = apart(home, work)
    vague = (("points", "居住地和工作地点的经纬度", "残联就业服务机构"),) if home.radius_km or work.radius_km else ()
    from_home = "住址经纬度" if home.radius_km == 0 else "居住地区"
    return Distance(least, most, f"{from_home}到{where}", vague)


def _workplace(case: Case, placement: Placement, parties: Parties) -> tuple[Spot | None, str]:
    """Return where the work is: as the vacancy says, else at the employer's, unless somebody else is the host."""
    post = _post(case, placement)
    if post is not None and (found := spot(post.longitude, post.latitude, post.region)) is not None:
        return found, "岗位经纬度" if found.radius_km == 0 else "岗位所在地区"
    is_elsewhere = parties.is_dispatched and parties.host != placement.employer_id
    unit = None if placement.employer_id is None else case.employers.get(placement.employer_id)
    if unit is None or is_elsewhere:
        return None, ""
    return spot(None, None, unit.region), "单位所在地区"


def _post(case: Case, placement: Placement) -> Vacancy | None:
    return (case.vacancies or {}).get(placement.vacancy_id) if placement.vacancy_id is not None else None


def _decided(distance: Distance, book: Rulebook, as_of: date) -> Decimal | None:
    """Return the km where they are far, or near, whatever points of the two places are meant; else None."""
    if distance.least is None or distance.most is None:
        return None
    parameter = book.parameters[_FAR]
    limit = parameter.read(parameter.on(as_of))
    if not isinstance(limit, Fraction):
        return None
    metre = Decimal("0.001")
    if distance.least > limit:
        return Decimal(distance.least).quantize(metre, ROUND_CEILING)
    return Decimal(distance.most).quantize(metre, ROUND_FLOOR) if distance.most <= limit else None


# ---- words ----------------------------------------------------------------------------------------------------------


def _words(case: Case, placement: Placement, parties: Parties, distance: Distance) -> Mapping[str, tuple[str, ...]]:
    """Return what was seen of a placement, by the rule that looks at it."""
    insured = {
        "签合同的单位": contract_party(placement),
        PLACEMENTS.column("insured_by").label: placement.insured_by,
        PLACEMENTS.column("monthly_wage").label: _yuan(placement.monthly_wage),
        PLACEMENTS.column("insurance_base").label: _yuan(placement.insurance_base),
        PLACEMENTS.column("insurance_base_limit").label: None
        if placement.insurance_base_limit is None
        else placement.insurance_base_limit.label,
    }
    sent = {"派遣单位": parties.agency, "用工单位": parties.host}
    return {"fraud.f5": _told(insured), "fraud.f7": _far_words(case, placement, distance), "fraud.f12": _told(sent)}


def _told(said: Mapping[str, object | None]) -> tuple[str, ...]:
    return tuple(f"{label}：{value}" for label, value in said.items() if value is not None)


def _yuan(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{shown(Fraction(amount))}元"


def _far_words(case: Case, placement: Placement, distance: Distance) -> tuple[str, ...]:
    if distance.least is None or distance.most is None:
        return ()
    exact = distance.most - distance.least < 1
    told = f"直线约{distance.least:.0f}公里" if exact else f"直线至少{distance.least:.0f}公里（按区划中心估算）"
    post = _post(case, placement)
    housed = post is not None and Accommodation.DORMITORY in post.accommodations
    return (f"{distance.between}{told}", *(["岗位写明提供宿舍"] if housed else []))


# ---- contracts, insurance and papers --------------------------------------------------------------------------------


def months_with_employers(placements: Sequence[Placement], year: int, as_of: date) -> tuple[Record, ...]:
    """Return for each month how many employers had the person under contract, and insured, on one and the same day.

    Leaving one employer and starting with another in the same month is no doubling. Of placements without a first day
    nobody knows the months; they are left out.
    """
    held = [one for one in placements if one.employer_id is not None and one.starts_on is not None]
    months = [date(year, number, 1) for number in range(1, 13)]
    return tuple(
        record_of(
            "person_month_employers",
            {
                "on_month": month,
                "contract_employers": _most_at_once(held, month, _signed, _contracting),
                "insuring_employers": _most_at_once(held, month, _insured, _insuring),
            },
        )
        for month in months
        if month <= as_of and any(in_month(one, month) for one in held)
    )


def _signed(placement: Placement) -> bool | None:
    return True if placement.contract_months is not None else None


def _contracting(placement: Placement) -> EmployerId | None:
    """Return whose contract a record is of: that of a dispatch is with the agency, also where the host records it."""
    return (placement.agency if placement.is_dispatched else None) or placement.employer_id


def _insured(placement: Placement) -> bool | None:
    if placement.insured_by is not None:
        return True
    return None if placement.social_insurance is None else placement.social_insurance is YesNo.YES


def _insuring(placement: Placement) -> EmployerId | None:
    return placement.insured_by or _contracting(placement)


def _most_at_once(
    placements: Sequence[Placement],
    month: date,
    does: Callable[[Placement], bool | None],
    who: Callable[[Placement], EmployerId | None],
) -> int | None:
    """Return the most employers on one day of a month; None where an open answer could change it from one to two."""
    next_month = (month + timedelta(days=31)).replace(day=1)
    least = most = 0
    for number in range((next_month - month).days):
        day = month + timedelta(days=number)
        running = [one for one in placements if runs_on(one, day)]
        sure = {who(one) for one in running if does(one)}
        open_ = {who(one) for one in running if does(one) is None} - sure
        least, most = max(least, len(sure)), max(most, len(sure | open_))
    return least if least > 1 or least == most else None


def _overlap(first: Placement, second: Placement) -> bool:
    """True where two placements surely share a day."""
    if first.starts_on is None or second.starts_on is None:
        return False
    begun = max(first.starts_on, second.starts_on)
    return all(one.ends_on is None or one.ends_on >= begun for one in (first, second))


def _papers(candidate: Candidate, year: int, as_of: date) -> dict[str, Value]:
    facts = known(
        {
            "certificate_number": candidate.certificate_number,
            "certificate_category": None if candidate.category is None else int(candidate.category.code),
            "certificate_grade": candidate.grade,
        }
    )
    valid = certificate_valid_at_audit(candidate.certificate_valid_until, year, as_of)
    if valid is not None and candidate.certificate_valid_until is not None:
        facts["certificate_valid_until"] = candidate.certificate_valid_until
    return facts


def _identical_contracts(case: Case, placement: Placement) -> int | None:
    """Return at how many employers a contract has the same day, term, wage and post; None where one is not stored."""
    terms = _terms(case, placement)
    if terms is None:
        return None
    return len({one.employer_id for one in case.placements if _terms(case, one) == terms})


def _terms(case: Case, placement: Placement) -> tuple[object, ...] | None:
    vacancy = _post(case, placement)
    if vacancy is None or placement.employer_id is None:
        return None
    terms = (placement.starts_on, placement.contract_months, placement.monthly_wage, vacancy.title)
    return None if None in terms else terms
