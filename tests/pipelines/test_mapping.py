"""Mapping files: strict loading, translating rows, notes, and going out and coming back under foreign headers."""

from pathlib import Path

import pytest

from pipelines.errors import SheetError
from pipelines.mapping_protocol import RowMapping
from pipelines.schema import TABLES, CellError
from pipelines.sources.mapping import Mapping, MappingError
from pipelines.sources.mapping_file import shipped_names

BLUE_HEADERS = (
    "row_id",
    "source_file",
    "category_path",
    "职位名称",
    "公司",
    "地区",
    "工资",
    "性别要求",
    "学历要求",
    "招聘人数",
    "发布时间",
    "截止时间",
    "职位描述",
)


def a_file(folder: Path, text: str, name: str = "county.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def a_blue_collar_row(**changes: str) -> dict[str, str]:
    row = dict.fromkeys(BLUE_HEADERS, "")
    row |= {"row_id": "7", "职位名称": "缝纫工", "公司": "某服装厂", "地区": "安徽省 - 合肥市", "工资": "3000-5000"}
    row |= {
        "性别要求": "不限",
        "学历要求": "初中",
        "招聘人数": "10人",
        "发布时间": "2015年03月20日",
        "截止时间": "1970-01-01",
    }
    row |= {
        "职位描述": "操作平缝机，按样衣缝制，计件加底薪，提供住宿和工作餐，购买五险。每周做六休一，长白班，有师傅带。"
    }
    return row | changes


def blue_collar() -> Mapping:
    mapping = Mapping.load("jobs_bluecollar_2015")
    mapping.check_headers(BLUE_HEADERS)
    return mapping


def codes(mapping: Mapping, row: dict[str, str]) -> set[str]:
    return {note.code for note in mapping.translate(row).notes}


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_mapping_loads_and_keeps_the_importers_contract(name: str) -> None:
    mapping = Mapping.load(name)
    assert isinstance(mapping, RowMapping)
    assert mapping.file.table == ("certification" if name.startswith("certification") else "vacancies")
    assert mapping.file.note


def test_a_county_sheet_needs_only_other_names_and_words(tmp_path: Path) -> None:
    path = a_file(
        tmp_path,
        "table: candidates\ncolumns: {编号: candidate_id, 男女: sex}\nwords: {sex: {男性: male, 女性: female}}\n",
    )
    mapping = Mapping.load(path)
    mapping.check_headers(["编号", "男女", "学历", "phone"])
    cells = mapping.translate({"编号": "c1", "男女": "女性", "学历": "大专", "phone": "1"}).cells
    assert cells == {"candidate_id": "c1", "sex": "female", "education": "大专", "phone": "1"}


def test_a_word_without_a_translation_is_left_for_the_schema_to_judge(tmp_path: Path) -> None:
    mapping = Mapping.load(
        a_file(tmp_path, "table: candidates\ncolumns: {编号: candidate_id}\nwords: {sex: {男性: male}}\n")
    )
    mapping.check_headers(["编号", "性别"])
    cell = mapping.translate({"编号": "c1", "性别": "男士"}).cells["sex"]
    assert cell == "男士"
    with pytest.raises(CellError):
        TABLES["candidates"].column("sex").parse(cell)


def test_list_words_are_translated_one_by_one(tmp_path: Path) -> None:
    words = "words: {household_kinds: {低保: dibao, 脱贫: poverty_exited}}"
    text = f"table: candidates\ncolumns: {{编号: candidate_id}}\n{words}\n"
    mapping = Mapping.load(a_file(tmp_path, text))
    mapping.check_headers(["编号", "家庭类型"])
    assert mapping.translate({"编号": "1", "家庭类型": "低保；脱贫"}).cells["household_kinds"] == "dibao;poverty_exited"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("table: vacancies\ncolums: {岗位: title}\n", "没有键“colums”，是否为“columns”？"),
        ("table: vacancys\n", "没有表“vacancys”，是否为“vacancies”？"),
        ("table: vacancies\ncolumns: {岗位: titel}\n", "没有列“titel”，是否为“title”？"),
        ("table: vacancies\nfields: {title: {from: 岗位, raed: title}}\n", "是否为“read”？"),
        ("table: vacancies\nfields: {title: {from: 岗位, read: titel}}\n", "没有读法“titel”，是否为“title”？"),
        ("table: vacancies\nfields: {title: {from: 岗位, constant: x}}\n", "恰好写一个"),
        ("table: vacancies\ncolumns: {甲: title}\nfields: {title: {from: 乙}}\n", "被映射了两次"),
        ("table: vacancies\ncolumns: {甲: title, 甲: region}\n", "写了两次"),
        ("table: vacancies\nfields: {title: {from: 甲, only: '('}}\n", "fields.title.only"),
        ("- a\n", "键: 值"),
        ("table: [\n", "YAML"),
        ("columns: {}\n", "缺少键“table”"),
        ("extends: county\n", "extends"),
        ("table: vacancies\noptions: {keep_date: false}\n", "是否为“keep_dates”？"),
    ],
)
def test_wrong_mapping_file_is_refused_with_its_name_the_key_and_what_was_meant(
    tmp_path: Path, text: str, message: str
) -> None:
    path = a_file(tmp_path, text)
    with pytest.raises(MappingError) as refused:
        Mapping.load(path)
    assert "county.yaml" in str(refused.value)
    assert message in str(refused.value)


def test_unknown_mapping_name_lists_those_that_are_shipped() -> None:
    with pytest.raises(MappingError, match="jobs_zhaopin_2024"):
        Mapping.load("jobs_zhaopin")


def test_missing_column_is_refused_with_its_near_match() -> None:
    headers = ["工资待遇" if header == "工资" else header for header in BLUE_HEADERS]
    with pytest.raises(SheetError, match=r"缺少列“工资”.*工资待遇"):
        Mapping.load("jobs_bluecollar_2015").check_headers(headers)


def test_column_that_the_mapping_does_not_mention_is_refused_not_lost() -> None:
    with pytest.raises(SheetError, match="没有说明列“备注”"):
        Mapping.load("jobs_bluecollar_2015").check_headers([*BLUE_HEADERS, "备注"])


def test_mapping_without_a_required_column_is_refused(tmp_path: Path) -> None:
    mapping = Mapping.load(a_file(tmp_path, "table: vacancies\ncolumns: {岗位: title}\n"))
    with pytest.raises(SheetError, match="岗位编号"):
        mapping.check_headers(["岗位"])


def test_blue_collar_row_becomes_cells_that_the_schema_accepts() -> None:
    cells = blue_collar().translate(a_blue_collar_row()).cells
    assert {
        name: cells[name] for name in ("vacancy_id", "region", "wage_min", "wage_max", "openings", "education_min")
    } == {
        "vacancy_id": "bluecollar-2015-7",
        "region": "340100",
        "wage_min": "3000",
        "wage_max": "5000",
        "openings": "10",
        "education_min": "junior",
    }
    assert (cells["accommodations"], cells["social_insurance"], cells["days_per_week"]) == (
        "dormitory=declared",
        "yes",
        "6",
    )
    for name, cell in cells.items():
        TABLES["vacancies"].column(name).parse(cell)


def test_closing_day_of_1970_is_left_out() -> None:
    cells = blue_collar().translate(a_blue_collar_row()).cells
    assert cells["opens_on"] == "2015-03-20"
    assert "closes_on" not in cells


def test_sex_condition_is_quoted_in_the_text_and_filters_nothing() -> None:
    cells = blue_collar().translate(a_blue_collar_row(性别要求="女")).cells
    assert cells["description"].endswith("（原文性别要求：女）")
    assert "女" not in "".join(cell for name, cell in cells.items() if name != "description")


def test_undated_variant_leaves_both_days_unknown_and_nothing_else() -> None:
    undated = Mapping.load("jobs_bluecollar_2015_undated")
    undated.check_headers(BLUE_HEADERS)
    row = a_blue_collar_row(截止时间="2015-04-30")
    dated_cells = blue_collar().translate(row).cells
    assert dict(undated.translate(row).cells) == {
        k: v for k, v in dated_cells.items() if k not in ("opens_on", "closes_on")
    }


def test_option_given_at_loading_goes_before_the_file() -> None:
    mapping = Mapping.load("jobs_bluecollar_2015", options={"keep_dates": False})
    mapping.check_headers(BLUE_HEADERS)
    assert "opens_on" not in mapping.translate(a_blue_collar_row()).cells
    with pytest.raises(MappingError, match="keep_dates"):
        Mapping.load("jobs_bluecollar_2015", options={"keep_date": False})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"工资": "800000"}, "wage_impossible"),
        ({"工资": "8-3千"}, "wage_not_understood"),
        ({"工资": "20元/件"}, "wage_per_piece"),
        ({"地区": "月球 - 静海"}, "place_not_understood"),
        ({"学历要求": "其他"}, "education_not_understood"),
        ({"招聘人数": "33312323"}, "count_not_understood"),
        ({"发布时间": "2015-02-31"}, "date_not_understood"),
        ({"职位描述": ""}, "no_description"),
        ({"职位描述": "待遇好"}, "short_description"),
        ({"职位名称": "月入过万不是梦"}, "advert_title"),
        ({"职位名称": "★★电焊工★★"}, "title_cleaned"),
        ({"职位名称": "1111"}, "title_not_understood"),
        ({"职位名称": "雕刻工、开料工、封边工"}, "several_posts_in_one"),
        ({"截止时间": "2015-01-01"}, "closes_before_opens"),
        ({"职位描述": "负责车间设备的日常巡检和保养，能看懂电气图��，服从倒班安排。"}, "broken_characters"),
    ],
)
def test_low_quality_is_named_and_does_not_stop_the_row(changes: dict[str, str], code: str) -> None:
    mapping = blue_collar()
    assert code in codes(mapping, a_blue_collar_row(**changes))
    assert mapping.translate(a_blue_collar_row(**changes)).cells["vacancy_id"] == "bluecollar-2015-7"


def test_good_row_has_no_notes() -> None:
    assert codes(blue_collar(), a_blue_collar_row()) == set()


def test_repeat_is_named_within_a_sheet_and_forgotten_with_the_next() -> None:
    mapping = blue_collar()
    assert "repeated" not in codes(mapping, a_blue_collar_row())
    assert "repeated" in codes(mapping, a_blue_collar_row(row_id="8"))
    mapping.check_headers(BLUE_HEADERS)
    assert "repeated" not in codes(mapping, a_blue_collar_row(row_id="8"))


def test_expired_is_judged_only_on_a_day_that_was_given() -> None:
    row = a_blue_collar_row(截止时间="2015-04-30")
    assert "expired" not in codes(blue_collar(), row)
    for day, is_expired in (("2015-04-30", False), ("2015-05-01", True)):
        mapping = Mapping.load("jobs_bluecollar_2015", options={"as_of": day})
        mapping.check_headers(BLUE_HEADERS)
        assert ("expired" in codes(mapping, row)) is is_expired


def test_row_without_its_number_is_rejected_with_the_column() -> None:
    with pytest.raises(CellError, match="row_id"):
        blue_collar().translate(a_blue_collar_row(row_id=""))


def test_note_on_a_sensitive_column_does_not_repeat_the_cell(tmp_path: Path) -> None:
    text = "table: candidates\ncolumns: {编号: candidate_id}\nfields: {birth_date: {from: 生日, read: date}}\n"
    mapping = Mapping.load(a_file(tmp_path, text))
    mapping.check_headers(["编号", "生日"])
    notes = mapping.translate({"编号": "1", "生日": "属马的"}).notes
    assert [note.code for note in notes] == ["date_not_understood"]
    assert "属马" not in notes[0].text


def test_plain_title_marks_survive_cleaning() -> None:
    for title in (".NET开发工程师", "软件工程师C#", "C/C++工程师"):
        assert blue_collar().translate(a_blue_collar_row(职位名称=title)).cells["title"] == title


def test_degree_and_experience_in_each_others_columns_are_both_read() -> None:
    mapping = Mapping.load("jobs_it_2019_multi")
    headers = (
        "row_id",
        "source_sheet",
        "position",
        "company",
        "city",
        "district",
        "location",
        "diploma_requirement",
        "wage_min",
        "wage_max",
        "wage",
        "experience",
        "industry",
        "welfare",
        "description",
        "size",
        "company_type",
    )
    mapping.check_headers(headers)
    row = dict.fromkeys(headers, "") | {"row_id": "1", "position": "测试员", "wage": "10-15K", "wage_min": "20"}
    row |= {
        "diploma_requirement": "1-3年",
        "experience": "本科",
        "city": "上海",
        "district": "天河区",
        "location": "广州-天河区",
    }
    row |= {"company": "广州天河区某某大厦8楼\n 点击查看地图"}
    cells = mapping.translate(row).cells
    assert (cells["education_min"], cells["experience_years_min"], cells["wage_min"]) == ("bachelor", "1", "10000")
    assert (cells["region"], cells["address"]) == ("440106", "广州天河区某某大厦8楼")
    assert "employer_name" not in cells


def test_tag_that_names_a_disability_is_kept_as_text_and_never_as_a_skill_or_a_filter() -> None:
    mapping = Mapping.load("jobs_boss_2023_capitals")
    headers = [
        "row_id",
        "岗位名称",
        "工作地址",
        "学历要求",
        "工作经验",
        "工作标签",
        "企业名称",
        "企业规模",
        "企业福利",
        "实习生",
        "最低薪资",
        "最高薪资",
    ]
    mapping.check_headers(headers)
    row = dict.fromkeys(headers, "") | {
        "row_id": "1",
        "岗位名称": "客服",
        "工作地址": "兰州",
        "最低薪资": "3000",
        "最高薪资": "4000",
    }
    cells = mapping.translate(row | {"工作标签": "肢体残疾,打字快,不接受居家办公", "企业福利": "五险一金,包住"}).cells
    assert cells["description"] == "（原文标签：肢体残疾）"
    assert (cells["skills"], cells["work_mode"], cells["accommodations"]) == ("打字快", "onsite", "dormitory=declared")
    assert "welcomes" not in cells
    assert "address" not in cells


def test_skills_end_where_the_employer_begins() -> None:
    mapping = Mapping.load("jobs_zhaopin_2024")
    headers = (
        "row_id",
        "0_title",
        "1_company",
        "2_salary",
        "3_tags",
        "4_location",
        "5_experience",
        "6_education",
        "7_url",
    )
    mapping.check_headers(headers)
    row = dict.fromkeys(headers, "") | {"row_id": "1", "0_title": "电工", "3_tags": "低压|PLC|包住|民营|20-99人|电力"}
    assert mapping.translate(row).cells["skills"] == "低压;PLC"


def test_what_went_out_under_foreign_headers_comes_back_equal(tmp_path: Path) -> None:
    mapping = Mapping.load(a_file(tmp_path, "table: vacancies\ncolumns: {序号: vacancy_id, 岗位: title}\n"))
    cells = {"vacancy_id": "v1", "title": "保洁员", "wage_min": "2000", "demands": "walking=2;hands=3"}
    foreign = {mapping.export_headers.get(name, name): cell for name, cell in cells.items()}
    assert list(foreign) == ["序号", "岗位", "wage_min", "demands"]
    mapping.check_headers(list(foreign))
    assert dict(mapping.translate(foreign).cells) == cells


def test_sheet_already_in_our_columns_passes_through_a_shipped_mapping() -> None:
    mapping = Mapping.load("jobs_zhaopin_2024")
    cells = {"vacancy_id": "v1", "title": "保洁员", "region": "620102", "wage_min": "2000", "kind": "open"}
    mapping.check_headers([*cells])
    assert dict(mapping.translate(cells).cells) == cells


def test_header_with_stray_blanks_is_still_found(tmp_path: Path) -> None:
    mapping = Mapping.load(a_file(tmp_path, "table: vacancies\ncolumns: {序号: vacancy_id, 岗位: title}\n"))
    mapping.check_headers([" 序号", "岗位 "])
    assert mapping.translate({" 序号": "v1", "岗位 ": "电工"}).cells == {"vacancy_id": "v1", "title": "电工"}


def test_mapping_beside_another_extends_it(tmp_path: Path) -> None:
    a_file(tmp_path, "table: vacancies\ncolumns: {序号: vacancy_id, 岗位: title}\n", "base.yaml")
    mapping = Mapping.load(a_file(tmp_path, "extends: base\ncolumns: {地点: region}\n"))
    mapping.check_headers(["序号", "岗位", "地点"])
    assert mapping.translate({"序号": "1", "岗位": "电工", "地点": "兰州市"}).cells["region"] == "兰州市"
