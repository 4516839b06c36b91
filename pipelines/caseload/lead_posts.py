"""The posts of the three actions that lead (organs and institutions, state enterprises, private companies) in a list.

Nothing is ranked anew: what a person's newest list holds is put together by who employs, in its order.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from matching.vocabulary import EmployerKind, VacancyKind
from pipelines.access.roles import Subject
from pipelines.registers.runs import lists_of, stored_list
from pipelines.schema import VACANCIES
from pipelines.store.plans import employer_kinds
from pipelines.store.repositories import TableRepository

ACTIONS: Sequence[tuple[str, str, frozenset[EmployerKind]]] = (
    ("public", "机关、事业单位", frozenset({EmployerKind.ORGAN, EmployerKind.INSTITUTION})),
    ("state", "国有企业", frozenset({EmployerKind.STATE_OWNED})),
    ("private", "民营企业和平台企业", frozenset({EmployerKind.PRIVATE, EmployerKind.PLATFORM})),
)
"""二(一) to 二(三): each with what people call it and the kinds of employers."""
MOST = 5


def lead_posts(connection: Connection, subject: Subject, candidate_id: str) -> dict[str, Any]:
    """Return the posts of the three actions in a visible person's newest list, by action, the first of each.

    `run_id` is None where no list was ever made.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    Forbidden
        When the role may not read lists for the stated purpose.
    MatchingRefused
        When the person does not want to be matched.
    """
    newest = lists_of(connection, subject, candidate_id, before=None, limit=1)
    if not newest:
        return {"run_id": None, "as_of": None, "actions": []}
    document = stored_list(connection, subject, str(newest[0]["run_id"]))
    items = document["items"]
    posts = TableRepository(connection, VACANCIES, subject).find([(one["vacancy_id"],) for one in items])
    kinds = employer_kinds(connection, [post["employer_id"] for post in posts.values() if post["employer_id"]])
    actions = []
    for name, label, of in ACTIONS:
        found = [one for one in items if _kind(posts, kinds, one["vacancy_id"]) in of]
        actions.append(
            {
                "action": name,
                "label": label,
                "n_posts": len(found),
                "posts": [_line(one, posts[one["vacancy_id"],]) for one in found[:MOST]],
            }
        )
    return {"run_id": document["run_id"], "as_of": document["as_of"], "actions": actions}


def _kind(posts: Mapping[Any, Any], kinds: Mapping[str, Any], vacancy_id: str) -> EmployerKind | None:
    post = posts.get((vacancy_id,))
    return None if post is None else kinds.get(post["employer_id"])


def _line(item: Mapping[str, Any], post: Mapping[str, Any]) -> dict[str, Any]:
    kind: VacancyKind | None = post["kind"]
    return {
        "rank": item["rank"],
        "vacancy_id": item["vacancy_id"],
        "title": item["title"],
        "employer": item["employer"],
        "kind": None if kind is None else kind.label,
        "outcome": item["outcome"],
        "reasons": [reason["text"] for reason in item["reasons"][:2]],
    }
