"""The ranked list of a person as a page: reasons, questions to ask now, filters that keep the order, acts, undo.

What is shown is a stored run, so that going back and filtering never reshuffle it; an answer makes a new run, and
the page says what changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import APIRouter, Request, Response

from api.access import AccessDep, SubjectDep, declare, page_for
from api.desk_keeper import DeskKeeper
from api.etags import stale
from api.forms import form_sent
from api.pages.fact_groups import group_of
from api.pages.fields import Field, Option, cells_from, fields_of
from api.pages.maps import near_map, province_map
from api.pages.people import WRITE, head_of
from api.pages.render import ROW_VERSION, page, see_other
from api.pages.words import words
from api.rows import acting
from api.settings import today
from matching.accommodation import facts as accommodation_facts
from matching.vocabulary import Accommodation, InteractionKind, YesNo
from pipelines.access.roles import Action, Purpose
from pipelines.initiatives.offers import offers_for
from pipelines.list_changes import list_changes
from pipelines.places_of_list import places_of
from pipelines.recourse import recourse
from pipelines.registers.acts import acts_of, undo
from pipelines.registers.errors import NoSuchRecord, RowRefused
from pipelines.registers.people import People
from pipelines.registers.rows import Register, Row
from pipelines.registers.runs import handed_out, kept_list, person_to_match, stored_list, the_vacancy
from pipelines.schema import CANDIDATES, INTERACTIONS, holds_citizen_number
from pipelines.standing import posts_named, standings

router = APIRouter(prefix="/people/{candidate_id}", include_in_schema=False)
READ_LIST = page_for(Action.READ_SHORTLIST, Purpose.JOB_MATCHING)
ACT = page_for(Action.WRITE_INTERACTIONS, Purpose.JOB_MATCHING)
K, FIRST = 50, 10
QUESTIONS = 3
_ASKED = 12
"""How many vacancies that fit a name are told of."""
_STATES = ("ranked", "excluded", "not_open")
OUTCOMES = ("fits", "fits_with_accommodation", "unknown")
ACTS = (InteractionKind.REFERRED, InteractionKind.APPLIED, InteractionKind.DECLINED_BY_CANDIDATE)
DECLINES = ("far", "transport", "wage", "hours", "body", "accommodation", "family", "kind", "none")
"""Why a person does not want a post, as `decline.` words; kept with the act, so that the ranking learns of it."""


def own_address(candidate_id: str, rest: str = "") -> str:
    """Return an address about a person."""
    return f"/people/{quote(candidate_id, safe='')}{rest}"


def keeper_of(request: Request) -> DeskKeeper:
    """Return the keeper of the desk."""
    keeper: DeskKeeper = request.app.state.keeper
    return keeper


@router.get("/list")
@declare(READ_LIST)
def make(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Make a list as of now, store it, and lead to it."""
    run_id = made(request, access, subject, candidate_id)
    return see_other(own_address(candidate_id, f"/lists/{run_id}"))


def made(request: Request, access: Any, subject: Any, candidate_id: str) -> str:
    """Make and store a list; return its id."""
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        person = person_to_match(connection, subject, candidate_id)
    document = keeper_of(request).desk(today()).document(person, k=K)
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        return str(kept_list(connection, subject, person, document)["run_id"])


# ---- what is shown ----


@dataclass(frozen=True, slots=True)
class Filters:
    """What of a list is shown; the order and the places stay."""

    outcomes: tuple[str, ...]
    places: tuple[str, ...]
    modes: tuple[str, ...]
    no_night: bool
    untouched: bool

    @classmethod
    def of(cls, request: Request) -> "Filters":
        """Read them off an address."""
        asked = request.query_params
        return cls(
            outcomes=tuple(one for one in asked.getlist("outcome") if one in OUTCOMES),
            places=tuple(one for one in asked.getlist("place") if one),
            modes=tuple(one for one in asked.getlist("mode") if one),
            no_night="no_night" in asked,
            untouched="untouched" in asked,
        )

    @property
    def any(self) -> bool:
        """True where something is filtered at all."""
        return bool(self.outcomes or self.places or self.modes or self.no_night or self.untouched)

    def show(self, line: Mapping[str, Any]) -> bool:
        """True where a line is shown; what is not known is not filtered away."""
        item, stated = line["item"], line["item"]["vacancy"]
        return (
            (not self.outcomes or item["outcome"] in self.outcomes)
            and (not self.places or stated["region"] is None or stated["region"] in self.places)
            and (not self.modes or stated["work_mode"] is None or stated["work_mode"] in self.modes)
            and not (self.no_night and line["is_night"])
            and not (self.untouched and line["act"] is not None)
        )


@router.get("/lists/{run_id}")
@declare(READ_LIST)
def show(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, run_id: str) -> Response:
    """Show a stored list, and what changed since the one before it where one is named."""
    before_id = request.query_params.get("before", "")
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        document = list_of_person(stored_list(connection, subject, run_id), candidate_id)
        before = list_of_person(stored_list(connection, subject, before_id), candidate_id) if before_id else None
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
        acts = {act["vacancy_id"]: act for act in acts_of(connection, subject, candidate_id)}
        offers = offers_for(connection, subject, candidate_id, today())
    said = frozenset(name for note in document["notes"] for name in note["covers"])
    lines = [_line(item, acts.get(item["vacancy_id"]), said) for item in document["items"]]
    filters = Filters.of(request)
    return page(
        request,
        "list.html",
        **head_of(row.values),
        run=document,
        lines=[line for line in lines if filters.show(line)],
        filters=filters,
        outcomes=OUTCOMES,
        places=_choices(document["items"], "region"),
        modes=_choices(document["items"], "work_mode"),
        questions=_questions(document, row),
        elsewhere=_elsewhere(document),
        changes=None if before is None else list_changes(before, document),
        offers=offers,
        version=row.version,
        declines=DECLINES,
        query=urlencode([pair for pair in request.query_params.multi_items() if pair[0] != "before"]),
    )


def list_of_person(document: dict[str, Any], candidate_id: str) -> dict[str, Any]:
    """Return a list if it is this person's: an address that mixes two people is one of nothing."""
    if document["candidate_id"] != candidate_id:
        raise NoSuchRecord("没有这条记录")
    return document


def _choices(items: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    return sorted({item["vacancy"][name] for item in items if item["vacancy"][name]})


def _line(item: Mapping[str, Any], act: Mapping[str, Any] | None, said: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return a line as it is shown; what the head of the list says for all lines (`said`) is not said again."""
    return {
        "item": item,
        "is_night": item["vacancy"]["night_shift"] == YesNo.YES.label,
        "accommodations": [_accommodation(one) for one in item["accommodations"]],
        "missing": missing_by_source([one for one in item["missing"] if one["fact"] not in said]),
        "act": None
        if act is None
        else {
            "kind": act["kind"].value,
            "label": act["kind"].label,
            "at": act["at"].isoformat(),
            "reason": act["reason"],
            "is_undone_here": act["at"] == today() and act["kind"] in ACTS,
        },
    }


def missing_by_source(missing: Sequence[Mapping[str, str]]) -> list[tuple[str, list[str]]]:
    """Return what is missing, together for each who can supply it."""
    found: dict[str, list[str]] = {}
    for one in missing:
        found.setdefault(one["who_can_supply"], []).append(one["label"])
    return list(found.items())


def _accommodation(one: Mapping[str, str]) -> dict[str, Any]:
    """Return an accommodation with who arranges and who pays, where a text says so."""
    known = accommodation_facts(Accommodation(one["name"]))
    return {**one, "who_arranges": known.who_arranges, "who_pays": known.who_pays, "source": known.source.as_dict()}


@dataclass(frozen=True, slots=True)
class Question:
    """A fact to ask now: what it holds up, and the field that takes the answer."""

    fact: str
    entry: Mapping[str, Any]
    field: Field


def _questions(document: Mapping[str, Any], row: Row) -> list[Question]:
    """Return the questions that the person can answer now, those that hold up the most first."""
    found: list[Question] = []
    for entry in document["unlock"]:
        name = entry["fact"].partition(".")[0]
        if name not in CANDIDATES.by_name or len(found) == QUESTIONS:
            continue
        if name == "functions":
            field = _level_field(entry)
        else:
            field = fields_of(CANDIDATES, (name,), row.values)[0]
        found.append(Question(entry["fact"], entry, field))
    return found


def _level_field(entry: Mapping[str, Any]) -> Field:
    t = words()
    options = tuple(Option(str(n), t(f"level.l{n}"), False) for n in range(5))
    return Field(entry["fact"], entry["label"], "choice", options=options)


def _elsewhere(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the other facts that hold something up: who can supply them, and where they are written down."""
    asked = 0
    found: list[dict[str, Any]] = []
    for entry in document["unlock"]:
        name = entry["fact"].partition(".")[0]
        if name in CANDIDATES.by_name and asked < QUESTIONS:
            asked += 1
            continue
        found.append({**entry, "group": group_of(name)})
    return found


# ---- an answer to one question ----


@router.post("/lists/{run_id}/answers")
@declare(WRITE)
def answer(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, run_id: str) -> Response:
    """Write one fact down and make the list anew; what cannot be taken is asked again on the page of its group."""
    form = form_sent(request)
    fact, version = form.text("fact"), form.text(ROW_VERSION)
    name, _, function = fact.partition(".")
    list_at = own_address(candidate_id, f"/lists/{quote(run_id, safe='')}")
    if name not in CANDIDATES.by_name or not version.isascii() or not version.isdigit():
        stale()
    with acting(access, subject, Action.WRITE_CANDIDATES) as connection:
        people = People(connection, subject)
        row = people.one(candidate_id, Action.READ_CANDIDATES).row
        cells = _one_level(row, function, form.text(fact)) if function else cells_from(
            CANDIDATES, (name,), row.values, form
        )  # fmt: skip
        if not cells:
            return see_other(f"{list_at}#questions", "nothing_answered")
        try:
            changed = people.change(candidate_id, cells, int(version), on=today(), supplied_by="person")
        except RowRefused:
            return see_other(own_address(candidate_id, f"/facts/{group_of(name)}"), "answer_refused")
    if changed is None:
        stale()
    new = made(request, access, subject, candidate_id)
    return see_other(own_address(candidate_id, f"/lists/{new}?before={quote(run_id, safe='')}"), "answered")


def _one_level(row: Row, function: str, level: str) -> dict[str, str]:
    if level not in ("0", "1", "2", "3", "4"):
        return {}
    held = {f.value: str(n) for f, n in (row.values["functions"] or {}).items()}
    return {"functions": ";".join(f"{name}={n}" for name, n in {**held, function: level}.items())}


# ---- acts ----


@router.post("/acts")
@declare(ACT)
def act(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Write down that a person is referred, accepts or declines; a decision of people, never of the list."""
    form = form_sent(request)
    kind, reason = form.text("kind"), form.text("reason")
    told = [words()(f"decline.{reason}")] if reason in DECLINES else []
    if kind == InteractionKind.DECLINED_BY_CANDIDATE and form.text("more"):
        told.append(form.text("more")[:200])
    cells = {
        "candidate_id": candidate_id,
        "vacancy_id": form.text("vacancy_id"),
        "kind": kind if kind in ACTS else "",
        "at": today().isoformat(),
        "reason": "；".join(told) if kind == InteractionKind.DECLINED_BY_CANDIDATE else "",
    }
    with acting(access, subject, Action.WRITE_INTERACTIONS) as connection:
        Register(connection, INTERACTIONS, subject).add(cells, Action.WRITE_INTERACTIONS, on=today())
    return see_other(_back(candidate_id, form.text("run_id"), form.text("query"), form.text("card")), f"act_{kind}")


@router.post("/acts/undo")
@declare(ACT)
def undo_act(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Take back what was written down today."""
    form = form_sent(request)
    kind = next((one for one in ACTS if one.value == form.text("kind")), InteractionKind.REFERRED)
    with acting(access, subject, Action.WRITE_INTERACTIONS) as connection:
        undo(connection, subject, candidate_id, form.text("vacancy_id"), kind, on=today())
    return see_other(_back(candidate_id, form.text("run_id"), form.text("query"), form.text("card")), "act_undone")


def _back(candidate_id: str, run_id: str, query: str, card: str) -> str:
    """Return the list as it was looked at, at the card that was acted on."""
    if not run_id:
        return own_address(candidate_id)
    kept = urlencode([pair for pair in parse_qsl(query) if pair[0] in ("outcome", "place", "mode", "no_night")])
    address = own_address(candidate_id, f"/lists/{quote(run_id, safe='')}") + (f"?{kept}" if kept else "")
    return f"{address}#card-{card}" if card.isdigit() else address


# ---- why not this one; two beside each other ----


@router.get("/ask")
@declare(READ_LIST)
def ask(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, post: str = "") -> Response:
    """Say of any vacancy where it stands for the person, or why it is not listed."""
    wanted = "" if holds_citizen_number(post) else post.strip()[:64]
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        person = person_to_match(connection, subject, candidate_id)
    desk = keeper_of(request).desk(today())
    found = standings(desk, person, posts_named(desk, wanted, limit=_ASKED)) if wanted else []
    found.sort(key=lambda one: (_STATES.index(one["state"]), one.get("rank", 0)))
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        handed_out(connection, subject, person)
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
    return page(request, "ask.html", **head_of(row.values), wanted=wanted, found=found, k=K, first=FIRST)


@router.get("/recourse/{vacancy_id}")
@declare(READ_LIST)
def what_would_help(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, vacancy_id: str
) -> Response:
    """Say what that can be changed would bring a vacancy among the first ten of the person's list."""
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        person = person_to_match(connection, subject, candidate_id)
        vacancy = the_vacancy(connection, subject, vacancy_id)
    # This takes long: not within the transaction that holds the audit's lock.
    document = recourse(keeper_of(request).desk(today()), person, vacancy, k=FIRST)
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        handed_out(connection, subject, person)
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
    labels = {change["change"]: change["label"] for change in document["changes"]}
    supposed = {change["change"] for change in document["changes"] if change["is_supposed"]}
    together = document["together"]
    return page(
        request,
        "recourse.html",
        **head_of(row.values),
        found=document,
        helping=[change for change in document["changes"] if change["helps"]],
        idle=[change for change in document["changes"] if not change["helps"]],
        together=[labels[name] for name in together["changes"]] if together else [],
        is_supposed=bool(together and supposed & set(together["changes"])),
    )


@router.get("/lists/{run_id}/compare")
@declare(READ_LIST)
def compare(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, run_id: str) -> Response:
    """Show two lines of a list beside each other."""
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        document = list_of_person(stored_list(connection, subject, run_id), candidate_id)
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
    chosen = request.query_params.getlist("v")
    lines = [_line(item, None) for item in document["items"] if item["vacancy_id"] in chosen]
    return page(request, "compare.html", **head_of(row.values), run=document, lines=lines[:2], n_chosen=len(chosen))


@router.get("/lists/{run_id}/map")
@declare(READ_LIST)
def on_the_map(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, run_id: str) -> Response:
    """Show where the lines of a list lie, with how far each is, as two maps and a table."""
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        document = list_of_person(stored_list(connection, subject, run_id), candidate_id)
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
    items = {item["vacancy_id"]: item for item in document["items"]}
    places = places_of(keeper_of(request).desk(today()), candidate_id, list(items))
    lines = sorted(
        ({"item": items[post.vacancy_id], "km": post.km} for post in places.posts),
        key=lambda line: (line["km"] is None, line["km"] or 0.0),
    )
    transport = row.values["transport"]
    return page(
        request,
        "map.html",
        **head_of(row.values),
        run=document,
        province=province_map(places),
        near=near_map(places),
        lines=lines,
        reach=f"{places.reach_km:g}",
        means=None if transport is None else transport.label,
    )
