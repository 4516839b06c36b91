"""What can be claimed together: the best of all sets without a conflict, by brute force, and how it is told."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from matching.rules.benefits import asked_line, benefit, benefits_for, conflicts_of, package, to_ask
from matching.rules.decision import Lacking, Outcome
from matching.rules.evaluation import known_facts
from matching.rules.rulebook import Rulebook
from matching.rules.values import Lack
from tests.support.small_rules import DAY, a_book, a_rule


def a_benefit(rule_id: str, amount: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a benefit rule; `amount` is an expression paid once."""
    body = {"conditions": {"is": more.pop("condition", "True"), "text": "条件"}}
    if amount is not None:
        body["amount"] = {"is": amount, "per": more.pop("per", "once")}
    return a_rule(rule_id, kind="benefit", title=f"补贴{rule_id}", body=body, **more)


def best_by_brute_force(sums: dict[str, int], conflicts: set[tuple[str, str]]) -> tuple[int, set[frozenset[str]]]:
    """Return the greatest sum, and all sets without a conflict to which nothing can be added."""
    names = sorted(sums)

    def free(chosen: Iterable[str]) -> bool:
        return not any(pair in conflicts for pair in combinations(sorted(chosen), 2))

    sets = [frozenset(c) for size in range(len(names) + 1) for c in combinations(names, size) if free(c)]
    largest = {one for one in sets if not any(one < other for other in sets)}
    return max(sum(sums[name] for name in one) for one in largest), largest


@pytest.mark.parametrize("seed", range(12))
def test_best_combination_is_that_of_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"b{place}" for place in range(2 + seed % 6)]
    sums = {name: int(rng.integers(0, 5)) for name in names}
    conflicts = {pair for pair in combinations(names, 2) if rng.random() < 0.4}
    rules = [
        a_benefit(name, " + ".join(["1"] * sums[name]) or "0", excludes=[b for a, b in conflicts if a == name])
        for name in names
    ]
    book = a_book(*rules)
    found = package(book, ["person"], {}, DAY)
    greatest, largest = best_by_brute_force(sums, conflicts)
    options = [found.best, *(option for option, _ in found.alternatives)]
    assert found.best.known_sum == greatest
    assert {frozenset(option.benefits) for option in options} == largest
    assert len(options) == len(largest)
    assert [option.known_sum for option in options] == sorted((option.known_sum for option in options), reverse=True)
    assert [difference for _, difference in found.alternatives] == [
        greatest - option.known_sum for option, _ in found.alternatives
    ]
    assert set(found.conflicts) == conflicts
    for option in options:
        assert option.known_sum == sum(sums[name] for name in option.benefits)
        assert list(option.benefits) == sorted(option.benefits)


def test_of_equal_sums_the_larger_set_comes_first() -> None:
    book = a_book(a_benefit("a", "1"), a_benefit("b", "0"), a_benefit("c", "1", excludes=["a", "b"]))
    found = package(book, ["person"], {}, DAY)
    assert found.best.benefits == ("a", "b")
    assert [(option.benefits, difference) for option, difference in found.alternatives] == [(("c",), Decimal(0))]
    assert package(a_book(a_rule()), ["person"], {}, DAY).best.benefits == ()


def test_only_what_is_met_is_combined() -> None:
    book = a_book(
        a_benefit("a", "12", condition="flag"),
        a_benefit("b", "1", condition="other", excludes=["a"]),
        a_benefit("c", "1"),
    )
    facts = known_facts(book, {"flag": False, "other": True})
    found = package(book, ["person"], facts, DAY)
    assert (found.best.benefits, found.best.known_sum, found.conflicts) == (("b", "c"), Decimal("2.00"), ())
    assert [item.rule_id for item in found.with_outcome(Outcome.NOT_MET)] == ["a"]
    unknown = package(book, ["person"], {}, DAY)
    assert [item.rule_id for item in unknown.with_outcome(Outcome.UNKNOWN)] == ["a", "b"]
    assert unknown.best.benefits == ("c",)


@pytest.mark.parametrize(
    ("per", "yearly"), [("month", 1200), ("year", 100), ("once", 100), ("day", 100), ("total", 100)]
)
def test_monthly_sums_count_twelve_times_in_the_first_year(per: str, yearly: int) -> None:
    book = a_book(a_benefit("a", "n", per=per))
    facts = known_facts(book, {"n": 100})
    assert benefit(book, "a", facts, DAY).yearly == yearly
    assert package(book, ["person"], facts, DAY).best.known_sum == yearly


def test_unknown_sum_is_named_and_not_counted() -> None:
    book = a_book(a_benefit("a", "n"), a_benefit("b", "1"), a_benefit("c"))
    found = package(book, ["person"], {}, DAY)
    assert [item.yearly for item in found.benefits] == [None, 1, None]
    assert found.best.benefits == ("a", "b", "c")
    assert (found.best.known_sum, found.best.unknown_sums) == (Decimal(1), ("a",))
    share = a_book(a_rule("s", kind="benefit", body={"amount": {"is": "1", "unit": "percent"}}))
    assert benefit(share, "s", {}, DAY).yearly is None


def three(condition: str = "True") -> Rulebook:
    """Return a benefit that requires two standings."""
    standing = {"kind": "standing"}
    return a_book(
        a_benefit(
            "a", "n", condition=condition, requires=["p", "q"], handled_by="人社局", materials=["身份证", "合同"]
        ),
        {**a_benefit("p", condition="flag"), **standing},
        {**a_benefit("q", condition="other"), **standing},
        a_benefit("e", "1", subject="employer"),
    )


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        ({"flag": True, "other": True}, Outcome.MET),
        ({"flag": True, "other": False}, Outcome.NOT_MET),
        ({"other": False}, Outcome.NOT_MET),
        ({"flag": True}, Outcome.UNKNOWN),
        ({}, Outcome.UNKNOWN),
    ],
)
def test_benefit_is_met_with_all_that_it_requires(case: dict[str, object], outcome: Outcome) -> None:
    book = three()
    assert benefit(book, "a", known_facts(book, case), DAY).outcome is outcome
    refused = three("False")
    assert benefit(refused, "a", known_facts(refused, case), DAY).outcome is Outcome.NOT_MET


def test_only_benefits_of_the_subjects_are_answered_in_the_order_of_their_ids() -> None:
    book = three()
    assert [item.rule_id for item in benefits_for(book, ["employer", "person"], {}, DAY)] == ["a", "e"]
    assert [item.rule_id for item in benefits_for(book, ["person"], {}, DAY)] == ["a"]
    assert benefits_for(book, ["placement"], {}, DAY) == ()


def test_conflict_is_told_once_and_only_between_those_present() -> None:
    book = a_book(a_benefit("a", excludes=["b", "c", "a"]), a_benefit("b", excludes=["a"]), a_benefit("c"))
    assert conflicts_of(book, ["c", "b", "a"]) == (("a", "b"), ("a", "c"))
    assert conflicts_of(book, ["b", "c"]) == ()


def test_benefit_is_told_with_what_decides_it() -> None:
    book = three()
    waiting = benefit(book, "a", known_facts(book, {"n": 5, "flag": True}), DAY).lines()
    assert waiting == [
        "补贴a：待核实（补贴q待核实）",
        "  依据：甲文件 一",
        "  先决条件“补贴p”：符合",
        "  先决条件“补贴q”：待核实",
        "  还缺：是否乙（问县级人社部门）",
        "  办理：人社局",
    ]
    refused = benefit(book, "a", known_facts(book, {"n": 5, "flag": False}), DAY).lines()
    assert refused == ["补贴a：不符合（补贴p不符合）", "  依据：甲文件 一", "  先决条件“补贴p”：不符合"]
    met = benefit(book, "a", known_facts(book, {"n": 5, "flag": True, "other": True}), DAY).lines()
    assert met == [
        "补贴a：符合，一次性5.00元",
        "  依据：甲文件 一",
        "  ✓ 条件",
        "  办理：人社局",
        "  材料：身份证、合同",
    ]
    own = a_book(a_benefit("a", "1", condition="flag"))
    assert benefit(own, "a", known_facts(own, {"flag": False}), DAY).lines() == [
        "补贴a：不符合",
        "  依据：甲文件 一",
        "  ✗ 条件",
    ]
    assert not [line for line in benefit(book, "e", {}, DAY).lines() if "办理" in line or "材料" in line]


def test_met_benefit_says_who_gets_it_from_which_fund_and_how_often() -> None:
    claims = {"once_in_all": True, "per_year": 1, "in_all": 3}
    book = a_book(
        a_benefit("a", "1", payee="person", fund="levy_fund", handled_by="残联", claims=claims),
        a_benefit("b", "1", payee="employer"),
    )
    assert benefit(book, "a", {}, DAY).lines()[-1] == (
        "  办理：残联；由本人享受，残疾人就业保障金，只能享受一次，每年不超过1次，累计不超过3次"
    )
    assert benefit(book, "b", {}, DAY).lines()[-1] == "  由用人单位享受"


def test_missing_facts_are_asked_for_once_by_who_can_supply_them() -> None:
    book = a_book(a_benefit("a", "n + m + sum(rows, value)", condition="flag"))
    found = benefit(book, "a", known_facts(book, {"rows": [{"value": None, "held": None}]}), DAY)
    assert {item.name for item in to_ask(found.lacking)} == {"flag", "n", "m", "rows.value"}
    (line,) = [line for line in found.lines() if "还缺" in line]
    assert line.count("问本人") == line.count("问用人单位") == 1
    assert "是否甲、甲数（问本人）" in line
    since = Lacking(Lack.MISSING, "hard_to_employ_since", "认定日期", "本人")
    recognised = Lacking(Lack.MISSING, "recognised_hard_to_employ", "是否认定", "人社部门")
    assert to_ask([since, recognised, recognised]) == (recognised,)
    assert to_ask([since]) == (since,)
    assert asked_line([since, recognised]) == "是否认定（问人社部门）"


def test_benefit_and_package_travel_as_json() -> None:
    book = three()
    found = benefit(book, "a", known_facts(book, {"other": True}), date(2024, 1, 2))
    document = found.as_dict()
    assert (document["outcome"], document["excludes"], document["materials"]) == ("unknown", [], ["身份证", "合同"])
    assert document["rule_id"] == "a"
    assert document["claims"] == {"once_in_all": False, "per_year": None, "in_all": None}
    assert [item["fact"] for item in document["missing"]] == ["flag", "n"]  # type: ignore[attr-defined]  # a list
    assert [item["rule_id"] for item in document["requires"]] == ["p", "q"]  # type: ignore[attr-defined]  # a list
    assert {item["as_of"] for item in document["requires"]} == {"2024-01-02"}  # type: ignore[attr-defined]  # a list
    pair = a_book(a_benefit("a", "12"), a_benefit("b", "1", excludes=["a"]), a_benefit("c", "n"))
    whole = package(pair, ["person"], {}, DAY).as_dict()
    assert [item["rule_id"] for item in whole["benefits"]] == ["a", "b", "c"]  # type: ignore[attr-defined]  # a list
    assert whole["best"] == {
        "benefits": ["a", "c"],
        "known_first_year": {"amount": "12.00", "currency": "CNY"},
        "amount_to_verify": ["c"],
    }
    assert whole["alternatives"] == [
        {
            "benefits": ["b", "c"],
            "known_first_year": {"amount": "1.00", "currency": "CNY"},
            "amount_to_verify": ["c"],
            "difference": {"amount": "11.00", "currency": "CNY"},
        }
    ]
    assert whole["conflicts"] == [["a", "b"]]


def test_fields_of_one_list_are_asked_for_under_one_name() -> None:
    fields = [Lacking(Lack.MISSING, f"rows.{name}", f"各项：{name}", "用人单位") for name in ("工资", "工龄")]
    number = Lacking(Lack.UNCONFIRMED, "t.x", "标准：未能确认", "主管部门")
    again = Lacking(Lack.UNCONFIRMED, "t.y", "标准：未见到", "主管部门")
    assert (
        asked_line([*fields, number, again])
        == "各项：工资、工龄（问用人单位）；标准：未能确认、标准：未见到（问主管部门）"
    )
    assert asked_line([]) == ""
