"""The short steps in which a company says what a post is, and what each of them says of its fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.forms import Form
from api.pages.fields import Option, cells_from
from api.pages.words import words
from matching.fit import FUNCTIONS
from matching.vocabulary import Accommodation, AccommodationState, Function
from pipelines.schema import VACANCIES
from pipelines.vacancy_workflow.check import EXPLAINABLE, TIED_FROM
from pipelines.vacancy_workflow.content import Content, Task
from pipelines.vacancy_workflow.service import Change

MOST_TASKS, LONGEST_TASK = 50, 200
"""As the body of the API takes them."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked together: the key of its words, and the columns that are plain fields."""

    name: str
    columns: tuple[str, ...]


STEPS = (
    Step("tasks", ("title", "kind", "occupation", "description", "welcomes")),
    Step("demands", ()),
    Step("accommodations", ("concessions",)),
    Step(
        "terms",
        (
            "openings", "region", "address", "work_mode", "wage_min", "wage_max", "hours_per_day", "days_per_week",
            "night_shift", "contract_months", "social_insurance", "education_min", "experience_years_min", "skills",
            "certificates", "opens_on", "closes_on",
        ),
    ),
)  # fmt: skip
"""In the order in which a new post is asked; the last step is the page of the post with its check."""
BY_NAME = {step.name: step for step in STEPS}


def following(name: str) -> str | None:
    """Return the step that is asked next, or None after the last."""
    names = [step.name for step in STEPS]
    place = names.index(name) + 1
    return names[place] if place < len(names) else None


# ---- from a form ----


def change_of(step: Step, content: Content, form: Form) -> Change:
    """Return what a form of a step changes of a post; what is left empty is unknown."""
    cells = cells_from(VACANCIES, step.columns, content.values, form)
    if step.name == "tasks":
        if "title" in cells and not cells["title"]:
            cells["title"] = words()("posts.no_title")
        return Change(cells, tasks=_tasks_sent(content.tasks, form))
    if step.name == "demands":
        cells |= cells_from(VACANCIES, ("demands",), content.values, form)
        return Change(cells, tasks=_needs_sent(content.tasks, form))
    if step.name == "accommodations":
        cells["accommodations"] = _offered_sent(content, form)
        return Change(cells, contact=form.text("accommodation_contact") or None, contact_named=True)
    return Change(cells)


def _tasks_sent(before: tuple[Task, ...], form: Form) -> tuple[Task, ...]:
    """Return the tasks, a line each; one that stays keeps what it needs."""
    known = {task.text: task for task in before}
    lines = dict.fromkeys(line.strip()[:LONGEST_TASK] for line in form.text("tasks").splitlines() if line.strip())
    return tuple(known.get(line, Task(line)) for line in list(lines)[:MOST_TASKS])


def _needs_sent(before: tuple[Task, ...], form: Form) -> tuple[Task, ...]:
    """Return the tasks with which functions each needs, and which conditions it explains."""
    found = []
    for place, task in enumerate(before):
        needed, explained = form.all(f"needs.{place}"), form.all(f"explains.{place}")
        functions = tuple(function for function in FUNCTIONS if function.value in needed)
        found.append(Task(task.text, functions, tuple(one for one in sorted(EXPLAINABLE) if one in explained)))
    return tuple(found)


def _offered_sent(content: Content, form: Form) -> str:
    """Return what is offered as one cell; what an office verified stays verified while it is still offered."""
    known, ticked = content.values.get("accommodations") or {}, form.all("accommodations")
    offered = {
        one: known.get(one, AccommodationState.DECLARED) for one in Accommodation if one.value in ticked
    }  # fmt: skip
    return ";".join(f"{one.value}={state.value}" for one, state in offered.items())


# ---- to a form ----


def shown_of(step: Step, content: Content, form: Form | None = None) -> Mapping[str, Any]:
    """Return what a step shows beside its plain fields: as sent where a form came back, else as stored."""
    if step.name == "tasks":
        return {"tasks": form.text("tasks") if form else content.task_text()}
    if step.name == "demands":
        return {"demands": _demands(content, form), "tasks": _needs(content, form), "tied_from": TIED_FROM}
    if step.name == "accommodations":
        contact = form.text("accommodation_contact") if form else content.accommodation_contact or ""
        return {"offered": _offered(content, form), "contact": contact}
    return {}


def _demands(content: Content, form: Form | None) -> list[dict[str, Any]]:
    t, held = words(), content.values.get("demands") or {}
    found = []
    for function in Function:
        chosen = str(held.get(function, "")) if form is None else form.text(f"demands.{function.value}")
        known = tuple(Option(str(n), t(f"demand.l{n}"), str(n) == chosen) for n in range(5))
        options = (Option("", t("demand.unknown"), not chosen or chosen not in "01234"), *known)
        found.append({"name": function.value, "label": function.label, "options": options})
    return found


def _needs(content: Content, form: Form | None) -> list[dict[str, Any]]:
    t, found = words(), []
    for place, task in enumerate(content.tasks):
        needed = form.all(f"needs.{place}") if form else [function.value for function in task.functions]
        explained = form.all(f"explains.{place}") if form else task.explains
        found.append(
            {
                "text": task.text,
                "needs": [Option(f.value, f.label, f.value in needed) for f in Function],
                "explains": [Option(one, t(f"explains.{one}"), one in explained) for one in sorted(EXPLAINABLE)],
            }
        )
    return found


def _offered(content: Content, form: Form | None) -> list[dict[str, Any]]:
    known = content.values.get("accommodations") or {}
    ticked = form.all("accommodations") if form else [one.value for one in known]
    return [
        {
            "option": Option(one.value, one.label, one.value in ticked),
            "is_verified": known.get(one) is AccommodationState.VERIFIED,
        }
        for one in Accommodation
    ]


def change_on_top(step: Step, content: Content, form: Form) -> Content:
    """Return a post as it would be with a form that was not saved, for the preview.

    Raises
    ------
    RowRefused
        When a cell cannot be taken.
    """
    change = change_of(step, content, form)
    return content.changed(change.cells, change.tasks, change.contact, contact_named=change.contact_named)
