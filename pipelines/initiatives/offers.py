"""What else to offer a person: places of programmes, and what to remind of who would work for themselves.

Everybody can be sent to every programme: whom it was made for is told, and nobody is asked whether they are that. What
is near stands first.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from matching.plan_actions import (
    PROGRAMME,
    SELF_EMPLOYMENT,
    Step,
    initiative_labels,
    named,
    what_of,
    wishes_to_work_for_oneself,
)
from matching.regions import prefecture
from matching.vocabulary import YesNo
from pipelines.access.roles import Action, Subject
from pipelines.initiatives.ledger import Ledger
from pipelines.registers.people import People
from pipelines.store.initiatives import InitiativeBeside, Wanted

MOST_SITES = 10
_MOST_LOOKED_AT = 500


def offers_for(connection: Connection, subject: Subject, candidate_id: str, on: date) -> dict[str, Any]:
    """Return the open places of programmes for a visible person, nearest first, and reminders; the read is recorded.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    Forbidden
        When the role may not read people for the stated purpose.
    """
    values = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row.values
    ledger = Ledger(connection, subject, on=on)
    kinds = frozenset(kind for kind in initiative_labels() if what_of(kind, on) == PROGRAMME)
    wanted = Wanted(first=on, kinds=kinds, running=True)
    rows = ledger.rows.listed(wanted, after=None, limit=_MOST_LOOKED_AT)
    steps = _latest(InitiativeBeside(connection, subject).of_person(candidate_id))
    inside = _inside(ledger, [row["initiative_id"] for row in rows])
    places = [values["region"], *(values["wished_regions"] or ())]
    sites = sorted(
        (_site(ledger, row, places, inside, steps) for row in rows),
        key=lambda one: (one["step"] is None, not one["is_near"], one["is_full"], one["initiative_id"]),
    )
    return {
        "candidate_id": candidate_id,
        "as_of": on.isoformat(),
        "sites": sites[:MOST_SITES],
        "n_sites": len(sites),
        "self_employment": _self_employment(values, on),
    }


def _latest(steps: list[tuple[str, str, date]]) -> dict[str, tuple[Step, date]]:
    return {initiative_id: (Step(step), on) for initiative_id, step, on in reversed(steps)}


def _inside(ledger: Ledger, initiative_ids: list[str]) -> Mapping[str, int]:
    """Return how many visible people are in each."""
    latest: dict[tuple[str, str], str] = {}
    for initiative_id, candidate_id, step, _ in ledger.beside.steps(initiative_ids):
        latest[initiative_id, candidate_id] = step
    found: dict[str, int] = {}
    for (initiative_id, _), step in latest.items():
        found[initiative_id] = found.get(initiative_id, 0) + (step == Step.JOINED.value)
    return found


def _site(
    ledger: Ledger,
    row: Mapping[str, Any],
    places: list[str | None],
    inside: Mapping[str, int],
    steps: Mapping[str, tuple[Step, date]],
) -> dict[str, Any]:
    head = ledger.head(row)
    region, is_online = row["region"], row["online"] is YesNo.YES
    is_for_all = is_online or region is None or region.endswith("0000")
    near = is_for_all or any(one and prefecture(one) == prefecture(region) for one in places)
    left = None if row["places"] is None else max(0, row["places"] - inside.get(row["initiative_id"], 0))
    step = steps.get(row["initiative_id"])
    return {
        **{name: head[name] for name in ("initiative_id", "kind", "kind_label", "title", "organiser", "by", "source")},
        "region_name": head["region_name"],
        "address": head["address"],
        "is_near": near,
        "places_left": left,
        "is_full": left == 0,
        "step": None if step is None else step[0].value,
        "step_label": None if step is None else step[0].label,
        "step_on": None if step is None else step[1].isoformat(),
        "reasons": _reasons(head, near=near, left=left),
    }


def _reasons(head: Mapping[str, Any], *, near: bool, left: int | None) -> list[str]:
    where = "线上" if head["is_online"] else head["region_name"]
    told = [
        f"在本人居住或意向的市州：{where}" if near and where else f"在{where}，路程须先问" if where else "地点须先问"
    ]
    if head["made_for"]:
        told.append(f"由{head['by']}举办，主要为{head['made_for']}设立，其他人同样可以转介")
    if left is None:
        told.append("名额没有登记，须先问")
    else:
        told.append(f"还有 {left} 个名额" if left else "名额已满，可以先登记意愿")
    return told


def _self_employment(values: Mapping[str, Any], on: date) -> list[dict[str, Any]]:
    """Return what to remind of; nothing for who wishes no work, a question where no wish speaks of it."""
    if values["job_wish"] is YesNo.NO:
        return []
    wishes = wishes_to_work_for_oneself(tuple(values["wished_occupations"] or ()))
    why = "本人的意向职业提到自己经营" if wishes else "本人是否愿意自己经营还不清楚，可以先问"
    return [
        {**one.as_dict(), "is_wished": wishes, "reason": why, "ask": one.more["ask"], "is_ended": one.is_ended}
        for one in named(SELF_EMPLOYMENT, on).values()
    ]


def offer_lines(document: Mapping[str, Any]) -> list[str]:
    """Return the offers in plain Chinese."""
    lines = [f"{document['candidate_id']}，{document['as_of']}，可转介的项目 {document['n_sites']} 个"]
    for one in document["sites"]:
        source = one["source"]
        cited = f"〔{source['document']} {source['clause']}〕" if source else ""
        lines.append(
            f"  {one['title']}（{one['kind_label']}，{one['initiative_id']}）：{'；'.join(one['reasons'])}{cited}"
        )
    for one in document["self_employment"]:
        ended = "（所引方案期限已满，继任条款待核实）" if one["is_ended"] else ""
        cited = f"〔{one['source']['document']} {one['source']['clause']}〕"
        lines.append(f"  自己经营：{one['label']}{ended}。{one['reason']}；问{one['ask']}{cited}")
    return lines
