"""The command line as a person or a script meets it: answers, exit codes, one line for a fault."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from pipelines.access.audit import events
from pipelines.store.session import engine_for
from tests.support.province import TODAY, Trained, a_copy, trained

DAY = ["--as-of", TODAY.isoformat()]


class Answer:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Any:
    def _ask(*arguments: str, of: Trained | None = None) -> Answer:
        code = run(["--db", (of or trained()).url, *DAY, *arguments])
        printed = capsys.readouterr()
        return Answer(code, printed.out, printed.err)

    return _ask


def test_a_shortlist_has_every_part_of_the_interface(ask: Any) -> None:
    document = ask("shortlist", "demo-c-00001", "--json").document
    assert set(document) >= {
        "run_id", "candidate_id", "as_of", "model_version", "rules_version", "items", "excluded", "unlock",
    }  # fmt: skip
    counts = document["counts"]
    assert counts["open"] == counts["ranked"] + counts["excluded"]
    assert counts["ranked"] == counts["shown"] + counts["below_the_cut"]
    for item in document["items"]:
        assert item["outcome"] in ("fits", "fits_with_accommodation", "unknown")
        assert 0 <= item["fit"] <= 1
        assert item["chance"] is None or 0 <= item["chance"] <= 1
        assert 1 <= len(item["reasons"]) <= 5
        for reason in item["reasons"]:
            assert set(reason) == {"kind", "text", "facts", "source"}
            assert reason["kind"] != "policy" or reason["source"]["clause"]
        assert all(a["state"] in ("verified", "declared", "to_arrange") for a in item["accommodations"])
        assert all(missing["who_can_supply"] for missing in item["missing"])
    assert all(entry["vacancies"] > 0 and entry["reason"] for entry in document["excluded"])


def test_words_for_people_hold_ids_reasons_and_who_decides(ask: Any) -> None:
    text = ask("shortlist", "demo-c-00001", "-k", "2").out
    assert "demo-v-" in text
    assert "由人决定" in text
    assert "None" not in text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["shortlist", "nobody"], 4),
        (["candidates-for", "nothing"], 4),
        (["shortlist"], 2),
        (["shotlist", "demo-c-00001"], 2),
        (["shortlist", "demo-c-00001", "-k", "0"], 2),
        (["import", "vacancies", "no-such-file.csv"], 4),
        (["evaluate", "--world", "no-such-folder"], 4),
        (["models", "show", "no-such-version"], 4),
        (["rules", "show", "no.such"], 4),
    ],
)
def test_a_fault_is_one_line_with_its_exit_code(ask: Any, arguments: list[str], code: int) -> None:
    answer = ask(*arguments)
    assert answer.code == code
    assert answer.out == ""
    assert len(answer.err.strip().splitlines()) == 1
    assert "Traceback" not in answer.err
    assert "内部错误" not in answer.err


def test_rejected_rows_give_exit_code_3_and_taken_rows_stay(ask: Any, tmp_path: Path) -> None:
    store, sheet, rejects = a_copy(tmp_path), tmp_path / "people.csv", tmp_path / "rejects.csv"
    sheet.write_text("candidate_id,grade\nnew-1,2\nnew-2,9\n", encoding="utf-8")
    answer = ask("import", "candidates", str(sheet), "--rejects", str(rejects), "--json", of=store)
    assert answer.code == 3
    report = answer.document
    assert (report["read"], report["accepted"], report["unchanged"], report["rejected"]) == (2, 1, 0, 1)
    with rejects.open(encoding="utf-8-sig", newline="") as handle:
        assert [row[0] for row in csv.reader(handle)] == ["行号", "3"]
    assert ask("shortlist", "new-1", "-k", "1", of=store).code == 0


def test_what_is_exported_is_unchanged_when_imported_again(ask: Any, tmp_path: Path) -> None:
    store, sheet = a_copy(tmp_path), tmp_path / "vacancies.xlsx"
    assert ask("export", "vacancies", str(sheet), of=store).code == 0
    report = ask("import", "vacancies", str(sheet), "--json", of=store).document
    assert report["unchanged"] == report["read"] == 120


def test_a_new_person_and_a_new_vacancy_are_ranked_without_training(ask: Any, tmp_path: Path) -> None:
    store, people, posts = a_copy(tmp_path), tmp_path / "people.csv", tmp_path / "posts.csv"
    people.write_text("candidate_id,region,wished_occupations\nnew-1,620102,会计\n", encoding="utf-8")
    posts.write_text("vacancy_id,title,region\nnew-v,会计,620102\n", encoding="utf-8")
    assert ask("import", "candidates", str(people), of=store).code == 0
    assert ask("import", "vacancies", str(posts), of=store).code == 0
    document = ask("shortlist", "new-1", "--json", of=store).document
    assert "new-v" in [item["vacancy_id"] for item in document["items"][:5]]
    assert document["counts"]["excluded"] == sum(e["vacancies"] for e in document["excluded"])


def test_unlock_names_facts_and_who_can_supply_them(ask: Any) -> None:
    document = ask("unlock", "demo-c-00003", "--json").document
    assert document["facts"]
    assert all((f["vacancies"] or f["benefits"]) and f["who_can_supply"] for f in document["facts"])


def test_the_other_direction_agrees_with_the_list_on_the_same_pair(ask: Any) -> None:
    listed = ask("shortlist", "demo-c-00001", "-k", "1", "--json").document["items"][0]
    other = ask("candidates-for", listed["vacancy_id"], "-k", "1000", "--json").document
    same = next(item for item in other["items"] if item["candidate_id"] == "demo-c-00001")
    for name in ("outcome", "fit", "score", "chance", "reasons", "missing", "accommodations"):
        assert same[name] == listed[name], name


def test_without_any_history_training_still_gives_lists(ask: Any, tmp_path: Path) -> None:
    store = Trained(tmp_path, f"sqlite:///{tmp_path / 'new.db'}", tmp_path, tmp_path, trained().province)
    for name in ("employers", "vacancies", "candidates"):
        assert ask("import", name, str(trained().tables / f"{name}.csv"), of=store).code == 0
    assert ask("train", of=store).code == 0
    items = ask("shortlist", "demo-c-00001", "--json", of=store).document["items"]
    assert items
    assert {item["chance"] for item in items} == {None}


def test_the_demonstration_never_erases_somebodys_data(ask: Any, tmp_path: Path) -> None:
    store, posts = (
        Trained(tmp_path, f"sqlite:///{tmp_path / 'mine.db'}", tmp_path, tmp_path, trained().province),
        tmp_path / "v.csv",
    )
    posts.write_text("vacancy_id,title\nmine-1,会计\n", encoding="utf-8")
    assert ask("import", "vacancies", str(posts), of=store).code == 0
    assert ask("demo", "--people", "60", "--vacancies", "40", of=store).code == 4
    assert ask("import", "vacancies", str(posts), "--json", of=store).document["unchanged"] == 1


def test_rules_of_another_day_say_what_was_in_force(ask: Any) -> None:
    today = {r["rule_id"]: r["in_force"] for r in ask("rules", "list", "--json").document["rules"]}
    before = {
        r["rule_id"]: r["in_force"] for r in ask("--as-of", "2016-01-01", "rules", "list", "--json").document["rules"]
    }
    assert today["wage.minimum"]
    assert not before["wage.minimum"]


def test_the_stored_data_is_found_consistent(ask: Any) -> None:
    document = ask("db", "check", "--json").document
    assert document["current"]
    assert [f for f in document["findings"] if f["is_error"]] == []


def test_a_template_can_be_filled_in_and_imported(ask: Any, tmp_path: Path) -> None:
    assert ask("template", "courses", str(tmp_path / "courses.xlsx")).code == 0
    assert (tmp_path / "courses.xlsx").stat().st_size > 1000


def _read(store: Trained, action: str) -> set[str]:
    """Return the people under whose names an act stands in the audit."""
    engine = engine_for(store.url)
    with engine.connect() as connection:
        found = {e["object_id"] for e in events(connection) if (e["action"], e["object_kind"]) == (action, "candidate")}
    engine.dispose()
    return found


def test_threat_15_every_person_that_a_command_tells_of_stands_in_the_audit(ask: Any, tmp_path: Path) -> None:
    store = a_copy(tmp_path)
    vacancy = ask("shortlist", "demo-c-00001", "-k", "1", "--json", of=store).document["items"][0]["vacancy_id"]
    listed = ask("candidates-for", vacancy, "-k", "7", "--json", of=store).document["items"]
    assert len(listed) == 7
    assert {item["candidate_id"] for item in listed} <= _read(store, "shortlists.read")
    assert ask("batch", "--out", str(tmp_path / "lists"), "-k", "1", of=store).code == 0
    everybody = _read(store, "shortlists.read")
    assert len(everybody) > 50
    assert _read(store, "candidates.identity") == set()
    for kind, action in (("candidates", "candidates.identity"), ("placements", "placements.read")):
        out = tmp_path / f"{kind}.csv"
        assert ask("export", kind, str(out), of=store).code == 0
        with out.open(encoding="utf-8-sig", newline="") as handle:
            told = {row["candidate_id"] for row in csv.DictReader(handle)}
        assert _read(store, action) == told
    with (tmp_path / "placements.csv").open(encoding="utf-8-sig", newline="") as handle:
        placements = list(csv.DictReader(handle))
    assert ask("benefits", "placement", placements[0]["placement_id"], of=store).code == 0
    assert _read(store, "benefits.read") == {placements[0]["candidate_id"]}
    employers = [row["employer_id"] for row in placements if row["employer_id"]]
    largest = max(sorted(set(employers)), key=employers.count)
    lines = ask("quota", largest, "--year", "2025", "--json", of=store).document["persons"]
    assert lines
    assert _read(store, "quota.read") == {line["candidate_id"] for line in lines}
