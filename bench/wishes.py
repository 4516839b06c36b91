"""`python -m bench.wishes FOLDER`: what real disabled job seekers wish to work as, predicted from their other facts.

The folder holds the public set that `pipelines.sources.kead` reads. Split at one day for everyone; category, type and
severity are never predicted from, only measured by. Four rankings of all occupations stand side by side:

popularity  wishes of late, older ones counting less
tfidf       likeness of the person's facts to those of all who wished the occupation, as words
neighbours  the wishes of the most alike people by the same likeness, a stronger use of it
facts       popularity times, for each fact, how often people of that fact wished the occupation against what its
            popularity lets expect, drawn to 1 where little was seen (as `models.uptake` holds employers) and damped,
            since facts tell in part the same
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.metrics.intervals import mean_interval, paired_difference
from models.text import TextSpace
from pipelines.evaluate import interval_document
from pipelines.sources.kead import Seekers, read_seekers

Floats = NDArray[np.float64]
RANKINGS = ("popularity", "tfidf", "neighbours", "facts")
OTHERS = RANKINGS[:-1]
_SEED, SMALL_GROUP = 20221104, 30
_NOBODY = 1_000_000
_NEIGHBOURS, _TOGETHER = 200, 256


@dataclass(frozen=True, slots=True)
class WishConfig:
    """Settings, chosen on the days before the split (`--choose`)."""

    split_share: float = 0.75
    half_life_days: float = 120.0
    prior: float = 0.25
    """So much of an expected wish is added to what was seen and to what was expected."""
    damping: float = 0.35


@dataclass(frozen=True, slots=True)
class Ranked:
    """The place of each tested person's wish, int64 (n,), by ranking; one never wished before has none."""

    places: Mapping[str, NDArray[np.int64]]
    tested: Sequence[int]


def ranked(seekers: Seekers, config: WishConfig, *, until: int | None = None) -> Ranked:
    """Learn from the earlier registrations and rank for the later ones; only the first `until` are looked at."""
    n = until or len(seekers)
    day = seekers.day[min(n - 1, int(n * config.split_share))]
    n_train = int(np.searchsorted(seekers.day[:n], day, side="left"))
    occupations = sorted(set(seekers.wish[:n_train]))
    at = {name: i for i, name in enumerate(occupations)}
    wished = np.array([at[one] for one in seekers.wish[:n_train]])
    age = (day - seekers.day[:n_train]).astype(np.float64)
    popularity = np.bincount(wished, weights=np.exp2(-age / config.half_life_days), minlength=len(occupations))
    counts = np.bincount(wished, minlength=len(occupations)).astype(np.float64)
    told = _Told.of(seekers.facts[:n_train], wished, counts, config)
    texts: list[list[str]] = [[] for _ in occupations]
    for facts, occupation in zip(seekers.facts[:n_train], wished.tolist(), strict=True):
        texts[occupation].extend(facts)
    space = TextSpace(min_df=1).fit(texts)
    likeness = space.transform(texts)
    base, sought = np.log(popularity / popularity.sum() + 1e-9), 1e-9 * popularity / popularity.max()
    places: dict[str, list[int]] = {name: [] for name in RANKINGS}
    tested = range(n_train, n)
    neighbours = _Neighbours(seekers.facts[:n_train], wished, len(occupations))
    for i, alike in zip(tested, neighbours.votes([seekers.facts[i] for i in tested]), strict=True):
        right = at.get(seekers.wish[i], -1)
        own = space.transform([seekers.facts[i]])
        scores = {
            "popularity": popularity,
            "tfidf": np.asarray((likeness @ own.T).toarray(), dtype=np.float64).ravel() + sought,
            "neighbours": alike + sought,
            "facts": base + told.of_person(seekers.facts[i]),
        }
        for name, score in scores.items():
            places[name].append(_NOBODY if right < 0 else 1 + int((score > score[right]).sum()))
    return Ranked({name: np.array(found) for name, found in places.items()}, tested)


@dataclass(frozen=True, slots=True)
class _Told:
    """What each fact says of each occupation, in logarithms."""

    by_fact: Mapping[str, Floats]
    n_occupations: int

    @classmethod
    def of(
        cls, facts: Sequence[tuple[str, ...]], wished: NDArray[np.intp], counts: Floats, config: WishConfig
    ) -> "_Told":
        seen: dict[str, Floats] = {}
        for known, occupation in zip(facts, wished.tolist(), strict=True):
            for fact in known:
                seen.setdefault(fact, np.zeros(len(counts)))[occupation] += 1
        share = counts / counts.sum()
        by_fact = {
            fact: config.damping * np.log((own + config.prior) / (own.sum() * share + config.prior))
            for fact, own in seen.items()
        }
        return cls(by_fact, len(counts))

    def of_person(self, facts: Sequence[str]) -> Floats:
        """Return the sum over a person's facts, float64 (n_occupations,)."""
        found = np.zeros(self.n_occupations)
        for fact in facts:
            found += self.by_fact.get(fact, 0.0)
        return found


class _Neighbours:
    """Everybody learned from, by their facts as weighted words, with what they wished."""

    def __init__(self, facts: Sequence[tuple[str, ...]], wished: NDArray[np.intp], n_occupations: int) -> None:
        self._space = TextSpace(min_df=2)
        self._rows, self._wished, self._n = self._space.fit_transform(facts), wished, n_occupations

    def votes(self, people: Sequence[tuple[str, ...]]) -> Iterator[Floats]:
        """Yield for each person the likeness of the most alike people by what they wished, float64 (n_occupations,)."""
        for start in range(0, len(people), _TOGETHER):
            likeness = (self._rows @ self._space.transform(people[start : start + _TOGETHER]).T).toarray().T
            for own in likeness.astype(np.float64):
                first = np.argpartition(-own, min(_NEIGHBOURS, len(own) - 1))[:_NEIGHBOURS]
                yield np.bincount(self._wished[first], weights=own[first], minlength=self._n).astype(np.float64)


def document(seekers: Seekers, config: WishConfig, *, k: int = 10) -> dict[str, Any]:
    """Return recall and NDCG at k, with differences, for everybody and by group, and the gap of recall by category.

    Groups of fewer than thirty are joined into `other`.
    """
    found = ranked(seekers, config)
    hits = {
        "recall": {name: (places <= k).astype(float) for name, places in found.places.items()},
        "ndcg": {name: np.where(places <= k, 1 / np.log2(places + 1.0), 0.0) for name, places in found.places.items()},
    }
    attributes = {"category": seekers.category, "severity": seekers.severity}
    groups = {
        attribute: {group: _measured(hits, rows) for group, rows in _rows(values, found.tested).items()}
        for attribute, values in attributes.items()
    }
    everybody = np.arange(len(found.tested))
    means = [one["recall"]["facts"]["mean"] for one in groups["category"].values()]
    return {
        "split_at": str(seekers.day[found.tested[0]]),
        "k": k,
        "learned_from": found.tested[0],
        "tested": len(found.tested),
        "all": _measured(hits, everybody),
        "first": {name: round(float((places == 1).mean()), 4) for name, places in found.places.items()},
        "groups": groups,
        "gap_between_categories": round(1 - min(means) / max(means), 4),
    }


def _rows(values: Sequence[str], tested: Sequence[int]) -> dict[str, NDArray[np.intp]]:
    found: dict[str, list[int]] = {}
    for at, i in enumerate(tested):
        found.setdefault(values[i], []).append(at)
    small = [row for rows in found.values() if len(rows) < SMALL_GROUP for row in rows]
    large = {name: rows for name, rows in found.items() if len(rows) >= SMALL_GROUP}
    if small:
        large["other"] = sorted([*large.get("other", []), *small])
    return {name: np.array(rows) for name, rows in sorted(large.items()) if len(rows) >= SMALL_GROUP}


def _measured(values: Mapping[str, Mapping[str, Floats]], rows: NDArray[np.intp]) -> dict[str, Any]:
    return {"n": len(rows)} | {metric: _compared(of, rows) for metric, of in values.items()}


def _compared(values: Mapping[str, Floats], rows: NDArray[np.intp]) -> dict[str, Any]:
    own = {name: value[rows].tolist() for name, value in values.items()}
    return {
        **{name: interval_document(mean_interval(own[name], seed=_SEED)) for name in RANKINGS},
        **{
            f"facts - {other}": interval_document(paired_difference(own["facts"], own[other], seed=_SEED))
            for other in OTHERS
        },
    }


def choices(seekers: Seekers) -> list[tuple[WishConfig, float]]:
    """Return settings with the hit rate at ten that they reach within the days before the split, best first."""
    plain = WishConfig()
    until = int(len(seekers) * plain.split_share)
    found = []
    for half_life in (30.0, 120.0):
        for prior in (0.25, 1.0):
            for damping in (0.25, 0.35, 0.5):
                config = WishConfig(half_life_days=half_life, prior=prior, damping=damping)
                found.append((config, float((ranked(seekers, config, until=until).places["facts"] <= 10).mean())))
    return sorted(found, key=lambda one: -one[1])


def main() -> int:
    """Measure and print, as JSON."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--choose", action="store_true", help="compare settings on the days before the split")
    given = asked.parse_args()
    seekers = read_seekers(given.folder)
    if given.choose:
        for config, hit in choices(seekers):
            print(f"{hit:.4f}  {config}")
        return 0
    print(json.dumps(document(seekers, WishConfig()), ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
