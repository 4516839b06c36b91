"""What is tried out on lists: off by default, within one band, told, the same at every door, and what it estimates."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from api.desk_keeper import DeskKeeper
from api.settings import Settings
from matching.entities import CandidateId, Interaction, VacancyId
from matching.lots import PLACE, UNTIL, drawn_order
from matching.many.lists import Lists
from matching.notes import LOT
from matching.vocabulary import InteractionKind
from pipelines.access.scope import VisibleCandidate
from pipelines.desk import Desk
from pipelines.live_tests import LiveTests, Switched, TestRefused
from pipelines.quarter import live
from pipelines.quarter.live import beside_report
from pipelines.registers.runs import kept_list, stored_list
from pipelines.registry import Registry
from pipelines.store import tables
from pipelines.store.run_log import RunLog, ShownList
from pipelines.store.session import engine_for
from tests.conftest import Town, Yougang
from tests.support.accounts import KEYS
from tests.support.model_cards import LOOKED_AT
from tests.support.province import TODAY
from tests.support.stores import PROGRAM

K = 40
EVERY = Switched(1.0, 7, "named:甲", "2026-11-23", "试")


def _act(
    candidate_id: CandidateId, vacancy_id: str, days: int, kind: InteractionKind = InteractionKind.APPLIED
) -> Interaction:
    at = TODAY + timedelta(days)
    return Interaction(candidate_id=candidate_id, vacancy_id=VacancyId(vacancy_id), kind=kind, at=at)


def _with(desk: Desk, lot: Switched | None) -> Desk:
    return replace(desk, tests=LiveTests(lot=lot))


def _ids(desk: Desk, candidate_id: CandidateId) -> list[tuple[str, int]]:
    return [(i["vacancy_id"], i["policy_order"]["band"]) for i in desk.document(candidate_id, k=1000)["items"]]


@pytest.fixture(scope="module")
def people(desk: Desk) -> list[CandidateId]:
    return desk.active()[:25]


# ---- one line by lot ----


@given(bands=st.lists(st.integers(0, 3), max_size=60).map(sorted), lot=st.floats(0, 1, exclude_max=True))
def test_a_draw_moves_one_line_within_its_band_and_the_others_by_one(bands: list[int], lot: float) -> None:
    band = np.array(bands, dtype=np.int8)
    found = drawn_order(lot, band)
    if found is None:
        assert len(bands) <= PLACE or bands[PLACE - 1] != bands[PLACE]
        return
    order, chosen, n = found
    assert sorted(order.tolist()) == list(range(len(bands)))
    assert (band[order] == band).all()
    assert order[: PLACE - 1].tolist() == list(range(PLACE - 1))
    assert order[PLACE - 1] == chosen < UNTIL
    assert [at for at in order.tolist() if at != chosen] == [at for at in range(len(bands)) if at != chosen]
    assert 2 <= n <= UNTIL - PLACE + 1


def test_each_line_of_the_pool_is_drawn_equally_often() -> None:
    band = np.zeros(60, dtype=np.int8)
    drawn = Counter(found[1] for at in range(2100) if (found := drawn_order((at + 0.5) / 2100, band)))
    assert set(drawn) == set(range(PLACE - 1, UNTIL))
    assert set(drawn.values()) == {100}


def test_a_list_by_lot_holds_the_same_posts_in_the_same_bands_and_says_what_was_drawn(
    desk: Desk, people: list[CandidateId]
) -> None:
    by_lot, moved = _with(desk, EVERY), 0
    for person in people:
        before, after = desk.document(person, k=1000), by_lot.document(person, k=1000)
        own, other = _ids(desk, person), _ids(by_lot, person)
        assert sorted(own) == sorted(other)
        assert [band for _, band in own] == [band for _, band in other]
        assert before["excluded"] == after["excluded"]
        assert before["counts"] == after["counts"]
        if "by_lot" not in after:
            assert own == other
            continue
        moved += own != other
        lot = after["by_lot"]
        drawn = other[PLACE - 1][0]
        assert own[: PLACE - 1] == other[: PLACE - 1]
        assert lot["pool"] == [i for i, _ in own[PLACE - 1 : PLACE - 1 + len(lot["pool"])]]
        assert own[lot["from_place"] - 1][0] == drawn
        assert lot["propensity"] == 1 / len(lot["pool"])
        assert [note["code"] for note in after["notes"]].count(LOT) == 1
    assert moved > 10


def test_nothing_is_drawn_and_nobody_asked_beside_unless_it_is_switched_on(
    desk: Desk, people: list[CandidateId]
) -> None:
    for person in people:
        document = desk.document(person, k=K)
        assert not {"by_lot", "beside"} & set(document)
        assert LOT not in {note["code"] for note in document["notes"]}


def test_every_door_draws_the_same_line_all_day_and_another_seed_another(desk: Desk, people: list[CandidateId]) -> None:
    by_lot, again = _with(desk, EVERY), _with(desk, EVERY)
    other = _with(desk, replace(EVERY, seed=8))
    many = Lists(by_lot.index, by_lot.rules, by_lot.model.weights).of(by_lot.ask_many(people), k=K)
    differs = 0
    for person, lines in zip(people, many, strict=True):
        single = [i for i, _ in _ids(by_lot, person)][:K]
        rows = by_lot.index.stock.items
        assert [rows[row].vacancy.vacancy_id for row in lines.rows] == single
        assert [rows[row].vacancy.vacancy_id for row in by_lot.lines(person, k=K).rows] == single
        assert [i for i, _ in _ids(again, person)][:K] == single
        differs += [i for i, _ in _ids(other, person)][:K] != single
    assert differs > 5


def test_about_the_stated_share_of_lists_takes_part_others_on_another_day() -> None:
    lot = replace(EVERY, share=0.05)
    ids = [f"c-{n}" for n in range(4000)]
    first, second = ({i for i in ids if lot.takes("lot", i, day) is not None} for day in (TODAY, TODAY + timedelta(1)))
    assert 140 <= len(first) <= 260
    assert len(first & second) < 40
    assert len({i for i in ids if lot.takes("shadow", i, TODAY) is not None} & first) < 40


# ---- switched on and off ----


@pytest.fixture
def connection(own_town: Town) -> Iterator[Connection]:
    engine = engine_for(own_town.url, KEYS)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize(("share", "reason"), [(0.5, "试"), (0.0, "试"), (0.05, "  ")])
def test_a_large_share_or_no_reason_is_refused(
    own_town: Town, connection: Connection, share: float, reason: str
) -> None:
    registry = Registry(connection, own_town.models)
    with pytest.raises(TestRefused):
        registry.switch("lot", share, seed=1, by=PROGRAM.by, said_by="named:甲", reason=reason)
    with pytest.raises(TestRefused, match="没有可以对照"):
        registry.switch("shadow", 0.5, seed=1, by=PROGRAM.by, said_by="named:甲", reason="试")
    assert registry.answering()[2].lot is None


def test_command_says_by_name_who_switched_a_test_on(own_town: Town, yougang: Yougang) -> None:
    said = yougang("models", "lot", "--share", "0.05", "--reason", "试一季度", "--by", "王分析", at=own_town)
    assert said.code == 0
    for out in (said.out, yougang("models", "live", at=own_town).out):
        assert "王分析：试一季度" in out
        assert "named:" not in out


def test_switching_is_audited_and_ends_with_the_version(own_town: Town, connection: Connection) -> None:
    registry = Registry(connection, own_town.models)
    registry.switch("lot", 0.1, seed=1, by=PROGRAM.by, said_by="named:甲", reason="试一季度")
    assert registry.answering()[2].lot is not None
    actions = connection.execute(select(tables.audit.c.action)).scalars().all()
    assert actions.count("models.live_test") == 1
    newer = registry.save(registry.champion()[1], by=PROGRAM.by).version
    registry.promote(newer, by=PROGRAM.by, despite=LOOKED_AT)
    assert registry.answering()[2].lot is None
    registry.rollback(by=PROGRAM.by)
    assert registry.answering()[2].lot is None


def test_running_service_draws_from_the_next_list_on_and_stops_at_once(own_town: Town, yougang: Yougang) -> None:
    keeper = DeskKeeper(Settings.of(own_town.url))
    try:
        assert keeper.desk(TODAY).tests.lot is None
        on = yougang("models", "lot", "--share", "0.1", "--reason", "看第10位以后的岗位", "--by", "甲", at=own_town)
        assert on.code == 0, on.err
        held = keeper.desk(TODAY).tests.lot
        assert held is not None
        assert (held.share, held.by, held.reason) == (0.1, "named:甲", "看第10位以后的岗位")
        drawn = [i for i in keeper.desk(TODAY).active() if held.takes("lot", i, TODAY) is not None]
        said = yougang("--json", "shortlist", drawn[0], at=own_town).document
        told = keeper.desk(TODAY).document(drawn[0], k=20)
        assert [i["vacancy_id"] for i in said["items"]] == [i["vacancy_id"] for i in told["items"]]
        assert said.get("by_lot") == told.get("by_lot")
        assert yougang("models", "lot", "--off", at=own_town).code == 0
        assert keeper.desk(TODAY).tests.lot is None
    finally:
        keeper.close()


def test_both_or_neither_of_share_and_off_is_a_fault_of_usage(own_town: Town, yougang: Yougang) -> None:
    assert yougang("models", "lot", at=own_town).code == 2
    assert yougang("models", "beside", "--off", "--share", "0.1", at=own_town).code == 2


# ---- the challenger asked beside ----


def test_the_challenger_is_asked_beside_logged_and_never_shown(own_town: Town, connection: Connection) -> None:
    registry = Registry(connection, own_town.models)
    model = registry.champion()[1]
    turned = replace(model, weights=replace(model.weights, values=-model.weights.values))
    card: dict[str, Any] = {"gates": {"failed": [], "results": []}}
    challenger = registry.save(turned, by=PROGRAM.by, card=card, made_by="named:甲").version
    registry.switch("shadow", 1.0, seed=1, by=PROGRAM.by, said_by="named:甲", reason="试")
    version, model, tests = registry.answering()
    desk = Desk.open(own_town.casebook(), model, version, TODAY, tests)
    plain = Desk.open(own_town.casebook(), model, version, TODAY)
    for person in desk.active()[:5]:
        document = desk.document(person, k=20)
        shown = kept_list(connection, PROGRAM, VisibleCandidate(person), document)
        assert shown["items"] == plain.document(person, k=20)["items"]
        assert "beside" not in shown
        assert "beside" not in stored_list(connection, PROGRAM, document["run_id"])
    logged = [one for one in RunLog(connection, PROGRAM).shown(until=TODAY) if one.beside is not None]
    assert len(logged) == 5
    for one in logged:
        assert one.beside is not None
        assert one.beside["version"] == challenger
        assert one.beside["champion"] == list(one.shown[:10])
        assert one.beside["challenger"] != one.beside["champion"]


def test_lines_that_were_acted_on_count_for_the_model_that_put_them_there() -> None:
    ours, theirs = [f"a-{n}" for n in range(10)], [f"b-{n}" for n in range(10)]
    beside = {"version": "v", "challenger": ours, "champion": theirs}
    people = [CandidateId(f"c-{n}") for n in range(30)]
    requests = [ShownList(i, TODAY, tuple(theirs), None, beside) for i in people]
    acts = [_act(i, ours[0], 3, InteractionKind.APPLIED) for i in people[:20]]
    acts += [_act(i, theirs[0], 3, InteractionKind.APPLIED) for i in people[20:24]]
    acts += [_act(i, theirs[0], 3, InteractionKind.DECLINED_BY_CANDIDATE) for i in people]
    acts += [_act(i, theirs[0], 90, InteractionKind.APPLIED) for i in people]
    found = beside_report(acts, requests, days=60, seed=1)
    assert (found["n_requests"], found["challenger_wins"], found["champion_wins"]) == (30, 20, 4)
    assert found["share"] == pytest.approx(20 / 24, abs=1e-4)
    few = beside_report(acts, requests[:5], days=60, seed=1)
    assert (few["share"], few["interval"], few["overlap"]) == (None, None, None)


# ---- estimates that know how likely a line was to be shown ----


def test_estimate_over_drawn_lines_is_that_of_a_model_that_had_always_chosen() -> None:
    """Where the model's own choice is acted on in 30 of 100 lists and any other in 5, both estimates say 0.3."""
    rng, n = np.random.default_rng(3), 21
    drawn = rng.integers(0, n, size=60_000)
    acted = rng.random(60_000) < np.where(drawn == 4, 0.3, 0.05)
    found = live._estimate([(n if d == 4 else 0.0, float(a)) for d, a in zip(drawn, acted, strict=True)])
    assert found["ips"] == pytest.approx(0.3, abs=0.03)
    assert found["snips"] == pytest.approx(0.3, abs=0.03)
    assert found["interval"][0] < 0.3 < found["interval"][1]
    assert float(acted.mean()) < 0.08  # what it would seem to be without the propensity


def test_estimates_ask_both_models_for_their_choice_among_what_was_drawn_from(desk: Desk) -> None:
    by_lot, casebook = _with(desk, EVERY), desk.casebook
    turned = replace(desk.model, weights=replace(desk.model.weights, values=-desk.model.weights.values))
    requests, acts = [], []
    for person in desk.active():
        document = by_lot.document(person, k=20)
        if "by_lot" not in document:
            continue
        shown = tuple(item["vacancy_id"] for item in document["items"])
        requests.append(ShownList(person, TODAY, shown, json.loads(json.dumps(document["by_lot"]))))
        if document["by_lot"]["from_place"] == PLACE:  # people act on the champion's own choice alone
            acts.append(_act(person, shown[PLACE - 1], 2, InteractionKind.APPLIED))
    held = replace(casebook, interactions=[*casebook.interactions, *acts])
    found = live.lot_estimates(held, turned, desk.model, requests, days=30)
    assert found["n_lists"] == len(requests) > 100
    assert found["champion"]["n_matched"] >= len(acts) * 0.7
    if "snips" in found["champion"]:
        assert found["champion"]["snips"] > 0.7
    assert found["challenger"].get("snips", 0.0) < 0.2
