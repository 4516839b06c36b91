"""How lists would stand today under a model: heads of lists, who has one, and who stands where before employers.

Two models are asked for the same people, posts and day, so that what differs is the models'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.entities import CandidateId, VacancyId
from matching.ranking import rank
from matching.retrieval import retrieve
from matching.rules.dated import rules_on
from models.metrics.ndcg import discount
from pipelines.casebook import Casebook
from pipelines.ranking_model import RankingModel

Id = TypeVar("Id", CandidateId, VacancyId)
HEAD, SHOWN_TO_EMPLOYERS = 10, 20
_SEED = 20221104


@dataclass(frozen=True, slots=True)
class Asked:
    """Who and what is asked about on which day."""

    on: date
    people: tuple[CandidateId, ...]
    posts: tuple[VacancyId, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What came of it: one entry a person, in the order of `Asked.people`.

    `attention` float64 (n_posts, n_people) is what each person gets of each post's attention, 0 below the twentieth;
    `could` bool (n_posts, n_people) says who may be put before the employer at all.
    """

    heads: tuple[tuple[VacancyId, ...], ...]
    n_listed: NDArray[np.int64]
    attention: NDArray[np.float64]
    could: NDArray[np.bool_]
    n_open: int


def asked_on(casebook: Casebook, on: date, *, n_people: int, n_posts: int) -> Asked:
    """Return people and open posts to ask about, the same for the same casebook."""
    people, rng = sorted(casebook.candidates), np.random.default_rng(_SEED)
    stock = casebook.stock(on)
    posts = [stock.items[row].vacancy.vacancy_id for row in stock.open_rows(on)]
    return Asked(on, tuple(_some(people, n_people, rng)), tuple(_some(sorted(posts), n_posts, rng)))


def _some(ids: Sequence[Id], most: int, rng: np.random.Generator) -> list[Id]:
    chosen = range(len(ids)) if len(ids) <= most else np.sort(rng.choice(len(ids), size=most, replace=False))
    return [ids[i] for i in chosen]


def standing(casebook: Casebook, model: RankingModel, asked: Asked) -> Standing:
    """Make everybody's list under a model, and the order of people for each post."""
    index, rules = model.index(casebook.stock(asked.on), casebook.texts), rules_on(asked.on)
    history, position = casebook.history(asked.on), index.stock.position
    rows = np.array([position[post] for post in asked.posts], dtype=np.intp)
    order = np.argsort(rows)
    heads, n_listed = [], np.zeros(len(asked.people), dtype=np.int64)
    keys = np.full((len(rows), len(asked.people), 3), np.inf)
    for at, candidate_id in enumerate(asked.people):
        person = model.ask(casebook.candidates[candidate_id], history.get(candidate_id, []), index)
        found = retrieve(person.candidate, index.stock, rules)
        ranking = rank(person, index, found, rules, model.weights, k=HEAD)
        heads.append(tuple(index.stock.items[row].vacancy.vacancy_id for row in found.rows[ranking.order[:HEAD]]))
        n_listed[at] = len(ranking)
        if len(rows):
            own = rank(
                person,
                index,
                retrieve(person.candidate, index.stock, rules, rows=rows[order]),
                rules,
                model.weights,
            )
            known = own.fit.total - own.fit.parts["unknown"]
            keys[order[own.order], at] = np.stack([own.band, -np.round(known, 6), -np.round(own.score, 6)], axis=1)
    could = np.isfinite(keys[:, :, 0])
    return Standing(tuple(heads), n_listed, _attention(keys, could), could, len(index.stock.open_rows(asked.on)))


def _attention(keys: NDArray[np.float64], could: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the attention that each person gets of each post, as people for a vacancy are ordered (`Desk`)."""
    found = np.zeros(could.shape)
    weights = np.array([discount(rank) for rank in range(1, SHOWN_TO_EMPLOYERS + 1)])
    for post, row in enumerate(keys):
        order = np.lexsort((np.arange(len(row)), row[:, 2], row[:, 1], row[:, 0]))
        order = order[could[post, order]][:SHOWN_TO_EMPLOYERS]
        found[post, order] = weights[: len(order)]
    return found


def congestion(heads: Sequence[Sequence[VacancyId]], *, share: float = 0.05) -> float | None:
    """Return which share of all places the most shown vacancies hold, `share` of those shown; None without a list."""
    counts: dict[VacancyId, int] = {}
    for head in heads:
        for vacancy_id in head:
            counts[vacancy_id] = counts.get(vacancy_id, 0) + 1
    if not counts:
        return None
    most = sorted(counts.values(), reverse=True)
    return sum(most[: max(1, round(len(most) * share))]) / sum(most)


def shown_share(heads: Sequence[Sequence[VacancyId]], n_open: int) -> float | None:
    """Return which share of the open vacancies stands in anybody's head; None without a vacancy."""
    return len({vacancy_id for head in heads for vacancy_id in head}) / n_open if n_open else None


def exposures(found: Standing, members: Mapping[str, Sequence[int]]) -> Mapping[str, tuple[NDArray[np.float64], ...]]:
    """Return for each group and post the attention it gets, and what its share of those who could be shown would get.

    Two arrays float64 (n_posts,) a group.
    """
    whole, listed = found.attention.sum(axis=1), np.maximum(found.could.sum(axis=1), 1)
    return {
        name: (found.attention[:, rows].sum(axis=1), whole * found.could[:, rows].sum(axis=1) / listed)
        for name, rows in ((name, list(rows)) for name, rows in members.items())
    }
