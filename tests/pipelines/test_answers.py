"""Training, evaluation, batch and the registry over a whole small province."""

import csv
import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from matching.components import COMPONENTS
from matching.entities import CandidateId, Vacancy, VacancyId
from matching.vocabulary import DisabilityCategory, InteractionKind, VacancyKind
from models.errors import ArtefactMismatch
from pipelines.batch import run_batch
from pipelines.casebook import Casebook
from pipelines.desk import Desk
from pipelines.documents import shortlist_document
from pipelines.evaluate import MODELS, SEGMENTS, EvaluateConfig, NothingToEvaluate, evaluate
from pipelines.ranking_model import RankingModel
from pipelines.readings import read_all, text_hash
from pipelines.train import train
from pipelines.worlds import WorldError, load_world
from tests.support.accounts import VAULT
from tests.support.builders import certificate_number
from tests.support.province import QUICK, TODAY, a_casebook, a_desk, trained

HEAD = {"run_id": "r", "as_of": TODAY.isoformat(), "model_version": "m", "rules_version": "1"}


def document_of(desk: Desk, candidate_id: str, k: int = 20) -> dict[str, object]:
    return shortlist_document(desk.shortlist(candidate_id, k=k), HEAD)


def test_a_batch_gives_the_lists_that_single_requests_give(tmp_path: Path) -> None:
    report = run_batch(a_desk(), tmp_path, k=5, with_reasons=True)
    rows = [row for path in sorted(tmp_path.glob("block-*.parquet")) for row in pq.read_table(path).to_pylist()]
    assert report.n_lines == len(rows)
    assert {row["candidate_id"] for row in rows} <= set(a_desk().active())
    for candidate_id in a_desk().active()[:10]:
        single = a_desk().document(candidate_id, k=5)["items"]
        batched = [row for row in rows if row["candidate_id"] == candidate_id]
        assert [(r["vacancy_id"], r["score"], json.loads(r["reasons"])) for r in batched] == [
            (i["vacancy_id"], i["score"], i["reasons"]) for i in single
        ]


def test_a_stopped_batch_goes_on_without_repeating_finished_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.batch.BLOCK", 200)
    run_batch(a_desk(), tmp_path, k=3)
    blocks = sorted(tmp_path.glob("block-*.parquet"))
    assert len(blocks) == 2
    blocks[1].rename(blocks[1].with_suffix(".partial"))
    before = blocks[0].stat().st_mtime_ns
    assert run_batch(a_desk(), tmp_path, k=3).n_blocks_kept == 1
    assert blocks[0].stat().st_mtime_ns == before
    assert blocks[1].exists()


def test_a_batch_over_changed_data_starts_anew(tmp_path: Path) -> None:
    run_batch(a_desk(), tmp_path, k=3)
    casebook = a_casebook()
    changed = replace(casebook, vacancies=[replace(v, openings=0) for v in casebook.vacancies])
    desk = Desk.open(changed, a_desk().model, a_desk().model_version, TODAY)
    report = run_batch(desk, tmp_path, k=3)
    assert (report.n_blocks_kept, report.n_lines) == (0, 0)


def test_a_model_comes_back_from_its_files_as_it_was(tmp_path: Path) -> None:
    model = a_desk().model
    checksum = model.save(tmp_path / "saved")
    again = Desk.open(a_casebook(), RankingModel.load(tmp_path / "saved", expected=checksum, vault=VAULT), "m", TODAY)
    assert document_of(again, "demo-c-00001") == document_of(a_desk(), "demo-c-00001")


def test_a_model_changed_by_one_byte_is_refused(tmp_path: Path) -> None:
    checksum = a_desk().model.save(tmp_path / "saved")
    for path in sorted((tmp_path / "saved").iterdir()):
        spoiled = tmp_path / f"spoiled-{path.name}"
        shutil.copytree(tmp_path / "saved", spoiled)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        (spoiled / path.name).write_bytes(bytes(content))
        with pytest.raises(ArtefactMismatch):
            RankingModel.load(spoiled, expected=checksum, vault=VAULT)


def test_a_model_holds_nothing_that_names_a_person(tmp_path: Path) -> None:
    a_desk().model.save(tmp_path / "saved")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "saved").iterdir())
    arrays = b"".join(
        array.tobytes()
        for path in (tmp_path / "saved").glob("*.npz")
        for array in np.load(path, allow_pickle=False).values()
    )
    for person in trained().province.candidates:
        for secret in (person.candidate_id, person.name, person.certificate_number, person.phone):
            if secret:
                assert secret.encode() not in kept
                assert secret.encode() not in arrays


def test_the_same_data_and_seed_give_the_same_model(tmp_path: Path) -> None:
    casebook = a_casebook()
    digests = [train(casebook, until=TODAY, config=QUICK).save(tmp_path / name) for name in ("one", "two")]
    assert digests[0] == digests[1]


def test_the_order_of_stored_rows_changes_nothing() -> None:
    casebook = a_casebook()
    turned = replace(casebook, vacancies=list(reversed(casebook.vacancies)))
    desk = Desk.open(turned, a_desk().model, a_desk().model_version, TODAY)
    assert document_of(desk, "demo-c-00001") == document_of(a_desk(), "demo-c-00001")


@pytest.mark.parametrize(("category", "grade"), [(1, 1), (5, 3), (7, 2)])
def test_with_a_trained_model_category_and_grade_change_no_list(category: int, grade: int) -> None:
    casebook = a_casebook()
    somebody = replace(casebook.candidates[CandidateId("demo-c-00001")], category=None, grade=None)

    def lines(number: str) -> list[tuple[object, ...]]:
        person = replace(somebody, candidate_id=CandidateId("twin"), certificate_number=number)
        twins = replace(casebook, candidates={**casebook.candidates, person.candidate_id: person})
        desk = Desk.open(twins, a_desk().model, "m", TODAY)
        return [
            (item.stock_item.vacancy.vacancy_id, round(item.score, 6), round(item.fit, 6), item.outcome)
            for item in desk.shortlist("twin", k=1000).items
            if not (item.stock_item.vacancy.kind or VacancyKind.OPEN).is_announced_for_disabled_people
        ]

    assert lines(certificate_number(category, grade)) == lines(certificate_number(4, 2))


def test_no_word_of_disability_becomes_a_feature() -> None:
    model = train(a_casebook(), until=TODAY, config=QUICK)
    assert model.collaborative is not None
    assert model.collaborative.candidate_space is not None
    names = (*model.collaborative.candidate_space.names, *COMPONENTS)
    words = (*(c.label for c in DisabilityCategory), "残疾")
    families = ("grade:", "category:", "sex:", "hukou:", "age:", "candidate:")
    assert [name for name in names if any(word in name for word in words) or name.startswith(families)] == []


def test_a_vacancy_that_was_declined_is_not_offered_as_new() -> None:
    casebook = a_casebook()
    first = a_desk().shortlist("demo-c-00001", k=1).items[0].stock_item.vacancy.vacancy_id
    refusal = replace(
        casebook.interactions[0],
        candidate_id=CandidateId("demo-c-00001"),
        vacancy_id=first,
        kind=InteractionKind.DECLINED_BY_CANDIDATE,
        at=TODAY - timedelta(days=3),
        reason="离家太远",
    )
    desk = Desk.open(replace(casebook, interactions=[*casebook.interactions, refusal]), a_desk().model, "m", TODAY)
    items = desk.shortlist("demo-c-00001", k=1000).items
    assert items[0].stock_item.vacancy.vacancy_id != first
    declined = next(item for item in items if item.stock_item.vacancy.vacancy_id == first)
    assert any("已婉拒" in reason.text and "离家太远" in reason.text for reason in declined.reasons)


def test_somebody_in_work_is_said_at_the_head_of_the_list() -> None:
    placed = next(
        p for p in trained().province.placements if p.ends_on is None and p.starts_on and p.starts_on <= TODAY
    )
    notes = a_desk().shortlist(placed.candidate_id, k=1).notes
    assert "in_work" in [note.code for note in notes]


def test_evaluation_measures_every_model_on_every_segment() -> None:
    found = evaluate(a_casebook(), EvaluateConfig(train=QUICK))
    assert set(found["models"]) == set(MODELS) - {"factors"}
    for model in found["models"]:
        for segment in SEGMENTS:
            row = found["models"][model][segment]
            for metric in ("recall@10", "ndcg@10"):
                interval = row[metric]
                assert interval is None or 0 <= interval["low"] <= interval["mean"] <= interval["high"] <= 1
    assert (
        found["models"]["hybrid"]["all"]["recall@10"]["mean"]
        > found["models"]["popularity"]["all"]["recall@10"]["mean"]
    )


def test_what_happens_after_the_split_teaches_nothing() -> None:
    casebook, split = a_casebook(), date(2026, 6, 30)
    later_turned = [
        replace(act, vacancy_id=casebook.vacancies[0].vacancy_id) if act.at > split else act
        for act in casebook.interactions
    ]
    one = train(casebook, until=split, config=QUICK)
    other = train(replace(casebook, interactions=later_turned), until=split, config=QUICK)
    assert one.weights.values.tolist() == other.weights.values.tolist()
    assert one.popularity == other.popularity


def test_acts_of_a_single_day_cannot_be_split() -> None:
    casebook = a_casebook()
    one_day = [replace(act, at=TODAY) for act in casebook.interactions]
    with pytest.raises(NothingToEvaluate):
        evaluate(replace(casebook, interactions=one_day), EvaluateConfig(train=QUICK))


def test_a_world_without_employers_and_with_foreign_places_loses_nobody(tmp_path: Path) -> None:
    for name in ("vacancies", "candidates", "interactions"):
        with (trained().tables / f"{name}.csv").open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
        for row in rows:
            if "region" in row:
                row["region"] = "Bellingham"
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
    casebook = load_world(tmp_path, today=TODAY)
    stored = a_casebook()
    assert len(casebook.candidates) == len(stored.candidates)
    assert len(casebook.interactions) == len(stored.interactions)
    assert {v.region for v in casebook.vacancies} == {None}
    assert evaluate(casebook, EvaluateConfig(train=QUICK))["n_people"] > 0


def test_a_folder_that_is_no_world_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="candidates"):
        load_world(tmp_path, today=TODAY)


def test_a_text_is_read_again_when_anything_it_is_read_from_changes() -> None:
    vacancy = trained().province.vacancies[0]
    changes = {"title": "别的岗位", "description": "别的描述", "skills": ("别的",), "certificates": ("别的证",)}
    for name, value in changes.items():
        assert text_hash(replace(vacancy, **{name: value})) != text_hash(vacancy), name  # type: ignore[arg-type]
    assert text_hash(replace(vacancy, openings=99)) == text_hash(vacancy)


def test_without_acts_the_province_is_still_ranked() -> None:
    vacancies = [
        Vacancy(vacancy_id=VacancyId(f"v-{n}"), title=title) for n, title in enumerate(("会计", "保洁员", "司机"))
    ]
    casebook = Casebook(
        candidates=a_casebook().candidates,
        vacancies=vacancies,
        employers={},
        interactions=[],
        placements=[],
        courses=[],
        texts=read_all(vacancies),
    )
    desk = Desk.open(casebook, train(casebook, until=TODAY), "m", TODAY)
    shortlist = desk.shortlist("demo-c-00003", k=10)
    assert len(shortlist.items) + sum(c.n_vacancies for c in shortlist.excluded) == 3
    assert all(item.chance is None for item in shortlist.items)
