"""People released to a company for a post, in functional terms, and what the company answers to each referral."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.errors import problem_title
from api.forms import form_sent
from api.pages.posts import address_of, line_of, work_of
from api.pages.render import page, see_other
from api.pages.words import words
from api.settings import today
from matching.vocabulary import AccommodationState, InteractionKind
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.consent.answers import answer, take_back
from pipelines.consent.released import ANSWERS, released
from pipelines.consent.words import DisclosedItem, Refusal
from pipelines.registers.errors import NothingToUndo, RowRefused

router = APIRouter(prefix="/posts/{vacancy_id}/candidates", include_in_schema=False)
_READ = page_for(Action.READ_RELEASED, Purpose.RECRUITMENT)
_ANSWER = page_for(Action.ANSWER_RELEASED, Purpose.RECRUITMENT)


@router.get("")
@declare(_READ)
def people(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Show who was referred to the company's own post, as it may see them now."""
    return _page(request, access, subject, vacancy_id)


def _page(
    request: Request, access: Access, subject: Subject, vacancy_id: str, *, refused: str = "", status: int = 200
) -> Response:
    with access.engine.begin() as connection:
        found = released(connection, subject, vacancy_id, on=today())
        line = line_of(work_of(connection, subject).at_work(vacancy_id))
    items = [_shown(place, one) for place, one in enumerate(found["items"], 1)]
    return page(
        request,
        "released.html",
        status,
        line=line,
        found=found,
        waiting=[one for one in items if one["answer"] is None],
        answered=[one for one in items if one["answer"] is not None],
        kinds=[kind for kind in ANSWERS if kind is not InteractionKind.DECLINED_BY_EMPLOYER],
        refusals=list(Refusal),
        refused=refused,
    )


def _shown(place: int, item: dict[str, Any]) -> dict[str, Any]:
    agreed = item["agreed"] or {}
    return {
        **item,
        "place": place,
        "accommodations": [
            {**one, "state_label": AccommodationState(one["state"]).label} for one in item["accommodations"]
        ],
        "told": [(DisclosedItem(name).label, text) for name, value in agreed.items() if (text := _plain(value))],
    }


def _plain(value: Any) -> str:
    """Return what somebody agreed to tell, in words; what is not known of it is left out."""
    if isinstance(value, dict):
        return "；".join(text for one in value.values() if (text := _plain(one)))
    if isinstance(value, list):
        return "、".join(text for one in value if (text := _plain(one)))
    return "" if value is None else str(value)


@router.post("/{person}")
@declare(_ANSWER)
def reply(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str, person: str) -> Response:
    """Answer a referral."""
    form = form_sent(request)
    kind = next((one for one in ANSWERS if one.value == form.text("kind")), None)
    reason = next((one for one in Refusal if one.value == form.text("reason")), None)
    try:
        with access.engine.begin() as connection:
            asked = kind or InteractionKind.VIEWED  # which is no answer, and refused as one
            answer(connection, subject, vacancy_id, person, asked, reason, on=today())
    except RowRefused as error:
        return _page(request, access, subject, vacancy_id, refused=error.faults[0].reason, status=422)
    return see_other(address_of(vacancy_id, "/candidates"), f"answer_{asked.value}")


@router.post("/{person}/undo")
@declare(_ANSWER)
def undo(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str, person: str) -> Response:
    """Take back today's answer."""
    try:
        with access.engine.begin() as connection:
            take_back(connection, subject, vacancy_id, person, on=today())
    except NothingToUndo as error:
        refused = problem_title(error) or words()("form.refused")
        return _page(request, access, subject, vacancy_id, refused=refused, status=409)
    return see_other(address_of(vacancy_id, "/candidates"), "answer_undone")
