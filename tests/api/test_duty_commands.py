"""`yougang due` and `yougang report` over an imported province, and the same lists over HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.settings import today
from pipelines.access.roles import Role
from tests.support.province import TODAY
from tests.support.service import OTHER, OWN, Service, a_service
from tests.threats.doors import V1, a_post, add_case

Yougang = Callable[..., Any]


def test_due_tells_who_waits_longest_first_and_why(yougang: Yougang, own_town: Any) -> None:
    said = yougang("due", "--limit", "5", "--json", at=own_town)
    assert said.code == 0
    document = said.document
    assert len(document["items"]) == 5
    assert document["has_more"]
    waits = [item["waited_days"] for item in document["items"]]
    assert waits == sorted(waits, reverse=True)
    first = document["items"][0]
    assert first["kind"] == "four_ones"
    assert first["by"] == f"{TODAY.year}-12-31"
    assert first["services"] or first["asks"]
    assert first["source"]["document"]


def test_due_of_a_county_is_part_of_its_prefecture(yougang: Yougang, own_town: Any) -> None:
    def people(region: str) -> set[str]:
        items = yougang("due", "--region", region, "--limit", "1000", "--json", at=own_town).document["items"]
        return {item["candidate_id"] for item in items}

    county, prefecture = people("620102"), people("兰州市")
    assert county
    assert county < prefecture


def test_unknown_places_and_endings_are_refused_in_one_line(yougang: Yougang, own_town: Any, tmp_path: Path) -> None:
    for arguments in (("due", "--region", "火星"), ("report", "plan", "--year", "2026", "--out", tmp_path / "x.pdf")):
        said = yougang(*arguments, at=own_town)
        assert (said.code, said.out) == (4, "")
        assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("counts", "arguments"),
    [
        ("plan_report", ("plan", "--year", "2026")),
        ("social_report", ("social", "91620100MA00000000", "--year", "2026")),
        ("effect_document", ("effect", "claim:training.subsidy")),
    ],
)
def test_a_name_that_no_report_can_have_is_refused_before_a_province_is_counted(
    yougang: Yougang, own_town: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: str, arguments: Any
) -> None:
    counted: list[str] = []

    def noted(*_: object, **__: object) -> dict[str, object]:
        counted.append(counts)
        return {}

    monkeypatch.setattr(f"api.report_commands.{counts}", noted)
    said = yougang("report", *arguments, "--out", tmp_path / "x.pdf", at=own_town)
    assert said.code == 4
    assert ".docx" in said.err
    assert counted == []


def test_plan_report_is_a_word_document_and_its_numbers_lead_to_rows(
    yougang: Yougang, own_town: Any, tmp_path: Path
) -> None:
    file = tmp_path / "plan.docx"
    report = yougang("report", "plan", "--year", "2026", "--exact", "--out", file, "--json", at=own_town).document
    assert file.stat().st_size > 10_000
    trained = next(one for one in report["figures"] if one["name"] == "trained")["rows"][-1]["counts"]["trained"]
    rows = yougang("report", "rows", "trained", "--year", "2026", "--json", at=own_town).document
    assert rows["count"] == trained == len({row["id"] for row in rows["rows"]}) > 0
    public = yougang("report", "plan", "--year", "2026", "--json", at=own_town).document
    assert public["rule"].startswith("少于10")


def test_lists_of_households_and_units_are_told_in_words(yougang: Yougang, own_town: Any) -> None:
    assert "至少一人就业" in yougang("report", "households", at=own_town).out
    assert "期限 2027-12-31" in yougang("report", "units", at=own_town).out
    assert yougang("report", "units", "--duty", "nothing", at=own_town).code == 4


@pytest.fixture
def house(tmp_path: Path) -> Any:
    with a_service("sqlite", tmp_path) as service:
        service.user("worker", Role.CASEWORKER)
        for number, region in enumerate([OWN] * 5 + [OTHER]):
            a_post(service.engine, f"v-{number}")
            add_case(service.engine, f"c-{number}", region, f"v-{number}", certificate_valid_until=today())
        yield service


def get(house: Service, address: str, **params: Any) -> Any:
    """Return what a caseworker of the own county is answered."""
    headers = {**house.enter("worker", Role.CASEWORKER)}
    return house.client.get(f"{V1}{address}", params=params, headers=headers)


def test_due_over_http_goes_in_pages_over_the_own_county(house: Service) -> None:
    first = get(house, "/due", limit=2).json()
    second = get(house, "/due", limit=2, cursor=first["next_cursor"]).json()
    people = [item["candidate_id"] for item in first["items"] + second["items"]]
    assert len(set(people)) == 4
    assert "c-5" not in people
    other = get(house, "/due", limit=2, cursor=first["next_cursor"], kind="referral")
    assert other.status_code == 422
    assert get(house, "/due", region="火星").status_code == 404
    assert get(house, "/due", region=OTHER).json()["items"] == []
