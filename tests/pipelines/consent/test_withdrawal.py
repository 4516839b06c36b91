"""Threat 32: after a withdrawal a person is in no next list, batch or training set, whatever was loaded before."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from matching.entities import CandidateId
from pipelines.batch import run_batch
from pipelines.consent.effects import learning_refused, matching_refused, refuse_unwanted_matching
from pipelines.consent.errors import MatchingRefused
from pipelines.consent.words import ConsentAct, ConsentPurpose
from pipelines.export import export
from pipelines.schema import TABLES
from pipelines.store.session import engine_for
from pipelines.train import train
from tests.conftest import Town
from tests.support.accounts import KEYS
from tests.support.people import NOW, says
from tests.support.province import QUICK, TODAY
from tests.support.stores import PROGRAM


@pytest.fixture
def engine(own_town: Town) -> Iterator[Engine]:
    opened = engine_for(own_town.url, KEYS)
    yield opened
    opened.dispose()


@pytest.fixture
def person(own_town: Town) -> CandidateId:
    """Whoever acted most, so that leaving the person out shows."""
    acts = Counter(i.candidate_id for i in own_town.casebook().interactions)
    return acts.most_common(1)[0][0]


def state(engine: Engine, person: str, act: ConsentAct, purpose: ConsentPurpose = ConsentPurpose.MATCHING) -> None:
    with engine.begin() as connection:
        says(connection, person, act, purpose)


def test_threat_32_a_withdrawn_person_gets_no_list_and_is_told_why(
    own_town: Town, engine: Engine, person: CandidateId
) -> None:
    assert own_town.desk().document(person, k=3)["items"]
    state(engine, person, ConsentAct.WITHDRAWN)
    desk = own_town.desk()
    for ask in (desk.ask, desk.unlock):
        with pytest.raises(MatchingRefused, match="撤回"):
            ask(person)
    assert person not in desk.active()


def test_threat_32_a_withdrawal_is_seen_even_by_a_desk_that_was_open_before(
    engine: Engine, person: CandidateId
) -> None:
    state(engine, person, ConsentAct.WITHDRAWN)
    with engine.connect() as connection:
        with pytest.raises(MatchingRefused):
            refuse_unwanted_matching(connection, person)
        assert matching_refused(connection) == {person}


def test_threat_32_the_next_batch_leaves_the_person_out(
    own_town: Town, engine: Engine, person: CandidateId, tmp_path: Path
) -> None:
    state(engine, person, ConsentAct.WITHDRAWN)
    run_batch(own_town.desk(), tmp_path / "out", k=2)
    listed = {
        row for file in (tmp_path / "out").glob("*.parquet") for row in pq.read_table(file)["candidate_id"].to_pylist()
    }
    assert len(listed) > 100
    assert person not in listed


@pytest.mark.parametrize("purpose", [ConsentPurpose.MATCHING, ConsentPurpose.STATISTICS_AND_TRAINING])
def test_threat_32_the_next_model_has_not_learned_from_the_person(
    own_town: Town, engine: Engine, person: CandidateId, purpose: ConsentPurpose
) -> None:
    before = train(own_town.casebook(), until=TODAY, config=QUICK)
    state(engine, person, ConsentAct.WITHDRAWN, purpose)
    after = train(own_town.casebook(), until=TODAY, config=QUICK)
    acts = own_town.casebook().learnable().acts(until=TODAY)
    assert person not in set(acts["candidate_id"])
    assert after.summary["n_pairs"] < before.summary["n_pairs"]
    assert after.summary["n_candidates"] == before.summary["n_candidates"] - 1
    assert after.collaborative is not None
    assert own_town.casebook().names.of(person) not in str(vars(after.collaborative.model))


def test_refusing_to_be_learned_from_leaves_the_lists_alone(
    own_town: Town, engine: Engine, person: CandidateId
) -> None:
    state(engine, person, ConsentAct.REFUSED, ConsentPurpose.STATISTICS_AND_TRAINING)
    assert own_town.desk().document(person, k=3)["items"]
    with engine.connect() as connection:
        assert matching_refused(connection) == frozenset()
        assert learning_refused(connection) == {person}


def test_who_agrees_again_is_matched_again_and_who_was_never_asked_always_was(
    own_town: Town, engine: Engine, person: CandidateId
) -> None:
    everybody = set(own_town.desk().active())
    assert any(own_town.casebook().candidates[i].consent_matching_on is None for i in everybody)
    state(engine, person, ConsentAct.WITHDRAWN)
    with engine.begin() as connection:
        says(connection, person, ConsentAct.GIVEN, at=datetime(2026, 11, 22, tzinfo=UTC), has_witness=True)
    assert datetime(2026, 11, 22, tzinfo=UTC) < NOW
    assert set(own_town.desk().active()) == everybody


def test_threat_34_every_list_says_that_a_human_decides_and_who(own_town: Town, person: CandidateId) -> None:
    document = own_town.desk().document(person, k=3)
    assert "由工作人员与本人商量后决定" in document["notice"]["text"]
    assert "复核" in document["notice"]["review"]
    assert "拒绝" in document["notice"]["refusal"]
    assert document["notice"]["source"] == {"document": "个人信息保护法", "clause": "第二十四条"}
    assert document["in_charge"] == {
        "office": None, "person": None, "text": "尚未指定经办人，由出具名单的机构先指定一名工作人员，再把名单用于本人",
    }  # fmt: skip


def test_threat_32_the_next_export_leaves_the_person_out_and_keeps_the_evidence_of_placements(
    engine: Engine, person: CandidateId, tmp_path: Path
) -> None:
    def exported(name: str) -> str:
        with engine.connect() as connection:
            export(connection, TABLES[name], tmp_path / f"{name}.csv", subject=PROGRAM)
        return (tmp_path / f"{name}.csv").read_text(encoding="utf-8-sig")

    names = ("candidates", "interactions", "services", "placements")
    before = {name: exported(name) for name in names}
    assert person in before["candidates"]
    assert person in before["interactions"]
    state(engine, person, ConsentAct.WITHDRAWN)
    after = {name: exported(name) for name in names}
    for name in names[:3]:
        kept = [line for line in before[name].splitlines() if person not in line]
        assert after[name].splitlines() == kept
    assert after["placements"] == before["placements"]


def test_threat_34_a_batch_says_beside_its_lists_that_a_human_decides(own_town: Town, tmp_path: Path) -> None:
    run_batch(own_town.desk(), tmp_path / "out", k=1)
    notice = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["notice"]
    assert notice["source"]["clause"] == "第二十四条"
