"""32 | I: consent withdrawn but still matched, exported or trained on.

After withdrawal: absent from next run, exports and next training set; receipt produced.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow.parquet as pq
import pytest
from sqlalchemy import update

from matching.vocabulary import InteractionKind
from pipelines.access.roles import Role
from pipelines.consent.texts import current_texts
from pipelines.store.tables import CASE_TABLES, organisations
from pipelines.train import train
from tests.api.test_matrix import DAY, OWN, Province
from tests.conftest import Town, Yougang
from tests.support.accounts import FIRM
from tests.support.pages import Visitor, on_that_day
from tests.support.people import acted
from tests.support.province import QUICK, TODAY, trained
from tests.support.stores import noted
from tests.threats.doors import V1, a_province

LONG_AGO = date(2019, 3, 14)
"""A day in a month of which no other act tells."""
STATED = "2026-11-20T09:00:00+08:00"
STATISTICS = "statistics_and_training"


@dataclass
class Home:
    """A running service, the same store for commands, and one person with a list, acts and a company that asks."""

    province: Province
    town: Town
    person: str
    vacancy: str
    """A vacancy of the company to which the person was referred."""
    employer: str
    worker: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, headers: dict[str, str] | None = None, **asked: str) -> Any:
        """Ask as the caseworker, or as somebody else."""
        return self.province.client.get(f"{V1}{path}", params=asked, headers=headers or self.worker)

    def states(self, **different: object) -> Any:
        """Let the person withdraw, or say something else."""
        body = {"purpose": "matching", "act": "withdrawn", "stated_at": STATED, **different}
        sent = {**self.worker, "Idempotency-Key": str(uuid4())}
        answer = self.province.client.post(f"{V1}/candidates/{self.person}/consents", json=body, headers=sent)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def list_of(self) -> Any:
        """Ask for the person's list."""
        return self.get(f"/candidates/{self.person}/shortlist", as_of=DAY)

    def people_for(self) -> Any:
        """Return the people for the vacancy, as the caseworker sees them."""
        answer = self.get(f"/vacancies/{self.vacancy}/candidates", as_of=DAY, k="100")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def released(self) -> list[dict[str, Any]]:
        """Return whom the company is shown."""
        poster = self.province.enter(Role.COMPANY_POSTER)
        answer = self.get(f"/vacancies/{self.vacancy}/released", poster)
        assert answer.status_code == 200, answer.text
        self.worker = self.province.enter(Role.CASEWORKER)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def extract(self) -> set[str | None]:
        """Return the months of which the analysts' extract has rows."""
        analyst = self.province.enter(Role.ANALYST)
        document = self.get("/reports/extract", analyst).json()
        self.worker = self.province.enter(Role.CASEWORKER)
        return {row[document["columns"].index("month")] for row in document["rows"]}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """The most active person of the province, moved to this county and referred to a company of it."""
    with a_province(tmp_path) as province:
        town = Town(tmp_path, trained().province)
        acts = [act.candidate_id for act in town.casebook().interactions]
        person = max(sorted(set(acts)), key=acts.count)
        people, vacancies = CASE_TABLES["candidates"].c, CASE_TABLES["vacancies"].c
        with province.engine.begin() as connection:
            employer = province.theirs["employer"]
            firm = organisations.c.organisation_id == FIRM
            noted(connection).execute(update(organisations).where(firm).values(employer_id=employer))
            moved = update(CASE_TABLES["candidates"]).where(people.candidate_id == person).values(region=OWN)
            connection.execute(moved)
            vacancy = province.theirs["vacancy"]
            bare = {"demands": None, "closes_on": None, "employer_id": employer}
            connection.execute(update(CASE_TABLES["vacancies"]).where(vacancies.vacancy_id == vacancy).values(**bare))
            acted(connection, person, vacancy, InteractionKind.APPLIED, LONG_AGO)
        yield Home(province, town, person, vacancy, employer, province.enter(Role.CASEWORKER))


def test_withdrawn_is_on_no_page_that_matches_and_the_receipt_is_handed_out(home: Home) -> None:
    with on_that_day():
        visitor = Visitor(home.province.client, home.worker)
        visitor.open(f"/people/{home.person}/list")
        run = visitor.path.rpartition("/")[2]
        form = visitor.open(f"/people/{home.person}/consents").form(f"/people/{home.person}/consents")
        shown = visitor.send_twice(form, purpose="matching", act="withdrawn")
        assert visitor.path.endswith("/receipt")
        assert "下一次查询起不再列入" in shown.text
        about = f"/people/{home.person}"
        for path in (
            f"{about}/list", f"{about}/ask?post=员", f"{about}/lists/{run}", f"{about}/lists/{run}/map",
            f"{about}/lists/{run}/compare", f"{about}/recourse/{home.vacancy}", f"{about}/sheets/person?run={run}",
            f"{about}/sheets/employer?v={home.vacancy}",
        ):  # fmt: skip
            told = visitor.open(path, 409)
            assert "撤回" in told.text, path
        visitor.open(about)  # the file stays: the law asks for the record


def check_withdrawn_is_nowhere(home: Home) -> None:
    """Look for somebody in every place before and after a withdrawal; the desk was open all the while."""
    assert home.list_of().json()["items"]
    assert home.get(f"/candidates/{home.person}/unlock", as_of=DAY).status_code == 200
    before = home.people_for()
    assert home.person in {item["candidate_id"] for item in before["items"]}
    assert len(home.released()) == 1
    assert "2019-03" in home.extract()

    home.states()

    for answer in (home.list_of(), home.get(f"/candidates/{home.person}/unlock", as_of=DAY)):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/matching-refused")
        assert "撤回" in answer.json()["title"]
    after = home.people_for()
    assert after["counts"]["active"] == before["counts"]["active"] - 1
    assert home.person not in str(after)
    assert home.released() == []
    assert "2019-03" not in home.extract()


def test_withdrawn_person_is_in_no_list_no_view_of_a_company_and_no_extract_from_then_on(home: Home) -> None:
    check_withdrawn_is_nowhere(home)


def check_batch_exports_and_training(home: Home, yougang: Yougang, folder: Path) -> None:
    """Run what runs by night, and look for somebody who withdrew in what it leaves."""
    until = {"until": TODAY, "config": QUICK}
    names = ("candidates", "interactions", "services")

    def left(place: str) -> tuple[set[str], dict[str, str]]:
        (folder / place).mkdir()
        assert yougang("batch", "--out", folder / place / "lists", "-k", "2", at=home.town).code == 0
        files = (folder / place / "lists").glob("*.parquet")
        listed = {row for file in files for row in pq.read_table(file)["candidate_id"].to_pylist()}
        for name in names:
            assert yougang("export", name, folder / place / f"{name}.csv", at=home.town).code == 0
        return listed, {name: (folder / place / f"{name}.csv").read_text("utf-8-sig") for name in names}

    listed, exported = left("before")
    learned = home.town.casebook().learnable()
    assert home.person in listed
    assert home.person in exported["candidates"]
    assert home.person in exported["interactions"]
    assert home.person in learned.candidates
    n_before = train(home.town.casebook(), **until).summary["n_candidates"]  # type: ignore[arg-type]  # day and config

    home.states()

    listed, exported = left("after")
    assert len(listed) > 100
    assert home.person not in listed
    assert not [name for name, text in exported.items() if home.person in text]
    learned = home.town.casebook().learnable()
    assert home.person not in learned.candidates
    assert home.person not in {act.candidate_id for act in learned.interactions}
    assert home.person not in set(learned.acts(until=TODAY)["candidate_id"])
    model = train(home.town.casebook(), **until)  # type: ignore[arg-type]  # day and config
    assert model.summary["n_candidates"] == n_before - 1
    assert model.collaborative is not None
    assert home.town.casebook().names.of(home.person) not in str(vars(model.collaborative.model))


def test_withdrawn_person_is_in_no_next_batch_export_or_training_set(
    home: Home, yougang: Yougang, tmp_path: Path
) -> None:
    check_batch_exports_and_training(home, yougang, tmp_path)


def test_withdrawal_leaves_a_receipt_that_says_what_ends_and_when_as_often_as_it_is_asked_for(home: Home) -> None:
    receipt = home.states()
    assert receipt["title"] == "撤回同意回执"
    assert (receipt["candidate_id"], receipt["purpose"]) == (home.person, "matching")
    ends = {row["what"]: row["when"] for row in receipt["ends"]}
    assert set(ends) == {"推荐名单、按岗位找人", "批量匹配", "模型训练", "向用人单位展示"}
    assert ends["推荐名单、按岗位找人"].startswith("立即")
    path = f"/candidates/{home.person}/consents/{receipt['receipt_id']}/receipt"
    assert [home.get(path).json() for _ in range(2)] == [receipt, receipt]
    stated = home.get(f"/candidates/{home.person}/consents").json()
    assert [one["state"] for one in stated["now"] if one["purpose"] == "matching"] == ["withdrawn"]


def test_who_only_refuses_to_be_learned_from_keeps_the_list_and_is_in_no_training_set_and_no_extract(
    home: Home,
) -> None:
    assert "2019-03" in home.extract()
    home.states(purpose=STATISTICS)
    assert home.list_of().json()["items"]
    learned = home.town.casebook().learnable()
    assert home.person not in learned.candidates
    assert home.person not in set(learned.acts(until=TODAY)["candidate_id"])
    assert "2019-03" not in home.extract()


def check_disclosure_ends(home: Home) -> None:
    """Let somebody agree to tell a company the phone number, and take that back."""
    told = next(text.version for text in current_texts() if text.purpose.value == "disclosure")
    to = {"purpose": "disclosure", "recipient": home.employer}
    agreed = {"act": "given", "items": ["phone"], "text_version": told, "stated_at": "2026-11-19T09:00:00+08:00"}
    (bare,) = home.released()
    assert bare["agreed"] is None
    home.states(**to, **agreed)
    (shown,) = home.released()
    assert list(shown["agreed"]) == ["phone"]
    home.states(**to)
    assert home.released() == [bare]


def test_taking_back_what_a_company_may_know_leaves_it_what_it_had_before(home: Home) -> None:
    check_disclosure_ends(home)


def test_new_import_of_a_sheet_does_not_bring_a_withdrawn_person_back(
    home: Home, yougang: Yougang, tmp_path: Path
) -> None:
    home.states()
    sheet = tmp_path / "again.csv"
    sheet.write_text(f"candidate_id,consent_matching_on\n{home.person},2026-11-22\n", encoding="utf-8")
    assert yougang("import", "candidates", sheet, at=home.town).code in (0, 3)
    assert home.list_of().status_code == 409
    assert home.person not in str(home.people_for())
