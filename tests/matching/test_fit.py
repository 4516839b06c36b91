"""Function by function: what fits, what an accommodation closes, and what nobody knows yet."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.accommodation import WorkContext, choose
from matching.fit import OUTCOMES, DemandArrays, Demands, compare, compare_all, limitation_vector
from matching.vocabulary import Accommodation, AccommodationState, Function, Outcome
from tests.support.builders import ABLE, demanding, limited

A, State = Accommodation, AccommodationState


def stated(context: WorkContext | None = WorkContext.PLAIN, **levels: int) -> Demands:
    return Demands(demanding(**levels), is_stated=True, context=context)


def derived(**levels: int) -> Demands:
    return Demands(demanding(**levels), is_stated=False, context=WorkContext.PLAIN)


@pytest.mark.parametrize(("limitation", "demand"), [(0, 4), (4, 0), (2, 2), (1, 3)])
def test_a_function_suffices_up_to_four_together(limitation: int, demand: int) -> None:
    assert compare(limited(hands=limitation), stated(hands=demand), {}).outcome is Outcome.FITS


def test_a_gap_that_nothing_closes_names_the_function() -> None:
    fit = compare(limited(standing=4), stated(WorkContext.HEAVY, standing=4, lifting=4), {})
    assert fit.outcome is Outcome.DOES_NOT_FIT
    assert [f.function for f in fit.deciding] == [Function.STANDING]


def test_an_offered_accommodation_closes_the_gap() -> None:
    fit = compare(limited(standing=4), stated(standing=2), {A.SEAT: State.VERIFIED})
    assert fit.outcome is Outcome.FITS_WITH_ACCOMMODATION
    assert fit.accommodations == {A.SEAT: State.VERIFIED}


def test_what_is_not_offered_is_to_be_arranged() -> None:
    fit = compare(limited(hearing=4), stated(hearing=2), {})
    assert fit.outcome is Outcome.FITS_WITH_ACCOMMODATION
    assert set(fit.accommodations.values()) == {State.TO_ARRANGE}


def test_a_verified_accommodation_goes_before_a_declared_one() -> None:
    offered = {A.CAPTIONS: State.DECLARED, A.SIGN_INTERPRETER: State.VERIFIED}
    chosen = choose(Function.HEARING, 4, 2, offered, context=WorkContext.PLAIN)
    assert chosen == ((A.SIGN_INTERPRETER, State.VERIFIED),)


def test_a_screen_reader_helps_at_a_computer_and_not_elsewhere() -> None:
    blind = limited(seeing=4)
    assert compare(blind, stated(WorkContext.SCREEN, seeing=3), {}).outcome is Outcome.FITS_WITH_ACCOMMODATION
    assert compare(blind, stated(WorkContext.PLAIN, seeing=3), {}).outcome is Outcome.DOES_NOT_FIT


def test_where_the_kind_of_work_is_not_known_the_question_is_asked() -> None:
    fit = compare(limited(seeing=4), stated(None, seeing=3), {})
    assert fit.outcome is Outcome.UNKNOWN
    assert fit.context_missing


def test_an_unknown_limitation_is_unknown_and_named() -> None:
    fit = compare({Function.HANDS: 0}, stated(hands=3, standing=3), {})
    assert fit.outcome is Outcome.UNKNOWN
    assert fit.missing_limitations == (Function.STANDING,)


def test_no_limitation_at_all_fits_whatever_is_demanded() -> None:
    assert compare(ABLE, Demands({}, is_stated=False), {}).outcome is Outcome.FITS


def test_a_derived_demand_never_decides() -> None:
    fit = compare(limited(standing=4), derived(standing=4), {})
    assert fit.outcome is Outcome.UNKNOWN
    assert fit.outlook is Outcome.DOES_NOT_FIT
    fine = compare(limited(standing=4), derived(hands=3), {})
    assert (fine.outcome, fine.outlook) == (Outcome.UNKNOWN, Outcome.FITS)


def test_heavy_work_is_not_done_from_a_seat() -> None:
    heavy = compare(limited(standing=4), stated(WorkContext.HEAVY, standing=3), {A.SEAT: State.VERIFIED})
    assert heavy.outcome is Outcome.DOES_NOT_FIT


def test_text_does_not_replace_a_voice_on_the_telephone() -> None:
    deaf, hears = limited(hearing=4), {A.TEXT_COMMUNICATION: State.VERIFIED}
    assert compare(deaf, stated(WorkContext.SCREEN, hearing=3), hears).outcome is Outcome.FITS_WITH_ACCOMMODATION
    on_the_phone = WorkContext.SCREEN | WorkContext.PHONE
    assert compare(deaf, stated(on_the_phone, hearing=3), hears).outcome is Outcome.DOES_NOT_FIT


def test_a_ramp_does_not_carry_a_wheelchair_through_a_field() -> None:
    wheelchair, ramp = limited(walking=4), {A.RAMP: State.VERIFIED}
    assert compare(wheelchair, stated(WorkContext.PLAIN, walking=2), ramp).outcome is Outcome.FITS_WITH_ACCOMMODATION
    assert compare(wheelchair, stated(WorkContext.MOVING, walking=2), ramp).outcome is Outcome.DOES_NOT_FIT


def test_large_print_helps_weak_sight_and_not_the_blind() -> None:
    task = stated(WorkContext.PLAIN, seeing=2)
    assert compare(limited(seeing=3), task, {A.LARGE_PRINT: State.VERIFIED}).accommodations
    assert compare(limited(seeing=4), stated(WorkContext.PLAIN, seeing=1), {A.LARGE_PRINT: State.VERIFIED}).deciding


levels = st.dictionaries(st.sampled_from(list(Function)), st.integers(0, 4))
offers = st.dictionaries(st.sampled_from(list(Accommodation)), st.sampled_from([State.VERIFIED, State.DECLARED]))
contexts = st.sampled_from([None, *(WorkContext(flags) for flags in range(16))])


@given(levels, levels, offers, st.booleans(), contexts, st.booleans())
def test_one_vacancy_and_a_whole_stock_give_the_same_answer(
    limitations: Mapping[Function, int],
    demands: Mapping[Function, int],
    offered: Mapping[Accommodation, AccommodationState],
    is_stated: bool,
    context: WorkContext | None,
    needs: bool,
) -> None:
    is_stated = is_stated and bool(demands)  # an empty cell states nothing
    needed = (A.SHUTTLE,) if needs else ()
    one = compare(limitations, Demands(demands, is_stated, context), offered, needed)
    rest = 0 if is_stated else -1
    arrays = DemandArrays.of(
        np.array([[demands.get(f, rest) for f in Function]], dtype=np.int8),
        np.array([is_stated]),
        np.array([-1 if context is None else context], dtype=np.int8),
        np.array([[a in offered for a in Accommodation]]),
    )
    many = compare_all(limitation_vector(limitations), arrays, needs_any=needs)
    assert OUTCOMES[many.outcome[0]] is one.outcome
    assert (OUTCOMES[many.outlook[0]] if many.outlook[0] >= 0 else None) is one.outlook
    assert many.n_missing[0] == len(one.missing_limitations)


@given(levels, levels, st.sampled_from(list(Function)), st.integers(0, 4), contexts)
def test_a_new_fact_decides_or_leaves_open_but_never_reverses(
    limitations: Mapping[Function, int],
    demands: Mapping[Function, int],
    function: Function,
    level: int,
    context: WorkContext | None,
) -> None:
    before = compare(limitations, Demands(demands, bool(demands), context), {})
    if function in limitations:
        return
    after = compare({**limitations, function: level}, Demands(demands, bool(demands), context), {})
    if before.outcome is Outcome.DOES_NOT_FIT:
        assert after.outcome is Outcome.DOES_NOT_FIT
    if after.outcome is Outcome.DOES_NOT_FIT and before.outcome is not Outcome.DOES_NOT_FIT:
        assert [f.function for f in after.deciding] == [function]
