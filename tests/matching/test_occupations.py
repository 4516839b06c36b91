"""Titles and wishes find their family; the levels in the data file are those that its own rule gives."""

import os
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd
import pytest
import yaml

from matching import occupations
from matching.occupations import classify, families, group_label, lexicon_words
from matching.vocabulary import Function

SHARED = Path(os.environ.get("YOUGANG_SHARED", Path(__file__).resolve().parents[3] / "shared"))


def family_of(text: str) -> str | None:
    found = classify(text)
    return found.family_id if found else None


@pytest.mark.parametrize(
    ("title", "family"),
    [
        ("保洁员", "cleaner"),
        ("家庭保洁师（某区）", "domestic_worker"),
        ("急招打包员+包吃住+五险一金", "packer"),
        ("普工/包装工", "general_worker"),
        ("普工（坐着上班）", "general_worker"),
        ("盲人医疗按摩师", "massage_medical"),
        ("盲人按摩", "massage_wellness"),
        ("足疗技师", "massage_wellness"),
        ("厨师长", "cook"),
        ("食堂帮工", "kitchen_helper"),
        ("餐厅服务员", "waiter"),
        ("客房服务员", "room_attendant"),
        ("销售工程师", "sales_rep"),
        ("电话销售", "tele_sales"),
        ("客服专员", "phone_agent"),
        ("淘宝客服", "online_agent"),
        ("车间主任", "production_manager"),
        ("会计", "accountant"),
        ("出纳", "cashier_office"),
        ("收银员", "cashier"),
        ("软件测试工程师", "tester"),
        ("Java开发工程师", "java_developer"),
        ("高级 C++ 开发工程师", "c_developer"),
        ("软件开发工程师", "software_developer"),
        ("人工智能销售主管", "sales_rep"),
        ("人工智能算法工程师", "algorithm_engineer"),
        ("ＵＩ设计师", "graphic_designer"),
        ("外卖骑手", "food_rider"),
        ("叉车司机", "forklift_driver"),
        ("司机", "driver"),
        ("护林员", "forest_guard"),
        ("乡村公益性岗位", "public_post"),
        ("中药材切药工", "herb_processing"),
        ("香包制作", "embroidery"),
        ("数据标注员", "data_labeller"),
        ("门卫", "gate_keeper"),
        ("彩票销售员", "kiosk"),
        ("叉车维修工", "maintenance_worker"),
    ],
)
def test_a_title_finds_its_family(title: str, family: str) -> None:
    assert family_of(title) == family


@pytest.mark.parametrize("wish", ["打字", "做手工", "看大门", "看店", "养羊", "剪头发", "送外卖", "电脑工作"])
def test_a_wish_in_spoken_words_finds_a_family(wish: str) -> None:
    assert classify(wish) is not None


@pytest.mark.parametrize("text", ["", "  ", "其他", "11111", "好机会等你", "！！！", "google"])
def test_a_text_that_names_no_work_finds_no_family(text: str) -> None:
    assert classify(text) is None


def test_words_in_brackets_count_only_where_nothing_else_names_the_work() -> None:
    assert family_of("保安（可兼保洁）") == "security_guard"
    assert family_of("诚聘（保洁）") == "cleaner"


def test_a_latin_word_is_not_found_inside_another() -> None:
    assert family_of("go") == "go_developer"
    assert family_of("mango") is None


def test_every_family_has_a_level_for_every_function_and_a_source() -> None:
    for family in families().values():
        assert set(family.demands) == set(Function)
        assert all(0 <= level <= 4 for level in family.demands.values())
        assert "O*NET" in family.source
        assert group_label(family.group)


def test_there_are_enough_families_and_their_words_go_to_the_tokeniser() -> None:
    assert len(families()) >= 80
    assert {"保洁员", "叉车工", "数据标注"} <= set(lexicon_words())
    assert all(len(word) > 1 for word in lexicon_words())


def test_a_person_who_cannot_stand_meets_a_gap_in_loading_and_none_in_data_entry() -> None:
    cannot_stand = 4
    assert families()["loader"].demands[Function.STANDING] + cannot_stand > 4
    assert families()["data_entry"].demands[Function.STANDING] + cannot_stand <= 4


def test_massage_does_not_ask_for_sight() -> None:
    for family_id in ("massage_medical", "massage_wellness"):
        assert families()[family_id].demands[Function.SEEING] == 0


def test_a_word_of_two_families_is_refused() -> None:
    loaded = occupations._file()
    first, second = list(loaded.families)[:2]
    clash = loaded.families[second].model_copy(update={"words": (loaded.families[first].words[0],)})
    broken = loaded.model_copy(update={"families": {**loaded.families, second: clash}})
    with pytest.raises(ValueError, match="belongs to"):
        occupations._check(broken, "occupations.yaml")


# --- the levels come from the rule: recomputed where the O*NET tables are at hand


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    folder = SHARED / "data" / "onet_esco"
    if not folder.is_dir():
        pytest.skip(f"O*NET tables are not here: {folder.name}")
    abilities = pd.read_csv(folder / "abilities_importance.csv.gz")
    return {
        "abilities": abilities.pivot(index="O*NET-SOC Code", columns="Element Name", values="Data Value"),
        "context": pd.read_csv(folder / "work_context_by_esco.csv.gz").set_index("preferredLabel"),
    }


def _level_by_rule(rule: dict[str, Any], family: dict[str, Any], tables: dict[str, pd.DataFrame]) -> int:
    rows = family["onet"] if rule["table"] == "abilities" else [family["esco"]]
    ratings = tables[rule["table"]].loc[rows, rule["elements"]].astype(float)
    values = [float(mean) for mean in ratings.mean()]
    value = max(values) if rule["take"] == "max" else fmean(values)
    return sum(round(value, 4) >= threshold for threshold in rule["thresholds"])


def _expected_levels(file: dict[str, Any], family: dict[str, Any], tables: dict[str, pd.DataFrame]) -> dict[str, int]:
    levels: dict[str, int] = {name: _level_by_rule(rule, family, tables) for name, rule in file["rule"].items()}
    levels |= file["constants"]
    for trait in family.get("traits", []):
        convention = file["conventions"].get(trait, {"at_least": {}, "at_most": {}})
        levels |= {f: max(levels[f], level) for f, level in convention["at_least"].items()}
        levels |= {f: min(levels[f], level) for f, level in convention["at_most"].items()}
    return levels


def test_every_level_is_the_rules_or_has_a_written_reason(tables: dict[str, pd.DataFrame]) -> None:
    path = Path(occupations.__file__).parent / "data" / "occupations.yaml"
    file = yaml.safe_load(path.read_text(encoding="utf-8"))
    for family_id, family in file["families"].items():
        expected = _expected_levels(file, family, tables)
        differing = {f for f, level in family["demands"].items() if level != expected[f]}
        assert differing <= set(family.get("adjusted", {})), family_id


REAL_TITLES = [
    ("jobs_bluecollar_2015", "职位名称", 0.95),
    ("jobs_boss_2023_capitals", "岗位名称", 0.98),
    ("jobs_zhaopin_2024", "0_title", 0.97),
    ("jobs_51job_2023", "jobName", 0.97),
    ("jobs_it_2019_multi", "position", 0.98),
]


@pytest.mark.parametrize(("folder", "column", "least"), REAL_TITLES)
def test_most_real_titles_find_a_family(folder: str, column: str, least: float) -> None:
    path = SHARED / "data" / folder / "jobs.csv.gz"
    if not path.is_file():
        pytest.skip(f"real postings are not here: {folder}")
    titles = pd.read_csv(path, usecols=[column], low_memory=False)[column].fillna("").astype(str)
    assert titles.map(lambda title: classify(title) is not None).mean() >= least
