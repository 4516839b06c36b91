"""Releases of rule books as a page: what was proposed, what it would change, and the release by a second person.

A rule book is proposed at the command line, for it is a folder of files; here another person lets it answer, or one
person stops it.
"""

import json
from typing import Any

from fastapi import APIRouter, Request, Response

from api.access import AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.pages.render import page, see_other
from api.pages.tabs import tabs_of
from pipelines.access.errors import Forbidden
from pipelines.access.names import actor_names
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.rule_release.errors import ReleaseRefused
from pipelines.rule_release.releases import Releases
from pipelines.store.rule_releases import Release

router = APIRouter(prefix="/supervision/rules", include_in_schema=False)
_RELEASE = page_for(Action.RELEASE_RULES, Purpose.SUPERVISION)
_HERE = "/supervision/rules"


@router.get("")
@declare(_RELEASE)
def releases(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Show every proposal, the latest first."""
    return _list(request, access, subject)


def _list(request: Request, access: Any, subject: Subject, *, refused: str = "", status: int = 200) -> Response:
    with access.engine.begin() as connection:
        found = [_shown(release, holds) for release, holds in Releases(connection, at=moment()).all()]
        names = actor_names(
            connection, [one[name] for one in found for name in ("proposed_by", "approved_by", "retired_by")]
        )
    return page(
        request,
        "releases.html",
        status,
        tabs=tabs_of(subject, _HERE),
        items=found[::-1],
        names=names,
        own=subject.by.actor,
        may_act=subject.user_id is not None and subject.is_whole_province,
        refused=refused,
    )


def _shown(release: Release, holds: bool) -> dict[str, Any]:
    own = release.proposal
    state = "waits" if release.approved_by is None else "retired" if release.retired_by else "unsigned"
    return {
        "release_id": own.release_id,
        "version": own.version,
        "state": "holds" if holds else state,
        "proposed_by": own.proposed_by,
        "proposed_at": own.proposed_at.isoformat(),
        "approved_by": release.approved_by,
        "approved_at": None if release.approved_at is None else release.approved_at.isoformat(),
        "retired_by": release.retired_by,
        "retired_at": None if release.retired_at is None else release.retired_at.isoformat(),
        "effects": json.loads(own.effects),
    }


@router.post("/{release_id}/approve")
@declare(_RELEASE)
def approve(request: Request, access: AccessDep, subject: SubjectDep, release_id: str) -> Response:
    """Release what somebody else proposed."""
    try:
        with access.engine.begin() as connection:
            Releases(connection, at=moment()).approve(release_id, subject)
    except (ReleaseRefused, Forbidden) as error:
        return _list(request, access, subject, refused=str(error), status=409)
    return see_other(_HERE, "rules_released")


@router.post("/{release_id}/retire")
@declare(_RELEASE)
def retire(request: Request, access: AccessDep, subject: SubjectDep, release_id: str) -> Response:
    """Let a released rule book answer no more."""
    try:
        with access.engine.begin() as connection:
            Releases(connection, at=moment()).retire(release_id, subject)
    except (ReleaseRefused, Forbidden) as error:
        return _list(request, access, subject, refused=str(error), status=409)
    return see_other(_HERE, "rules_retired")
