"""Small builders: only what matters to a test is written in it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from matching.components import Asked, History, TextIndex, VacancyIndex
from matching.entities import Candidate, CandidateId, Vacancy, VacancyId
from matching.features import vacancy_words
from matching.matcher import Shortlist, match
from matching.ranking import Weights
from matching.reading import read_vacancy
from matching.rules.dated import Rules, rules_on
from matching.stock import Stock, StockItem
from matching.vocabulary import Function
from models.text import TextSpace

TODAY = date(2026, 11, 23)
LANZHOU, QILIHE, TIANSHUI, BEIJING = "620102", "620103", "620502", "110105"

ABLE: Mapping[Function, int] = dict.fromkeys(Function, 0)


def certificate_number(category: int = 4, grade: int = 2, *, birth: str = "19900101", sequence: str = "123") -> str:
    """Return an invented certificate number with a right check digit."""
    body = f"620102{birth}{sequence}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    check = "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
    return f"{body}{check}{category}{grade}"


def limited(**levels: int) -> dict[Function, int]:
    """Return a profile in which everything is known and only these functions are limited."""
    return {**ABLE, **{Function(name): level for name, level in levels.items()}}


def demanding(**levels: int) -> dict[Function, int]:
    """Return stated demands."""
    return {Function(name): level for name, level in levels.items()}


def a_candidate(**facts: Any) -> Candidate:
    """Return a person of whom only these facts are known."""
    return Candidate(candidate_id=CandidateId(facts.pop("id", "c-1")), **facts)


def a_vacancy(id: str = "v-1", **facts: Any) -> Vacancy:
    """Return an open vacancy in Lanzhou of which only these facts are known."""
    return Vacancy(
        vacancy_id=VacancyId(id), title=facts.pop("title", "文员"), region=facts.pop("region", LANZHOU), **facts
    )


def an_item(vacancy: Vacancy, **facts: Any) -> StockItem:
    """Return a vacancy with its reading."""
    return StockItem(vacancy, read_vacancy(vacancy), **facts)


def a_stock(*vacancies: Vacancy | StockItem) -> Stock:
    """Return a stock of vacancies, or of items where more than the vacancy matters."""
    return Stock.of([v if isinstance(v, StockItem) else an_item(v) for v in vacancies])


def an_index(stock: Stock) -> VacancyIndex:
    """Put a stock under a model that has learned nothing but words."""
    texts = [vacancy_words(item.vacancy) for item in stock.items]
    text = TextIndex.of(TextSpace(min_df=1).fit([*texts, ["岗位"]]), texts)
    return VacancyIndex(stock, text, None, np.zeros(len(stock), dtype=np.float32), None, None)


def rules(on: date = TODAY) -> Rules:
    """Return the project's rules on a day."""
    return rules_on(on)


def a_shortlist(candidate: Candidate, *vacancies: Vacancy | StockItem, k: int = 50, on: date = TODAY) -> Shortlist:
    """Return a person's list over some vacancies, ordered by the prior weights."""
    index = an_index(a_stock(*vacancies))
    return match(Asked.of(candidate, History(), None), index, rules_on(on), Weights.prior(), k=k)


def listed_ids(shortlist: Shortlist) -> list[str]:
    """Return the ids of a list in its order."""
    return [item.stock_item.vacancy.vacancy_id for item in shortlist.items]


def reason_texts(shortlist: Shortlist, place: int = 0) -> list[str]:
    """Return the reasons of one line."""
    return [reason.text for reason in shortlist.items[place].reasons]


def excluded_codes(shortlist: Shortlist) -> dict[str, int]:
    """Return how many vacancies each reason leaves out."""
    return {counted.exclusion.code: counted.n_vacancies for counted in shortlist.excluded}


def yuan(amount: int) -> Decimal:
    """Return an amount."""
    return Decimal(amount)
