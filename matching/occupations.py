"""Occupation families (职业类别): which family a title or a wish names, and what its work asks by default.

The words, the levels and where they come from are in `data/occupations.yaml`; what the text of one vacancy adds or
takes away is left to `matching.reading`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from matching.packaged import parsed
from matching.vocabulary import Function

MAX_LEVEL = 4

Trait = Literal[
    "screen_work",
    "driving",
    "heights",
    "machinery",
    "heavy",
    "outdoors",
    "public_facing",
    "phone_work",
    "food_contact",
    "night_likely",
    "travel",
    "home_possible",
]

_SEGMENTS = re.compile(
    r"[/／、,，;；|｜&·•\\\n\t:：～~—…!！?？。★☆【】\[\]《》<>]|(?<![c+])[+＋]|或者|或|兼|及|和|-(?![a-z0-9])"
)
_BRACKETS = re.compile(r"[（(【\[][^（()）】\]]*[）)】\]]?")
_NOISE = re.compile(
    r"岗位招聘|猎头(?:职位|岗位|推荐|招聘)|急招|急聘|诚聘|高薪聘请|高薪诚聘|高薪|诚招|直招|直聘|包吃住|包食宿|五险一金|无经验均可|月薪过万|工资(?![料源质产本深历金])"
)


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    table: Literal["abilities", "context"]
    take: Literal["max", "mean"]
    thresholds: tuple[float, float, float]
    elements: tuple[str, ...] = Field(min_length=1)


class _Convention(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    at_least: Mapping[Function, int]
    at_most: Mapping[Function, int]


class _Family(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    label: str = Field(min_length=1)
    group: str
    onet: tuple[str, ...] = Field(min_length=1)
    esco: str = Field(min_length=1)
    traits: tuple[Trait, ...] = ()
    demands: Mapping[Function, int]
    adjusted: Mapping[Function, str] = {}
    words: tuple[str, ...] = Field(min_length=1)
    general: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()

    @property
    def all_words(self) -> tuple[str, ...]:
        return (*self.words, *self.general, *self.weak)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    groups: Mapping[str, str]
    rule: Mapping[Function, _Rule]
    constants: Mapping[Function, int]
    conventions: Mapping[Trait, _Convention]
    families: Mapping[str, _Family]


@dataclass(frozen=True, slots=True)
class OccupationFamily:
    """One family: what it is called, what its work asks of every function (0 to 4), and how that was set."""

    family_id: str
    label: str
    group: str
    demands: Mapping[Function, int]
    traits: frozenset[str]
    words: tuple[str, ...]
    source: str


class _Strength(IntEnum):
    """How surely a word names its family."""

    WEAK = 0
    GENERAL = 1
    NAMING = 2


class _Word(NamedTuple):
    family_id: str
    strength: _Strength


class _Match(NamedTuple):
    """A word found in a segment; the greatest wins: by strength, then later over earlier, then longer over shorter."""

    strength: _Strength
    end: int
    length: int
    family_id: str


@cache
def _file() -> _File:
    path = Path(__file__).parent / "data" / "occupations.yaml"
    loaded = _File.model_validate(parsed(path.read_text(encoding="utf-8")))
    _check(loaded, path.name)
    return loaded


def _check(loaded: _File, name: str) -> None:
    owners: dict[str, str] = {}
    for family_id, family in loaded.families.items():
        if family.group not in loaded.groups:
            raise ValueError(f"{name}: {family_id} names the unknown group {family.group}")
        absent = [f.value for f in Function if f not in family.demands]
        if absent or any(not 0 <= level <= MAX_LEVEL for level in family.demands.values()):
            raise ValueError(f"{name}: {family_id} needs a level from 0 to {MAX_LEVEL} for every function")
        for word in family.all_words:
            if word != word.lower().strip() or not word:
                raise ValueError(f"{name}: {family_id} has a word that is not written plainly: {word!r}")
            if owners.setdefault(word, family_id) != family_id:
                raise ValueError(f"{name}: {word} belongs to {owners[word]} and to {family_id}")


def _source(family: _Family) -> str:
    by_hand = "；".join(f"{function.label}：{why}" for function, why in family.adjusted.items())
    text = f"O*NET {'、'.join(family.onet)}；ESCO {family.esco}"
    return f"{text}；人工调整：{by_hand}" if by_hand else text


@cache
def families() -> Mapping[str, OccupationFamily]:
    """Return every family by its id, in the order of the data file.

    Raises
    ------
    ValueError
        When the data file breaks its own rules: a word of two families, a level missing, an unknown key.
    """
    return MappingProxyType(
        {
            family_id: OccupationFamily(
                family_id=family_id,
                label=family.label,
                group=family.group,
                demands=MappingProxyType({f: family.demands[f] for f in Function}),
                traits=frozenset(family.traits),
                words=family.words,
                source=_source(family),
            )
            for family_id, family in _file().families.items()
        }
    )


def group_label(group: str) -> str:
    """Return the Chinese label of a group of families.

    Raises
    ------
    KeyError
        When there is no such group.
    """
    return _file().groups[group]


@cache
def lexicon_words() -> tuple[str, ...]:
    """Return all words of all families, for the dictionary of a tokeniser; sorted, without repeats."""
    found = {word for family in _file().families.values() for word in family.all_words}
    return tuple(sorted(word for word in found if len(word) > 1))


@cache
def _words() -> Mapping[str, _Word]:
    found: dict[str, _Word] = {}
    for family_id, family in _file().families.items():
        found.update({word: _Word(family_id, _Strength.NAMING) for word in family.words})
        found.update({word: _Word(family_id, _Strength.GENERAL) for word in family.general})
        found.update({word: _Word(family_id, _Strength.WEAK) for word in family.weak})
    return found


@cache
def _lengths_by_head() -> Mapping[str, tuple[int, ...]]:
    """Lengths of the words that begin with a character, longest first: few slices to look up at each position."""
    lengths: dict[str, set[int]] = {}
    for word in _words():
        lengths.setdefault(word[0], set()).add(len(word))
    return {head: tuple(sorted(found, reverse=True)) for head, found in lengths.items()}


def _continues(left: str, right: str) -> bool:
    """Whether two neighbours belong to one Latin word or number; `4500java` is two."""
    pair = left + right
    return len(pair) == 2 and pair.isascii() and (pair.isalpha() or pair.isdigit())


def _stands_alone(segment: str, start: int, end: int) -> bool:
    """Whether a word is not a piece of a longer Latin one (`go` in `google`)."""
    before, after = segment[max(0, start - 1) : start], segment[end : end + 1]
    return not (_continues(before, segment[start]) or _continues(segment[end - 1], after))


def _matches(segment: str) -> Iterator[_Match]:
    words, lengths = _words(), _lengths_by_head()
    for start, head in enumerate(segment):
        for length in lengths.get(head, ()):
            end = start + length
            word = words.get(segment[start:end])
            if word is None or end > len(segment) or not _stands_alone(segment, start, end):
                continue
            if word.strength is _Strength.WEAK and length == 1 and end != len(segment):
                continue
            if segment[end - 1 : end + 1] == "工程":
                continue  # 维护工程师 is no 护工, 优化工程师 no 化工
            yield _Match(word.strength, end, length, word.family_id)
            break  # a shorter word at the same place says less


def _normalise(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower().strip()


def _segments(text: str) -> list[str]:
    return [part.strip() for part in _SEGMENTS.split(text) if part.strip()]


def _best(segments: list[str]) -> str | None:
    """The family of the strongest word, of equally strong ones in the first segment that has one.

    A Chinese title names its head last (销售工程师助理), and lists what else is wanted behind a stroke.
    """
    heads = [max(found) for segment in segments if (found := list(_matches(segment)))]
    best = max(heads, key=lambda head: head.strength, default=None)  # the first of equals
    return best.family_id if best else None


@lru_cache(maxsize=131_072)
def classify(text: str) -> OccupationFamily | None:
    """Return the family that a title or a wished occupation names, or None where no word of any family is found.

    What stands in brackets counts only where nothing outside them names a family; of several posts in one title
    the first decides.
    """
    plain = _NOISE.sub(" ", _normalise(text))
    outside = _BRACKETS.sub(" ", plain)
    family_id = _best(_segments(outside)) or _best(_segments(plain.translate(_OPEN)))
    return families()[family_id] if family_id else None


_OPEN = str.maketrans(dict.fromkeys("()（）【】[]", " "))
