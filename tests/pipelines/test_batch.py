"""Stopping and going on: what a batch keeps, what it never keeps, and that it equals single requests in full."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq
import pytest

from matching.entities import CandidateId, VacancyId
from pipelines import batch
from pipelines.batch import run_batch
from pipelines.batch_blocks import write_block
from pipelines.casebook import Casebook
from pipelines.desk import Desk
from pipelines.engines import local
from pipelines.engines.local import LocalEngine
from tests.conftest import Town, Yougang
from tests.support.province import TODAY


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "BLOCK", 20)
    monkeypatch.setattr(batch, "TOGETHER_FROM", 1)


@pytest.fixture(scope="module")
def desk(town: Town) -> Desk:
    """A desk for a few people."""
    whole = town.desk()
    few = dict(list(whole.casebook.candidates.items())[:70])
    return over(whole, replace(whole.casebook, candidates=few))


def blocks(folder: Path) -> list[Path]:
    return sorted(folder.glob("block-*.parquet"))


def rows(folder: Path) -> list[dict[str, Any]]:
    return [row for path in blocks(folder) for row in pq.read_table(path).to_pylist()]


def over(desk: Desk, casebook: Casebook) -> Desk:
    return Desk.open(casebook, desk.model, desk.model_version, TODAY)


def test_every_line_of_the_batch_is_the_line_of_a_single_request(desk: Desk, tmp_path: Path) -> None:
    run_batch(desk, tmp_path, k=4, with_reasons=True)
    found = rows(tmp_path)
    assert found
    for candidate_id in desk.active()[::7]:
        items = desk.document(candidate_id, k=4)["items"]
        lines = [row for row in found if row["candidate_id"] == candidate_id]
        assert len(lines) == len(items)
        for row, item in zip(lines, items, strict=True):
            assert {n: row[n] for n in ("rank", "vacancy_id", "outcome", "fit", "chance", "score")} == {
                n: item[n] for n in ("rank", "vacancy_id", "outcome", "fit", "chance", "score")
            }
            for name in ("reasons", "missing", "accommodations"):
                assert json.loads(row[name]) == item[name]


def test_lines_without_reasons_are_the_same_lines(desk: Desk, tmp_path: Path) -> None:
    plain, told = tmp_path / "plain", tmp_path / "told"
    run_batch(desk, plain, k=6)
    run_batch(desk, told, k=6, with_reasons=True)
    columns = ("candidate_id", "rank", "vacancy_id", "outcome", "band", "fit", "chance", "score")
    assert [{name: row[name] for name in columns} for row in rows(told)] == [
        {name: row[name] for name in columns} for row in rows(plain)
    ]
    assert not {"reasons", "missing", "accommodations"} & set(rows(plain)[0])


def test_lists_without_reasons_are_no_answer_to_who_wants_reasons(desk: Desk, tmp_path: Path) -> None:
    run_batch(desk, tmp_path, k=2)
    assert run_batch(desk, tmp_path, k=2, with_reasons=True).n_blocks_kept == 0
    assert json.loads(rows(tmp_path)[0]["reasons"])


def test_several_processes_write_what_one_writes_and_leave_nothing_half_done(desk: Desk, tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    counted: list[tuple[int, int]] = []
    run_batch(desk, alone, k=5)
    report = run_batch(desk, together, k=5, engine=LocalEngine(3), progress=lambda done, of: counted.append((done, of)))
    assert [{**row, "run_id": ""} for row in rows(together)] == [{**row, "run_id": ""} for row in rows(alone)]
    assert report.n_lines == len(rows(alone))
    assert list(together.glob("*.partial")) == []
    assert counted[-1] == (report.n_candidates, report.n_candidates)
    assert sorted(counted) == counted


def test_the_lines_of_one_person_carry_one_run_id(desk: Desk, tmp_path: Path) -> None:
    run_batch(desk, tmp_path, k=3)
    people = {(row["candidate_id"], row["run_id"]) for row in rows(tmp_path)}
    assert len(people) == len({candidate_id for candidate_id, _ in people})


def test_a_batch_killed_in_a_block_goes_on_with_that_block(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tmp_path / "whole"
    run_batch(desk, whole, k=2)
    real, written = write_block, []

    def killed_in_the_third(*given: Any) -> int:
        written.append(given[1].path)
        if len(written) == 3:
            given[1].path.with_suffix(".partial").write_bytes(b"half a block")
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(local, "write_block", killed_in_the_third)
    stopped = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        run_batch(desk, stopped, k=2)
    assert len(blocks(stopped)) == 2
    monkeypatch.setattr(local, "write_block", real)
    report = run_batch(desk, stopped, k=2)
    assert report.n_blocks_kept == 2
    assert [{**row, "run_id": ""} for row in rows(stopped)] == [{**row, "run_id": ""} for row in rows(whole)]
    assert list(stopped.glob("*.partial")) == []


@pytest.mark.parametrize("spoiled", ["", "{", "[]", None])
def test_blocks_of_which_no_run_is_known_are_made_anew(desk: Desk, tmp_path: Path, spoiled: str | None) -> None:
    run_batch(desk, tmp_path, k=2)
    (tmp_path / "run.json").unlink()
    if spoiled is not None:
        (tmp_path / "run.json").write_text(spoiled, encoding="utf-8")
    assert run_batch(desk, tmp_path, k=2).n_blocks_kept == 0
    assert run_batch(desk, tmp_path, k=2).n_blocks_kept == len(blocks(tmp_path))


def test_another_length_day_or_model_starts_anew_and_leaves_no_old_block(desk: Desk, tmp_path: Path) -> None:
    run_batch(desk, tmp_path, k=2)
    assert run_batch(desk, tmp_path, k=3).n_blocks_kept == 0
    assert run_batch(replace(desk, model_version="other"), tmp_path, k=3).n_blocks_kept == 0
    few = dict(list(desk.casebook.candidates.items())[:30])
    report = run_batch(over(desk, replace(desk.casebook, candidates=few)), tmp_path, k=3)
    assert report.n_made == 30
    assert {row["candidate_id"] for row in rows(tmp_path)} <= set(few)


def test_blocks_of_another_size_are_made_anew(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_batch(desk, tmp_path, k=2)
    monkeypatch.setattr(batch, "BLOCK", 35)
    run_batch(desk, tmp_path, k=2)
    found = rows(tmp_path)
    assert len(found) == len({(row["candidate_id"], row["rank"]) for row in found})
    assert {row["candidate_id"] for row in found} == {c for c in desk.active() if desk.document(c, k=1)["items"]}


def test_a_changed_word_in_a_refusal_makes_lists_with_reasons_anew_since_they_repeat_it(
    desk: Desk, tmp_path: Path
) -> None:
    run_batch(desk, tmp_path, k=2, with_reasons=True)
    acts = [replace(act, reason="改了说法") for act in desk.casebook.interactions]
    again = over(desk, replace(desk.casebook, interactions=acts))
    assert run_batch(again, tmp_path, k=2, with_reasons=True).n_blocks_kept == 0


def lines_of(folder: Path) -> list[dict[str, Any]]:
    found = [{**row, "run_id": ""} for row in rows(folder)]
    return sorted(found, key=lambda row: (row["candidate_id"], row["rank"]))


def changed(desk: Desk, seed: int, *, people: bool = True, vacancies: bool = True) -> Desk:
    """Return the desk after a morning's work: some people and vacancies came, went or are told otherwise."""
    rng, book = Random(seed), desk.casebook
    candidates, stock = dict(book.candidates), list(book.vacancies)
    if people:
        for candidate_id in rng.sample(sorted(candidates), 4):
            candidates[candidate_id] = replace(
                candidates[candidate_id], wished_wage_min=Decimal(rng.randint(1, 9) * 1000)
            )
        del candidates[rng.choice(sorted(candidates))]
        other = replace(rng.choice(list(candidates.values())), candidate_id=CandidateId(f"new-{seed}"), region="620102")
        candidates[other.candidate_id] = other
    texts = dict(book.texts)
    if vacancies:
        for at in rng.sample(range(len(stock)), 2):
            stock[at] = replace(stock[at], wage_max=Decimal(rng.randint(2, 30) * 1000), wage_min=None)
        del stock[rng.randrange(len(stock))]
        like = rng.choice(stock)
        stock.append(
            replace(like, vacancy_id=VacancyId(f"new-v-{seed}"), employer_name=f"新单位{seed}", employer_id=None)
        )
        texts[VacancyId(f"new-v-{seed}")] = texts[like.vacancy_id]
    return over(desk, replace(book, candidates=candidates, vacancies=stock, texts=texts))


@pytest.mark.parametrize("seed", range(5))
def test_what_is_brought_up_to_date_equals_what_is_made_whole(desk: Desk, tmp_path: Path, seed: int) -> None:
    whole, kept = tmp_path / "whole", tmp_path / "kept"
    run_batch(desk, kept, k=3)
    later = desk
    for step in range(2):
        later = changed(later, 10 * seed + step, people=seed % 3 != 0, vacancies=seed % 2 == 0 or seed % 3 == 0)
        run_batch(later, kept, k=3)
    run_batch(later, whole, k=3)
    assert lines_of(kept) == lines_of(whole)
    assert json.loads((kept / "run.json").read_text()) == json.loads((whole / "run.json").read_text())


def test_a_changed_person_is_made_alone(desk: Desk, tmp_path: Path) -> None:
    run_batch(desk, tmp_path, k=3)
    first = desk.active()[0]
    told = replace(desk.casebook.candidates[first], wished_wage_min=Decimal(9000))
    report = run_batch(
        over(desk, replace(desk.casebook, candidates={**desk.casebook.candidates, first: told})), tmp_path, k=3
    )
    assert report.n_made == 1
    assert report.n_blocks_kept == len(blocks(tmp_path)) - 1


def test_a_vacancy_that_nobody_could_be_shown_makes_nobodys_list_again(desk: Desk, tmp_path: Path) -> None:
    nowhere: dict[str, Any] = {"region": None, "longitude": None, "latitude": None, "employer_id": None, "demands": {}}
    far = replace(
        desk.casebook.vacancies[0],
        vacancy_id=VacancyId("far"),
        openings=0,
        title="高级软件架构师",
        employer_name="别处",
        **nowhere,
    )
    texts = {**desk.casebook.texts, far.vacancy_id: desk.casebook.texts[desk.casebook.vacancies[0].vacancy_id]}
    before = over(desk, replace(desk.casebook, vacancies=[*desk.casebook.vacancies, far], texts=texts))
    run_batch(before, tmp_path, k=3)
    changed_far = replace(far, description="换了说法", contract_months=7)
    later = over(desk, replace(before.casebook, vacancies=[*desk.casebook.vacancies, changed_far]))
    assert run_batch(later, tmp_path, k=3).n_made == 0


def test_an_update_that_was_killed_is_gone_on_with(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    later, much_later = changed(desk, 77), changed(changed(desk, 77), 78)
    run_batch(later, whole, k=2)
    run_batch(desk, stopped, k=2)
    real, written = write_block, []

    def killed_in_the_third(*given: Any) -> int:
        written.append(given)
        if len(written) == 3:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(local, "write_block", killed_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        run_batch(later, stopped, k=2)
    monkeypatch.setattr(local, "write_block", real)
    shutil.copytree(stopped, tmp_path / "otherwise")
    assert run_batch(later, stopped, k=2).n_blocks_kept >= 2
    assert lines_of(stopped) == lines_of(whole)
    run_batch(much_later, tmp_path / "otherwise", k=2)
    run_batch(much_later, whole, k=2)
    assert lines_of(tmp_path / "otherwise") == lines_of(whole)


def test_another_process_goes_on_where_one_stopped(
    town: Town, yougang: Yougang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashes of Python differ between processes; the facts of a run must not."""
    monkeypatch.undo()  # the blocks of both processes have to be of one size
    command = ["--db", town.url, "--as-of", TODAY.isoformat(), "batch", "--out", str(tmp_path), "-k", "2", "--json"]
    subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "api.cli", *command],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": "4242"},
        cwd=Path(__file__).parents[2],
    )
    made = blocks(tmp_path)
    made[0].unlink()
    said = yougang(*command)
    assert said.document["n_blocks_kept"] == len(made) - 1
    assert said.document["n_candidates"] == len(town.desk().active())
