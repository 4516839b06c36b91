"""The public register of the model in use: open to everybody, at an address that stays."""

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from api.access import OPEN_PAGE, AccessDep, declare
from api.desk_keeper import DeskKeeper
from api.pages.render import page
from pipelines.model_documents import shown_version
from pipelines.quarter.register import TITLE, Office, register_parts
from pipelines.registry import NoModel, Registry

router = APIRouter(include_in_schema=False)


@router.get("/register")
@declare(OPEN_PAGE)
def register(request: Request, access: AccessDep) -> Response:
    """Tell the public what ranks, from which data, how well, where it falls short, and who is in charge."""
    keeper: DeskKeeper = request.app.state.keeper
    settings = keeper.settings
    with access.engine.connect() as connection:
        registry = Registry(connection, settings.models)
        try:
            document = shown_version(registry, registry.in_use().version)
        except NoModel:
            return page(request, "register.html", title=TITLE, parts=[])
    parts = register_parts(document, Office(settings.office, settings.contact))
    # Written by the program, and every text in it is escaped there.
    return page(request, "register.html", title=TITLE, parts=[Markup(part) for part in parts])  # noqa: S704
