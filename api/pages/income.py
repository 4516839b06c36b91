"""What a job leaves a person's household each month: the curve of net income, in words, as a picture and as a table."""

from fractions import Fraction
from typing import Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from api.access import AccessDep, SubjectDep, declare, page_for
from api.income_drawing import drawing
from api.income_words import NOT_IN_CURVE, SHOWN_EVERY, left_out_of, open_lines, said_of, source_lines, yuan
from api.pages.people import head_of
from api.pages.render import page
from api.pages.shown import BETWEEN
from api.pages.words import words
from api.rows import acting
from api.settings import today
from matching.rules.income import PARTS, Curve, Point
from matching.rules.rulebook import NOTICE, rulebook
from pipelines.access.roles import Action, Purpose
from pipelines.income import Income
from pipelines.registers.cases import candidate_income
from pipelines.registers.people import People
from pipelines.registers.rows import Register
from pipelines.schema import VACANCIES

router = APIRouter(prefix="/people/{candidate_id}", include_in_schema=False)
_READ = page_for(Action.READ_BENEFITS, Purpose.JOB_MATCHING)
_MOST, _LEAST, _STEP = 20_000, 8_000, 100


@router.get("/income")
@declare(_READ)
def income(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, vacancy: str = "") -> Response:
    """Show both curves, with the wages of a vacancy marked where one is named."""
    with acting(access, subject, Action.READ_BENEFITS) as connection:
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
        post: dict[str, Any] = {}
        if vacancy:
            post = Register(connection, VACANCIES, subject).one((vacancy,), Action.READ_VACANCIES).values
        wages = _wages(post)
        highest = min(max([_LEAST, *(int(wage) + 1000 for wage in wages)]), _MOST)
        found = candidate_income(connection, subject, rulebook(), candidate_id, today(), wage_max=highest)
    sources = [(told["title"], told["source"], told["status"]) for told in found.as_dict()["rules"]]
    return page(
        request,
        "income.html",
        **head_of(row.values),
        post=post,
        chart=Markup(drawing(found.first, found.later, wages)),  # noqa: S704  # written by the program, texts escaped
        at_job=_at_job(found, wages),
        left_out=BETWEEN.join(PARTS[part] for part in left_out_of(found.first, found.later)),
        before=yuan(found.later.before),
        rows=_rows(found),
        told=_told(found.first, found.later),
        sources=source_lines(sources),
        not_in_curve=NOT_IN_CURVE,
        notice=NOTICE,
        on=found.on.isoformat(),
    )


def _wages(post: dict[str, Any]) -> tuple[Fraction, ...]:
    stated = [post.get("wage_min"), post.get("wage_max")]
    return tuple(dict.fromkeys(Fraction(wage) for wage in stated if wage is not None))


def _told(first: Curve, later: Curve) -> list[str]:
    """Return what the curves say in words; the table and the picture are beside them."""
    t = words()
    stages = ((t("income.stage_first"), first), (t("income.stage_later"), later))
    return [line.strip() for stage, curve in stages for line in said_of(stage, curve)] + open_lines(first, later)


def _rows(found: Income) -> list[tuple[int, str, str]]:
    pairs = zip(found.first.points, found.later.points, strict=True)
    return [(int(one.wage), yuan(one.income), yuan(two.income)) for one, two in pairs if one.wage % SHOWN_EVERY == 0]


def _at_job(found: Income, wages: tuple[Fraction, ...]) -> list[tuple[int, str, str]]:
    """Return what is left at the wages of a job, by the step that the curve is worked out in."""
    return [(int(wage), yuan(_near(found.first, wage).income), yuan(_near(found.later, wage).income)) for wage in wages]


def _near(curve: Curve, wage: Fraction) -> Point:
    return min(curve.points, key=lambda point: abs(point.wage - wage))
