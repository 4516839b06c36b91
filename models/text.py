"""Text to words, and words to weighted vectors: jieba with the project's own word lists, TF-IDF with unit rows.

The lists lie in `models/data`; which words of the trade are known as one word (推拿按摩) is handed in by the caller.
"""

import logging
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from scipy import sparse

from models.arrays import Floats, Sparse, unit_rows
from models.artefact import Artefact, pack_strings, unpack_strings
from models.errors import InvalidInput, NotEnoughData, NotFitted

# Full-width letters and digits are folded (NFKC) before any of these is used, and everything is lower case.
_LINK = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\S+")
_HASHTAG = re.compile(r"(?<![a-z0-9])#[^#\s，。；;,.]{1,30}#|(?<![a-z0-9])#[\w]+")
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
# A year or a version behind a name is left off (office2010), one or two digits are part of it (h5, mp4, c1).
_LATIN = r"\.net|\d[a-z]|[a-z]\d[a-z]+|[a-zà-öø-ÿ]+(?:'[a-z]+)?(?:\d{1,2}(?!\d))?(?:\.(?:js|net))?(?:\+\+|\#)?"
_PIECE = re.compile(rf"[{_HAN}]+|(?<![a-z0-9])(?:{_LATIN})(?![a-z])")
_CLAUSE_END = re.compile(r"[\r\n，。；;、！!？?：:（）()【】\[\]《》<>“”\"|/\\,~—…·•●■◆★☆→]+")
_DIGIT_TERMS = frozenset({"2d", "3d", "4s", "5s", "6s", "4g", "5g"})
_SINGLE_LETTERS = frozenset({"c"})
_MEMO_SIZE = 65_536


class Tokenizer:
    """Cuts Chinese and English text into lower-case words, without digits, stop words, hashtags and emoji.

    Negations (不, 无, 无需) are kept, as are English terms of the trade (java, c++, c#, .net, 3d). Words that jieba's
    dictionary does not have are cut into single characters, as its guessing of new words is switched off: it is slow,
    and what it guesses changes with the sentence around.

    Parameters
    ----------
    words
        Words to be kept whole, as of the trade; they may mix scripts and hold spaces (CAD制图, visual studio), but no
        punctuation that ends a clause.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._words = tuple(dict.fromkeys(_fold(word) for word in words if word.strip()))
        self._cutter = _cutter(self._words)
        mixed = sorted((w for w in self._words if not re.fullmatch(rf"[{_HAN}]+", w)), key=lambda w: (-len(w), w))
        # A word of Latin letters only must not be found inside a longer one.
        self._mixed = (
            re.compile("|".join(rf"(?<![a-z0-9]){re.escape(w)}(?![a-z0-9])" for w in mixed)) if mixed else None
        )
        self._stop = _word_list("stopwords.txt") - frozenset(self._words)
        self._boilerplate = _phrases(_word_list("boilerplate.txt") - frozenset(self._words))
        # Postings repeat one another by whole clauses, so cut clauses are remembered.
        self._clause = lru_cache(maxsize=_MEMO_SIZE)(self._cut_clause)

    @property
    def words(self) -> tuple[str, ...]:
        """The words handed in, folded to lower case and half width."""
        return self._words

    def __reduce__(self) -> tuple[type["Tokenizer"], tuple[tuple[str, ...]]]:
        return (Tokenizer, (self._words,))

    def tokens(self, text: str | None) -> list[str]:
        """Return the words of a text in their order, repeats included; none for no text."""
        if not text:
            return []
        found: list[str] = []
        folded = _fold(text)
        if "#" in folded or "@" in folded or "http" in folded or "www" in folded:
            folded = _HASHTAG.sub(" ", _LINK.sub(" ", folded))
        for clause in _CLAUSE_END.split(folded):
            if clause:
                found.extend(self._clause(clause))
        return found

    def _cut_clause(self, clause: str) -> tuple[str, ...]:
        found: list[str] = []
        clause = self._boilerplate.sub(" ", clause)
        if self._mixed is None:
            self._cut_plain(clause, found)
            return tuple(found)
        end = 0
        for match in self._mixed.finditer(clause):
            self._cut_plain(clause[end : match.start()], found)
            found.append(match.group())
            end = match.end()
        self._cut_plain(clause[end:], found)
        return tuple(found)

    def _cut_plain(self, text: str, found: list[str]) -> None:
        for piece in _PIECE.findall(text):
            if piece[0] >= "\u3400":
                found.extend(word for word in self._cutter.cut(piece, HMM=False) if word not in self._stop)
            elif _is_term(piece) and piece not in self._stop:
                found.append(piece)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower().replace("’", "'").strip()


def _is_term(piece: str) -> bool:
    if piece[0].isdigit():
        return piece in _DIGIT_TERMS
    return len(piece) > 1 or piece in _SINGLE_LETTERS


def _phrases(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word))))


@cache
def _word_list(name: str) -> frozenset[str]:
    lines = files("models").joinpath("data", name).read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@lru_cache(maxsize=1)
def _jieba() -> Any:
    # Under Python 3.12 and later jieba 0.42.1 warns of its own escapes and of pkg_resources, once, while imported.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.WARNING)
    return jieba


@lru_cache(maxsize=1)
def _dictionary() -> tuple[dict[str, int], int]:
    """Return jieba's own dictionary, read from its package.

    `jieba.initialize` would read and write a cache of it in the shared temporary folder, where others may have put
    another file under that name, and where a service may not be allowed to write.
    """
    cutter = _jieba().Tokenizer()
    frequencies, total = cutter.gen_pfdict(cutter.get_dict_file())
    return frequencies, total


def _cutter(words: Sequence[str]) -> Any:
    cutter = _jieba().Tokenizer()
    frequencies, total = _dictionary()
    cutter.FREQ, cutter.total, cutter.initialized = dict(frequencies), total, True
    # Stop words that jieba would take apart (不限 to 不 and 限) must be found whole in order to be dropped.
    stop_words = (word for word in sorted(_word_list("stopwords.txt")) if len(cutter.lcut(word, HMM=False)) > 1)
    for word in (*stop_words, *words):
        if re.fullmatch(rf"[{_HAN}]+", word):
            cutter.add_word(word)
    return cutter


class TextSpace:
    """Weighted words: each text a row of unit length, a word's weight (1 + ln count) · idf.

    idf is ln((1 + n) / (1 + n_with_word)) + 1, so a word of every text still weighs 1. Likeness of two texts is the
    inner product of their rows, from 0 to 1.

    Parameters
    ----------
    min_df
        A word must occur in at least so many texts.
    max_words
        At most so many words, those of most texts first; `None` for all.
    """

    def __init__(self, *, min_df: int = 2, max_words: int | None = None) -> None:
        self.min_df = min_df
        self.max_words = max_words
        self._vocabulary: dict[str, int] | None = None
        self._idf: Floats = np.zeros(0)

    @property
    def words_(self) -> tuple[str, ...]:
        """The words in the order of the columns, sorted."""
        return tuple(self._fitted())

    @property
    def idf_(self) -> Floats:
        """Weight of each word by its rarity, shape (n_words,)."""
        self._fitted()
        return self._idf

    def fit(self, texts: Iterable[Sequence[str]]) -> "TextSpace":
        """Learn the words and their rarity from tokenised texts.

        Raises
        ------
        NotEnoughData
            When no word occurs in `min_df` texts.
        """
        counts: Counter[str] = Counter()
        n_texts = 0
        for tokens in texts:
            n_texts += 1
            counts.update(set(tokens))
        frequent = [(word, count) for word, count in counts.items() if count >= self.min_df]
        if not frequent:
            raise NotEnoughData(f"No word occurs in {self.min_df} of the {n_texts} texts.")
        frequent.sort(key=lambda pair: (-pair[1], pair[0]))
        kept = dict(sorted(frequent[: self.max_words]))
        self._vocabulary = {word: column for column, word in enumerate(kept)}
        self._idf = np.log((1 + n_texts) / (1 + np.array(list(kept.values()), dtype=np.float64))) + 1
        return self

    def transform(self, texts: Iterable[Sequence[str]]) -> Sparse:
        """Return one unit row per text, float32 (n_texts, n_words); a text without a known word is an empty row."""
        vocabulary = self._fitted()
        columns: list[int] = []
        values: list[int] = []
        ends = [0]
        for tokens in texts:
            row = Counter(vocabulary[token] for token in tokens if token in vocabulary)
            for column in sorted(row):
                columns.append(column)
                values.append(row[column])
            ends.append(len(columns))
        indices = np.array(columns, dtype=np.int32)
        data = (1 + np.log(np.array(values, dtype=np.float64))) * self._idf[indices]
        shape = (len(ends) - 1, len(vocabulary))
        return unit_rows(sparse.csr_matrix((data.astype(np.float32), indices, np.array(ends)), shape=shape))

    def fit_transform(self, texts: Sequence[Sequence[str]]) -> Sparse:
        """Learn from the texts and return their rows."""
        return self.fit(texts).transform(texts)

    def shared(self, left: Sequence[str], right: Sequence[str], *, n: int = 5) -> list[tuple[str, float]]:
        """Return the words that make two texts alike, each with its share of the likeness, largest first."""
        rows = self.transform([left, right])
        product = sparse.csr_matrix(rows[0].multiply(rows[1]))
        words = self.words_
        pairs = [(words[column], float(value)) for column, value in zip(product.indices, product.data, strict=True)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:n]

    def to_artefact(self) -> Artefact:
        """Return what was learnt as plain arrays and settings."""
        return Artefact(
            {"words": pack_strings(self.words_), "idf": self._idf},
            {"min_df": self.min_df, "max_words": self.max_words},
        )

    @classmethod
    def from_artefact(cls, artefact: Artefact) -> "TextSpace":
        """Return the space as it was saved."""
        space = cls(min_df=artefact.metadata["min_df"], max_words=artefact.metadata["max_words"])
        words = unpack_strings(artefact.arrays["words"])
        if len(words) != len(artefact.arrays["idf"]):
            raise InvalidInput("A text space needs one weight per word.")
        space._vocabulary = {word: column for column, word in enumerate(words)}
        space._idf = artefact.arrays["idf"].astype(np.float64)
        return space

    def _fitted(self) -> dict[str, int]:
        if self._vocabulary is None:
            raise NotFitted(self)
        return self._vocabulary
