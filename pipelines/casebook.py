"""Everything that training, evaluation and serving read, loaded once: people, vacancies, acts, readings and words.

Comes from the store (`load_casebook`) or from a folder of tables (`pipelines.worlds`); what uses it cannot tell which.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from matching.entities import (
    Candidate,
    CandidateId,
    Course,
    Employer,
    EmployerId,
    Interaction,
    Placement,
    Vacancy,
    VacancyId,
)
from matching.reading import VacancyReading
from matching.settings import ranking_settings
from matching.stock import Stock, items_of
from matching.vocabulary import InteractionKind
from models.columns import Columns
from pipelines.access.roles import Subject
from pipelines.consent.effects import learning_refused, matching_refused
from pipelines.names_in_models import UNKEYED, Names
from pipelines.readings import ReadText, read_texts
from pipelines.schema import CANDIDATES
from pipelines.store.crowding import CrowdedPost, GroupLift, crowding, group_lifts
from pipelines.store.in_charge import Offices, offices
from pipelines.store.repositories import (
    CLOSED_TO_MATCHING,
    CandidateRepository,
    CourseRepository,
    EmployerRepository,
    InteractionRepository,
    PlacementRepository,
    TableRepository,
    VacancyRepository,
)
from pipelines.store.sealed import vault_of
from pipelines.uncollected import uncollected

NO_OFFICES = Offices()
_FIRST_DAY = date(1970, 1, 1).toordinal()
_MOST_OF_A_PERSON = 100_000


@dataclass(frozen=True, slots=True)
class Casebook:
    """All stored cases; `texts` holds what was read from each vacancy."""

    candidates: Mapping[CandidateId, Candidate]
    vacancies: Sequence[Vacancy]
    employers: Mapping[EmployerId, Employer]
    interactions: Sequence[Interaction]
    placements: Sequence[Placement]
    courses: Sequence[Course]
    texts: Mapping[VacancyId, ReadText]
    refused: frozenset[CandidateId] = frozenset()
    """Who is not to be matched; they are in none of the tables above but the placements, by which posts are filled."""
    not_learned_from: frozenset[CandidateId] = frozenset()
    offices: Offices = NO_OFFICES
    crowding: tuple[CrowdedPost, ...] = ()
    lifts: tuple[GroupLift, ...] = ()
    names: Names = UNKEYED
    """Under which names a model learned from these cases keeps people's histories."""

    def learnable(self) -> "Casebook":
        """Return the casebook without those who do not want their record to be learned from."""
        if not self.not_learned_from:
            return self
        return replace(
            self,
            candidates={i: c for i, c in self.candidates.items() if i not in self.not_learned_from},
            interactions=[i for i in self.interactions if i.candidate_id not in self.not_learned_from],
        )

    def stock(self, on: date) -> Stock:
        """Return all vacancies side by side, with the numbers placed up to a day."""
        readings: dict[VacancyId, VacancyReading] = {
            v.vacancy_id: self.texts[v.vacancy_id].reading for v in self.vacancies
        }
        return Stock.of(items_of(self.vacancies, readings, self.employers, self.placed(on)))

    def placed(self, on: date) -> Mapping[VacancyId, int]:
        """Return how many people hold each vacancy on a day."""
        holding = {
            (p.vacancy_id, p.candidate_id)
            for p in self.placements
            if p.vacancy_id is not None
            and p.starts_on is not None  # an unknown first day is not known to have come
            and p.starts_on <= on
            and (p.ends_on is None or p.ends_on >= on)
        }
        return dict(Counter(vacancy_id for vacancy_id, _ in holding))

    def acts(self, *, since: date | None = None, until: date | None = None, first_day: bool = False) -> pd.DataFrame:
        """Return each pair once, with its strongest act and its last (or first) day in the period, both ends included.

        Columns `Columns.INTERACTIONS`; refusals are not acts. In the order of day, candidate, vacancy.
        """
        weights = ranking_settings().act_weights
        acts = [
            i
            for i in self.interactions
            if i.kind in weights and (since is None or i.at >= since) and (until is None or i.at <= until)
        ]
        if not acts:
            return pd.DataFrame([], columns=list(Columns.INTERACTIONS))
        table = pd.DataFrame(
            {
                Columns.CANDIDATE: [i.candidate_id for i in acts],
                Columns.VACANCY: [i.vacancy_id for i in acts],
                Columns.WEIGHT: [weights[i.kind] for i in acts],
                # By number: a province's days as objects take many times as long.
                Columns.TIME: (np.array([i.at.toordinal() for i in acts]) - _FIRST_DAY).astype("datetime64[D]"),
            }
        )
        pair = [Columns.CANDIDATE, Columns.VACANCY]
        strongest = table.groupby(pair, as_index=False, sort=True).agg(
            {Columns.WEIGHT: "max", Columns.TIME: "min" if first_day else "max"}
        )
        return strongest.sort_values([Columns.TIME, *pair], kind="stable", ignore_index=True)

    def history(self, until: date) -> Mapping[CandidateId, list[tuple[VacancyId, float]]]:
        """Return each person's acts up to a day, as vacancy and weight."""
        found: dict[CandidateId, list[tuple[VacancyId, float]]] = {}
        table = self.acts(until=until)
        columns = (table[Columns.CANDIDATE], table[Columns.VACANCY], table[Columns.WEIGHT])
        for candidate_id, vacancy_id, weight in zip(*(column.tolist() for column in columns), strict=True):
            found.setdefault(candidate_id, []).append((vacancy_id, float(weight)))
        return found

    def act_days(self) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
        """Return the days of all acts, sorted."""
        return np.sort(np.array([i.at for i in self.interactions], dtype="datetime64[D]"))

    def outcomes(self, *, since: date, until: date, settled_before: date) -> list[tuple[Interaction, bool]]:
        """Return the first proposal of each pair in a period and whether it ended in a placement.

        A proposal is a referral or an application. Those younger than `settled_before` are left out whole: of them only
        the quick endings would be known, and refusals are quicker than placements.
        """
        proposals: dict[tuple[CandidateId, VacancyId], Interaction] = {}
        placed: set[tuple[CandidateId, VacancyId]] = set()
        placed |= {(p.candidate_id, p.vacancy_id) for p in self.placements if p.vacancy_id and _began(p, until)}
        for act in sorted(self.interactions, key=lambda i: i.at):
            pair = (act.candidate_id, act.vacancy_id)
            if act.at > until:
                break
            if act.kind in (InteractionKind.REFERRED, InteractionKind.APPLIED):
                proposals.setdefault(pair, act)
            elif act.kind in (InteractionKind.PLACED, InteractionKind.RETAINED_3M, InteractionKind.RETAINED_6M):
                placed.add(pair)
        return [(act, pair in placed) for pair, act in proposals.items() if since <= act.at < settled_before]


def _began(placement: Placement, until: date) -> bool:
    return placement.starts_on is not None and placement.starts_on <= until


def load_people(connection: Connection, subject: Subject, candidate_ids: Iterable[str]) -> Casebook:
    """Read a few people with their acts and placements, as `load_casebook` would; whoever is erased is not there."""
    refused = matching_refused(connection)
    people, acts = CandidateRepository(connection, subject), InteractionRepository(connection, subject)
    placements = PlacementRepository(connection, subject)
    found: dict[CandidateId, Candidate] = {}
    wanted = sorted(set(candidate_ids))
    for row in people.find((i,) for i in wanted).values():
        known = {name: None if name in CLOSED_TO_MATCHING else row[name] for name in row}
        person: Candidate = CANDIDATES.build(known)
        if person.candidate_id not in refused:
            found[person.candidate_id] = person
    interactions: list[Interaction] = [a for i in found for a in _of_person(acts, i)]
    return Casebook(
        candidates=found,
        vacancies=(),
        employers={},
        interactions=sorted(interactions, key=lambda i: (i.at, i.candidate_id, i.vacancy_id, i.kind)),
        placements=[placement for i in wanted for placement in _of_person(placements, i)],
        courses=(),
        texts={},
        refused=refused & frozenset(CandidateId(i) for i in wanted),
    )


def _of_person(repository: TableRepository, candidate_id: str) -> list[Any]:
    rows = repository.page(None, _MOST_OF_A_PERSON, [repository.table.c.candidate_id == candidate_id])
    return [repository.spec.build(values) for values, _ in rows]


@uncollected()
def load_casebook(connection: Connection, subject: Subject) -> Casebook:
    """Read everything from the store; texts not read yet are read and kept."""
    # Databases sort by their own collation: the order that anything is learned in is made here.
    vacancies = sorted(VacancyRepository(connection, subject).all(), key=lambda v: v.vacancy_id)
    refused, vault = matching_refused(connection), vault_of(connection)
    everybody = sorted(CandidateRepository(connection, subject).all(), key=lambda c: c.candidate_id)
    people = [person for person in everybody if person.candidate_id not in refused]
    return Casebook(
        candidates={c.candidate_id: c for c in people},
        vacancies=vacancies,
        employers={e.employer_id: e for e in EmployerRepository(connection, subject).all()},
        interactions=sorted(
            (i for i in InteractionRepository(connection, subject).all() if i.candidate_id not in refused),
            key=lambda i: (i.at, i.candidate_id, i.vacancy_id, i.kind),
        ),
        placements=PlacementRepository(connection, subject).all(),
        courses=CourseRepository(connection, subject).all(),
        texts=read_texts(connection, vacancies),
        refused=refused,
        not_learned_from=learning_refused(connection),
        offices=offices(connection),
        crowding=crowding(connection),
        lifts=group_lifts(connection),
        names=Names.under(vault) if vault.keys else UNKEYED,
    )
