"""The list of households that exited from poverty or are monitored, with where each stands; the unknown is named."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from matching.duties.households import HouseholdStanding, HouseholdState, Member, household_standing
from matching.duties.terms import DutyTerms, Ground, terms_on
from matching.regions import region_name
from matching.rules.rulebook import NOTICE, rulebook
from matching.vocabulary import Hukou
from pipelines.access.audit import record_each
from pipelines.access.roles import Action, Subject
from pipelines.duties.places import Area, area_of
from pipelines.registers.rows import require
from pipelines.store.plan_rows import MemberRow, PlanRows

RULE = "plan.rural_household_one"
_Facts = tuple[tuple[Hukou | None, bool | None, bool | None, bool | None], ...]
_HUKOU: Mapping[str | None, Hukou | None] = {None: None, **{one.value: one for one in Hukou}}
_OWNER = itemgetter(0)
ALONE = "未编户号："
"""How a person whose household has no number is named as a household."""


@dataclass(frozen=True, slots=True)
class Household:
    """A household with its registered members, as far as they are visible."""

    household_id: str
    region: str | None
    members: tuple[Member, ...]
    standing: HouseholdStanding

    def as_dict(self) -> dict[str, Any]:
        """Return the household as it travels in JSON."""
        return {
            "household_id": self.household_id,
            "region": self.region,
            "region_name": None if self.region is None else region_name(self.region),
            "members": [member.candidate_id for member in self.members],
            "state": self.standing.state.value,
            "state_label": self.standing.state.label,
            "asks": [{"candidate_id": owner, **question.as_dict()} for owner, question in self.standing.asks],
        }


@dataclass(frozen=True, slots=True)
class HouseholdPage:
    """The next households by number, and the number after which the following page begins."""

    on: date
    area: Area
    items: tuple[Household, ...]
    next_key: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the page as it travels in JSON, without the key of the next one."""
        ground = household_ground(self.on)
        return {
            "as_of": self.on.isoformat(),
            "region": self.area.code,
            "region_name": self.area.name,
            "source": None if ground is None else ground.as_dict(),
            "items": [household.as_dict() for household in self.items],
            "notice": NOTICE,
        }


def household_ground(on: date) -> Ground | None:
    """Return the text that the duty rests on, or None on a day on which none is in force."""
    version = rulebook().rule(RULE).rule.version_on(on)
    return None if version is None else Ground(version.cited, version.source.status)


def all_households(
    connection: Connection, subject: Subject, terms: DutyTerms, rows: PlanRows | None = None
) -> Iterator[Household]:
    """Yield every household with a visible member, by number; one that is in town for certain is left out.

    `rows` are those of the same subject and day where somebody has read them already.
    """
    read = PlanRows(connection, subject, terms) if rows is None else rows
    for number, held in _by_household(read.household_members()):
        own = zip(held, _facts(held, read), strict=True)
        members = tuple(Member(row.candidate_id, row.region, *facts) for row, facts in own)
        standing = household_standing(members)
        if standing is not None:
            yield Household(number, _region_of(held), members, standing)


def household_states(
    read: PlanRows, members: Iterable[MemberRow] | None = None
) -> Iterator[tuple[str, str | None, HouseholdState]]:
    """Yield number, region and state of the same households: of hundreds of thousands, most of which are alike.

    `members` are those that `read` was asked for before, None where it was not.
    """
    told: dict[_Facts, HouseholdState | None] = {}
    for number, held in _by_household(read.household_members() if members is None else members):
        facts = _facts(held, read)
        if facts not in told:
            standing = household_standing([Member("", None, *own) for own in facts])
            told[facts] = None if standing is None else standing.state
        state = told[facts]
        if state is not None:
            yield number, _region_of(held), state


def _by_household(members: Iterable[MemberRow]) -> Iterator[tuple[str, list[MemberRow]]]:
    """Yield the members of each household by its number, each household's by their own."""
    found: dict[str, list[MemberRow]] = {}
    for row in members:
        found.setdefault(row[2] or f"{ALONE}{row[0]}", []).append(row)
    for number in sorted(found):
        yield number, sorted(found[number], key=_OWNER)


def _region_of(held: Sequence[MemberRow]) -> str | None:
    return next((row[1] for row in held if row[1] is not None), None)


def _facts(held: Sequence[MemberRow], read: PlanRows) -> _Facts:
    """Return registration, work, wish and age of the members; where no age decides anything, none is opened."""
    is_settled = any(row[4] for row in held)
    found = []
    for row in held:
        _, _, _, hukou, employed, wish, *_ = row
        wishes = None if wish is None else wish == "yes"
        in_age = None if is_settled or wishes is False else read.in_age(row)
        found.append((_HUKOU[hukou], None if employed is None else employed == 1, wishes, in_age))
    return tuple(found)


def household_list(
    connection: Connection,
    subject: Subject,
    on: date,
    region: str | None = None,
    limit: int = 50,
    *,
    states: tuple[HouseholdState, ...] = (HouseholdState.WITHOUT, HouseholdState.TO_VERIFY),
    after: str | None = None,
) -> HouseholdPage:
    """Return the households of a place in some states, by number; whose members were shown is recorded.

    Raises
    ------
    Forbidden
        When the role may not read people for the stated purpose.
    NoSuchRegion
        When the place is none that an office answers for.
    """
    page = households_found(connection, subject, on, region, limit, states=states, after=after)
    note_households(connection, subject, page)
    return page


def households_found(
    connection: Connection,
    subject: Subject,
    on: date,
    region: str | None = None,
    limit: int = 50,
    *,
    states: tuple[HouseholdState, ...] = (HouseholdState.WITHOUT, HouseholdState.TO_VERIFY),
    after: str | None = None,
) -> HouseholdPage:
    """Return the same for who keeps it for a while; each time it is shown `note_households` has to record that.

    Raises
    ------
    Forbidden
        When the role may not read people for the stated purpose.
    NoSuchRegion
        When the place is none that an office answers for.
    """
    require(subject, Action.READ_CANDIDATES)
    area, found = area_of(connection, region, on), list[Household]()
    for household in all_households(connection, subject, terms_on(on)):
        is_here = area.codes is None or any(member.region in area.codes for member in household.members)
        is_later = after is None or household.household_id > after
        if is_here and is_later and household.standing.state in states:
            found.append(household)
            if len(found) > limit:
                break
    shown = tuple(found[:limit])
    return HouseholdPage(on, area, shown, shown[-1].household_id if len(found) > limit else None)


def note_households(connection: Connection, subject: Subject, page: HouseholdPage) -> None:
    """Record whose households were shown, each member once."""
    people = list(dict.fromkeys(member.candidate_id for household in page.items for member in household.members))
    if people:
        action = Action.READ_CANDIDATES.value
        record_each(connection, subject.by, action, object_kind="candidate", object_ids=people)


def household_lines(page: HouseholdPage) -> list[str]:
    """Return a page in plain Chinese."""
    lines = [f"{page.area.name}，{page.on.isoformat()}，脱贫户、防返贫监测户：至少一人就业"]
    for household in page.items:
        where = "地区未登记" if household.region is None else region_name(household.region)
        told = (
            f"{household.household_id}（{where}，登记 {len(household.members)} 人）：{household.standing.state.label}"
        )
        asks = "；".join(f"{owner} {question.label}" for owner, question in household.standing.asks)
        lines.append(told + (f"；待核实：{asks}" if asks else ""))
    if not page.items:
        lines.append("没有这样的家庭")
    if page.next_key is not None:
        lines.append("…后面还有；加 --limit 看更多")
    return [*lines, "家庭中没有登记的成员是否就业，请向村（社区）核实", NOTICE]
