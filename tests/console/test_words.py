"""Every text of the pages stands in the catalogue, in each language, and nothing stands there that no page says."""

import ast
import re
from pathlib import Path

import pytest

from api.pages.render import environment
from api.pages.words import FOLDER, words

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "api/templates").rglob("*.html"))
HAN = re.compile("[\u3400-\u9fff]")
LANGUAGES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
_ASKED = re.compile(r"""\bt\(\s*["']([a-z0-9_.]+)["']\s*([~,)])""")
_PLACES = re.compile(r"\{([a-z0-9_]*)\}")
_BEFORE = {"t": "", "words()": "", "say": "said.", "see_other": "said."}
"""What puts keys together, and what it sets before them."""
_BEGUN = re.compile(r"[a-z_]+\.[a-z_]*")


def asked_for() -> tuple[set[str], set[str]]:
    """Return the keys that templates and pages ask for, and the beginnings of those put together."""
    whole: set[str] = set()
    begun: set[str] = set()
    for path in TEMPLATES:
        for key, then in _ASKED.findall(path.read_text(encoding="utf-8")):
            (begun if then == "~" else whole).add(key)
    for path in sorted((ROOT / "api/pages").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = _beginning(node)
            if text in words():
                whole.add(text)
            if isinstance(node, ast.Call):
                before = _BEFORE.get(ast.unparse(node.func))
                parts = () if before is None else (one for one in node.args if isinstance(one, ast.JoinedStr))
                begun |= {start for one in parts if _BEGUN.fullmatch(start := f"{before}{_beginning(one)}")}
    return whole, begun


def _beginning(node: ast.AST) -> str:
    """Return a text of the program, or what one that is put together begins with."""
    first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else node
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_words_of_its_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    shown = re.sub(r"[（）〔〕：、·]", "", re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL))
    assert not HAN.findall(shown), path.name


def test_every_text_that_is_asked_for_is_there_and_every_text_there_is_asked_for() -> None:
    whole, begun = asked_for()
    known = set(words().texts)
    assert len(whole) > 100
    assert whole - known == set()
    assert [start for start in begun if not any(key.startswith(start) for key in known)] == []
    unused = {key for key in known - whole if not key.startswith(tuple(begun | {"said.", "hint."}))}
    assert unused == set(), "no page says these"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_says_all_of_it_with_the_same_places(language: str) -> None:
    ours, theirs = words().texts, words(language).texts
    assert set(ours) == set(theirs)
    assert {key for key in ours if set(_PLACES.findall(ours[key])) != set(_PLACES.findall(theirs[key]))} == set()
    assert [key for key, text in theirs.items() if not text] == []


def test_english_has_no_chinese_in_it() -> None:
    assert {"zh_CN", "en"} <= set(LANGUAGES)
    assert [key for key, text in words("en").texts.items() if HAN.search(text)] == []


def test_a_day_is_that_of_gansu_and_never_cut_out_of_a_moment() -> None:
    day = environment().filters["day"]
    assert day("2026-11-30T19:00:00+00:00") == "2026-12-01"
    assert day("2026-11-30") == "2026-11-30"
    assert [path.name for path in TEMPLATES if "[:10]" in path.read_text(encoding="utf-8")] == []
