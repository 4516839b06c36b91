"""What the language of the rules allows, and how rule files, facts and numbers are read or refused, with the mend."""

from datetime import date
from fractions import Fraction
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, Field

from matching.errors import NotInForce, RuleError
from matching.rules.dated import PARAMETERS, Rules, rules_on
from matching.rules.evaluation import decide, known_facts
from matching.rules.functions import FUNCTIONS
from matching.rules.parameters import Parameter, load_parameters
from matching.rules.parsing import Scope, parse
from matching.rules.rulebook import HOME, fingerprint, load_rulebook, rule_files, rulebook
from matching.rules.values import NOTHING, Lack, Unknown, Why, missing
from matching.rules.yaml_files import read_model, read_yaml
from tests.support.small_rules import DAY, FACTS, SOURCE, a_book, a_number, a_rule, ask, since, told

F = Fraction
SCOPE = Scope(
    "t",
    frozenset({"months", "operating", "person.age"}),
    frozenset({"total"}),
    {
        "t.step": Parameter.model_validate(a_number("t.step", "1")),
        "u.table": Parameter.model_validate(a_number("u.table", {"a": "1"})),
    },
    FUNCTIONS,
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("months +", "不是有效的算式： months + "),
        ("months + 2", "算式中的数字 2 应写成有日期和出处的参数"),
        ("0.5", "算式中的数字 0.5 应写成有日期和出处的参数"),
        ("month", "没有名为 month 的事实或步骤，是否想写 months？"),
        ("totl", "没有名为 totl 的事实或步骤，是否想写 total？"),
        ("zzz", "没有名为 zzz 的事实或步骤"),
        ("person.agee", "没有名为 person.agee 的事实，是否想写 person.age？"),
        ("p.stop", "没有名为 t.stop 的参数，是否想写 t.step？"),
        ('param("u.tabel")', "没有名为 u.tabel 的参数，是否想写 u.table？"),
        ("param(months)", "param 要写一个加引号的参数名"),
        ("param(1)", "param 要写一个加引号的参数名"),
        ('param("u.table", "t.step")', "param 要写一个加引号的参数名"),
        ("param()", "param 要写一个加引号的参数名"),
        ("months[1]", "方括号只用于参数表"),
        ("(1, months)", "列表中只能写文字"),
        ("[1]", "列表中只能写文字"),
        ("-months", "算式中不用负号，请写成减法"),
        ("months % 12", "算式中不能这样写：months % 12"),
        ("months ** 1", "算式中不能这样写：months ** 1"),
        ("lambda: 1", "算式中不能这样写：lambda: 1"),
        ("months.real.min(1)", "算式中不能这样写：months.real.min(1)"),
        ("min(months, default=1)", "算式中不能这样写：min(months, default=1)"),
        ("ceill(months)", "没有名为 ceill 的函数，是否想写 ceil？"),
        ("ceil()", "函数 ceil 的参数个数不对"),
        ("ceil(1, 1)", "函数 ceil 的参数个数不对"),
        ("min(1)", "函数 min 的参数个数不对"),
    ],
)
def test_text_outside_the_language_is_refused_with_the_mend(text: str, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(f" {text} ", SCOPE)
    assert str(caught.value) == message


def test_language_reads_every_form() -> None:
    case = {"n": 7, "m": 2, "flag": True, "other": False, "word": "a"}
    assert ask(" (n + m) * (n - m) / 12 ", case) == [F(45, 12)]
    assert ask("n if flag and not other else m", case) == [7]
    assert ask("n if not flag or other else m", case) == [2]
    assert ask("0 <= m < n <= 12", case) == [True]
    assert ask("min(n, m, 12, 1)", case) == [1]
    assert ask('word in ("a", "b") and word not in ["c"]', case) == [True]
    assert ask("is_none(None)", case) == [True]
    assert ask("True", case) == [True]
    assert ask('"甲"', case) == ["甲"]
    assert ask('p.table["3"] - p.table[3]', case) == [0]


# -- numbers of the law ---------------------------------------------------------------------------------------------


def a_parameter(*versions: dict[str, Any], unit: str = "CNY") -> Parameter:
    """Return a parameter of these versions."""
    return Parameter.model_validate({"id": "t.x", "title": "数", "unit": unit, "versions": list(versions)})


def test_county_falls_back_to_prefecture_province_and_nation() -> None:
    places = ("000000", "620000", "620100", "620102")
    day = date(2024, 1, 1)
    for kept in range(1, 5):
        held = a_parameter(*(since(date(2020, 1, 1), place, region=place) for place in places[:kept]))
        assert held.chain("620102") == places[:kept][::-1]
        found = held.on(day, "620102")
        assert found is not None
        assert found.value == places[kept - 1]
        assert held.varies_by_place is (kept > 2)
    assert held.chain("620103") == ("620100", "620000", "000000")
    assert held.chain(None) == ("620000", "000000")
    assert held.chain("110105") == ("000000",)
    assert held.on(date(2019, 12, 31), "620102") is None
    assert a_parameter(since(date(2020, 1, 1), "1", region="620100")).on(day) is None


def test_year_is_answered_by_its_middle_or_by_what_touches_it() -> None:
    held = a_parameter(
        since(date(2020, 12, 31), "1", date(2021, 7, 1)),
        since(date(2021, 7, 2), "2", date(2022, 1, 1)),
        since(date(2022, 1, 2), None, date(2023, 12, 31), reason="not_seen"),
        since(date(2024, 12, 31), "3"),
    )
    found = {year: held.in_year(year) for year in range(2019, 2026)}
    values = {year: None if version is None else version.value for year, version in found.items()}
    assert values == {2019: None, 2020: "1", 2021: "1", 2022: "2", 2023: None, 2024: "3", 2025: "3"}
    assert (found[2019], found[2023] is None) == (None, False)
    assert held.in_year(0) is None
    assert held.in_year(9999) is None
    local = a_parameter(
        since(date(2020, 1, 1), "1"),
        since(date(2020, 1, 1), None, date(2022, 3, 31), region="620100", reason="expired"),
        since(date(2022, 4, 1), "4", region="620100"),
    )
    answered = [local.in_year(year, "620100") for year in (2020, 2022)]
    assert [version.value for version in answered if version] == ["1", "4"]


@pytest.mark.parametrize(
    ("unit", "raw", "expected"),
    [
        ("CNY", "0.125", F(1, 8)),
        ("CNY", 3, F(3)),
        ("CNY", "none", NOTHING),
        ("CNY", "甲", "甲"),
        ("text", "12", "12"),
        ("month_day", "09-30", "09-30"),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("month", "2024-02", date(2024, 2, 1)),
        ("flag", True, True),
        ("date", date(2024, 1, 1), date(2024, 1, 1)),
        ("list", ["a", 1], ("a", "1")),
        ("table", {1: "2", "a": {"b": "1/3"}}, {"1": F(2), "a": {"b": F(1, 3)}}),
        ("table", {"a": ["b"]}, {"a": ("b",)}),
    ],
)
def test_value_is_read_by_its_unit(unit: str, raw: Any, expected: object) -> None:
    held = a_parameter(since(date(2020, 1, 1), raw), unit=unit)
    assert held.read(held.versions[0]) == expected


def test_number_without_a_value_says_why() -> None:
    for reason in ("unconfirmed", "expired", "not_seen"):
        held = a_parameter(since(date(2020, 1, 1), None, reason=reason))
        assert held.read(held.versions[0]) == missing("t.x", Lack(reason))
    assert held.read(None) == Unknown(frozenset({Why(Lack.NOT_IN_FORCE, "t.x")}))


def load(folder: Path, *versions: dict[str, Any], name: str = "x.yaml", **more: Any) -> dict[str, Parameter]:
    """Write one parameter file and read the folder."""
    folder.mkdir(exist_ok=True)
    text = yaml.safe_dump(
        {"id": "t.x", "title": "数", "unit": "CNY", **more, "versions": list(versions)},
        allow_unicode=True,
        sort_keys=False,
    )
    (folder / name).write_text(text, encoding="utf-8")
    return load_parameters(folder)


DAY_ONE, DAY_TWO, DAY_THREE = date(2020, 1, 1), date(2020, 12, 31), date(2021, 1, 1)


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        ([since(DAY_THREE, "1", DAY_TWO)], "x.yaml 第 6 行：结束日早于开始日，请改正其一"),
        ([since(DAY_ONE, None)], "x.yaml 第 8 行：没有数值的版本要写 reason（unconfirmed、expired 或 not_seen）"),
        ([since(DAY_ONE, "1", reason="expired")], "x.yaml 第 13 行：有数值的版本不写 reason，请删去"),
        (
            [since(DAY_ONE, "1"), since(DAY_THREE, "2")],
            "x.yaml 第 13 行：与自 2020-01-01 起的版本重叠，请先把那一版本的 valid_to 写为 2020-12-31",
        ),
        (
            [since(DAY_ONE, "1", DAY_THREE), since(DAY_THREE, "2")],
            "x.yaml 第 13 行：与自 2020-01-01 起的版本重叠，请先把那一版本的 valid_to 写为 2020-12-31",
        ),
        (
            [since(DAY_ONE, "1", date(2020, 12, 29)), since(DAY_THREE, "2")],
            "x.yaml 第 13 行：2020-12-30 至 2020-12-31 没有版本，请补上这一段，未见到数值时写 value: null 和 reason",
        ),
    ],
)
def test_faulty_versions_are_refused_with_line_and_mend(
    tmp_path: Path, versions: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(RuleError) as caught:
        load(tmp_path / "p", *versions)
    assert str(caught.value) == message


def test_versions_of_different_places_may_overlap_and_one_day_is_a_version(tmp_path: Path) -> None:
    found = load(
        tmp_path / "p",
        since(DAY_ONE, "1", DAY_ONE),
        since(DAY_ONE, "5", region="620100"),
        since(date(2020, 1, 2), None, reason="not_seen"),
    )
    assert [version.value for version in found["t.x"].versions] == ["1", "5", None]


def test_folder_without_numbers_and_an_id_used_twice_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RuleError) as caught:
        load_parameters(tmp_path / "empty")
    assert str(caught.value) == "empty：没有参数文件"
    load(tmp_path / "p", since(DAY_ONE, "1"))
    with pytest.raises(RuleError) as caught:
        load(tmp_path / "p", since(DAY_ONE, "1"), name="y.yaml", note="x")
    assert str(caught.value) == "y.yaml 第 1 行：编号 t.x 已在另一文件中，请改用别的编号"


def test_dated_rules_give_the_number_of_the_place_or_say_that_there_is_none() -> None:
    held = a_parameter(since(DAY_ONE, "1"), since(DAY_ONE, "2", region="620100"))
    gone = a_parameter(since(DAY_ONE, None, reason="expired"))
    rules = Rules(date(2024, 1, 1), {"t.x": held, "t.gone": gone}, "v")
    assert [rules.find("t.x", place).value for place in (None, "620102", "620502")] == ["1", "2", "1"]
    assert [found.value for place in ("620102", None) if (found := rules.find_or_none("t.x", place))] == ["2", "1"]
    assert rules.find_or_none("t.gone") is None
    with pytest.raises(NotInForce, match="2024-01-01") as caught:
        rules.find("t.gone")
    assert (caught.value.rule_id, caught.value.day) == ("t.gone", date(2024, 1, 1))
    with pytest.raises(KeyError):
        rules.find_or_none("t.none")
    on = rules_on(date(2024, 1, 1))
    assert (on.on, on.version) == (date(2024, 1, 1), fingerprint(PARAMETERS.parent))


# -- rule files -----------------------------------------------------------------------------------------------------


def refused(*rules: dict[str, Any], **more: Any) -> str:
    """Return the message with which a rule book is refused."""
    with pytest.raises(RuleError) as caught:
        a_book(*rules, **more)
    return str(caught.value)


V = {"valid_from": date(2020, 1, 1), "source": SOURCE}


def is_(expression: str) -> dict[str, str]:
    """Return a condition."""
    return {"is": expression, "text": expression}


def a_short_rule(**more: Any) -> dict[str, Any]:
    """Return a rule whose lines are easy to count: inputs stand on line 5, versions from line 8 on."""
    head = {"id": "t", "title": "某规则", "kind": "calculation", "subject": "person", "inputs": ["n", "m"]}
    return {**head, "versions": [V], **more}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"inputs": ["n", "zz"]}, "t.yaml 第 5 行：事实 zz 没有说明，请先写入 facts"),
        ({"inputs": {"a": "n", "b": "zz"}}, "t.yaml 第 7 行：事实 zz 没有说明，请先写入 facts"),
        ({"day": "nn"}, "t.yaml 第 14 行：没有名为 nn 的事实或步骤，是否想写 n？"),
        ({"region": "nn"}, "t.yaml 第 14 行：没有名为 nn 的事实或步骤，是否想写 n？"),
        ({"body": {"let": {"a": "n", "b": "c"}}}, "t.yaml 第 17 行：没有名为 c 的事实或步骤"),
        ({"body": {"let": {"a": "b", "b": "n"}}}, "t.yaml 第 16 行：没有名为 b 的事实或步骤"),
        ({"body": {"amount": {"is": "zz"}}}, "t.yaml 第 15 行：没有名为 zz 的事实或步骤"),
        ({"body": {"results": {"a": "zz"}}}, "t.yaml 第 16 行：没有名为 zz 的事实或步骤"),
        ({"body": {"conditions": is_("zz")}}, "t.yaml 第 16 行：没有名为 zz 的事实或步骤"),
        ({"body": {"conditions": {"all": [is_("n > 1"), is_("zz")]}}}, "t.yaml 第 19 行：没有名为 zz 的事实或步骤"),
        ({"body": {"conditions": {"any": [is_("n > 1"), is_("zz")]}}}, "t.yaml 第 19 行：没有名为 zz 的事实或步骤"),
        ({"body": {"conditions": {"not": is_("zz")}}}, "t.yaml 第 17 行：没有名为 zz 的事实或步骤"),
        (
            {"versions": [V, {**V, "valid_from": date(2021, 1, 1)}]},
            "t.yaml 第 14 行：与自 2020-01-01 起的版本重叠，请先把那一版本的 valid_to 写为 2020-12-31",
        ),
        ({"versions": [{**V, "body": {"results": {"a": "zz"}}}]}, "t.yaml 第 16 行：没有名为 zz 的事实或步骤"),
    ],
)
def test_faulty_rule_is_refused_at_its_line(more: dict[str, Any], message: str) -> None:
    assert refused(a_short_rule(**more)) == message


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"all": [], "any": []}, "一个条件只写 all、any、not、is 之一"),
        ({"text": "空"}, "一个条件只写 all、any、not、is 之一"),
        ({"is": "n > 1"}, "条件要写 text：给人看的一句话"),
    ],
)
def test_condition_is_one_thing_with_words_for_people(condition: dict[str, Any], message: str) -> None:
    assert message in refused(a_short_rule(body={"conditions": condition}))


def test_rule_used_twice_a_fact_told_twice_and_a_rule_that_is_not_there_are_refused(tmp_path: Path) -> None:
    for part in ("parameters", "facts", "rulebook"):
        (tmp_path / part).mkdir()
    (tmp_path / "parameters" / "p.yaml").write_text(yaml.safe_dump(a_number("t.x", "1")), encoding="utf-8")
    (tmp_path / "facts" / "a.yaml").write_text(FACTS, encoding="utf-8")
    (tmp_path / "rulebook" / "a.yaml").write_text(yaml.safe_dump(a_short_rule()), encoding="utf-8")
    assert list(load_rulebook(tmp_path).rules) == ["t"]
    assert [path.name for path in rule_files(tmp_path)] == ["p.yaml", "a.yaml", "a.yaml"]
    (tmp_path / "rulebook" / "b.yaml").write_text(
        yaml.safe_dump({"title": "又一", **a_short_rule()}, sort_keys=False), encoding="utf-8"
    )
    with pytest.raises(RuleError) as caught:
        load_rulebook(tmp_path)
    assert str(caught.value) == "b.yaml 第 2 行：规则 t 已在另一文件中"
    (tmp_path / "rulebook" / "b.yaml").write_text(
        yaml.safe_dump({**a_short_rule(), "id": "u", "requires": ["v"]}), encoding="utf-8"
    )
    with pytest.raises(RuleError) as caught:
        load_rulebook(tmp_path)
    assert str(caught.value) == "b.yaml：requires 写了不存在的规则 v"
    (tmp_path / "facts" / "b.yaml").write_text("facts:\n  n: {label: 甲, kind: number, who: 本人}\n", encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_rulebook(tmp_path)
    assert str(caught.value) == "b.yaml 第 2 行：事实 n 已在另一文件中"


def test_truths_and_numbers_may_be_written_bare_in_a_file() -> None:
    rule = a_short_rule(
        body={"let": {"yes": True, "no": False, "one": 1}, "results": {"x": "one if yes and not no else 0", "y": True}}
    )
    assert decide(a_book(rule), "t", {}, DAY).results == {"x": F(1), "y": True}


def test_version_has_its_own_body_or_the_rules() -> None:
    versions = [
        {**V, "valid_to": date(2020, 12, 31), "body": {"results": {"x": "n"}}},
        {**V, "valid_from": date(2021, 1, 1)},
    ]
    book = a_book(a_short_rule(versions=versions, body={"let": {"a": "m + 1"}, "results": {"x": "a"}}))
    facts = known_facts(book, {"n": 5, "m": 7})
    found = [decide(book, "t", facts, day).results["x"] for day in (date(2020, 12, 31), date(2021, 1, 1))]
    assert found == [5, 8]
    read = book.rule("t")
    assert read.body_of(read.rule.versions[1]) is read.bodies[1]


def test_hash_names_the_files_and_their_content(tmp_path: Path) -> None:
    assert rulebook() is rulebook()
    assert rulebook().version == fingerprint(HOME) == load_rulebook(HOME).version
    assert len(fingerprint(HOME)) == 12
    (tmp_path / "facts").mkdir()
    first = fingerprint(tmp_path)
    (tmp_path / "facts" / "a.yaml").write_text("x", encoding="utf-8")
    second = fingerprint(tmp_path)
    (tmp_path / "facts" / "a.yaml").rename(tmp_path / "facts" / "b.yaml")
    assert len({first, second, fingerprint(tmp_path)}) == 3


def test_rules_that_cite_a_number_are_found() -> None:
    rules = (
        a_rule("t", body={"results": {"x": "p.step"}}),
        a_rule("u", body={"results": {"x": 'param("t.step") + param("t.cap")'}}),
        a_rule("v", body={"results": {"x": "n"}}),
    )
    assert {name: sorted(users) for name, users in a_book(*rules).citing.items()} == {
        "t.step": ["t", "u"],
        "t.cap": ["u"],
    }


# -- YAML -----------------------------------------------------------------------------------------------------------


class Inner(BaseModel):
    model_config = {"extra": "forbid"}
    amount: int


class Outer(BaseModel):
    model_config = {"extra": "forbid"}
    title: str
    parts: list[Inner] = Field(default_factory=list)
    value: Inner | None = Field(default=None, alias="is")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: a\ntitel: b\n", "f.yaml 第 2 行：不认识 titel，是否想写 title？"),
        ("title: a\nzzzz: b\n", "f.yaml 第 2 行：不认识 zzzz，请删去"),
        ("parts: []\n", "f.yaml 第 1 行：缺少 title，请补上"),
        ("title: a\nparts:\n  - amount: 1\n  - amont: 2\n", "f.yaml 第 4 行：缺少 amount，请补上"),
        (
            "title: a\nparts:\n  - amount: 1\n  - amount: 2\n    amuont: 3\n",
            "f.yaml 第 5 行：不认识 amuont，是否想写 amount？",
        ),
        ("title: a\nis: {amount: 1, amonut: 2}\n", "f.yaml 第 2 行：不认识 amonut，是否想写 amount？"),
        (
            "title: a\nparts:\n  - amount: x\n",
            "f.yaml 第 3 行：amount：Input should be a valid integer, unable to parse string as an integer",
        ),
        ("title: a\nparts:\n  - amount: 1\n    amount: 2\n", "f.yaml 第 4 行：amount 写了两次，请删去一处"),
        ("title: a\ntitle: b\n", "f.yaml 第 2 行：title 写了两次，请删去一处"),
        ("", "f.yaml：文件是空的"),
        ("- 1\n", "f.yaml 第 1 行：：Input should be a valid dictionary or instance of Outer"),
    ],
)
def test_faulty_file_is_refused_with_file_line_and_mend(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "f.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        read_model(tmp_path / "f.yaml", Outer)
    assert str(caught.value) == message


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe\xfa"])
def test_text_that_is_no_yaml_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f.yaml").write_bytes(content)
    with pytest.raises(RuleError, match=r"^f\.yaml：不是有效的 YAML（"):
        read_yaml(tmp_path / "f.yaml")


def test_every_place_of_a_file_has_its_line(tmp_path: Path) -> None:
    text = """\
        title: 甲
        parts:
          - amount: 1
          - {amount: 2}
        """
    (tmp_path / "f.yaml").write_text(dedent(text), encoding="utf-8")
    document, lines = read_yaml(tmp_path / "f.yaml")
    assert document == {"title": "甲", "parts": [{"amount": 1}, {"amount": 2}]}
    assert lines[()] == 1
    assert lines[("title",)] == 1
    assert lines[("parts",)] == 2
    assert [lines[("parts", place, "amount")] for place in (0, 1)] == [3, 4]
    found, _ = read_model(tmp_path / "f.yaml", Outer)
    assert [part.amount for part in found.parts] == [1, 2]


def test_number_out_of_a_table_is_told_by_name() -> None:
    assert told(missing("t.x", Lack.NOT_SEEN)) == {"t.x"}


def test_conditions_of_a_rule_are_walked_in_order() -> None:
    nested = {"all": [is_("n > 1"), {"any": [is_("m > 1"), {"not": is_("n > m")}]}]}
    conditions = a_book(a_short_rule(body={"conditions": nested})).rule("t").rule.body.conditions
    assert conditions is not None
    assert [leaf.value for leaf in conditions.leaves()] == ["n > 1", "m > 1", "n > m"]
