"""People and vacancies turned into rows of features, in parts: by this process, or by the workers of a cluster.

The rows are the same whoever makes them. To a worker a person goes without id, certificate, name, telephone, address,
category, grade, sex and birth date: no feature is made from them.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from matching.entities import Candidate, VacancyId
from matching.features import candidate_features, candidate_words, vacancy_features
from matching.stock import StockItem
from models.features import CodedRows
from pipelines.engines.cluster import Cluster, Work, each
from pipelines.engines.parcels import without_contact, without_identity
from pipelines.readings import ReadText

Part = TypeVar("Part")
Posts = Sequence[tuple[StockItem, Sequence[str]]]
logger = logging.getLogger(__name__)
PART = 2000
"""So many people or vacancies in a part."""


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """Makes rows of features; on a cluster where there is one."""

    cluster: Cluster | None = None

    def of_people(self, people: Sequence[Candidate]) -> list[CodedRows]:
        """Return the rows of people in their order, in parts.

        Raises
        ------
        ClusterError
            When there is no cluster to work on, or it lost more workers than allowed.
        """
        return self._made(people_rows, [_bare(people[at : at + PART]) for at in range(0, len(people), PART)])

    def of_vacancies(self, items: Sequence[StockItem], texts: Mapping[VacancyId, ReadText]) -> list[CodedRows]:
        """Return the rows of vacancies in their order, in parts; raises as `of_people` does."""
        posts = [(without_contact(item), texts[item.vacancy.vacancy_id].words) for item in items]
        return self._made(vacancy_rows, [posts[at : at + PART] for at in range(0, len(posts), PART)])

    def _made(self, make: Callable[[Sequence[Part]], CodedRows], parts: Sequence[Sequence[Part]]) -> list[CodedRows]:
        if self.cluster is None or not parts:
            return [make(part) for part in parts]
        found: dict[int, CodedRows] = {}
        with self.cluster.client() as client:
            for at, rows in each(client, Work(_nothing, _WORK[make]), None, enumerate(parts), cluster=self.cluster):
                found[at] = rows
                if rows.row(0) != make(parts[at][:1]).row(0):
                    logger.warning("a worker's features differ from those made here; the part is made here")
                    found[at] = make(parts[at])
        return [found[at] for at in range(len(parts))]


def people_rows(people: Sequence[Candidate]) -> CodedRows:
    """Return the rows of some people."""
    return CodedRows.of(candidate_features(person, candidate_words(person)) for person in people)


def vacancy_rows(posts: Posts) -> CodedRows:
    """Return the rows of some vacancies, each with its words."""
    return CodedRows.of(vacancy_features(item, words) for item, words in posts)


def _bare(people: Sequence[Candidate]) -> list[Candidate]:
    return [
        replace(
            without_identity(person, number, with_address=False), category=None, grade=None, sex=None, birth_date=None
        )
        for number, person in enumerate(people)
    ]


def _nothing(shared: None) -> None:
    return shared


def _people_rows(_: None, people: Sequence[Candidate]) -> CodedRows:
    return people_rows(people)


def _vacancy_rows(_: None, posts: Posts) -> CodedRows:
    return vacancy_rows(posts)


_WORK: Mapping[Callable[..., CodedRows], Callable[[Any, Any], CodedRows]] = {
    people_rows: _people_rows,
    vacancy_rows: _vacancy_rows,
}
