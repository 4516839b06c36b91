"""The public register as a citizen reads it: every part is there, unknown is said, and it names nobody."""

from pathlib import Path
from typing import Any

from pipelines.quarter.register import Office, register_html
from tests.conftest import Town, Yougang

INTERVAL = {"mean": 0.3, "low": 0.25, "high": 0.35, "n": 100}
CARD: dict[str, Any] = {
    "counts": {"people": 1234, "vacancies": 567, "acts": 7},
    "rules_version": "r",
    "code": "0.1.0+x",
    "data_hash": "d" * 64,
    "metrics": {"shortlist": {"all": {"n_people": 100, "recall@10": INTERVAL, "ndcg@10": INTERVAL}}},
    "fairness": {"sex": {"female": {"recall": INTERVAL, "covered": None}}},
    "gates": {
        "failed": ["level"],
        "results": [{"id": "level", "label": "水平", "word": "需人工核实", "reason": "没有登记"}],
    },
}
VERSION: dict[str, Any] = {
    "summary": {"keeps_people": False},
    "version": "v1",
    "made_by": "user:1",
    "trained_until": "2026-11-23",
    "card": CARD,
    "promotions": [
        {"act": "promote", "at": "2026-11-24T08:00:00", "by": "user:2", "failed": ["level"], "reason": "首次"}
    ],
}
PARTS = ("用途", "用了什么数据", "怎样排序", "局限", "检验结果", "谁负责", "个人信息保护法第二十四条")


def test_page_has_every_part_with_measures_and_what_was_not_passed() -> None:
    told = register_html(VERSION, Office("省残联就业处", "0931-0000000"))
    assert all(part in told for part in PARTS)
    assert "0.3000［0.2500，0.3500］" in told
    assert "没有登记" in told
    assert "省残联就业处" in told
    assert "user:" not in told


def test_public_counts_are_to_tens_and_never_below_ten() -> None:
    told = register_html(VERSION, Office(None, None))
    assert "1230" in told
    assert "1234" not in told
    assert "少于10" in told


def test_what_nobody_said_or_measured_is_said_to_be_open() -> None:
    told = register_html({**VERSION, "card": None, "promotions": []}, Office(None, None))
    assert told.count("需人工核实") >= 3


def test_version_that_no_cycle_gated_says_so_and_who_answers_for_it() -> None:
    act = {"act": "promote", "at": "2026-11-24T08:00:00", "by": "user:2", "failed": ["no_cycle"], "reason": "已核对"}
    trained = {**VERSION, "card": None, "promotions": [act]}
    told = register_html({**trained, "made_by": "user:1"}, Office(None, None))
    assert "没有经过季度核查，需人工核实，由制作人以外的另一人写明理由。" in told
    assert "理由：已核对" in told
    assert "由工作人员写明理由。" in register_html({**trained, "made_by": "command-line"}, Office(None, None))


def test_nothing_is_said_to_have_passed_that_was_not() -> None:
    (act,) = VERSION["promotions"]
    back = {**act, "act": "rollback", "at": "2026-12-01T08:00:00", "failed": [], "reason": None}
    returned = register_html({**VERSION, "promotions": [act, back]}, Office(None, None))
    assert "2026-12-01 由工作人员决定恢复；有核查没有通过" in returned
    assert "理由：首次" in returned
    trained = register_html({**VERSION, "card": None, "promotions": [{**act, "failed": []}]}, Office(None, None))
    assert "没有经过季度核查，需人工核实" in trained
    passed = {**CARD, "gates": {**CARD["gates"], "failed": []}}
    told = register_html({**VERSION, "card": passed, "promotions": [{**act, "failed": []}]}, Office(None, None))
    assert ("全部核查通过" in told, "全部核查通过" in returned, "全部核查通过" in trained) == (True, False, False)


def test_the_command_writes_the_page_of_the_version_in_use(town: Town, yougang: Yougang, tmp_path: Path) -> None:
    file = tmp_path / "register.html"
    said = yougang("--json", "models", "register", "--out", file, "--office", "县残联", at=town)
    told = file.read_text(encoding="utf-8")
    assert said.document["version"] in told
    assert "县残联" in told
    assert "<script" not in told
