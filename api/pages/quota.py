"""A company's quota of a year month by month, the levy, what the next hire changes, and what it may claim."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.forms import Form, form_sent
from api.pages.charts import month_bars
from api.pages.company import is_registered, own_id
from api.pages.render import page, see_other
from api.pages.words import words
from api.settings import today
from matching.rules.rulebook import rulebook
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.registers.cases import employer_benefits
from pipelines.registers.quota_year import MONTHS, Staff, quota_year
from pipelines.rule_pages import status_in_words

router = APIRouter(prefix="/company", include_in_schema=False)
_QUOTA = page_for(Action.READ_QUOTA, Purpose.RECRUITMENT)
_BENEFITS = page_for(Action.READ_BENEFITS, Purpose.RECRUITMENT)
FIRST_YEAR = 2015
_LINES, _MOST_STAFF = 4, 9999
_SHOWN_FROM = (1, 4, 7, 10, 12)
_ORDER = ("met", "unknown", "not_met")


@router.get("/quota")
@declare(_QUOTA)
def quota_page(request: Request, access: AccessDep, subject: SubjectDep, year: str = "") -> Response:
    """Show the quota of a year as it follows from what is stored."""
    return _page(request, access, subject, _year(year), Form())


@router.post("/quota")
@declare(_QUOTA)
def reckon(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Reckon the year by what the company says of its staff; nothing of it is kept."""
    form = form_sent(request)
    return _page(request, access, subject, _year(form.text("year")), form)


def _year(text: str) -> int:
    is_one = text.isascii() and text.isdigit() and FIRST_YEAR <= int(text) <= today().year
    return int(text) if is_one else today().year


def _page(request: Request, access: Access, subject: Subject, year: int, form: Form) -> Response:
    lines, faults = _lines(form)
    wage, wage_fault = _wage(form.text("social_wage"))
    faults += [wage_fault] if wage_fault else []
    staff = [one for line in lines if (one := line["staff"]) is not None]
    if not is_registered(access, subject):
        return see_other("/company/edit")
    with access.engine.begin() as connection:
        found = quota_year(
            connection, subject, rulebook(), own_id(subject), year, today(),
            staff=() if faults else staff, social_wage=None if faults else wage,
        )  # fmt: skip
    levy = found["levy"]["certain"]
    return page(
        request,
        "quota.html",
        422 if faults else 200,
        found=found,
        plain=_plain,
        asks_company=any("用人单位" in one["who_can_supply"] for one in levy["missing"]),
        year=year,
        years=(today().year - 1, today().year),
        levy=levy,
        chart=_chart(found),
        lines=lines,
        months=MONTHS,
        social_wage=form.text("social_wage"),
        faults=faults,
        one_more=_one_more(found, today().month if year == today().year else 0),
        is_last_month=year == today().year and today().month == MONTHS[-1],
        to_verify=_to_verify(found["required_decision"], levy, found["certification"]),
        is_past=year < today().year,
        is_filled=bool(staff) and not faults,
    )


def _lines(form: Form) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return the lines of the form on the own staff, and what is wrong with them."""
    t, found, faults = words(), [], []
    for place in range(_LINES):
        told = {name: form.text(f"{name}.{place}") for name in ("n", "weight", "first", "last")}
        staff = None
        if told["n"]:
            n, first, last = _number(told["n"]), _number(told["first"] or "1"), _number(told["last"] or "12")
            if n is None or not 1 <= n <= _MOST_STAFF:
                faults.append({"field": f"n-{place}", "text": t("quota.n_wrong")})
            elif first not in MONTHS or last not in MONTHS or first > last:
                faults.append({"field": f"first-{place}", "text": t("quota.months_wrong")})
            else:
                staff = Staff(n, told["weight"] == "severe", first, last)
        found.append({**told, "staff": staff})
    return found, faults


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def _wage(text: str) -> tuple[Fraction | None, dict[str, str] | None]:
    if not text:
        return None, None
    n = _number(text)
    if n is None or n < 1:
        return None, {"field": "social_wage", "text": words()("quota.wage_wrong")}
    return Fraction(n), None


def _chart(found: dict[str, Any]) -> Markup | None:
    t = words()
    rows = [(row["month"], float(row["certain"]), float(row["if_all_confirmed"])) for row in found["months"]]
    line = found["monthly_line"]
    if line is None and not any(certain or possible for _, certain, possible in rows):
        return None
    return month_bars(
        t("quota.chart"),
        t("quota.chart_desc", line=t("quota.line_unknown") if line is None else _plain(line)),
        rows,
        None if line is None else float(line),
        t("quota.line_label"),
    )


def _plain(value: Any) -> str:
    return f"{float(value):.2f}".rstrip("0").rstrip(".")


def _one_more(found: dict[str, Any], gone: int) -> list[dict[str, Any]]:
    """Return what one more person on duty from a month on would save, a line each month, by what the person counts."""
    options = {(one["from_month"], one["weight"]): one for one in found["one_more_placement"]}
    weights = sorted({weight for _, weight in options})
    return [
        {
            "month": month,
            "options": [(weight, options[month, weight]) for weight in weights if (month, weight) in options],
        }
        for month in MONTHS
        if month > gone and any((month, weight) in options for weight in weights)
    ]


def _to_verify(*decisions: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the numbers of the law that an answer rests on and nobody confirmed, each once (需人工核实)."""
    found = {
        told["parameter"]: told
        for decision in decisions
        for told in decision["parameters"]
        if told.get("status") not in ("confirmed", "convention")
    }
    return list(found.values())


# ---- reliefs and subsidies ----


@router.get("/benefits")
@declare(_BENEFITS)
def benefits(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Show what the company may claim, what is open and why, and what is to be handed in."""
    if not is_registered(access, subject):
        return see_other("/company/edit")
    with access.engine.begin() as connection:
        found = employer_benefits(connection, subject, rulebook(), own_id(subject), today())
    return page(
        request, "company_benefits.html", entries=entries_of(found), on=found["as_of"], notice=found["notice"]
    )  # fmt: skip


def entries_of(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return benefits as they are shown: what is met first, each with what excludes it and what is to be verified."""
    entries = sorted(found["benefits"], key=lambda one: (_ORDER.index(one["outcome"]), one["rule_id"]))
    titles = {one["rule_id"]: one["title"] for one in entries}
    return [
        {
            **one,
            "excluded": [titles[other] for other in one["excludes"] if other in titles],
            "to_verify": _to_verify(one),
            "notes": [status_in_words(note) for note in one.get("notes", [])],
        }
        for one in entries
    ]
