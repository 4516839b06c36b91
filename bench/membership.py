"""`python -m bench.membership [--people 2000]`: can anybody tell who was learned from? As tables in Markdown.

In an invented province half of those who acted are learned from, drawn by lot, and then the other half, so that each is
once among those learned from and once among those who might have been. How often is a guess right of who of two it was
(50 is chance)? Profiles cost nothing and are drawn many times over; models are learned once for each half.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from matching.components import COMPONENTS
from matching.entities import Candidate, CandidateId, VacancyId
from matching.ranking import rank
from matching.retrieval import retrieve
from models.metrics.intervals import student_interval
from pipelines.access.vault import Vault, new_key
from pipelines.casebook import Casebook
from pipelines.desk import Desk
from pipelines.errors import PipelineError
from pipelines.groups import groups_of
from pipelines.names_in_models import Names
from pipelines.quarter.extract import pseudonymised
from pipelines.quarter.gates import gates_on, join_small
from pipelines.quarter.group_words import JOINED
from pipelines.quarter.profile import OTHERS, PEOPLE, Binned, kept_profile, opened_profile, profile_of, sealed_profile
from pipelines.quarter.settings import quarter_settings
from pipelines.ranking_model import RankingModel
from pipelines.static import static_columns
from pipelines.synthetic import ProvinceConfig, invent, write_tables
from pipelines.train import train
from pipelines.worlds import load_world

TODAY = date(2026, 11, 23)
_SEED, _ROUNDS = 20221104, 400
Guess = Callable[[CandidateId], float | None]
"""How much somebody looks like one who was learned from; None where nothing is to be seen."""


@dataclass(frozen=True, slots=True)
class Half:
    """Cases of which only some may be learned from: the half drawn, and everybody who never acted."""

    casebook: Casebook
    learned: frozenset[CandidateId]


def halves(casebook: Casebook, seed: int) -> tuple[Half, Half]:
    """Return a draw of half of those who acted, and its other half."""
    acted = _acted(casebook)
    drawn = np.random.default_rng(seed).permutation(len(acted)) < len(acted) // 2
    one = frozenset(i for i, is_in in zip(acted, drawn, strict=True) if is_in)
    other = frozenset(acted) - one
    return (
        Half(replace(casebook, not_learned_from=other), one),
        Half(replace(casebook, not_learned_from=one), other),
    )


def _acted(casebook: Casebook) -> list[CandidateId]:
    return sorted({act.candidate_id for act in casebook.interactions} & set(casebook.candidates))


def right(inside: Sequence[float], outside: Sequence[float]) -> float:
    """Return in how many of 100 pairs the one learned from looks more like it; ties count half."""
    ranks = rankdata([*inside, *outside])
    n, m = len(inside), len(outside)
    return 100 * float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


# ---- profiles -------------------------------------------------------------------------------------------------------


def by_profile(casebook: Casebook, seen: Mapping[str, Callable[[Half], Binned | None]], draws: int) -> None:
    """Print Homer's attack on what is kept of people's features, over draws."""
    people, roster, groups = casebook.candidates, profile_of(casebook), group_counts(casebook, casebook.candidates)
    acted, found = _acted(casebook), {name: list[float]() for name in seen}
    for seed in range(draws):
        for name, look in seen.items():
            both = []
            for half in halves(casebook, seed):
                own = look(half)
                by_person = {
                    i: 0.0 if own is None else _more_common(own, {**roster, **groups}, people[i]) for i in acted
                }
                inside, outside = half.learned, [i for i in acted if i not in half.learned]
                both.append(right([by_person[i] for i in inside], [by_person[i] for i in outside]))
            found[name].append(float(np.mean(both)))
    print(f"\n{len(acted)} people acted; {draws} draws of half of them, each half learned from in turn")
    print("| who holds the roster with everybody's facts sees | right of 100 |\n| --- | --- |")
    for name, values in found.items():
        interval = student_interval(values, level=0.95)
        told = (
            f"{values[0]:.1f}" if interval is None else f"{interval.mean:.1f} [{interval.low:.1f}, {interval.high:.1f}]"
        )
        print(f"| {name} | {told} |")


def _more_common(own: Binned, roster: Binned, person: Candidate) -> float:
    """Return whether somebody's values are more common among those counted than in the roster."""
    groups = groups_of(person)

    def share(held: Mapping[str, int], name: str, rest: str) -> float:
        return max(held.get(name, held.get(rest, 0)), 0.5) / max(sum(held.values()), 1)

    told = 0.0
    for feature, counts in own.items():
        if feature in PEOPLE or feature in groups:
            name = PEOPLE[feature](person) if feature in PEOPLE else groups[feature]
            rest = OTHERS if feature in PEOPLE else JOINED
            told += float(np.log(share(counts, name, rest) / share(roster[feature], name, rest)))
    return told


def group_counts(casebook: Casebook, asked: Iterable[CandidateId]) -> Binned:
    """Return how many of those asked are in each group, as the sheet of groups on a card tells it."""
    held = gates_on(TODAY)
    found: dict[str, Counter[str]] = {attribute: Counter() for attribute in held.attributes}
    for one in asked:
        for attribute, group in groups_of(casebook.candidates[one]).items():
            if attribute in found:
                found[attribute][group] += 1
    return {attribute: _joined(counts, held.small_group) for attribute, counts in found.items()}


def _joined(counts: Counter[str], least: int) -> dict[str, int]:
    large, small = join_small({name: range(n) for name, n in counts.items()}, least=least)
    rest = 0 if small is None else len(small)
    return {name: len(rows) for name, rows in large.items()} | ({JOINED: rest} if rest >= least else {})


def _card_groups(half: Half) -> Binned:
    """The groups of those who are asked for today's lists: everybody of a small province, else some."""
    own = pseudonymised(half.casebook)  # whom a lot takes goes by the names of the extract
    people, most = sorted(own.candidates), quarter_settings().asked_people
    if len(people) > most:
        rows = np.sort(np.random.default_rng(_SEED).choice(len(people), size=most, replace=False))
        people = [people[row] for row in rows]
    return group_counts(own, people)


def _without_the_key(half: Half) -> Binned | None:
    """Return what a sealed profile says to somebody who does not hold the key it was sealed with."""
    learned = half.casebook.learnable()
    held, kept = sealed_profile(kept_profile(learned), learned.names), kept_profile(learned)
    if any(name in held for counts in kept.values() for name in counts if len(name) > 4):
        return kept
    try:
        return opened_profile(held, Vault.read(new_key("k1")))
    except PipelineError:
        return None


# ---- models ---------------------------------------------------------------------------------------------------------


def by_models(casebook: Casebook, n_lists: int) -> None:
    """Print what the open part of a model and the lists of people who never acted tell."""
    both = halves(casebook, 0)
    guesses: dict[str, list[Mapping[CandidateId, float]]] = {}
    for half in both:
        model = train(half.casebook, until=TODAY)
        for name, guess in _seen_of(half.casebook, model, n_lists).items():
            known = {i: value for i in _acted(casebook) if (value := guess(i)) is not None}
            guesses.setdefault(name, []).append(known)
    print("\n| who knows all acts of a person sees | people | right of 100 |\n| --- | --- | --- |")
    for name, (first, second) in guesses.items():
        people = sorted(set(first) & set(second))
        inside = np.array([i in both[0].learned for i in people])
        one, other = np.array([first[i] for i in people]), np.array([second[i] for i in people])
        told = f"{_both(one, other, inside):.1f}"
        rng = np.random.default_rng(_SEED)
        drawn = [_both(one[at], other[at], inside[at]) for at in rng.integers(0, len(people), (_ROUNDS, len(people)))]
        low, high = np.quantile(drawn, [0.025, 0.975])
        print(f"| {name} | {len(people)} | {told} [{low:.1f}, {high:.1f}] |", flush=True)


def _both(one: np.ndarray, other: np.ndarray, inside: np.ndarray) -> float:
    return (right(one[inside], one[~inside]) + right(other[~inside], other[inside])) / 2


def _seen_of(casebook: Casebook, model: RankingModel, n_lists: int) -> Mapping[str, Guess]:
    desk, acts = Desk.open(casebook, model, "membership", TODAY), dict[CandidateId, list[int]]()
    position, is_open = desk.index.stock.position, set(desk.index.stock.open_rows(TODAY).tolist())
    for act in casebook.interactions:
        row = position.get(act.vacancy_id)
        if row in is_open and row is not None:
            acts.setdefault(act.candidate_id, []).append(row)
    never = sorted(set(casebook.candidates) - set(_acted(casebook)))
    if len(never) > n_lists:
        never = [never[i] for i in np.sort(np.random.default_rng(_SEED).choice(len(never), n_lists, replace=False))]
    n = len(desk.index.stock.items)
    scores = np.full((len(never), n), np.nan)
    for at, one in enumerate(never):
        asked = desk.ask(one)
        found = retrieve(asked.candidate, desk.index.stock, desk.rules)
        ranking = rank(asked, desk.index, found, desk.rules, model.weights)
        scores[at, found.rows[ranking.order]] = ranking.score[: len(ranking.order)]
    counties = np.array([casebook.candidates[one].region or "" for one in never])
    whole = _mean_over(scores)

    def of(means: np.ndarray, one: CandidateId) -> float | None:
        own = means[acts.get(one, [])]
        own = own[np.isfinite(own)]
        return float(own.mean()) if len(own) else None

    near = {county: _mean_over(scores[counties == county]) for county in sorted(set(counties.tolist()))}

    def in_near_lists(one: CandidateId) -> float | None:
        own = near.get(casebook.candidates[one].region or "")
        return None if own is None else of(own, one)

    columns = static_columns(model, model.index(casebook.stock(TODAY), casebook.texts))
    values, done = model.weights.values.copy(), dict[CandidateId, list[tuple[VacancyId, date]]]()
    values[COMPONENTS.index("collaborative")] = 0.0  # people's own vectors are sealed
    for act in casebook.interactions:
        done.setdefault(act.candidate_id, []).append((act.vacancy_id, act.at))

    def by_open_weights(one: CandidateId) -> float | None:
        person = casebook.candidates[one]
        rows = [columns(person, vacancy, on)[0] for vacancy, on in done[one][:5]]
        return float(np.mean([row.astype(np.float64) @ values for row in rows]))

    held = model.collaborative
    names = None if held is None else held.names.key_id
    print(f"\n{len(never)} lists of people who never acted; names in the model under {names}", file=sys.stderr)
    return {
        "the weights, which lie open in a model's files": by_open_weights,
        f"mean score of the own posts over {len(never)} lists of people who never acted": lambda one: of(whole, one),
        "the same over lists of neighbours of the person's own county": in_near_lists,
    }


def _mean_over(scores: np.ndarray) -> np.ndarray:
    """Return the mean score of each post, less its list's mean, over the lists that have it; NaN where none has."""
    n = np.isfinite(scores).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        level = np.nansum(scores, axis=1, keepdims=True) / np.isfinite(scores).sum(axis=1, keepdims=True)
        return np.asarray(np.where(n > 0, np.nansum(scores - level, axis=0) / n, np.nan))


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--people", type=int, default=2000)
    asked.add_argument("--draws", type=int, default=10, help="how often profiles are drawn")
    asked.add_argument("--lists", type=int, default=400, help="lists of people who never acted; 0 learns no model")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="yougang-membership-") as scratch:
        folder = Path(scratch) / "province"
        config = ProvinceConfig(today=TODAY, n_candidates=given.people, n_vacancies=int(0.4 * given.people))
        write_tables(invent(config), folder)
        casebook = load_world(folder, today=TODAY).learnable()
    casebook = replace(casebook, names=Names.under(Vault.read(new_key("k1"))))
    by_profile(
        casebook,
        {
            "exact counts by bin, which nothing keeps": lambda half: profile_of(half.casebook.learnable()),
            "the kept profile, opened with the key": lambda half: kept_profile(half.casebook.learnable()),
            "the same without the key": _without_the_key,
            "how many of each group a card says were asked": _card_groups,
        },
        given.draws,
    )
    if given.lists:
        by_models(casebook, given.lists)
    return 0


if __name__ == "__main__":
    sys.exit(main())
