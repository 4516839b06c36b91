"""What a person or an employer may claim, as pages for an office: each benefit with its ground and the way to claim it.

A person's benefits are shown with those of each job that runs: these are claimed for the person and the employer.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, page_for
from api.pages.people import head_of
from api.pages.quota import entries_of
from api.pages.render import page
from api.pages.words import words
from api.rows import acting
from api.settings import today
from matching.rules.rulebook import rulebook
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.registers.cases import candidate_benefits, employer_benefits, placement_benefits
from pipelines.registers.names import employer_names
from pipelines.registers.people import People
from pipelines.registers.rows import Register
from pipelines.schema import PLACEMENTS

router = APIRouter(include_in_schema=False)
_READ = page_for(Action.READ_BENEFITS, Purpose.JOB_MATCHING)
_MOST_PLACEMENTS = 50


@router.get("/people/{candidate_id}/benefits")
@declare(_READ)
def of_person(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Show what a person may claim, on their own account and for each job that runs."""
    t = words()
    with acting(access, subject, Action.READ_BENEFITS) as connection:
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
        own = candidate_benefits(connection, subject, rulebook(), candidate_id, today())
        jobs = _running(connection, subject, candidate_id)
        firms = employer_names(connection, subject, [one["employer_id"] for one in jobs])
        groups = [_group(t("claims.own"), own, {"candidate_id": candidate_id})]
        for job in jobs:
            found = placement_benefits(connection, subject, rulebook(), job["placement_id"], today())
            name = firms.get(job["employer_id"], job["employer_id"])
            title = t("claims.of_job", name=name, since=job["starts_on"] or t("form.unknown"))
            groups.append(_group(title, _of_jobs(found), {"placement_id": job["placement_id"]}))
    return page(request, "benefits.html", **head_of(row.values), groups=groups, **_around(own, subject))


@router.get("/employers/{employer_id}/benefits")
@declare(_READ)
def of_employer(request: Request, access: AccessDep, subject: SubjectDep, employer_id: str) -> Response:
    """Show what an employer may claim on its own account."""
    with access.engine.begin() as connection:
        found = employer_benefits(connection, subject, rulebook(), employer_id, today())
        name = employer_names(connection, subject, [employer_id]).get(employer_id)
    group = _group(words()("claims.of_firm"), found, {"employer_id": employer_id})
    return page(
        request,
        "benefits.html",
        person=None,
        employer={"id": employer_id, "name": name},
        groups=[group],
        **_around(found, subject),
    )


def _around(found: Mapping[str, Any], subject: Subject) -> dict[str, Any]:
    may_claim = subject.stating(Purpose.BENEFIT_DECISION).may(Action.WRITE_BENEFITS)
    return {"on": found["as_of"], "notice": found["notice"], "may_claim": may_claim}


def _group(title: str, found: Mapping[str, Any], about: Mapping[str, str]) -> dict[str, Any]:
    ways = {
        one["rule_id"]: f"/claims/new?{urlencode({'rule_id': one['rule_id'], **about})}" for one in found["benefits"]
    }
    return {"title": title, "entries": [{**one, "way": ways[one["rule_id"]]} for one in entries_of(found)]}


def _of_jobs(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return those benefits of a placement that nobody has without it: the person's own are shown once."""
    rules = rulebook().rules
    own = [one for one in found["benefits"] if rules[one["rule_id"]].rule.subject == "placement"]
    return {**found, "benefits": own}


def _running(connection: Connection, subject: Subject, candidate_id: str) -> list[Mapping[str, Any]]:
    """Return the person's jobs with an employer that are not over on the day."""
    rows, _ = Register(connection, PLACEMENTS, subject).page(
        after=None, limit=_MOST_PLACEMENTS, filters={"candidate_id": candidate_id}, action=Action.READ_PLACEMENTS
    )
    found = [row.values for row in rows]
    return [one for one in found if one["employer_id"] and (one["ends_on"] is None or one["ends_on"] >= today())]


def benefits_address(candidate_id: str | None, employer_id: str | None) -> str:
    """Return where the benefits of a person, or else of an employer, are shown."""
    if candidate_id:
        return f"/people/{quote(candidate_id, safe='')}/benefits"
    return f"/employers/{quote(employer_id or '', safe='')}/benefits"
