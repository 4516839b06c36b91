"""The command line as scripts and caseworkers meet it: exit codes, one document, one line of error."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import uvicorn

from api.training_commands import _gate
from matching.entities import VacancyId
from pipelines.registry import Registry
from pipelines.store.session import engine_for
from pipelines.store.visible_runs import VisibleRuns
from tests.conftest import Town, Yougang
from tests.support.accounts import KEYS
from tests.support.builders import TODAY, certificate_number
from tests.support.files import write_csv
from tests.support.model_cards import ANOTHERS_REASON
from tests.support.stores import PROGRAM

PERSON = "demo-c-00001"
DOCUMENT_KEYS = {"run_id", "candidate_id", "as_of", "model_version", "rules_version", "items", "excluded", "unlock"}
ITEM_KEYS = {
    "rank",
    "vacancy_id",
    "title",
    "employer",
    "outcome",
    "fit",
    "chance",
    "reasons",
    "missing",
    "accommodations",
}
REASON_KINDS = {"skill", "place", "wage", "function", "accommodation", "policy", "history", "preference"}


# ---- errors and exit codes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("frobnicate",),
        ("shortlist",),
        ("shortlist", PERSON, "--bogus"),
        ("shortlist", PERSON, "-k", "0"),
        ("shortlist", PERSON, "-k", "many"),
        ("--as-of", "2026-02-30", "shortlist", PERSON),
        ("models", "--as-of"),
        ("import", "people", "people.csv"),
        ("batch", "--engine", "abacus"),
        ("batch", "--scheduler", "tls://127.0.0.1:8786"),
        ("batch", "--engine", "dask", "--scheduler", "tls://127.0.0.1:8786", "--workers", "2"),
        ("batch", "--engine", "dask", "--scheduler", "tls://127.0.0.1:8786", "--tls-cert", "own.pem"),
        ("evaluate", "--split-at", "tomorrow"),
    ],
)
def test_wrong_usage_is_one_line_and_exits_2(town: Town, yougang: Yougang, words: tuple[str, ...]) -> None:
    said = yougang(*words, at=town)
    assert (said.code, said.out) == (2, "")
    assert len(said.err.strip().splitlines()) == 1
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "words",
    [
        ("shortlist", "nobody"),
        ("unlock", "nobody"),
        ("candidates-for", "nothing"),
        ("models", "show", "v9"),
        ("models", "promote", "v9"),
        ("models", "rollback"),
        ("rules", "show", "no.such.rule"),
        ("import", "candidates", "absent.csv"),
        ("import", "candidates", "absent.csv", "--mapping", "absent.yaml"),
        ("export", "candidates", "absent/out.csv"),
        ("evaluate", "--world", "absent"),
        ("evaluate", "--split-at", "1990-01-01"),
        ("batch", "--out", "lists", "--engine", "dask", "--scheduler", "tcp://10.0.0.7:8786"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exits_4(
    town: Town, yougang: Yougang, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = yougang(*words, "--json", at=town)
    assert (said.code, said.out) == (4, "")
    assert said.err.startswith("未执行：")
    assert len(said.err.splitlines()) == 1


def test_a_store_that_cannot_be_opened_is_refused_in_plain_words(yougang: Yougang, tmp_path: Path) -> None:
    no_database = write_csv(tmp_path / "people.csv", [["candidate_id"], ["c-1"]] * 400)
    for url in ("nonsense", "mysql://a/b", f"sqlite:///{no_database}", f"sqlite:///{tmp_path}"):
        said = yougang("--db", url, "models")
        assert said.code == 4
        assert "数据库" in said.err
        assert "程序内部错误" not in said.err
        assert len(said.err.splitlines()) == 1


def test_an_unexpected_fault_is_one_line_even_when_the_settings_are_wrong(
    town: Town, yougang: Yougang, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("张三 13800000000")

    monkeypatch.setattr("api.command_desk.load_casebook", broken)
    monkeypatch.setenv("YOUGANG_DATABASE_URL", "nonsense")
    said = yougang("shortlist", PERSON, at=town)
    assert said.code == 4
    assert said.err.startswith("未执行：程序内部错误（RuntimeError）")
    assert "张三" not in said.err


def test_before_training_there_is_no_list_and_the_line_says_what_to_do(yougang: Yougang, tmp_path: Path) -> None:
    said = yougang("--db", f"sqlite:///{tmp_path / 'new.db'}", "shortlist", PERSON)
    assert said.code == 4
    assert "yougang train" in said.err


def test_some_rejected_rows_exit_3_and_name_row_and_column_but_no_number(yougang: Yougang, tmp_path: Path) -> None:
    wrong = certificate_number()[:17] + "?" + certificate_number()[18:]
    sheet = write_csv(
        tmp_path / "people.csv", [["candidate_id", "certificate_number"], ["c-1", certificate_number()], ["c-2", wrong]]
    )
    said = yougang("--db", f"sqlite:///{tmp_path / 'new.db'}", "import", "candidates", sheet, "--json")
    assert said.code == 3
    assert (said.document["read"], said.document["accepted"], said.document["rejected"]) == (2, 1, 1)
    assert said.document["rejections"][0]["column"] == "certificate_number"
    assert wrong not in said.out + said.err


def test_a_dry_run_stores_nothing(own_town: Town, yougang: Yougang, tmp_path: Path) -> None:
    sheet = write_csv(tmp_path / "people.csv", [["candidate_id"], ["c-dry"]])
    assert yougang("import", "candidates", sheet, "--dry-run", at=own_town).code == 0
    assert yougang("shortlist", "c-dry", at=own_town).code == 4


def test_db_check_exits_0_for_a_good_store_and_1_for_an_old_one(town: Town, yougang: Yougang, tmp_path: Path) -> None:
    assert yougang("db", "check", at=town).code == 0
    said = yougang("--db", f"sqlite:///{tmp_path / 'empty.db'}", "db", "check", "--json")
    assert said.code == 1
    assert said.document["current"] is False


# ---- global options and JSON ----------------------------------------------------------------------------------------


def test_global_options_stand_anywhere(town: Town, yougang: Yougang) -> None:
    orders = (
        ("--json", "--db", town.url, "shortlist", PERSON, "-k", "2"),
        ("shortlist", "--json", PERSON, "--db", town.url, "-k", "2"),
        ("shortlist", PERSON, "-k", "2", f"--db={town.url}", "--json", f"--as-of={TODAY}"),
    )
    documents = [yougang(*order).document for order in orders]
    for document in documents:
        del document["run_id"]
    assert documents[0] == documents[1] == documents[2]
    assert documents[0]["items"]


@pytest.mark.parametrize(
    "words",
    [
        ("shortlist", PERSON),
        ("candidates-for", "demo-v-0119", "-k", "2"),
        ("unlock", PERSON),
        ("models",),
        ("rules", "list"),
        ("db", "upgrade"),
        ("db", "check"),
    ],
)
def test_json_is_one_document_and_nothing_else_on_standard_output(
    town: Town, yougang: Yougang, words: tuple[str, ...]
) -> None:
    said = yougang(*words, "--json", at=town)
    assert said.code == 0
    assert isinstance(said.document, dict)
    assert said.out.lstrip().startswith("{")


def test_json_stays_clean_in_a_process_of_its_own(own_town: Town) -> None:
    """Libraries that print at their first use would be seen here only."""
    found = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "api.cli", "--db", own_town.url, "train", "--json", "--as-of", TODAY.isoformat()],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "YOUGANG_MODELS": str(own_town.models)},
        cwd=Path(__file__).parents[2],
    )
    assert found.returncode == 0
    assert json.loads(found.stdout)["status"] == "candidate"
    assert "第二遍" in found.stderr


def test_without_json_a_list_is_lines_with_title_reasons_and_source(town: Town, yougang: Yougang) -> None:
    document = yougang("shortlist", PERSON, "-k", "1", "--json", at=town).document
    text = yougang("shortlist", PERSON, "-k", "1", at=town).out
    item = document["items"][0]
    assert item["title"] in text
    assert all(reason["text"] in text for reason in item["reasons"])
    assert all(entry["reason"] in text for entry in document["excluded"])


# ---- the shortlist document -----------------------------------------------------------------------------------------


def test_a_shortlist_has_every_key_of_the_interface(town: Town, yougang: Yougang) -> None:
    document = yougang("shortlist", PERSON, "--json", at=town).document
    assert document.keys() >= DOCUMENT_KEYS
    assert document["candidate_id"] == PERSON
    assert document["as_of"] == TODAY.isoformat()
    assert [item["rank"] for item in document["items"]] == list(range(1, 21))
    for item in document["items"]:
        assert item.keys() >= ITEM_KEYS
        assert item["outcome"] in {"fits", "fits_with_accommodation", "unknown"}
        assert 0 <= item["fit"] <= 1
        assert item["chance"] is None or 0 < item["chance"] < 1
        assert 1 <= len(item["reasons"]) <= 5
        assert {reason["kind"] for reason in item["reasons"]} <= REASON_KINDS
        assert all(reason.keys() >= {"text", "facts", "source"} and reason["text"] for reason in item["reasons"])
        assert all(missing["fact"] and missing["who_can_supply"] for missing in item["missing"])
        assert {a["state"] for a in item["accommodations"]} <= {"verified", "declared", "to_arrange"}


def test_every_open_vacancy_is_listed_or_below_the_cut_or_counted_as_excluded(town: Town, yougang: Yougang) -> None:
    n_open = sum(
        (v.opens_on is None or v.opens_on <= TODAY) and (v.closes_on is None or v.closes_on >= TODAY)
        for v in town.province.vacancies
    )
    for person in (PERSON, "demo-c-00002", "demo-c-00003"):
        document = yougang("shortlist", person, "-k", "5", "--json", at=town).document
        whole = yougang("shortlist", person, "-k", "1000", "--json", at=town).document
        counts = document["counts"]
        n_excluded = sum(entry["vacancies"] for entry in document["excluded"])
        assert len(document["items"]) + counts["below_the_cut"] + n_excluded == counts["open"]
        assert counts["open"] <= n_open
        assert len({item["vacancy_id"] for item in whole["items"]}) + n_excluded == counts["open"]
        assert whole["items"][:5] == document["items"]
        assert all(entry["reason"] and entry["vacancies"] > 0 for entry in document["excluded"])
        for entry in document["unlock"]:
            assert entry["fact"]
            assert entry["who_can_supply"]
            assert 0 <= entry["vacancies"] <= counts["open"]
            assert entry["vacancies"] or entry["benefits"]


def test_another_day_gives_that_days_vacancies_and_says_so(town: Town, yougang: Yougang) -> None:
    early = yougang("--as-of", "2025-06-01", "shortlist", PERSON, "-k", "1000", "--json", at=town).document
    opens = {v.vacancy_id: v.opens_on for v in town.province.vacancies}
    assert early["as_of"] == "2025-06-01"
    for item in early["items"]:
        first = opens[item["vacancy_id"]]
        assert first is None or first.isoformat() <= "2025-06-01"
    late = yougang("shortlist", PERSON, "-k", "1000", "--json", at=town).document
    assert {i["vacancy_id"] for i in early["items"]} != {i["vacancy_id"] for i in late["items"]}


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_answered(town: Town, yougang: Yougang, day: str) -> None:
    said = yougang("--as-of", day, "shortlist", PERSON, "--json", at=town)
    assert said.code == 0
    assert said.document["as_of"] == day


def test_a_run_is_found_again_under_its_id_with_its_versions(town: Town, yougang: Yougang) -> None:
    document = yougang("shortlist", PERSON, "--json", at=town).document
    engine = engine_for(town.url)
    with engine.connect() as connection:
        kept = VisibleRuns(connection, PROGRAM).get(document["run_id"])
    engine.dispose()
    assert kept is not None
    assert kept == document
    assert kept["model_version"] == yougang("models", "--json", at=town).document["models"][0]["version"]
    assert kept["rules_version"] == yougang("rules", "list", "--json", at=town).document["rules_version"]


def test_unlock_names_facts_licences_and_accommodations_with_what_each_opens(town: Town, yougang: Yougang) -> None:
    document = yougang("unlock", "demo-c-00003", "--json", at=town).document
    assert document["candidate_id"] == "demo-c-00003"
    assert document["facts"]
    n_open = document["counts"]["open"]
    for entry in [*document["facts"], *document["licences"], *document["accommodations"]]:
        assert entry["label"]
        assert 0 <= entry["vacancies"] <= n_open
        assert entry["vacancies"] or entry["benefits"]
    assert [e["vacancies"] for e in document["facts"]] == sorted(e["vacancies"] for e in document["facts"])[::-1]


def test_candidates_for_lists_people_and_counts_the_others(town: Town, yougang: Yougang) -> None:
    document = yougang("candidates-for", "demo-v-0119", "-k", "3", "--json", at=town).document
    assert document["vacancy_id"] == VacancyId("demo-v-0119")
    assert [item["rank"] for item in document["items"]] == [1, 2, 3]
    counts = document["counts"]
    assert counts["ranked"] + sum(entry["candidates"] for entry in document["excluded"]) == counts["active"]


# ---- models at the door ---------------------------------------------------------------------------------------------


def test_a_later_model_waits_until_it_is_promoted_and_can_be_taken_back(own_town: Town, yougang: Yougang) -> None:
    first = yougang("models", "--json", at=own_town).document["models"][0]["version"]
    second = own_town.train()
    assert yougang("shortlist", PERSON, "--json", at=own_town).document["model_version"] == first
    assert yougang("models", "promote", second, *ANOTHERS_REASON, at=own_town).code == 0
    assert yougang("shortlist", PERSON, "--json", at=own_town).document["model_version"] == second
    assert yougang("models", "rollback", "--json", at=own_town).document["version"] == first
    assert yougang("shortlist", PERSON, "--json", at=own_town).document["model_version"] == first


def test_a_damaged_model_is_refused_with_exit_4(own_town: Town, yougang: Yougang) -> None:
    arrays = next(own_town.models.rglob("*.npz"))
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"?")
    said = yougang("shortlist", PERSON, at=own_town)
    assert said.code == 4
    assert len(said.err.splitlines()) == 1


def test_who_is_left_with_a_damaged_model_can_train_another_which_says_so(own_town: Town) -> None:
    arrays = next(own_town.models.rglob("*.npz"))
    casebook, fresh = own_town.casebook(), own_town.desk().model
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"?")
    engine = engine_for(own_town.url, KEYS)
    with engine.connect() as connection:
        found = _gate(Registry(connection, own_town.models), casebook, fresh, TODAY)
    engine.dispose()
    assert found is not None
    assert found["trips"] == ["现用版本的文件已损坏、缺失或被改动，没有与它对照"]


def test_the_service_is_bound_to_this_machine_only(
    town: Town, yougang: Yougang, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, object] = {}

    def listen(_: object, **options: object) -> None:
        asked.update(options)

    monkeypatch.setattr(uvicorn, "run", listen)
    assert yougang("serve", "--port", "8123", at=town).code == 0
    assert asked["host"] == "127.0.0.1"
    assert asked["port"] == 8123
    assert yougang("serve", "--host", "0.0.0.0", at=town).code == 2  # noqa: S104  # that it is no option is the point
