"""What people chose among what was open that day, and what the stated facts of each pair already say of it.

Taste (`models.taste`) is learned from what is left. What is stated is weighed as these same choices teach; nothing that
acts taught (what others did, the person's own past) is part of it: it would have seen the choice it is to explain.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.components import COMPONENTS, VacancyIndex
from matching.entities import CandidateId
from matching.features import candidate_features, candidate_words
from models.base import Dataset
from models.columns import Columns as Names
from models.errors import NotEnoughData
from models.ids import IdMap
from models.interactions import Interactions
from models.taste import Offered, TasteConfig, TasteModel
from pipelines.casebook import Casebook
from pipelines.choices import ChoiceConfig, Choices, columns_at, fitted
from pipelines.ranking_model import Collaborative, RankingModel
from pipelines.static import STATIC, bare

_N_OTHERS = 40
_N_WEIGHED = 3000


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One choice: rows of the stock, the chosen one first, and how many vacancies each of them stands for."""

    person: CandidateId
    rows: NDArray[np.intp]
    stand_for: NDArray[np.float64]


def learn_taste(
    casebook: Casebook, model: RankingModel, until: date, config: ChoiceConfig, taste: TasteConfig, most: int
) -> TasteModel | None:
    """Learn taste from what was chosen up to a day, of at most so many people; None where nothing was.

    `casebook` holds only what was known by then; `model` has its spaces of features and words.
    """
    learned = model.collaborative
    if learned is None:
        return None
    plain, index = bare(model, model.index(casebook.stock(until), casebook.texts))
    drawn = _drawn(casebook, index, until, config, most)
    if not drawn:
        return None
    of_person: dict[CandidateId, list[_Drawn]] = {}
    for one in drawn:
        of_person.setdefault(one.person, []).append(one)
    people = list(of_person)

    def stated(person: CandidateId) -> NDArray[np.float32]:
        asked, own = plain.ask(casebook.candidates[person], [], index), of_person[person]
        rows, at = np.unique(np.concatenate([one.rows for one in own]), return_inverse=True)
        columns = _stated(columns_at(asked, index, rows, until))[at.ravel()]
        return columns.reshape(len(own), 1 + _N_OTHERS, len(COMPONENTS))

    weights = _weights(people, of_person, stated, config)
    known = [stated(person) @ weights for person in people]
    offered = Offered(
        person=np.repeat(np.arange(len(people)), [len(of_person[person]) for person in people]).astype(np.int64),
        rows=np.stack([one.rows for one in drawn]).astype(np.int64),
        known=np.concatenate(known) + np.log(np.stack([one.stand_for for one in drawn])),
    )
    return TasteModel(taste, offered).fit(_dataset(learned, people, casebook, until))


def _drawn(casebook: Casebook, index: VacancyIndex, until: date, config: ChoiceConfig, most: int) -> list[_Drawn]:
    """Return every choice with others drawn evenly from what was open that day and the person never acted on."""
    stock, rng = index.stock, np.random.default_rng(config.seed)
    table = casebook.acts(until=until, first_day=True)
    acted: dict[CandidateId, list[tuple[int, date]]] = {}
    for candidate_id, vacancy_id, _, time in table.itertuples(index=False):
        if candidate_id in casebook.candidates and vacancy_id in stock.position:
            acted.setdefault(candidate_id, []).append((stock.position[vacancy_id], pd.Timestamp(time).date()))
    people = sorted(acted, key=casebook.names.of)
    if len(people) > most:
        people = [people[i] for i in np.sort(rng.choice(len(people), size=most, replace=False))]
    open_by_day: dict[date, NDArray[np.intp]] = {}
    found = []
    for person in people:
        own = np.array([row for row, _ in acted[person]], dtype=np.intp)
        for chosen, day in acted[person]:
            if day not in open_by_day:
                open_by_day[day] = stock.open_rows(day)
            others = open_by_day[day][~np.isin(open_by_day[day], own)]
            if len(others) < 2:
                continue
            rows = rng.choice(others, size=_N_OTHERS, replace=len(others) < _N_OTHERS)
            stand_for = np.full(1 + _N_OTHERS, len(others) / _N_OTHERS)
            stand_for[0] = 1.0
            found.append(_Drawn(person, np.concatenate([[chosen], rows]), stand_for))
    return found


def _stated(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep the components that no act changes."""
    found = np.zeros_like(columns)
    at = [COMPONENTS.index(name) for name in STATIC]
    found[:, at] = columns[:, at]
    return found


def _weights(
    people: Sequence[CandidateId],
    of_person: Mapping[CandidateId, Sequence[_Drawn]],
    stated: Callable[[CandidateId], NDArray[np.float32]],
    config: ChoiceConfig,
) -> NDArray[np.float32]:
    """Return the weights of what is stated, as choices of some people teach them."""
    taught = Choices()
    for at in np.random.default_rng(config.seed).permutation(len(people)).tolist():
        columns, own = stated(people[at]).astype(np.float64), of_person[people[at]]
        taught.positives.extend(columns[:, 0])
        taught.negatives.extend(columns[:, 1:])
        taught.stand_for.extend(one.stand_for[1:] for one in own)
        taught.weights.extend([1.0] * len(own))
        if len(taught.positives) >= _N_WEIGHED:
            break
    blend = fitted(taught, replace(config, n_negatives=_N_OTHERS), {})
    return np.array([blend.weights_[name] for name in COMPONENTS], dtype=np.float32)


def _dataset(learned: Collaborative, people: Sequence[CandidateId], casebook: Casebook, until: date) -> Dataset:
    """Return the acts and features of people and vacancies, in the spaces that are learned already."""
    known = [casebook.candidates[person] for person in people]
    space = learned.candidate_space
    if space is None:
        raise NotEnoughData("Taste is learned over the features of people, and nothing of people is there.")
    rows = space.transform(candidate_features(one, candidate_words(one)) for one in known)
    posts, ids = learned.vacancy_rows(casebook.stock(until), casebook.texts)
    acts = casebook.acts(until=until)
    table = acts.assign(**{Names.CANDIDATE: [learned.names.of(c) for c in acts[Names.CANDIDATE]]})
    names = IdMap(learned.names.of(person) for person in people)
    return Dataset(Interactions.from_table(table, names, IdMap(ids), drop_unknown=True), rows, posts)
