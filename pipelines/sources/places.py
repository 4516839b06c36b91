"""Places as postings write them, to GB/T 2260 codes: `北京·海淀·永定路`, `江苏省 - 昆山市`, `深圳深圳宝安区宝安`.

A place is read from the left: province, prefecture, county, each by its official or short name, and the deepest
reading wins. What is left over stays as `rest` (a street, a development zone); a county is never guessed. Where the
text does not begin with a place, `cpca` looks for one inside it, and is believed only where the text itself names it
beyond doubt. Distances and names of divisions are left to `matching.regions`.
"""

import re
import unicodedata
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

from matching.packaged import parsed
from matching.regions import divisions, is_prefecture_wide, province

Precision = Literal["county", "prefecture", "province", ""]

ABROAD, NATIONWIDE, CONTRADICTORY = "abroad", "nationwide", "contradictory"
BROKEN, UNCLEAR = "broken_characters", "unclear"

_DATA = Path(__file__).resolve().parent.parent / "data" / "places.yaml"
_SEPARATORS = " \t\r\n·•・‧-—–－_/|,，、;；:：>()（）"
_PLACEHOLDERS = ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划")
_MUNICIPALITIES = ("110000", "120000", "310000", "500000", "810000", "820000")
_BEGINS_OTHER_NAME = ("区", "县", "旗", "州", "盟")
_MAY_NAME_ONE = re.compile(r"[一-鿿][省市区县州旗盟]")
_TRUNCATED = re.compile(r"^[一-鿿]{2,4}[区县市]$")


@dataclass(frozen=True, slots=True)
class Place:
    """A division and what stood behind it in the text.

    `precision` is what the text supports: a municipality (直辖市) counts as a prefecture, though its code ends in 0000.
    `understood` is false when something was stated that has no code; `problem` then says why.
    """

    code: str | None = None
    precision: Precision = ""
    rest: str = ""
    understood: bool = True
    stated: bool = True
    problem: str = ""


@dataclass(slots=True)
class _Scope:
    """Names within one division: what they stand for; `loose` names count only as a whole word."""

    full: dict[str, str] = field(default_factory=dict)
    loose: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Index:
    top: _Scope
    inside: Mapping[str, _Scope]


@cache
def _own() -> dict[str, Any]:
    loaded: dict[str, Any] = parsed(_DATA.read_text(encoding="utf-8"))
    return loaded


@cache
def _ethnic() -> re.Pattern[str]:
    nations = "|".join(sorted(_own()["nations"], key=len, reverse=True))
    # 哈萨克自治县 is written without 族; a one-character nation always with it, or 回 would be cut out of place names.
    long = "|".join(sorted((n for n in _own()["nations"] if len(n) > 1), key=len, reverse=True))
    return re.compile(rf"(?:(?:{nations})族|(?:{long}))*(?:自治)?(?:州|县|旗|区)$")


def _shorts(name: str) -> Iterator[str]:
    if name == "内蒙古自治区":
        yield "内蒙古"
        return
    if "自治" in name or name.endswith("族区"):  # 管城回族区
        base = _ethnic().sub("", name)
        if len(base) >= 2:
            yield base
            yield base + name[-1]
        return
    for suffix in ("特别行政区", "新区", "地区", "省", "市", "区", "县", "旗", "盟", "州"):
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            yield name.removesuffix(suffix)
            return


@cache
def _index() -> _Index:
    table = {code: region.name for code, region in divisions().items() if region.name not in _PLACEHOLDERS}
    inside: dict[str, _Scope] = defaultdict(_Scope)
    top = _Scope()
    by_name: dict[str, list[str]] = defaultdict(list)
    for code, name in table.items():
        if code.endswith("0000"):
            _add(top.full, {name, *_shorts(name)}, code)
    for code, name in table.items():
        if code.endswith("00") and not code.endswith("0000"):
            for scope in (inside[province(code)], top):
                _add(scope.full, {name, *_shorts(name)}, code)
    for code, name in table.items():
        if code.endswith("00"):
            continue
        by_name[name].append(code)
        _add_county(inside[_city(code)], name, code)
    for name, codes in by_name.items():
        provinces = [province(code) for code in codes]
        for code in codes:
            if len(name) >= 3 and provinces.count(province(code)) == 1 and _city(code) != province(code):
                _add_unique(inside[province(code)], name, code)
    _add_unique_counties(top, by_name)
    _add_own(inside)
    return _Index(top, dict(inside))


def _city(code: str) -> str:
    """The scope that a county is looked up in: its prefecture, or the province where no prefecture lies between."""
    upper = divisions().get(code[:4] + "00")
    return province(code) if upper is None or upper.name in _PLACEHOLDERS else upper.code


def _add(names: dict[str, str], spellings: set[str], code: str) -> None:
    for spelling in spellings:
        names.setdefault(spelling, code)


def _add_county(scope: _Scope, name: str, code: str) -> None:
    scope.full[name] = code
    for short in _shorts(name):
        if short.endswith(("县", "旗", "区")) and "族" in name:
            scope.full.setdefault(short, code)
            continue
        scope.loose.setdefault(short, code)
        for suffix in ("市", "区", "县"):  # 江津市, 璧山县, now 区
            scope.loose.setdefault(short + suffix, code)


def _add_unique(scope: _Scope, name: str, code: str) -> None:
    """Let 江苏省昆山 find 昆山市 without its prefecture, where no other county of the province is called so."""
    scope.full.setdefault(name, code)
    if name.endswith(("市", "县")):
        _add(scope.loose, set(_shorts(name)), code)


def _add_unique_counties(top: _Scope, by_name: Mapping[str, list[str]]) -> None:
    """Let a county be found without its city where the whole country has only one of the name (敦煌, 徐汇区)."""
    shorts: dict[str, set[str]] = defaultdict(set)
    for name, codes in by_name.items():
        if len(codes) == 1 and len(name) >= 3:
            top.full.setdefault(name, codes[0])
        for short in _shorts(name):
            shorts[short].update(codes)
    for short, found in shorts.items():
        if len(found) != 1:
            continue
        code = next(iter(found))
        if short.endswith(("县", "旗")):  # 天祝县 for 天祝藏族自治县
            top.full.setdefault(short, code)
        elif not _name(code).endswith("区"):
            top.loose.setdefault(short, code)


def _add_own(inside: Mapping[str, _Scope]) -> None:
    for section in ("former", "newer", "counties"):
        for city, names in _own()[section].items():
            for name, code in names.items():
                if code not in divisions():  # newer than the division table: stays at the city until it is there
                    continue
                inside[city].full[name] = code
                if name.endswith("新区") or section == "counties":
                    continue
                inside[city].loose.setdefault(name[:-1], code)


@lru_cache(maxsize=65_536)
def read_place(text: str) -> Place:
    """Read one place; an empty cell is not stated."""
    tidy = _tidy(text)
    if not tidy:
        return Place(stated=False)
    if tidy in _own()["nationwide"]:
        return Place(understood=False, problem=NATIONWIDE, rest=tidy)
    if tidy.split("·")[0] in _own()["abroad"]:
        return Place(understood=False, problem=ABROAD, rest=tidy)
    found = _from_left(tidy) or _inside(tidy)
    if found is None:
        return Place(understood=False, problem=BROKEN if "�" in tidy else UNCLEAR, rest=tidy)
    return found


def _tidy(text: str) -> str:
    tidy = unicodedata.normalize("NFKC", text)
    tidy = re.sub(r"^(?:工作地[点址]|上班地[点址]|地[点址]|位于)[:：]?", "", tidy.strip())
    tidy = re.sub(rf"[{re.escape(_SEPARATORS)}]+", "·", tidy)
    return tidy.strip("·")


def _from_left(tidy: str) -> Place | None:
    for name, entry in _own()["other_names"].items():
        if tidy.startswith(name) and entry.get("keep"):
            return _place(entry["code"], tidy)
        if tidy.startswith(name):
            code, rest = entry["code"], tidy[len(name) :]
            return _best(code, rest)
    candidates = [_best(code, rest) for code, rest in _matches(_index().top, tidy)]
    return max((place for place in candidates if place is not None), key=_depth, default=None)


def _depth(place: Place) -> tuple[int, int]:
    return ("", "province", "prefecture", "county").index(place.precision), -len(place.rest)


def _matches(scope: _Scope, tidy: str) -> Iterator[tuple[str, str]]:
    """Yield each division of the scope that the text begins with, and the text behind it, longest name first."""
    for length in range(min(len(tidy), 15), 1, -1):
        head, tail = tidy[:length], tidy[length:]
        code = scope.full.get(head)
        if code is None and (not tail or tail[0] == "·"):
            code = scope.loose.get(head)
        if code is not None:
            yield code, tail


def _best(code: str, rest: str) -> Place | None:
    """Go on inside the division as deep as the text supports; None where the name was only the start of another."""
    rest = _without_repeat(code, rest)
    if rest == "区" and _name(code).endswith("市"):  # 兰州市区
        rest = ""
    candidates = [] if rest.startswith(_BEGINS_OTHER_NAME) else [_place(code, rest)]
    for inner, behind in _inner_matches(code, rest):
        deeper = _best(inner, behind)
        if deeper is not None:
            candidates.append(deeper)
    best = max(candidates, key=_depth, default=None)
    if best is None or best.precision == "county":
        return best
    return _truncated(code, rest) or _contradictory(code, rest) or best


def _inner_matches(code: str, rest: str) -> Iterator[tuple[str, str]]:
    scope = _index().inside.get(code)
    return iter(()) if scope is None else _matches(scope, rest.lstrip("·"))


def _without_repeat(code: str, rest: str) -> str:
    """Drop the second 深圳 of 深圳深圳宝安区 and the second 云南省 of 云南省云南省; 长沙·长沙 means the county."""
    if rest.startswith("·"):
        return rest
    name = divisions()[code].name
    for spelling in (name, *_shorts(name)):
        behind = rest.removeprefix(spelling)
        if behind == rest:
            continue
        if (
            not behind
            or behind.startswith("·")
            or code.endswith("0000")
            or any(True for _ in _inner_matches(code, behind))
        ):
            return behind
    return rest


def _name(code: str) -> str:
    region = divisions().get(code)
    return region.name if region is not None else ""


def _truncated(code: str, rest: str) -> Place | None:
    """Mend a district that lost its first character (东新区 in 上海), where the city has only one that ends so."""
    word, scope = rest.strip("·"), _index().inside.get(code)
    if scope is None or not _TRUNCATED.match(word) or is_province_only(code):
        return None
    found = {c for name, c in scope.full.items() if name[1:] == word and not is_prefecture_wide(c)}
    return _place(found.pop(), "") if len(found) == 1 and len(word) >= 3 else None


def _contradictory(code: str, rest: str) -> Place | None:
    """A city with a district of another city (上海, 天河区) supports neither."""
    word = rest.strip("·")
    if len(word) < 3 or not rest.startswith("·") or word not in _county_names() or is_province_only(code):
        return None
    if any(word in _own()[section].get(code, {}) for section in ("former", "newer")):
        return None
    return Place(understood=False, problem=CONTRADICTORY, rest=f"{_name(code)} {word}")


@cache
def _county_names() -> frozenset[str]:
    return frozenset(region.name for code, region in divisions().items() if not is_prefecture_wide(code))


def is_province_only(code: str) -> bool:
    """True for a province that is no municipality: within it, more than one city could be meant."""
    return code.endswith("0000") and code not in _MUNICIPALITIES


def _place(code: str, rest: str) -> Place:
    precision: Precision = "county"
    if is_province_only(code):
        precision = "province"
    elif is_prefecture_wide(code):
        precision = "prefecture"
    return Place(code, precision, rest.strip("·").replace("·", " "))


def _inside(tidy: str) -> Place | None:
    """Let cpca find a place within the text; believe it only where the text names it beyond doubt."""
    if not _MAY_NAME_ONE.search(tidy):  # cpca takes about a millisecond a text
        return None
    code, rest = _search(tidy)
    if code is None:
        return None
    own_name = _name(code)
    start = tidy.find(own_name)
    is_unique = _index().top.full.get(own_name) == code
    upper = {name for c in (code[:4] + "00", province(code)) for name in (_name(c),) if name not in _PLACEHOLDERS}
    is_confirmed = any(name and name in tidy and name != own_name for name in upper)
    if start < 0 or not (is_unique or is_confirmed):
        return None
    return _place(code, rest)


def _search(tidy: str) -> tuple[str | None, str]:
    with warnings.catch_warnings():
        # cpca 0.5.5 reads its table through pkg_resources, which warns that it is deprecated.
        warnings.simplefilter("ignore")
        import cpca
    row = cpca.transform([tidy]).iloc[0]
    code = row["adcode"]
    return (code, str(row["地址"] or "")) if isinstance(code, str) else (None, "")
