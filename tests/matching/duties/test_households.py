"""Households: one member in work is enough; who is not known to work or to wish is asked about by name."""

from datetime import date

import pytest

from matching.duties.clocks import Known, birth_band, in_working_age
from matching.duties.duty import BORN, WISH, WORK
from matching.duties.households import HouseholdState, Member, household_standing
from matching.duties.terms import terms_on
from matching.vocabulary import Hukou
from tests.support.builders import TODAY
from tests.support.duties import World


def member(
    owner: str = "c-1",
    *,
    employed: Known = False,
    wishes: Known = True,
    in_age: Known = True,
    hukou: Hukou | None = Hukou.RURAL,
) -> Member:
    """Return a member who could and would work, and does not."""
    return Member(owner, "620102", hukou, employed, wishes, in_age)


@pytest.mark.parametrize(
    ("members", "state"),
    [
        ([member()], HouseholdState.WITHOUT),
        ([member(), member("c-2", employed=True)], HouseholdState.WITH_WORK),
        ([member(wishes=False)], HouseholdState.NOBODY),
        ([member(in_age=False), member("c-2", wishes=False)], HouseholdState.NOBODY),
        ([member(wishes=None)], HouseholdState.TO_VERIFY),
        ([member(employed=None)], HouseholdState.TO_VERIFY),
        ([member(), member("c-2", employed=None)], HouseholdState.TO_VERIFY),
        ([member(wishes=False, employed=None)], HouseholdState.TO_VERIFY),
        ([member(), member("c-2", wishes=None)], HouseholdState.WITHOUT),
    ],
)
def test_state_follows_from_what_is_known(members: list[Member], state: HouseholdState) -> None:
    found = household_standing(members)
    assert found is not None
    assert found.state is state


def test_questions_name_the_member_and_the_fact() -> None:
    found = household_standing([member(employed=None, wishes=None), member("c-2", in_age=None)])
    assert found is not None
    assert set(found.asks) == {("c-1", WORK), ("c-1", WISH), ("c-2", BORN)}


def test_household_in_town_is_left_out_only_where_everybody_is_known_to_be() -> None:
    town, unknown = member(hukou=Hukou.URBAN), member("c-2", hukou=None)
    assert household_standing([town]) is None
    assert household_standing([town, unknown]) is not None


@pytest.mark.parametrize("day", [TODAY, TODAY.replace(year=2028, month=2, day=29), TODAY.replace(month=12, day=31)])
def test_band_of_birth_dates_says_what_ages_say(day: date) -> None:
    terms = terms_on(day)
    band = birth_band(terms)
    assert band is not None
    for file in World(3, terms.on, 300).files:
        born, sex = file.candidate.birth_date, file.candidate.sex
        assert band.holds(born, sex) is in_working_age(born, sex, terms)
