"""The first page: what there is to do today, by role."""

from fastapi import APIRouter, Request, Response

from api.access import SIGNED_IN_PAGE, SubjectDep, declare
from api.pages.render import page

router = APIRouter(include_in_schema=False)


@router.get("/")
@declare(SIGNED_IN_PAGE)
def home(request: Request, subject: SubjectDep) -> Response:
    """Return the first page of whoever looks."""
    return page(request, "home.html")
