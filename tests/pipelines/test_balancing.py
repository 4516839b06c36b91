"""Everybody's lists balanced: what a caseworker sees, and that every door gives the same list."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from api.balance_commands import balance_document, balance_lists, balance_words, unbalance_lists
from pipelines.balancing import balanced, openings_reckoned_with
from pipelines.batch import run_batch
from pipelines.desk import Desk
from pipelines.documents import document_lines
from pipelines.store.session import engine_for
from tests.conftest import Town, copied_town
from tests.support.accounts import KEYS
from tests.support.province import TODAY


@pytest.fixture(scope="module")
def even(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The desk of a store whose lists were balanced."""
    balanced_town = copied_town(tmp_path_factory.mktemp("town") / "even")
    engine = engine_for(balanced_town.url, KEYS)
    with engine.begin() as connection:
        balance_lists(connection, balanced_town.desk())
    engine.dispose()
    return balanced_town.desk()


def looks(desk: Desk, first: int = 10) -> NDArray[np.float64]:
    """Return per post how many people look at it where lists are followed."""
    found = np.zeros(len(desk.index.stock.items))
    for one in desk.active():
        rows = desk.lines(one, k=first).rows
        found[rows] += 1 / np.log2(np.arange(len(rows)) + 2)
    return found


def test_balanced_lists_send_fewer_people_to_posts_that_have_no_room_for_them(desk: Desk, even: Desk) -> None:
    openings, bound = openings_reckoned_with(desk), balanced(desk).bound
    too_many = [np.maximum(0, looks(one) - bound * openings).sum() for one in (desk, even)]
    assert too_many[1] < 0.8 * too_many[0]


def test_balancing_drops_nobody_and_nothing(desk: Desk, even: Desk) -> None:
    for one in desk.active()[:20]:
        before, after = desk.document(one, k=1000), even.document(one, k=1000)
        assert before["counts"] == after["counts"]
        assert {i["vacancy_id"] for i in before["items"]} == {i["vacancy_id"] for i in after["items"]}


def test_a_post_that_stepped_back_says_why_and_keeps_its_band_score_and_numbers(desk: Desk, even: Desk) -> None:
    n_told = 0
    for one in desk.active()[:20]:
        before = {i["vacancy_id"]: i for i in desk.document(one, k=1000)["items"]}
        document = even.document(one, k=1000)
        bands = [item["policy_order"]["band"] for item in document["items"]]
        assert bands == sorted(bands)
        for item in document["items"]:
            for name in ("score", "score_parts", "fit", "chance", "reasons", "outcome", "policy_order"):
                assert item[name] == before[item["vacancy_id"]][name]
            told = item["crowding"]
            if told is None:
                continue
            n_told += 1
            assert told["rank_without"] < item["rank"]
            assert told["rank_without"] == before[item["vacancy_id"]]["rank"]
            assert told["people_per_opening"] > 0
            assert told["text"] in "\n".join(document_lines(document))
    assert n_told > 20


def test_whoever_moved_down_without_a_crowd_was_passed_by_nobody_but_those_before(desk: Desk, even: Desk) -> None:
    one = desk.active()[0]
    price = even.index.crowding.price if even.index.crowding is not None else np.zeros(0)
    rows = even.lines(one, k=1000)
    by_price = rows.score - price[rows.rows]
    general = [b for b, band in zip(by_price, rows.band, strict=True) if band == 2]
    # An employer's further posts stand behind their turn; everything else goes by the score less the price.
    assert np.corrcoef(np.arange(len(general)), general)[0, 1] < -0.8


@pytest.mark.parametrize("together_from", [1, 10_000])
def test_batch_and_single_list_step_back_alike(
    even: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together_from: int
) -> None:
    monkeypatch.setattr("pipelines.batch.TOGETHER_FROM", together_from)
    run_batch(even, tmp_path, k=8)
    written: dict[str, list[str]] = {}
    for path in sorted(tmp_path.glob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            written.setdefault(row["candidate_id"], []).append(row["vacancy_id"])
    for one in even.active()[:30]:
        assert written[one] == [item["vacancy_id"] for item in even.document(one, k=8)["items"]]


def test_a_batch_written_before_balancing_is_made_anew_after_it_and_after_it_is_off(
    desk: Desk, even: Desk, tmp_path: Path
) -> None:
    def first_lines() -> list[dict[str, Any]]:
        paths = sorted(tmp_path.glob("block-*.parquet"))
        rows = [
            row for path in paths for row in pq.read_table(path, columns=["candidate_id", "vacancy_id"]).to_pylist()
        ]
        return sorted(rows, key=lambda row: row["candidate_id"])

    run_batch(desk, tmp_path, k=5)
    plain = first_lines()
    run_batch(even, tmp_path, k=5)
    assert first_lines() != plain
    run_batch(desk, tmp_path, k=5)
    assert first_lines() == plain


def test_prices_hold_for_their_model_and_their_days_only(even: Desk) -> None:
    assert even.index.crowding is not None
    casebook = even.casebook
    assert Desk.open(casebook, even.model, "another", TODAY).index.crowding is None
    for days in (-1, 40):
        other = Desk.open(casebook, even.model, even.model_version, TODAY + timedelta(days=days))
        assert other.index.crowding is None


def test_balancing_twice_finds_the_same_and_off_brings_the_first_lists_back(own_town: Town, desk: Desk) -> None:
    engine = engine_for(own_town.url, KEYS)
    with engine.begin() as connection:
        first = balance_lists(connection, own_town.desk())
    assert balanced(own_town.desk()).posts == first.posts
    with engine.begin() as connection:
        unbalance_lists(connection)
    engine.dispose()
    one = desk.active()[0]
    before, after = desk.document(one, k=20), own_town.desk().document(one, k=20)
    assert [i["vacancy_id"] for i in before["items"]] == [i["vacancy_id"] for i in after["items"]]


def test_a_post_without_a_number_of_openings_is_reckoned_with_the_median_and_says_so(even: Desk) -> None:
    crowded = even.index.crowding
    assert crowded is not None
    silent = even.index.stock.items[int(np.argmax(crowded.price))].vacancy.vacancy_id
    vacancies = [replace(v, openings=None) if v.vacancy_id == silent else v for v in even.casebook.vacancies]
    plain = Desk.open(replace(even.casebook, vacancies=vacancies), even.model, even.model_version, TODAY)
    left = plain.index.stock.openings_left
    assert openings_reckoned_with(plain)[plain.index.stock.position[silent]] == np.median(left[left > 0])
    texts = [
        item["crowding"]["text"]
        for one in plain.active()
        for item in plain.document(one, k=60)["items"]
        if item["crowding"] and item["vacancy_id"] == silent
    ]
    assert texts
    assert all("未写明" in text for text in texts)


def test_what_was_found_is_told_with_the_most_crowded_first(even: Desk) -> None:
    found = balanced(even)
    document = balance_document(found, even)
    crowded = [post["people_per_opening"] for post in document["most_crowded"]]
    assert crowded == sorted(crowded, reverse=True)
    assert document["stepping_back"] == len(found.posts) > 0
    assert document["most_crowded"][0]["title"] in "\n".join(balance_words(document))
    assert json.loads(json.dumps(document)) == document


def test_lists_made_together_give_the_prices_of_lists_made_one_by_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = balanced(desk)
    monkeypatch.setattr("pipelines.balancing.TOGETHER_FROM", 1)
    assert balanced(desk).posts == alone.posts


def test_a_sample_of_the_people_is_reckoned_up_to_all(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = balanced(desk)
    settings = replace_settings(people=len(desk.active()) * 2 // 3)
    monkeypatch.setattr("pipelines.balancing.ranking_settings", lambda: settings)
    part = balanced(desk)
    assert part.n_sampled < part.n_people == whole.n_people
    assert part.bound == pytest.approx(whole.bound, rel=0.1)
    assert part.most_looks == pytest.approx(whole.most_looks, rel=0.35)


def replace_settings(people: int) -> object:
    from matching.settings import ranking_settings

    plain = ranking_settings()
    return plain.model_copy(update={"crowding": plain.crowding.model_copy(update={"people": people})})
