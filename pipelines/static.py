"""What is stated of a pair, and nothing that acts taught."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np

from matching.components import COMPONENTS, Asked, Columns, VacancyIndex
from matching.entities import Candidate, CandidateId, VacancyId
from pipelines.choices import columns_at
from pipelines.ranking_model import RankingModel

STATIC = tuple(
    name
    for name in COMPONENTS
    if name
    not in (
        "collaborative",
        "direction",
        "history_text",
        "history_family",
        "popularity",
        "employer_uptake",
        "area_uptake",
        "freshness",
        "address_text",
    )
)
"""Components that no act changes: outcomes of the whole past can teach these without looking ahead."""


def bare(model: RankingModel, index: VacancyIndex) -> tuple[RankingModel, VacancyIndex]:
    """Return a model and its stock without anything that acts taught, for the components `STATIC` alone."""
    stated = replace(index, address=None, factors=None, biases=None, units=None, uptake=None)
    return replace(model, collaborative=None), stated


def static_columns(model: RankingModel, index: VacancyIndex) -> Callable[[Candidate, VacancyId, date], Columns]:
    """Return what works out the components of a pair on a day of which `STATIC` are true, and the others 0.

    Nothing that acts taught is put over the stock for it, which takes most of the time of a single pair.
    """
    plain, stated = bare(model, index)
    known: dict[CandidateId, Asked] = {}

    def columns(candidate: Candidate, vacancy_id: VacancyId, day: date) -> Columns:
        if candidate.candidate_id not in known:
            known[candidate.candidate_id] = plain.ask(candidate, [], stated)
        row = np.array([index.stock.position[vacancy_id]], dtype=np.intp)
        return columns_at(known[candidate.candidate_id], stated, row, day)

    return columns
