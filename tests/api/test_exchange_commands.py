"""Exchange files from imported tables to what leaves: checks with grounds, files read back, who may, the audit."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from matching.rules.rulebook import rulebook
from pipelines.access.audit import events
from pipelines.access.roles import Role
from pipelines.consent.words import ConsentAct
from pipelines.exchange.files import Wanted, read_file, write_file
from pipelines.exchange.sheets import SHEETS
from pipelines.schema import EMPLOYERS, PLACEMENTS
from pipelines.sources.mapping import Mapping
from pipelines.store.repositories import TableRepository
from tests.support.builders import certificate_number
from tests.support.people import a_person, says, with_certificate
from tests.support.service import OTHER, OWN, Service, a_service
from tests.support.stores import PROGRAM, a_store, noted
from tests.threats.doors import V1

Yougang = Callable[..., Any]


@dataclass(frozen=True)
class Store:
    """A store of a test's own, as the command line is pointed to it."""

    url: str


FIRM, DAY = "91620102MA7100001A", "2026-06-15"
SOUND, EXPIRED, BARE = "c-sound", "c-expired", "c-bare"
NUMBERS = {SOUND: certificate_number(sequence="123"), EXPIRED: certificate_number(sequence="125")}
TABLES = {
    "employers": [{"employer_id": FIRM, "name": "甘州食品厂", "kind": "private", "region": "620102"}],
    "candidates": [
        {"candidate_id": SOUND, "name": "王小明", "certificate_number": NUMBERS[SOUND], "region": "620102",
         "certificate_valid_until": "2030-01-01", "hukou": "rural", "unemployed_since": "2020-01-01"},
        {"candidate_id": EXPIRED, "name": "李小红", "certificate_number": NUMBERS[EXPIRED], "region": "620102",
         "certificate_valid_until": "2026-03-31", "unemployed_since": "2020-01-01"},
        {"candidate_id": BARE, "name": "赵小刚", "region": "620102"},
    ],
    "placements": [
        {"placement_id": f"p-{owner}", "candidate_id": owner, "employer_id": FIRM, "starts_on": "2025-01-01", **facts}
        for owner, facts in {
            SOUND: {"form": "quota", "monthly_wage": "3000", "contract_months": "36", "social_insurance": "yes",
                    "wage_paid_by_bank": "yes", "attendance_confirmed": "yes"},
            EXPIRED: {"form": "quota", "monthly_wage": "1200", "contract_months": "6", "social_insurance": "no",
                      "wage_paid_by_bank": "no", "attendance_confirmed": "yes"},
            BARE: {},
        }.items()
    ],
    "services": [
        {"candidate_id": SOUND, "kind": "training", "on": "2025-04-02", "by": "县残联培训中心"},
        {"candidate_id": SOUND, "kind": "training", "on": "2024-04-02"},
        {"candidate_id": SOUND, "kind": "other", "on": "2025-05-02"},
    ],
}  # fmt: skip


@pytest.fixture
def imported(yougang: Yougang, tmp_path: Path) -> Store:
    """A store with these tables, imported as a county does it."""
    store = Store(f"sqlite:///{tmp_path / 'county.db'}")
    for table, rows in TABLES.items():
        file = tmp_path / f"{table}.csv"
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, fieldnames=sorted({name for row in rows for name in row}))
            writer.writeheader()
            writer.writerows(rows)
        said = yougang("import", table, file, at=store)
        assert said.code == 0, said.err
    return store


def cells_of(file: Path) -> list[dict[str, str]]:
    """Return the rows of an XLSX by header, as a person sees them."""
    head, *rows = load_workbook(file).worksheets[0].iter_rows(values_only=True)
    return [{str(name): str(cell or "") for name, cell in zip(head, row, strict=True)} for row in rows]


def test_checks_before_handing_in_pass_fail_or_ask_with_their_ground(yougang: Yougang, imported: Store) -> None:
    said = yougang("--as-of", DAY, "exchange", "check", FIRM, "--year", "2025", "--json", at=imported)
    lines = {line["candidate_id"]: line for line in said.document["lines"]}
    assert {owner: line["state"] for owner, line in lines.items()} == {
        SOUND: "passed", EXPIRED: "failed", BARE: "ask",
    }  # fmt: skip
    failed = {check["code"]: check for check in lines[EXPIRED]["checks"] if check["state"] == "failed"}
    assert set(failed) == {
        "certificate_valid", "contract_under_one_year", "wage_below_minimum", "social_insurance_missing",
        "wage_by_bank",
    }  # fmt: skip
    assert failed["wage_below_minimum"]["months"] == 12
    assert failed["wage_below_minimum"]["source"]["document"] == "财税〔2015〕72号"
    assert failed["certificate_valid"]["source"]["clause"] == "第一条第(二)项"
    asked = {check["code"]: check["who_can_supply"] for check in lines[BARE]["checks"] if check["state"] == "ask"}
    assert {"certificate_number", "certificate_valid", "wage_by_bank", "not_on_duty"} <= set(asked)
    assert all(asked.values())
    assert said.document["window"]["state"] == "open"
    assert "如实申报承诺书" in said.document["materials"]
    told = yougang("--as-of", DAY, "exchange", "check", FIRM, "--year", "2025", at=imported).out
    assert "不通过" in told
    assert not any(number in told or number[:18] in told for number in NUMBERS.values())


def test_every_placement_is_in_the_file_and_what_is_unknown_is_asked(
    yougang: Yougang, imported: Store, tmp_path: Path
) -> None:
    file = tmp_path / "cert.xlsx"
    asked = ("--as-of", DAY, "exchange", "write", "certification", file, "--employer", FIRM, "--year", "2025")
    said = yougang(*asked, at=imported)
    assert said.code == 0
    rows = {row["姓名"]: row for row in cells_of(file)}
    assert set(rows) == {"王小明", "李小红", "赵小刚"}
    assert rows["王小明"]["残疾人证号"] == NUMBERS[SOUND]
    assert rows["王小明"]["公民身份号码"] == NUMBERS[SOUND][:18]
    assert rows["王小明"]["年度内在册月数"] == "12"
    assert (rows["赵小刚"]["残疾人证号"], rows["赵小刚"]["月工资"]) == ("", "")
    assert "残疾人证号" in rows["赵小刚"]["待补"]
    assert rows["李小红"]["预审"] == "不通过"
    assert not any(number in said.out + said.err for number in NUMBERS.values())


@pytest.mark.parametrize("kind", list(SHEETS))
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_was_written_is_read_back(
    yougang: Yougang, imported: Store, tmp_path: Path, kind: str, ending: str
) -> None:
    file = tmp_path / f"out.{ending}"
    more = ("--employer", FIRM) if kind == "certification" else ()
    assert yougang("--as-of", DAY, "exchange", "write", kind, file, "--year", "2025", *more, at=imported).code == 0
    rows, problems = read_file(kind, file)
    assert problems == []
    assert len(rows) == {"certification": 3, "realname": 3, "training": 1}[kind]
    sound = next(row for row in rows if row["name"] == "王小明")
    assert sound["certificate_number"] == NUMBERS[SOUND]
    if kind == "realname":
        standing = {row["name"]: row["standing"] for row in rows}
        assert standing == {"王小明": "已就业", "李小红": "已就业", "赵小刚": "已就业"}
        assert (sound["unit_name"], str(sound["form"]), str(sound["employed_on"])) == (
            "甘州食品厂",
            "quota",
            "2025-01-01",
        )
    if kind == "training":
        assert (str(sound["trained_on"]), sound["provider"]) == ("2025-04-02", "县残联培训中心")
        assert "培训时长" in sound["asks"]
    read = yougang("exchange", "read", kind, file, "--json", at=imported)
    assert (read.code, read.document["rows"], read.document["problems"]) == (0, len(rows), [])


def test_a_mapping_names_columns_and_words_as_the_platform_does(
    yougang: Yougang, imported: Store, tmp_path: Path
) -> None:
    file, name = tmp_path / "out.csv", "certification_window"
    asked = ("exchange", "write", "certification", file, "--employer", FIRM, "--year", "2025", "--mapping", name)
    assert yougang("--as-of", DAY, *asked, at=imported).code == 0
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["职工姓名"]: row for row in csv.DictReader(stream)}
    assert rows["王小明"]["残疾人证号码"] == NUMBERS[SOUND]
    assert (rows["王小明"]["是否缴纳社会保险"], rows["李小红"]["是否缴纳社会保险"]) == ("已缴", "未缴")
    assert not {"预审", "待补"} & set(rows["王小明"])
    read, problems = read_file("certification", file, Mapping.load(name))
    assert problems == []
    assert {row["name"]: row["certificate_number"] for row in read} == {
        "王小明": NUMBERS[SOUND], "李小红": NUMBERS[EXPIRED], "赵小刚": None,
    }  # fmt: skip
    assert str(next(row for row in read if row["name"] == "王小明")["social_insurance"]) == "yes"


def test_a_file_that_was_spoilt_names_the_cell_and_not_what_stands_there(
    yougang: Yougang, imported: Store, tmp_path: Path
) -> None:
    file = tmp_path / "out.csv"
    assert yougang("--as-of", DAY, "exchange", "write", "realname", file, at=imported).code == 0
    spoilt = NUMBERS[SOUND][:-3] + "0" + NUMBERS[SOUND][-2:]
    file.write_text(file.read_text(encoding="utf-8-sig").replace(NUMBERS[SOUND], spoilt), encoding="utf-8")
    said = yougang("exchange", "read", "realname", file, at=imported)
    assert said.code == 3
    assert "残疾人证号" in said.out
    assert spoilt[:18] not in said.out + said.err


def test_unknown_kinds_and_a_missing_employer_are_refused_in_one_line(
    yougang: Yougang, imported: Store, tmp_path: Path
) -> None:
    out = tmp_path / "x.csv"
    for arguments in (("nothing", out), ("certification", out), ("realname", tmp_path / "x.pdf")):
        said = yougang("exchange", "write", *arguments, at=imported)
        assert (said.code, said.out) == (4, "")
        assert said.err.count("\n") == 1
        assert not out.exists()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Service]:
    with a_service("sqlite", tmp_path) as service:
        for login, role, code in (
            ("chief", Role.SUPERVISOR, OWN), ("elsewhere", Role.CASEWORKER, OTHER), ("analyst", Role.ANALYST, OWN),
        ):  # fmt: skip
            service.user(login, role, code)
        yield service


def test_over_http_only_for_data_exchange_and_each_person_stands_in_the_audit(house: Service) -> None:
    chief, elsewhere = house.enter("chief", Role.SUPERVISOR), house.enter("elsewhere", Role.CASEWORKER, OTHER)
    analyst = house.enter("analyst", Role.ANALYST)
    person = {"candidate_id": SOUND, "name": "王小明", "certificate_number": NUMBERS[SOUND], "region": OWN}
    posted = house.client.post(f"{V1}/candidates", json=person, headers={**chief, "Idempotency-Key": "one-person-0001"})
    assert posted.status_code == 201, posted.text
    address = f"{V1}/exchange/files/realname?year=2025&ending=csv"
    file = house.client.get(address, headers=chief)
    assert file.status_code == 200
    assert NUMBERS[SOUND] in file.text
    assert file.headers["cache-control"] == "no-store"
    assert NUMBERS[SOUND] not in house.client.get(address, headers=elsewhere).text
    assert house.client.get(address, headers=analyst).status_code == 403
    assert house.client.get(address, headers={**chief, "Yougang-Purpose": "job_matching"}).status_code == 403
    with house.engine.connect() as connection:
        told = [(one["action"], one["object_id"]) for one in events(connection) if '"realname"' in one["details"]]
    assert ("candidates.identity", SOUND) in told
    assert ("exchange.write", "realname") in told
    assert (
        house.client.get(f"{V1}/exchange/certification?employer_id={FIRM}&year=2025", headers=chief).status_code == 404
    )


def test_who_does_not_want_to_be_passed_on_is_in_the_employers_year_alone(tmp_path: Path) -> None:
    book, day = rulebook(), date(2026, 6, 15)
    with a_store("sqlite", tmp_path) as engine, engine.begin() as connection:
        row = {"employer_id": FIRM, "name": "甘州食品厂", "region": "620102"}
        TableRepository(noted(connection), EMPLOYERS, PROGRAM).insert([{**dict.fromkeys(EMPLOYERS.by_name), **row}])
        for number, owner in enumerate(("c-yes", "c-no")):
            a_person(connection, owner, **with_certificate(number))
            values = {"placement_id": f"p-{owner}", "candidate_id": owner, "employer_id": FIRM, "starts_on": day}
            TableRepository(noted(connection), PLACEMENTS, PROGRAM).insert(
                [{**dict.fromkeys(PLACEMENTS.by_name), **values}]
            )
        says(connection, "c-no", ConsentAct.REFUSED)
        told = write_file(connection, PROGRAM, book, Wanted("realname", day, 2026), tmp_path / "r.csv")
        assert (told.rows, told.refused) == (1, 1)
        assert [row["candidate_id"] for row in read_file("realname", tmp_path / "r.csv")[0]] == ["c-yes"]
        wanted = Wanted("certification", day, 2026, FIRM)
        assert write_file(connection, PROGRAM, book, wanted, tmp_path / "c.csv").rows == 2
        seen = [(one["action"], one["object_id"]) for one in events(connection) if '"certification"' in one["details"]]
        assert ("candidates.identity", "c-no") in seen
        assert ("exchange.write", "certification") in seen
        everything = str(list(events(connection)))
        assert not any(with_certificate(number)["certificate_number"] in everything for number in range(2))
