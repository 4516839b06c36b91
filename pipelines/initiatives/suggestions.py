"""Who of a place would be a strong match for the posts of a campaign: told by the ranking, invited by a person.

Each person is held against the posts by the same ranking as their list. Fits for certain come first; where facts are
missing the person is told with what to ask, and is never left out for it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Connection

from matching.duties.terms import terms_on
from matching.matcher import explain_lines
from matching.ranking import rank
from matching.retrieval import retrieve
from matching.vocabulary import Outcome
from pipelines.access.roles import Action, Subject
from pipelines.desk import Desk, NoSuchVacancy
from pipelines.documents import item_document
from pipelines.duties.places import area_of
from pipelines.initiatives.ledger import Ledger
from pipelines.registers.rows import require
from pipelines.registers.runs import people_for, to_match
from pipelines.store.initiatives import InitiativeBeside

MOST_LOOKED_AT = 5_000
"""So many people are held against the posts in one go; the answer says how many there are."""
_FITTING = frozenset({Outcome.FITS, Outcome.FITS_WITH_ACCOMMODATION})
_POSTS_TOLD = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """Which posts and which people: those of the campaign's place, or everybody visible where it is online."""

    vacancy_ids: tuple[str, ...]
    people: tuple[str, ...]
    n_people: int
    already: frozenset[str]


def asked_of(connection: Connection, subject: Subject, initiative_id: str, on: date) -> Asked:
    """Return what to hold against what; who was asked before is left out.

    Raises
    ------
    NoSuchRecord
        When there is no such campaign.
    Forbidden
        When the role may not read lists, or campaigns, for the stated purpose.
    """
    require(subject, Action.READ_SHORTLIST)
    ledger = Ledger(connection, subject, on=on)
    values = ledger.register.look((initiative_id,), Action.READ_INITIATIVES).values
    beside = InitiativeBeside(connection, subject)
    already = frozenset(who for who, _, _ in beside.people(initiative_id))
    visible = to_match(connection, subject) - already
    is_online = values["online"] is not None and values["online"].value == "yes"
    if values["region"] is not None and not is_online:
        visible &= beside.in_region(area_of(connection, values["region"], on).codes or frozenset())
    people = sorted(visible)
    posts = tuple(post["vacancy_id"] for post in beside.posts(initiative_id))
    return Asked(posts, tuple(people[:MOST_LOOKED_AT]), len(people), already)


def strong_for(desk: Desk, asked: Asked, *, k: int) -> dict[str, Any]:
    """Return the people with strong or still open matches among the posts: most fitting posts first."""
    rows = np.array(sorted(_open_rows(desk, asked.vacancy_ids)), dtype=np.intp)
    least = float(terms_on(desk.rules.on).strong_fit)
    wanted = frozenset(asked.people)
    people = [one for one in desk.active() if one in wanted]
    found = []
    for candidate_id in people if len(rows) else ():
        person = desk.ask(candidate_id)
        ranking = rank(person, desk.index, retrieve(person.candidate, desk.index.stock, desk.rules, rows=rows),
                       desk.rules, desk.model.weights)  # fmt: skip
        fits = ranking.fit.total
        strong = [place for place in range(len(fits)) if fits[place] >= least]
        if strong:
            found.append((-len(strong), -round(float(fits.max()), 6), candidate_id, strong, person, ranking))
    found.sort(key=lambda one: one[:3])
    items: list[dict[str, Any]] = []
    for _, _, candidate_id, strong, person, ranking in found[: 2 * k]:
        lines = [explain_lines(person, desk.index, ranking, desk.rules, range(p, p + 1))[0] for p in strong]
        sure = [line for line in lines if line.outcome in _FITTING]
        open_ = [line for line in lines if line.outcome is Outcome.UNKNOWN]
        if sure or open_:
            items.append(
                {
                    "candidate_id": candidate_id,
                    "is_sure": bool(sure),
                    "n_strong": len(sure),
                    "n_to_ask": len(open_),
                    "posts": [_post(item_document(line)) for line in [*sure, *open_][:_POSTS_TOLD]],
                }
            )
    items.sort(key=_order)
    return {
        "as_of": desk.rules.on.isoformat(),
        "model_version": desk.model_version,
        "rules_version": desk.rules.version,
        "least_fit": least,
        "items": items[:k],
        "counts": {
            "posts": len(asked.vacancy_ids),
            "open_posts": len(rows),
            "people": asked.n_people,
            "looked_at": len(people),
            "asked_before": len(asked.already),
        },
    }


def _order(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return not one["is_sure"], -one["n_strong"], -one["n_to_ask"], one["candidate_id"]


def look_for(connection: Connection, subject: Subject, initiative_id: str, on: date) -> None:
    """Refuse who may not be told, before anything is worked out.

    Raises
    ------
    NoSuchRecord
        When there is no such campaign.
    Forbidden
        When the role may not read lists, or campaigns, for the stated purpose.
    """
    require(subject, Action.READ_SHORTLIST)
    Ledger(connection, subject, on=on).register.look((initiative_id,), Action.READ_INITIATIVES)


def told(connection: Connection, subject: Subject, initiative_id: str, document: dict[str, Any]) -> dict[str, Any]:
    """Return the answer after each person was recorded as read; looks at scope, consent and invitations again."""
    already = {who for who, _, _ in InitiativeBeside(connection, subject).people(initiative_id)}
    left = [item for item in document["items"] if item["candidate_id"] not in already]
    counts = {**document["counts"], "asked_before": len(already)}
    return people_for(connection, subject, {**document, "items": left, "counts": counts})


def _open_rows(desk: Desk, vacancy_ids: Collection[str]) -> list[int]:
    found = []
    for vacancy_id in vacancy_ids:
        try:
            found.append(desk.open_row(vacancy_id))
        except NoSuchVacancy:  # closed meanwhile, or not published yet
            continue
    return found


def _post(line: Mapping[str, Any]) -> dict[str, Any]:
    reasons: Sequence[Mapping[str, Any]] = line["reasons"]
    return {
        "vacancy_id": line["vacancy_id"],
        "title": line["title"],
        "employer": line["employer"],
        "outcome": line["outcome"],
        "fit": line["fit"],
        "reasons": [reason["text"] for reason in reasons][:3],
        "missing": line["missing"],
    }
