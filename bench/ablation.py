"""`python -m bench.ablation [--world NAME …] [--province SEED …]`: what each part of the ranking is worth.

Each part is switched off, everything that is left learns its weights anew, and the first ten are measured over the
same people: NDCG@10 and recall@10 beside the whole, as paired differences with 95 % intervals. At the end stands what
makes a shortlist of a score: an employer's further posts stepping back, the bands of the policy order, exclusions.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.world import TODAY
from bench.worlds import WORLDS, invent, write
from matching.components import COMPONENTS, components
from matching.entities import CandidateId
from matching.ranking import Weights, rank
from matching.retrieval import retrieve
from matching.rules.dated import rules_on
from models.metrics.intervals import paired_difference
from models.metrics.ndcg import ndcg
from models.metrics.recall import recall
from pipelines.casebook import Casebook
from pipelines.choices import ChoiceConfig, Choices, learn_weights
from pipelines.evaluate import EvaluateConfig, pool_of, relevant_after, split_day
from pipelines.influence import within_influence
from pipelines.ranking_model import RankingModel
from pipelines.synthetic import ProvinceConfig, write_tables
from pipelines.synthetic import invent as invent_province
from pipelines.train import learn_parts, taught_choices
from pipelines.worlds import load_world

Floats = npt.NDArray[np.float64]
PARTS: Mapping[str, tuple[str, ...]] = {
    "words": ("profile_text", "history_text"),
    "occupations and skills": ("occupation", "history_family", "skills"),
    "the own past, in words and occupations": ("history_text", "history_family"),
    "place and way": (
        "nearness", "far", "remote", "same_county", "same_prefecture", "wished_region", "address_text",
    ),
    "wage": ("wage_gap",),
    "schooling, training, experience": ("education_gap", "training_gap", "experience_gap"),
    "functions and accommodations": ("function_gap", "to_arrange", "strain", "accommodation_offered"),
    "popularity": ("popularity",),
    "uptake of employers, near home and by all": ("employer_uptake", "area_uptake"),
    "LightFM directions": ("direction",),
    "taste": ("collaborative",),
    "both, all that vectors learned": ("direction", "collaborative"),
}  # fmt: skip
_NOT_MEASURED = ("freshness",)


@dataclass(frozen=True, slots=True)
class _Person:
    columns: npt.NDArray[np.float32]
    ids: Sequence[str]
    relevant: frozenset[str]
    shortlists: Mapping[str, Sequence[str]]


def ablate(casebook: Casebook, config: EvaluateConfig) -> list[tuple[str, str, str]]:
    """Return rows of a table: what is switched off, and the differences in NDCG@k and recall@k."""
    casebook = casebook.learnable()
    split = split_day(casebook, config.split_share)
    bounded, learning = within_influence(casebook, split).casebook, replace(config.train, factors=None)
    choices = taught_choices(bounded, until=split, config=learning)
    if choices is None:
        raise SystemExit("too few acts to learn from")
    weights = _weights(choices, learning, ())
    parts = learn_parts(bounded, until=split, config=learning)
    people = _people(casebook, replace(parts, weights=Weights(weights)), split, config)
    whole = _heads(people, weights, config.k, ())
    rows = [("the whole score", *_means(people, whole, config.k))]
    for name, part in PARTS.items():
        rows.append((f"without {name}", *_paired(people, _heads(
            people, _weights(choices, learning, part), config.k, part), whole, config)))  # fmt: skip
    stated = Weights.prior().values
    rows.append(
        ("weights as stated, none learned", *_paired(people, _heads(people, stated, config.k, ()), whole, config))
    )
    names = list(people[0].shortlists)
    lists = {name: [one.shortlists[name] for one in people] for name in names}
    rows.append((names[0], *_means(people, lists[names[0]], config.k)))
    rows.extend((name, *_paired(people, lists[name], lists[names[0]], config)) for name in names[1:])
    return rows


def _people(casebook: Casebook, model: RankingModel, split: date, config: EvaluateConfig) -> list[_Person]:
    index = model.index(casebook.stock(split), casebook.texts)
    pool, history, rules = pool_of(casebook, index, split), casebook.history(split), rules_on(split)
    values = model.weights.values.copy()
    values[[COMPONENTS.index(name) for name in _NOT_MEASURED]] = 0.0
    relevant, found = relevant_after(casebook, split), []
    chosen: list[CandidateId] = sorted(one for one in relevant if one in casebook.candidates)
    if len(chosen) > config.max_people:
        some = np.random.default_rng(config.seed).choice(len(chosen), size=config.max_people, replace=False)
        chosen = [chosen[i] for i in np.sort(some)]
    for one in chosen:
        right = frozenset(str(v) for v in relevant[one] if v in index.stock.position)
        if not right:
            continue
        asked = model.ask(casebook.candidates[one], history.get(one, []), index)
        rows = pool[~np.isin(pool, asked.history.rows)]
        retrieval = retrieve(asked.candidate, index.stock, rules, rows=rows)
        columns = components(asked, index, rows, distance=retrieval.distance, fit=retrieval.fit, on=rules.on)
        columns[:, [COMPONENTS.index(name) for name in _NOT_MEASURED]] = 0.0
        ids = [str(index.stock.items[row].vacancy.vacancy_id) for row in rows]
        ranking = rank(asked, index, retrieval, rules, Weights(values), k=None)
        sought = -index.popularity[rows[ranking.order]]
        plain = np.lexsort((sought, -np.round(ranking.score, 6)))
        banded = np.lexsort((sought, -np.round(ranking.score, 6), ranking.band))
        score = np.round(columns.astype(np.float64) @ values, 6)
        every = np.lexsort((rows, -index.popularity[rows], -score))

        def first(order: npt.NDArray[np.intp], of: npt.NDArray[np.intp], names: Sequence[str] = ids) -> list[str]:
            return [names[at] for at in of[order[: config.k]]]

        lists = {
            "the shortlist, as a caseworker sees it": first(np.arange(len(ranking.order)), ranking.order),
            "further posts of an employer do not step back": first(banded, ranking.order),
            "nor do bands lead": first(plain, ranking.order),
            "nor is anything excluded": first(every, np.arange(len(rows))),
        }
        found.append(_Person(columns, ids, right, lists))
    return found


def _weights(choices: Choices, config: ChoiceConfig, without: Sequence[str]) -> Floats:
    """Learn the weights of what is left; a part that is switched off is 0 in every choice."""
    at = [COMPONENTS.index(name) for name in without]

    def kept(columns: Floats) -> Floats:
        left = columns.copy()
        left[..., at] = 0.0
        return left

    left = Choices(
        [kept(one) for one in choices.positives],
        [kept(one) for one in choices.negatives],
        choices.stand_for,
        choices.weights,
        [kept(one.astype(np.float64)).astype(np.float32) for one in choices.checked],
    )
    blend = learn_weights(left, config)
    return np.array([blend.weights_[name] for name in COMPONENTS])


def _heads(people: Sequence[_Person], weights: Floats, k: int, without: Sequence[str]) -> list[list[str]]:
    """Return the first k of everybody; equals stand by how sought they are, as ever."""
    weights = weights.copy()
    weights[[COMPONENTS.index(name) for name in without]] = 0.0
    sought, found = COMPONENTS.index("popularity"), []
    for one in people:
        score = np.round(one.columns.astype(np.float64) @ weights, 6)
        order = np.lexsort((np.arange(len(score)), -one.columns[:, sought], -score))
        found.append([one.ids[at] for at in order[:k]])
    return found


def _values(people: Sequence[_Person], lists: Sequence[Sequence[str]], k: int) -> tuple[list[float | None], ...]:
    pairs = list(zip(people, lists, strict=True))
    return [ndcg(own, one.relevant, k=k) for one, own in pairs], [recall(own, one.relevant, k=k) for one, own in pairs]


def _means(people: Sequence[_Person], lists: Sequence[Sequence[str]], k: int) -> tuple[str, str]:
    first, second = (f"{np.mean([v for v in own if v is not None]):.3f}" for own in _values(people, lists, k))
    return first, second


def _paired(
    people: Sequence[_Person],
    lists: Sequence[Sequence[str]],
    whole: Sequence[Sequence[str]],
    config: EvaluateConfig,
) -> tuple[str, str]:
    told = []
    for own, other in zip(_values(people, lists, config.k), _values(people, whole, config.k), strict=True):
        found = paired_difference(own, other, seed=config.seed)
        told.append("–" if found is None else f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]")
    return told[0], told[1]


def main() -> int:
    """Measure and print a table for each world and province."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--world", action="append", choices=sorted(WORLDS), default=[])
    asked.add_argument("--province", action="append", type=int, default=[], help="seed of a demonstration province")
    asked.add_argument("--people", type=int, default=1000, help="at most so many are measured")
    given = asked.parse_args()
    config = EvaluateConfig(max_people=given.people)
    for name in (*given.world, *(str(seed) for seed in given.province)):
        with tempfile.TemporaryDirectory(prefix="yougang-ablation-") as scratch:
            if name in WORLDS:
                write(invent(WORLDS[name]), Path(scratch))
            else:
                province = ProvinceConfig(today=TODAY, n_candidates=2000, n_vacancies=800, seed=int(name))
                write_tables(invent_province(province), Path(scratch))
            rows = ablate(load_world(Path(scratch), today=TODAY), config)
        print(
            f"| {name if name in WORLDS else f'province of seed {name}'} | NDCG@10 | recall@10 |\n| --- | --- | --- |"
        )
        for row in rows:
            print(f"| {' | '.join(row)} |")
        print(flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
