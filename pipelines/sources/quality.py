"""Low quality in postings, named row by row: what was cleaned, what is doubtful, what repeats an earlier row.

A note never rejects a row. Whether a row may be stored is the schema's business.
"""

import hashlib
import re
import unicodedata
from datetime import date
from functools import lru_cache

from pipelines.mapping_protocol import Note

SHORT_DESCRIPTION = 30
"""Characters below which a description says too little to tell what the work is."""

LABELS = {
    "no_description": "没有岗位描述",
    "short_description": "岗位描述过短，看不出具体工作",
    "repeated": "与本文件中前面一行重复（岗位、单位、地点、描述相同）",
    "wage_impossible": "工资不可能，按未知处理",
    "wage_doubtful": "工资高得可疑，照录",
    "wage_not_understood": "工资未能识别，按未知处理",
    "wage_per_piece": "按次或按件计酬，不能折算为月工资，按未知处理",
    "wage_currency": "外币工资，未折算，按未知处理",
    "place_not_understood": "地点未能识别，按未知处理",
    "place_contradictory": "所写的区县不属于所写的城市，按未知处理",
    "place_abroad": "工作地在国外，没有行政区划代码",
    "place_nationwide": "工作地为全国，没有单一地区",
    "education_not_understood": "学历要求未能识别，按未知处理",
    "experience_not_understood": "经验要求未能识别，按未知处理",
    "count_not_understood": "人数未能识别或不可信，按未知处理",
    "date_not_understood": "日期未能识别，按未知处理",
    "word_not_understood": "填写内容未能识别，按未知处理",
    "broken_characters": "含有乱码",
    "several_posts_in_one": "一条信息里有多个岗位",
    "expired": "已过截止日期",
    "closes_before_opens": "截止日期早于发布日期",
    "advert_title": "岗位名称是广告语",
    "title_cleaned": "岗位名称去掉了符号",
    "title_not_understood": "岗位名称不成词",
    "employer_not_understood": "单位名称一栏不是单位名称",
}
"""Every code that a note may carry, with what it tells the person who reads the report."""

_DECORATION = re.compile(r"[★☆◆◇■□●○▲△▼▽♥♡♪♫※◎→←↑↓✔✓✅☑❤⭐]+")
_EDGES = re.compile(r"^[\s*!！?？~～、，。\-—_|·=]+|[\s*!！~～、，。\-—_|·=]+$")  # not . and #: .NET, C#
_RADICALS = re.compile(r"[⺀-⿕]")  # ⼯ for 工, left behind by PDF copies
_PLUS_IN_NAME = re.compile(r"[cC]\+\+|[gG]\+\+")
_ADVERT = re.compile(
    r"[!！]{2,}|月入|日入|日结|周结|不是梦|搞钱|赚钱|挣钱|来钱|有钱|速来|急急|爆单|上万|过万|保底\d|可预支|无押金|0押金|轻松|"
    r"高薪.*[+＋➕]|[一-鿿\d)）][+＋➕].*[一-鿿\d)）][+＋➕]|招兵买马|等你来|加入我们|快来|避风港|不加班.*不加班|\d+[kK]?\+?(?:以上)?保底"
)
_ROLE = (
    r"(?:工|员|师|长|理|手|服|管|助|代表|顾问|专员|文员|学徒|司机|保安|保洁|前台|会计|出纳|主管|店长|厨师|质检|客服)"
)
_ROLES_IN_TITLE = re.compile(
    rf"[一-鿿A-Za-z]{{1,8}}{_ROLE}\s*[、,，/ ]\s*[一-鿿]{{1,8}}{_ROLE}\s*[、,，/ ]\s*[一-鿿]{{1,8}}{_ROLE}"
)
_POST_IN_TEXT = re.compile(
    rf"(?:^|\n|。|；)\s*(?:[一二三四五六七八九十]|\d{{1,2}})[、.．]\s*(?:招聘?)?[一-鿿（）()]{{1,12}}{_ROLE}\s*[:：]?\s*\d+\s*[名人位]"
    rf"|(?:^|\n)\s*(?:招聘)?(?:岗位|职位)[一二三四五六1-6][:：、]"
    rf"|(?:^|\n)\s*[一二三四五六七八九十][、.]\s*招(?:聘)?[一-鿿]{{1,10}}(?:{_ROLE}|人)"
)
_NOT_AN_EMPLOYER = re.compile(r"点击查看地图|综合竞争力评估|成立于|创立于|是一家|。|…{2,}")


def note(column: str, code: str, cell: str = "") -> Note:
    """Make a note; `cell` is shown shortened, and must be left out for columns that hold personal data."""
    text = LABELS[code]
    return Note(column, code, f"{text}（原文：{cell[:40]}）" if cell else text)


@lru_cache(maxsize=65_536)
def clean_title(text: str) -> tuple[str, tuple[str, ...]]:
    """Take decoration off a title and name what is odd about it; kept as it is where too little would be left."""
    spaced = _RADICALS.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text.replace("\n", " "))
    source = " ".join("".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf")).split())
    bare = "".join("+" if c == "➕" else " " if unicodedata.category(c) in ("So", "Sk") else c for c in source)
    bare = " ".join(_EDGES.sub("", _DECORATION.sub(" ", bare)).split())
    codes: list[str] = []
    if _ADVERT.search(_PLUS_IN_NAME.sub("C", source)):
        codes.append("advert_title")
    if "�" in source:
        codes.append("broken_characters")
        bare = source
    if not any(c.isalpha() for c in source) and source:
        codes.append("title_not_understood")
    if _ROLES_IN_TITLE.search(source):
        codes.append("several_posts_in_one")
    if sum(c.isalnum() for c in bare) < 2 or bare == source:
        return source, tuple(codes)
    return bare, ("title_cleaned", *codes)


def clean_text(text: str) -> str:
    """Return free text without control characters, no-break spaces and blank lines; its words stay as they are."""
    if not text:
        return ""
    kept = text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)
    return re.sub(r"\n\s*\n\s*", "\n", kept).strip()


_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 8203, 8236, 65279)) | {0xA0: " ", 13: "\n"}


def description_codes(text: str) -> tuple[str, ...]:
    """Name what is poor about a description."""
    if not text:
        return ("no_description",)
    codes = ["short_description"] if len(text) < SHORT_DESCRIPTION else []
    if "�" in text:
        codes.append("broken_characters")
    if len(text) > SHORT_DESCRIPTION and sum(1 for _ in _POST_IN_TEXT.finditer(text)) >= 2:
        codes.append("several_posts_in_one")
    return tuple(codes)


def is_employer_name(text: str) -> bool:
    """Return whether a text can be a name: not a description, a map link or a site's own words."""
    return len(text) <= 60 and not _NOT_AN_EMPLOYER.search(text)


def date_codes(opens_on: str, closes_on: str, as_of: date | None) -> tuple[str, ...]:
    """Name dates that contradict each other, and a closing day that has passed on `as_of`."""
    codes = []
    if opens_on and closes_on and closes_on < opens_on:  # ISO days compare as text
        codes.append("closes_before_opens")
    if as_of is not None and closes_on and closes_on < as_of.isoformat():
        codes.append("expired")
    return tuple(codes)


class RepeatFinder:
    """Tells whether the same posting came before, in bounded memory: the last `limit` rows at least are known."""

    def __init__(self, limit: int = 250_000) -> None:
        """Start with no row known."""
        self._limit = limit
        self._recent: set[bytes] = set()
        self._older: set[bytes] = set()

    def is_repeat(self, *parts: str) -> bool:
        """Return whether these parts were given before, and remember them."""
        key = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12).digest()
        if key in self._recent or key in self._older:
            return True
        self._recent.add(key)
        if len(self._recent) >= self._limit:
            self._older, self._recent = self._recent, set()
        return False
