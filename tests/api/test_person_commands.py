"""`yougang extract`, `erase` and `retention` as a person at the terminal meets them."""

from datetime import timedelta
from pathlib import Path

from tests.conftest import Town, Yougang
from tests.support.province import TODAY

PERSON = "demo-c-00001"


def test_extract_prints_the_record_for_the_person_to_read(own_town: Town, yougang: Yougang, tmp_path: Path) -> None:
    said = yougang("extract", PERSON, at=own_town)
    assert said.code == 0
    assert f"编号 {PERSON}" in said.out
    assert "谁查看过" in said.out
    assert yougang("--json", "extract", PERSON, at=own_town).document["candidate_id"] == PERSON
    file = tmp_path / "own.txt"
    assert yougang("extract", PERSON, "--out", file, at=own_town).code == 0
    assert "本人的同意" in file.read_text(encoding="utf-8")


def test_extract_of_nobody_is_one_line_and_code_4(own_town: Town, yougang: Yougang) -> None:
    said = yougang("extract", "nobody", at=own_town)
    assert (said.code, said.out) == (4, "")
    assert len(said.err.strip().splitlines()) == 1


def test_erase_names_who_decided_and_leaves_nobody_behind(own_town: Town, yougang: Yougang) -> None:
    placed = {line.split(",")[1] for line in (own_town.tables / "placements.csv").read_text("utf-8-sig").splitlines()}
    person = next(f"demo-c-{n:05d}" for n in range(1, 100) if f"demo-c-{n:05d}" not in placed)
    assert yougang("erase", person, "--by", "赵丽", at=own_town).code == 2
    done = yougang("--json", "erase", person, "--by", "赵丽", "--reason", "本人要求", at=own_town)
    assert (done.code, done.document["is_erased"]) == (0, True)
    assert yougang("extract", person, at=own_town).code == 4
    assert yougang("db", "check", at=own_town).code in (0, 1)
    assert "audit" not in yougang("db", "check", at=own_town).out


def test_erase_of_somebody_placed_lately_says_why_the_record_stays(own_town: Town, yougang: Yougang) -> None:
    rows = (own_town.tables / "placements.csv").read_text("utf-8-sig").splitlines()
    person = rows[1].split(",")[1]
    said = yougang("erase", person, "--by", "赵丽", "--reason", "本人要求", at=own_town)
    assert said.code == 0
    assert "未删除" in said.out
    assert "保存期" in said.out
    refused = yougang("shortlist", person, at=own_town)
    assert refused.code == 4
    assert "不再生成推荐名单" in refused.err


def test_retention_warns_then_anonymises_and_a_dry_run_changes_nothing(own_town: Town, yougang: Yougang) -> None:
    later, due = TODAY + timedelta(days=900), TODAY + timedelta(days=960)
    tried = yougang("--json", "--as-of", later.isoformat(), "retention", "--dry-run", at=own_town).document
    assert len(tried["to_warn"]) > 100
    assert tried["anonymised"] == 0
    warned = yougang("--json", "--as-of", later.isoformat(), "retention", at=own_town).document
    assert warned["to_warn"] == tried["to_warn"]
    assert warned["anonymised"] == 0
    done = yougang("--json", "--as-of", due.isoformat(), "retention", at=own_town).document
    assert done["anonymised"] == len(done["due"]) == len(warned["to_warn"]) - len(done["held"])
    again = yougang("--json", "--as-of", due.isoformat(), "retention", at=own_town).document
    assert again["due"] == []
