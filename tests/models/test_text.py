import logging
import pickle
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from models.artefact import load_artefact, save_artefact
from models.errors import NotEnoughData, NotFitted
from models.text import TextSpace, Tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(["推拿按摩", "CAD制图", "Visual Studio", "c语言"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("无需站立", ["无需", "站立"]),
        ("不能久站", ["不能", "久", "站"]),
        ("无夜班", ["无", "夜班"]),
        ("不限制", ["不", "限制"]),
    ],
)
def test_negation_stays_before_what_it_negates(tokenizer: Tokenizer, text: str, expected: list[str]) -> None:
    assert tokenizer.tokens(text) == expected


@pytest.mark.parametrize("term", ["java", "c++", "c#", ".net", "asp.net", "node.js", "3d", "h5", "b2b", "excel", "c1"])
def test_english_terms_of_the_trade_stay_whole(tokenizer: Tokenizer, term: str) -> None:
    assert tokenizer.tokens(f"熟悉{term.upper()}，打印") == [term, "打印"]


@pytest.mark.parametrize("text", ["5000元/月", "8k-12k", "2025年3月1日", "8", "①②", "8000000"])
def test_digits_and_amounts_leave_no_words(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.tokens(text) == []


def test_version_behind_a_program_is_left_off(tokenizer: Tokenizer) -> None:
    assert tokenizer.tokens("Office2010 AutoCAD2014") == ["office", "autocad"]


@pytest.mark.parametrize(
    "text", ["五险一金，年终奖，带薪年假", "福利待遇：缴纳社保、绩效奖金、节日福利", "任职要求：", "经验不限"]
)
def test_boilerplate_of_postings_leaves_no_words(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.tokens(text) == []


@pytest.mark.parametrize("word", ["班车", "夜班", "双休", "兼职"])
def test_what_decides_whether_a_person_can_take_the_post_is_not_boilerplate(tokenizer: Tokenizer, word: str) -> None:
    assert tokenizer.tokens(f"五险一金、{word}") == [word]


def test_hashtags_emoji_links_and_addresses_are_removed(tokenizer: Tokenizer) -> None:
    text = "保洁😀👍 #招聘信息# #兼职 https://example.org/a?b=推拿 hr@example.org"
    assert tokenizer.tokens(text) == ["保洁"]


def test_c_sharp_is_not_taken_for_a_hashtag(tokenizer: Tokenizer) -> None:
    assert tokenizer.tokens("C#开发，c#打印") == ["c#", "开发", "c#", "打印"]


def test_words_of_the_trade_are_kept_whole_in_any_script(tokenizer: Tokenizer) -> None:
    text = "推拿按摩师，CAD制图，visual studio，C语言"
    assert tokenizer.tokens(text) == ["推拿按摩", "师", "cad制图", "visual studio", "c语言"]


def test_without_its_word_list_the_trade_falls_apart() -> None:
    assert Tokenizer().tokens("推拿按摩") == ["推拿", "按摩"]


def test_word_of_the_trade_is_not_found_inside_a_longer_english_word() -> None:
    assert Tokenizer(["art"]).tokens("smart art") == ["smart", "art"]


def test_word_handed_in_is_kept_though_it_is_a_stop_word() -> None:
    assert Tokenizer(["沟通"]).tokens("沟通") == ["沟通"]
    assert Tokenizer().tokens("沟通") == []


def test_full_width_letters_are_the_same_as_half_width_ones(tokenizer: Tokenizer) -> None:
    assert tokenizer.tokens("ＪＡＶＡ打印") == tokenizer.tokens("java打印")


def test_plain_english_is_cut_into_lower_case_words(tokenizer: Tokenizer) -> None:
    assert tokenizer.tokens("Cashier’s Helper wanted! Don't wait: 2 Cooks @ $10/hr") == [
        "cashier's",
        "helper",
        "don't",
        "wait",
        "cooks",
        "hr",
    ]


@pytest.mark.parametrize("text", ["", None, "   ", "，。！"])
def test_no_text_has_no_words(tokenizer: Tokenizer, text: str | None) -> None:
    assert tokenizer.tokens(text) == []


def test_tokenizer_travels_to_another_process(tokenizer: Tokenizer) -> None:
    copy = pickle.loads(pickle.dumps(tokenizer))  # noqa: S301  our own object, as a batch worker gets it
    assert copy.tokens("推拿按摩师") == tokenizer.tokens("推拿按摩师")


def test_two_tokenizers_do_not_share_their_words() -> None:
    Tokenizer(["穿珠编织"])
    assert Tokenizer().tokens("穿珠编织") != ["穿珠编织"]


def test_importing_jieba_is_silent_and_writes_no_cache(tmp_path: Path) -> None:
    # In a process of its own, since jieba prints and warns on its first import only.
    script = "from models.text import Tokenizer; assert Tokenizer().tokens('保洁') == ['保洁']"
    done = subprocess.run(  # noqa: S603  our own script
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_jieba_logs_nothing_below_warnings(tokenizer: Tokenizer) -> None:
    assert logging.getLogger("jieba").getEffectiveLevel() >= logging.WARNING


def test_no_negation_is_a_stop_word() -> None:
    lines = files("models").joinpath("data", "stopwords.txt").read_text(encoding="utf-8").splitlines()
    words = {word for line in lines if not line.startswith("#") for word in line.split()}
    assert words.isdisjoint({"不", "没", "没有", "无", "无需", "不需", "不用", "免", "非", "未", "不能", "not", "no"})


TEXTS = [["推拿", "按摩", "按摩"], ["按摩", "养生"], ["保安"], ["保安", "巡逻"], []]


def test_likeness_with_itself_is_one_and_with_a_stranger_zero() -> None:
    rows = TextSpace(min_df=1).fit_transform(TEXTS)
    likeness = (rows @ rows.T).toarray()
    np.testing.assert_allclose(np.diag(likeness)[:4], 1.0, rtol=1e-6)
    assert likeness[0, 2] == 0
    assert rows.dtype == np.float32


def test_weights_follow_their_formula() -> None:
    space = TextSpace(min_df=1).fit(TEXTS)
    rare, common = np.log(6 / 2) + 1, np.log(6 / 3) + 1
    assert dict(zip(space.words_, space.idf_, strict=True)) == pytest.approx(
        {"推拿": rare, "按摩": common, "养生": rare, "保安": common, "巡逻": rare}
    )
    row = dict(zip(space.words_, space.transform([TEXTS[0]]).toarray()[0], strict=True))
    twice = (1 + np.log(2)) * common
    assert row["按摩"] == pytest.approx(twice / np.hypot(twice, rare), rel=1e-6)


def test_word_of_too_few_texts_is_left_out() -> None:
    assert TextSpace(min_df=2).fit(TEXTS).words_ == ("保安", "按摩")


def test_most_frequent_words_are_kept_where_their_number_is_bounded() -> None:
    assert TextSpace(min_df=1, max_words=2).fit(TEXTS).words_ == ("保安", "按摩")


def test_unknown_words_and_no_text_are_an_empty_row() -> None:
    rows = TextSpace(min_df=1).fit(TEXTS).transform([["焊接"], []])
    assert rows.shape == (2, 5)
    assert rows.nnz == 0


def test_order_of_words_in_a_text_does_not_matter() -> None:
    space = TextSpace(min_df=1).fit(TEXTS)
    left, right = space.transform([["推拿", "按摩", "养生"]]), space.transform([["养生", "按摩", "推拿"]])
    np.testing.assert_array_equal(left.toarray(), right.toarray())


def test_shared_words_add_up_to_the_likeness() -> None:
    space = TextSpace(min_df=1).fit(TEXTS)
    left, right = ["推拿", "按摩", "养生"], ["按摩", "养生", "保安"]
    shared = space.shared(left, right)
    assert {word for word, _ in shared} == {"按摩", "养生"}
    rows = space.transform([left, right])
    assert sum(value for _, value in shared) == pytest.approx((rows[0] @ rows[1].T).toarray().item(), rel=1e-6)


def test_space_is_refused_before_fit_and_with_nothing_to_learn() -> None:
    with pytest.raises(NotFitted):
        TextSpace().transform(TEXTS)
    with pytest.raises(NotEnoughData, match="No word occurs in 2 of the 1 texts"):
        TextSpace(min_df=2).fit([["保安", "保安"]])


def test_space_loads_as_it_was_saved(tmp_path: Path) -> None:
    space = TextSpace(min_df=1).fit(TEXTS)
    save_artefact(space.to_artefact(), tmp_path / "text")
    loaded = TextSpace.from_artefact(load_artefact(tmp_path / "text"))
    assert loaded.words_ == space.words_
    np.testing.assert_array_equal(loaded.transform(TEXTS).toarray(), space.transform(TEXTS).toarray())
