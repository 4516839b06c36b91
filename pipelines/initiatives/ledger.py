"""Campaigns and programmes as staff keep them: their days and places, their posts, who was asked, who came.

Nobody is invited by the program: it tells who would fit the posts, a person decides. What followed is counted from acts
and placements of those who came, and each number comes with its rows.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from matching.plan_actions import (
    CAMPAIGN,
    INITIATIVES,
    PROGRAMME,
    Step,
    initiative_labels,
    named,
    results_days,
    what_of,
)
from matching.regions import region_name
from matching.vocabulary import InteractionKind, PlacementForm, YesNo
from pipelines.access.roles import Action, Subject
from pipelines.duties.places import area_of
from pipelines.plan_tables import INITIATIVE_PEOPLE, INITIATIVE_POSTS
from pipelines.plan_tables import INITIATIVES as TABLE
from pipelines.registers.errors import AlreadyRegistered, Fault, RowRefused
from pipelines.registers.rows import Register, Row, require
from pipelines.store.initiatives import InitiativeBeside, InitiativeRows, Key, Wanted

_COUNTED = (
    InteractionKind.REFERRED,
    InteractionKind.APPLIED,
    InteractionKind.INTERVIEWED,
    InteractionKind.OFFERED,
    InteractionKind.PLACED,
)


class Ledger:
    """The campaigns and programmes as a subject reaches them, on a day."""

    def __init__(self, connection: Connection, subject: Subject, *, on: date) -> None:
        self.connection, self.subject, self.on = connection, subject, on
        self.rows, self.beside = InitiativeRows(connection, subject), InitiativeBeside(connection, subject)
        self.register = Register(connection, TABLE, subject)

    def page(
        self,
        *,
        after: Key | None,
        limit: int,
        first: date | None = None,
        last: date | None = None,
        what: str | None = None,
        region: str | None = None,
        running: bool = False,
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return the next ones that touch some days, by first day, and whether there are more.

        Raises
        ------
        Forbidden
            When the role may not read them for the stated purpose.
        NoSuchRegion
            When the place is none that an office answers for.
        """
        require(self.subject, Action.READ_INITIATIVES)
        codes = None if region is None else area_of(self.connection, region, self.on).codes
        kinds = None if what is None else frozenset(kind for kind in initiative_labels() if self._what(kind) == what)
        found = self.rows.listed(Wanted(first, last, kinds, codes, running), after=after, limit=limit + 1)
        shown = found[:limit]
        ids = [row["initiative_id"] for row in shown]
        posts = self.beside.post_counts(ids)
        came: dict[str, list[tuple[str, str, date]]] = {}
        for initiative_id, candidate_id, step, on in self.beside.steps(ids):
            came.setdefault(initiative_id, []).append((candidate_id, step, on))
        lines = [
            {
                **self.head(row),
                "posts": posts.get(row["initiative_id"], (0, 0))[0],
                "employers": posts.get(row["initiative_id"], (0, 0))[1],
                "people": _counts(came.get(row["initiative_id"], [])),
            }
            for row in shown
        ]
        return lines, len(found) > limit

    def one(self, initiative_id: str) -> dict[str, Any]:
        """Return one with its posts by employer, its people and what followed; the people are recorded as read.

        Raises
        ------
        NoSuchRecord
            When there is none.
        Forbidden
            When the role may not read them for the stated purpose.
        """
        row = self.register.look((initiative_id,), Action.READ_INITIATIVES)
        values = row.values
        posts, steps = self.beside.posts(initiative_id), self.beside.people(initiative_id)
        latest = {candidate_id: (Step(step), on) for candidate_id, step, on in steps}
        Register(self.connection, INITIATIVE_PEOPLE, self.subject).note_read(Action.READ_INITIATIVES, sorted(latest))
        return {
            **self.head(values),
            "row_version": row.version,
            "contact": values["contact"],
            "accommodations": [one.label for one in values["accommodations"] or ()],
            "description": values["description"],
            "employers": _by_employer(posts),
            "people": _counts(steps),
            "places_left": None if values["places"] is None else max(0, values["places"] - _inside(latest)),
            "participants": [
                {"candidate_id": who, "step": step.value, "step_label": step.label, "on": on.isoformat()}
                for who, (step, on) in sorted(latest.items())
            ],
            "results": self._results(values, posts),
        }

    def add(self, cells: Mapping[str, str]) -> tuple[Row, bool]:
        """Put one down; the same once more is the one that is there.

        Raises
        ------
        Forbidden
            When the role may not write them for the stated purpose.
        RowRefused
            When an import would reject the row.
        AlreadyRegistered
            When one with this id says something else.
        """
        return self.register.add(cells, Action.WRITE_INITIATIVES, on=self.on)

    def change(self, initiative_id: str, cells: Mapping[str, str], version: int) -> Row | None:
        """Change one in the version that was read; None where somebody changed it since.

        Raises
        ------
        NoSuchRecord
            When there is none.
        Forbidden
            When the role may not write them for the stated purpose.
        RowRefused
            When it cannot be so, or is another place's.
        """
        stored = self.register.stored((initiative_id,))
        region = None if stored is None else stored["region"]
        sees_all = self.subject.is_local or self.subject.is_whole_province
        if not sees_all and region is not None and region not in self.subject.codes:
            require(self.subject, Action.WRITE_INITIATIVES)
            raise RowRefused([Fault("region", "不在您的管辖范围")])
        return self.register.change((initiative_id,), cells, version, Action.WRITE_INITIATIVES, on=self.on)

    def attach(self, initiative_id: str, vacancy_id: str) -> bool:
        """Let a vacancy stand at one; False where it stood there already.

        Raises
        ------
        NoSuchRecord
            When there is none.
        Forbidden
            When the role may not write them for the stated purpose.
        RowRefused
            When there is no such vacancy.
        """
        self.register.look((initiative_id,), Action.WRITE_INITIATIVES)
        posts = Register(self.connection, INITIATIVE_POSTS, self.subject)
        cells = {"initiative_id": initiative_id, "vacancy_id": vacancy_id}
        return posts.add(cells, Action.WRITE_INITIATIVES, on=self.on)[1]

    def step(self, initiative_id: str, candidate_id: str, step: Step, on: date) -> bool:
        """Keep a step of a visible person; False where it was kept already.

        Raises
        ------
        NoSuchRecord
            When there is no such campaign or programme.
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not write them for the stated purpose.
        RowRefused
            When the day is to come, or the places are taken.
        """
        row = self.register.look((initiative_id,), Action.WRITE_INITIATIVES)
        if step is Step.JOINED:
            self._refuse_when_full(row.values, candidate_id)
        people = Register(self.connection, INITIATIVE_PEOPLE, self.subject)
        cells = {
            "candidate_id": candidate_id, "initiative_id": initiative_id, "step": step.value, "on": on.isoformat(),
        }  # fmt: skip
        try:
            return people.add(cells, Action.WRITE_INITIATIVES, on=self.on)[1]
        except AlreadyRegistered:  # the same row by another caseworker a moment ago
            return False

    def _refuse_when_full(self, values: Mapping[str, Any], candidate_id: str) -> None:
        if values["places"] is None:
            return
        latest = {who: (Step(step), on) for who, step, on in self.beside.people(values["initiative_id"])}
        latest.pop(candidate_id, None)
        if _inside(latest) >= values["places"]:
            raise RowRefused([Fault("step", "名额已满")])

    def _what(self, kind: str) -> str:
        return what_of(kind, self.on)

    def head(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what every list shows of one: what, when, where, and by which clause."""
        kind = values["kind"]
        what = self._what(kind)
        day = values["starts_on"] or self.on
        found = named(INITIATIVES, max(day, date(2022, 8, 4))).get(kind)
        return {
            "initiative_id": values["initiative_id"],
            "kind": kind,
            "kind_label": initiative_labels().get(kind, kind),
            "what": what,
            "title": values["title"],
            "organiser": values["organiser"],
            "region": values["region"],
            "region_name": None if values["region"] is None else region_name(values["region"]),
            "address": values["address"],
            "is_online": None if values["online"] is None else values["online"] is YesNo.YES,
            "starts_on": _day(values["starts_on"]),
            "ends_on": _day(values["ends_on"]),
            "places": values["places"],
            "cancelled_on": _day(values["cancelled_on"]),
            "source": None if found is None else found.ground.as_dict(),
            "made_for": None if found is None else found.more.get("made_for"),
            "by": None if found is None else found.more.get("by"),
            "note": None if found is None else found.more.get("note"),
        }

    def _results(self, values: Mapping[str, Any], posts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return what followed: acts and placements of those who came, counted and row by row."""
        initiative_id = values["initiative_id"]
        since, until, days = values["starts_on"] or date.min, None, results_days(self.on)
        if values["ends_on"] is not None:
            until = values["ends_on"] + timedelta(days=days)
        is_programme = self._what(values["kind"]) == PROGRAMME
        acts = self.beside.acts(initiative_id, since, until)
        placements = self.beside.placements(initiative_id, since, until, with_any=is_programme)
        titles = {one["vacancy_id"]: one["title"] for one in posts}
        kinds = Counter(act["kind"] for act in acts)
        return {
            "since": _day(values["starts_on"]),
            "until": _day(until),
            "days": days,
            "acts": {kind.value: {"label": kind.label, "count": kinds[kind.value]} for kind in _COUNTED},
            "placed_people": len({one["candidate_id"] for one in placements}),
            "placements": len(placements),
            "rows": [
                {
                    "candidate_id": act["candidate_id"],
                    "vacancy_id": act["vacancy_id"],
                    "title": titles.get(act["vacancy_id"]),
                    "kind": act["kind"],
                    "label": InteractionKind(act["kind"]).label,
                    "on": act["at"].isoformat(),
                }
                for act in acts
            ],
            "placement_rows": [
                {
                    "placement_id": one["placement_id"],
                    "candidate_id": one["candidate_id"],
                    "employer_id": one["employer_id"],
                    "vacancy_id": one["vacancy_id"],
                    "title": titles.get(one["vacancy_id"]),
                    "form": None if one["form"] is None else PlacementForm(one["form"]).label,
                    "starts_on": one["starts_on"].isoformat(),
                    "ends_on": _day(one["ends_on"]),
                }
                for one in placements
            ],
        }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _counts(steps: Sequence[tuple[str, str, date]]) -> dict[str, int]:
    """Return how many people ever took each step, each once."""
    who: dict[str, set[str]] = {step.value: set() for step in Step}
    for candidate_id, step, _ in steps:
        who[step].add(candidate_id)
    return {step: len(people) for step, people in who.items()}


def _inside(latest: Mapping[str, tuple[Step, date]]) -> int:
    return sum(step is Step.JOINED for step, _ in latest.values())


def _by_employer(posts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the posts, together for each employer."""
    found: dict[str | None, dict[str, Any]] = {}
    for post in posts:
        at = found.setdefault(
            post["employer_id"],
            {"employer_id": post["employer_id"], "name": post["employer_name"], "posts": []},
        )
        at["posts"].append(
            {
                "vacancy_id": post["vacancy_id"],
                "title": post["title"],
                "kind": post["kind"],
                "region_name": None if post["region"] is None else region_name(post["region"]),
                "openings": post["openings"],
                "closes_on": _day(post["closes_on"]),
            }
        )
    return list(found.values())


def ledger_lines(found: Sequence[Mapping[str, Any]], *, has_more: bool) -> list[str]:
    """Return campaigns and programmes in plain Chinese."""
    lines = [
        f"{one['starts_on'] or '长期'}{'至' + one['ends_on'] if one['ends_on'] else ''} {one['title']}"
        f"（{one['kind_label']}，{one['initiative_id']}）{one['region_name'] or ''}"
        f"：岗位 {one['posts']} 个、单位 {one['employers']} 家，邀请 {one['people']['invited']} 人，"
        f"到场或进入 {one['people']['attended'] + one['people']['joined']} 人"
        + (f"，{one['cancelled_on']} 取消" if one["cancelled_on"] else "")
        for one in found
    ]
    return [*(lines or ["没有活动和项目"]), *(["…后面还有；加 --limit 看更多"] if has_more else [])]


def one_lines(document: Mapping[str, Any]) -> list[str]:
    """Return one campaign or programme with its posts and what followed, in plain Chinese."""
    people, results = document["people"], document["results"]
    source = document["source"]
    cited = f"〔{source['document']} {source['clause']}〕" if source else ""
    days = f"{document['starts_on'] or '长期'}至{document['ends_on'] or '长期'}"
    lines = [f"{document['title']}（{document['kind_label']}）{cited}"]
    lines.append(f"{days}，{document['region_name'] or '地区未登记'}")
    for employer in document["employers"]:
        titles = "、".join(post["title"] for post in employer["posts"])
        lines.append(f"  {employer['name'] or employer['employer_id'] or '单位未登记'}：{titles}")
    lines.append("人员：" + "，".join(f"{step.label} {people[step.value]} 人" for step in Step))
    lines.append("结果：" + "，".join(f"{one['label']} {one['count']} 次" for one in results["acts"].values()))
    lines.append(f"就业 {results['placed_people']} 人、{results['placements']} 次")
    return lines


__all__ = ["CAMPAIGN", "PROGRAMME", "Ledger", "ledger_lines", "one_lines"]
