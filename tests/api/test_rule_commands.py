"""The commands about rules, duty and benefits as a script or a caseworker meets them."""

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from matching.identity import parse_certificate
from matching.rules.rulebook import HOME, NOTICE, rulebook
from tests.conftest import Town, Yougang

HEADER = ("case_id", "rule_id", "inputs", "expected", "source_why", "basis")
NUMBER_LIKE = re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx]\d[1-4]\d{0,2}(?![0-9A-Za-z])")


def a_sheet(folder: Path, *rows: tuple[str, dict[str, Any], dict[str, Any], str]) -> Path:
    """Write a sheet of worked cases."""
    path = folder / "cases.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(HEADER)
        for number, (rule_id, inputs, expected, basis) in enumerate(rows):
            writer.writerow([f"T{number}", rule_id, json.dumps(inputs), json.dumps(expected), "test", basis])
    return path


RIGHT = ("quota.person_weight", {"cert_kind": "cdpf", "grade": 2}, {"weight": 2}, "confirmed")
WRONG = ("quota.person_weight", {"cert_kind": "cdpf", "grade": 2}, {"weight": 1}, "confirmed")
DOUBTFUL = ("quota.person_weight", {"cert_kind": "cdpf", "grade": 2}, {"weight": 1}, "known-medium")


def an_employer(town: Town) -> str:
    """Return the employer with most placements."""
    ids = [one.employer_id for one in town.province.placements if one.employer_id]
    return max(sorted(set(ids)), key=ids.count)


def test_the_list_names_every_rule_with_its_source(yougang: Yougang) -> None:
    said = yougang("rules", "list", "--json")
    assert said.code == 0
    rows = {row["rule_id"]: row for row in said.document["rules"]}
    assert set(rows) == set(rulebook().rules)
    assert rows["levy.payable"]["in_force"] is True
    assert rows["levy.payable"]["source"]["clause"]
    assert said.document["rules_version"] == rulebook().version


def test_the_list_depends_on_the_day(yougang: Yougang) -> None:
    old = yougang("rules", "list", "--json", "--as-of", "2001-01-01").document
    assert not next(row for row in old["rules"] if row["rule_id"] == "levy.payable")["in_force"]


def test_a_rule_is_shown_with_versions_conditions_and_numbers(yougang: Yougang) -> None:
    document = yougang("rules", "show", "levy.tier", "--json").document
    assert [version["valid_from"] for version in document["versions"]] == sorted(
        version["valid_from"] for version in document["versions"]
    )
    assert {"quote", "source", "status"} <= set(document["versions"][0])
    assert any(parameter["parameter"] == "levy.tier.factor_ratio_lt_1pct" for parameter in document["parameters"])
    assert "财政部公告2023年第8号" in yougang("rules", "show", "levy.tier").out


def test_evaluate_takes_and_gives_the_names_of_the_worked_examples(yougang: Yougang) -> None:
    inputs = json.dumps({"headcount": 400, "actual_count": 4, "levy_date": "2026-09-01"})
    document = yougang("rules", "evaluate", "levy.tier", "--inputs", inputs, "--json").document
    assert (document["tier_factor"], document["ratio"]) == (0.5, 0.01)
    assert document["outcome"] == "met"
    assert document["notice"] == NOTICE


def test_evaluate_says_what_is_lacking_and_who_can_supply_it(yougang: Yougang) -> None:
    document = yougang("rules", "evaluate", "levy.tier", "--json").document
    assert document["outcome"] == "unknown"
    assert document["tier_factor"] is None
    assert all(item["label"] and item["who_can_supply"] for item in document["missing"])


def test_a_field_left_open_in_a_list_is_asked_for_in_chinese(yougang: Yougang) -> None:
    said = yougang(
        "rules",
        "evaluate",
        "fraud.f3",
        "--inputs",
        json.dumps({"staff_pay": [{"pay": 2500}], "peers_above_minimum": 1}),
    )
    assert "当月最低工资" in said.out
    assert "staff_pay" not in said.out
    assert "（）" not in said.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("rules", "show", "no.such"), 4),
        (("rules", "evaluate", "no.such"), 4),
        (("rules", "evaluate", "levy.tier", "--inputs", "{"), 4),
        (("rules", "evaluate", "levy.tier", "--inputs", "[]"), 4),
        (("rules", "evaluate", "levy.tier", "--inputs", '{"nonsense": 1}'), 4),
        (("rules", "evaluate", "levy.tier", "--inputs", '{"headcount": "many"}'), 4),
        (("rules", "check", "no-such.csv"), 4),
        (("rules", "preview", "no-such-folder"), 4),
        (("quota", "nobody", "--year", "2025"), 4),
        (("quota", "nobody"), 2),
        (("quota", "nobody", "--year", "1999"), 2),
        (("benefits", "candidate", "nobody"), 4),
        (("benefits", "employer", "nobody"), 4),
        (("benefits", "placement", "nothing"), 4),
    ],
)
def test_a_fault_is_told_with_its_exit_code(
    yougang: Yougang, town: Town, arguments: tuple[str, ...], code: int
) -> None:
    said = yougang(*arguments, at=town)
    assert said.code == code
    assert said.out == ""
    assert said.err.strip()
    assert "Traceback" not in said.err


def test_check_fails_where_a_confirmed_case_differs(yougang: Yougang, tmp_path: Path) -> None:
    said = yougang("rules", "check", a_sheet(tmp_path, RIGHT, WRONG, DOUBTFUL), "--json")
    assert said.code == 1
    document = said.document
    assert (document["cases"], document["passed"], document["confirmed_failed"]) == (3, 1, 1)
    assert [(one["case_id"], one["passes"]) for one in document["differences"]] == [("T1", False), ("T2", False)]


def test_check_passes_where_only_other_cases_differ(yougang: Yougang, tmp_path: Path) -> None:
    said = yougang("rules", "check", a_sheet(tmp_path, RIGHT, DOUBTFUL))
    assert said.code == 0
    assert "T1（known-medium）" in said.out


def test_preview_of_unchanged_rules_says_so(yougang: Yougang, town: Town) -> None:
    said = yougang("rules", "preview", HOME, at=town)
    assert said.code == 0
    assert "没有人或单位的结果改变" in said.out


def test_preview_counts_whom_a_change_concerns(yougang: Yougang, town: Town, tmp_path: Path) -> None:
    for part in ("facts", "parameters", "rulebook"):
        shutil.copytree(HOME / part, tmp_path / part)
    path = tmp_path / "parameters/levy.small_enterprise_exempt/max_headcount_any_age.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("value: 30", "value: 3000"), encoding="utf-8")
    document = yougang("rules", "preview", tmp_path, "--json", at=town).document
    change = next(one for one in document["rules"] if one["rule_id"] == "levy.small_enterprise_exempt")
    assert {"from": "not_met", "to": "met"}.items() <= change["outcomes"][0].items()
    assert change["concerned"] >= 1
    assert document["proposed_version"] != document["rules_version"]


def test_quota_answers_as_one_document_and_keeps_it(yougang: Yougang, own_town: Town) -> None:
    document = yougang("quota", an_employer(own_town), "--year", "2025", "--json", at=own_town).document
    assert set(document) >= {
        "decision_id", "as_of", "rules_version", "required", "placed", "gap", "levy", "persons",
        "one_more_placement", "duties", "missing", "review_hints", "review_notice", "notice",
    }  # fmt: skip
    assert document["levy_year"] == 2026
    for person in document["persons"]:
        assert person["months_counted"] + person["months_not_counted"] + person["months_unknown"] <= 12
    other = yougang("quota", an_employer(own_town), "--year", "2025", "--json", at=own_town).document
    assert other["decision_id"] != document["decision_id"]


def test_hints_stay_out_of_what_is_handed_to_the_employer(yougang: Yougang, town: Town) -> None:
    said = yougang("quota", an_employer(town), "--year", "2025", "--no-hints", at=town)
    assert "核查提示" not in said.out
    document = yougang("quota", an_employer(town), "--year", "2025", "--no-hints", "--json", at=town).document
    assert "review_hints" not in document


@pytest.mark.parametrize("wage", ["abc", "0", "-5"])
def test_a_social_average_that_is_none_is_refused(yougang: Yougang, town: Town, wage: str) -> None:
    assert yougang("quota", an_employer(town), "--year", "2025", f"--social-wage={wage}", at=town).code == 4


def test_benefits_answer_for_a_person_an_employer_and_a_placement(yougang: Yougang, town: Town) -> None:
    placement = next(one for one in town.province.placements if one.employer_id)
    for kind, subject_id in (
        ("candidate", placement.candidate_id),
        ("employer", str(placement.employer_id)),
        ("placement", placement.placement_id),
    ):
        document = yougang("benefits", kind, subject_id, "--json", at=town).document
        assert document[f"{kind}_id"] == subject_id
        assert document["benefits"]
        for entry in document["benefits"]:
            assert entry["outcome"] in ("met", "not_met", "unknown")
            assert {"payee", "fund", "requires", "excludes", "materials", "smallest_change"} <= set(entry)
            assert entry["outcome"] != "met" or entry["source"]["document"]
        assert {"benefits", "known_first_year", "amount_to_verify"} <= set(document["best"])


def test_words_for_people_are_chinese_and_name_who_to_ask(yougang: Yougang, town: Town) -> None:
    placement = next(one for one in town.province.placements if one.employer_id)
    for arguments in (
        ("quota", str(placement.employer_id), "--year", "2025"),
        ("benefits", "candidate", placement.candidate_id),
        ("benefits", "employer", str(placement.employer_id)),
        ("benefits", "placement", placement.placement_id),
    ):
        text = yougang(*arguments, at=town).out
        assert text.rstrip().endswith(NOTICE)
        assert not re.search(r"None|（）|_[a-z]+|known-|未知", text), re.search(
            r".*(None|（）|_[a-z]+|known-|未知).*", text
        )


def test_no_certificate_number_in_any_output(yougang: Yougang, town: Town) -> None:
    numbers = {one.certificate_number for one in town.province.candidates if one.certificate_number}
    assert numbers
    placed = {one.candidate_id for one in town.province.placements if one.employer_id}
    people = sorted(str(one.candidate_id) for one in town.province.candidates if one.certificate_number)[:4]
    said = [
        yougang("benefits", "candidate", person, *form, at=town).out for person in people for form in ((), ("--json",))
    ]
    firms = sorted({str(one.employer_id) for one in town.province.placements if one.employer_id})[:4]
    said += [
        yougang("quota", firm, "--year", "2025", *form, at=town).out for firm in firms for form in ((), ("--json",))
    ]
    said += [
        yougang("benefits", "placement", one.placement_id, "--json", at=town).out
        for one in town.province.placements[:4]
    ]
    assert placed
    for text in said:
        assert text
        assert not [number for number in numbers if number in text]
        assert not [found for found in NUMBER_LIKE.findall(text) if _is_certificate(found)]


def _is_certificate(text: str) -> bool:
    return parse_certificate(text) is not None
