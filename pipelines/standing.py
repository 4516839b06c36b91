"""Why this vacancy stands where it stands for a person, or is not listed: any vacancy of the stock can be asked about.

The answer comes from the same retrieval and the same order as the person's list.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from matching.entities import VacancyId
from matching.matcher import explain_lines
from matching.ranking import rank
from matching.retrieval import retrieve
from matching.stock import StockItem
from pipelines.desk import Desk
from pipelines.documents import item_document, post_facts


def posts_named(desk: Desk, text: str, *, limit: int) -> list[str]:
    """Return the ids of vacancies whose id is this text, else whose title or employer holds it; open ones first."""
    if VacancyId(text) in desk.index.stock.position:
        return [text]
    if not text:
        return []
    found = [
        row
        for row, item in enumerate(desk.index.stock.items)
        if text in item.vacancy.title or text in item.employer_name
    ]
    is_open = set(desk.index.stock.open_rows(desk.rules.on).tolist())
    found.sort(key=lambda row: row not in is_open)
    return [str(desk.index.stock.items[row].vacancy.vacancy_id) for row in found[:limit]]


def standings(desk: Desk, candidate_id: str, vacancy_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return where vacancies stand for a person.

    `state` is `ranked` (then `item` is the line as a list has it), `excluded` (then `reason`, `ground` and `source`),
    or `not_open`. Ids that the stock does not have are left out.

    Raises
    ------
    NoSuchCandidate
        When there is no such person.
    MatchingRefused
        When the person does not want to be matched.
    """
    asked = desk.ask(candidate_id)
    retrieval = retrieve(asked.candidate, desk.index.stock, desk.rules)
    ranking = rank(asked, desk.index, retrieval, desk.rules, desk.model.weights)
    place_of = {int(retrieval.rows[at]): place for place, at in enumerate(ranking.order)}
    found = []
    for vacancy_id in vacancy_ids:
        row = desk.index.stock.position.get(VacancyId(vacancy_id))
        if row is None:
            continue
        head = _head(desk.index.stock.items[row])
        if row in place_of:
            place = place_of[row]
            item = explain_lines(asked, desk.index, ranking, desk.rules, range(place, place + 1))[0]
            found.append({**head, "state": "ranked", "rank": place + 1, "item": item_document(item)})
            continue
        at = np.flatnonzero(retrieval.rows == row)
        if not len(at):
            found.append({**head, "state": "not_open"})
            continue
        exclusion = retrieval.exclusions[int(retrieval.excluded_by[at[0]])]
        found.append(
            {
                **head,
                "state": "excluded",
                "reason": exclusion.text,
                "ground": exclusion.ground.value if exclusion.ground else None,
                "source": exclusion.source.as_dict() if exclusion.source else {},
            }
        )
    return found


def _head(item: StockItem) -> dict[str, Any]:
    vacancy = item.vacancy
    return {
        "vacancy_id": vacancy.vacancy_id,
        "title": vacancy.title,
        "employer": item.employer_name,
        "vacancy": post_facts(item),
        "opens_on": vacancy.opens_on.isoformat() if vacancy.opens_on else None,
    }
