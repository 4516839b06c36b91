"""Households that exited from poverty or are monitored: at least one member who can and wants to work shall have work.

Only registered members are known here, and ability to work is taken as working age (convention): what a household needs
is for a person to find out; the list says where to look first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from matching.duties.clocks import Known, both
from matching.duties.duty import BORN, WISH, WORK, Question
from matching.vocabulary import Hukou, Term


class HouseholdState(Term):
    """Where a household stands."""

    WITH_WORK = "with_work", "已有一人就业"
    WITHOUT = "without", "有劳动能力且有意愿，无人就业"
    TO_VERIFY = "to_verify", "待核实"
    NOBODY = "nobody", "没有在就业年龄段且有意愿的成员"


@dataclass(frozen=True, slots=True)
class Member:
    """One registered member on a day."""

    candidate_id: str
    region: str | None
    hukou: Hukou | None
    employed: Known
    wishes: Known
    in_age: Known


@dataclass(frozen=True, slots=True)
class HouseholdStanding:
    """The state of a household, and what has to be asked of which member where it is not settled."""

    state: HouseholdState
    asks: tuple[tuple[str, Question], ...]


def household_standing(members: Sequence[Member]) -> HouseholdStanding | None:
    """Return where a household stands; None for one whose members are all known to be registered in town.

    Source: 甘政办发〔2022〕97号 二(六).
    """
    if members and all(member.hukou is Hukou.URBAN for member in members):
        return None
    if any(member.employed is True for member in members):
        return HouseholdStanding(HouseholdState.WITH_WORK, ())
    may_work = [(member, both(member.in_age, member.wishes)) for member in members]
    may_work = [(member, known) for member, known in may_work if known is not False]
    if not may_work:
        settled = all(member.employed is False for member in members)
        asks = tuple((member.candidate_id, WORK) for member in members if member.employed is None)
        return HouseholdStanding(HouseholdState.NOBODY if settled else HouseholdState.TO_VERIFY, asks)
    certain = any(known is True for _, known in may_work) and all(member.employed is False for member in members)
    if certain:
        return HouseholdStanding(HouseholdState.WITHOUT, ())
    asked: list[tuple[str, Question]] = [(one.candidate_id, WORK) for one in members if one.employed is None]
    for member, known in may_work:
        if known is None and member.in_age is None:
            asked.append((member.candidate_id, BORN))
        if known is None and member.wishes is None:
            asked.append((member.candidate_id, WISH))
    return HouseholdStanding(HouseholdState.TO_VERIFY, tuple(asked))
