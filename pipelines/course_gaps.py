"""What stands between a person and the posts near them and a course can give: skill or licence, subsidy, posts.

The posts are those of the person's own ranked list; what a licence opens is found by making the list again with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from matching.entities import Candidate, Course
from matching.licences import holds, licences
from matching.matcher import Item
from matching.rules.benefits import benefit
from matching.rules.decision import Outcome
from matching.rules.rulebook import Rulebook, rulebook
from matching.rules.subjects import candidate_facts
from matching.rules.values import Value
from pipelines.desk import Desk

NEAR = 50
"""How many of the first posts of a list are looked at for skills."""
MOST = 10
_SUBSIDY = "training.subsidy"
_CLASSES = frozenset("ABCD")
"""Of an occupation, by the county; what kind of training a course is does not say it."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """A skill that posts of a list ask for and the person has not stated, with the places of these posts."""

    skill: str
    ranks: tuple[int, ...]


def course_gaps(desk: Desk, candidate_id: str) -> dict[str, Any]:
    """Return the skills and licences that a person's near posts ask for, and the courses to come that give them.

    A course says which of the lacking skills it teaches, at how many of the first posts they are asked for, how many
    posts its licence opens that are left out now, and what the training subsidy is once the certificate is there.

    Raises
    ------
    NoSuchCandidate
        When there is no such id.
    MatchingRefused
        When the person does not want to be matched.
    """
    found = desk.shortlist(candidate_id, k=NEAR)
    person, lacking = found.candidate, _lacking(found.candidate, found.items)
    opened = {one["licence"]: one["vacancies"] for one in desk.unlock(candidate_id)["licences"]}
    told = [line for course in desk.coming_courses() if (line := _line(desk, person, course, lacking, opened))]
    told.sort(key=lambda line: (-line["opens"], -line["n_posts"], line["starts_on"] or "9999", line["course_id"]))
    return {
        "candidate_id": candidate_id,
        "as_of": desk.rules.on.isoformat(),
        "n_near": len(found.items),
        "skills": [{"skill": one.skill, "n_posts": len(one.ranks), "first_rank": one.ranks[0]} for one in lacking],
        "licences": [
            {"licence": name, "label": licences()[name].label, "opens": n} for name, n in sorted(opened.items())
        ],
        "courses": told[:MOST],
    }


def _lacking(person: Candidate, items: Sequence[Item]) -> list[Lacking]:
    held = {skill.casefold() for skill in person.skills}
    ranks: dict[str, list[int]] = {}
    labels: dict[str, str] = {}
    for item in items:
        for skill in dict.fromkeys(item.stock_item.vacancy.skills):
            if skill.casefold() not in held:
                labels.setdefault(skill.casefold(), skill)
                ranks.setdefault(skill.casefold(), []).append(item.rank)
    found = [Lacking(labels[name], tuple(where)) for name, where in ranks.items()]
    return sorted(found, key=lambda one: (-len(one.ranks), one.ranks, one.skill))


def _line(
    desk: Desk, person: Candidate, course: Course, lacking: Sequence[Lacking], opened: Mapping[str, int]
) -> dict[str, Any] | None:
    taught = {skill.casefold() for skill in course.skills}
    teaches = [one for one in lacking if one.skill.casefold() in taught]
    leads = [name for name in opened if course.certificate and holds((course.certificate,), licences()[name])]
    if not teaches and not leads:
        return None
    offered = [one.label for one in person.accommodations_needed if one in course.accommodations]
    return {
        "course_id": course.course_id,
        "title": course.title,
        "provider": course.provider,
        "region": course.region,
        "starts_on": None if course.starts_on is None else course.starts_on.isoformat(),
        "ends_on": None if course.ends_on is None else course.ends_on.isoformat(),
        "certificate": course.certificate,
        "teaches": [one.skill for one in teaches],
        "n_posts": len({rank for one in teaches for rank in one.ranks}),
        "licences": [licences()[name].label for name in leads],
        "opens": sum(opened[name] for name in leads),
        "accommodations": offered,
        "to_arrange": [one.label for one in person.accommodations_needed if one not in course.accommodations],
        "subsidy": _subsidy(desk, person, course, rulebook()),
    }


def _subsidy(desk: Desk, person: Candidate, course: Course, book: Rulebook) -> dict[str, Any]:
    """Return the training subsidy as it would be once the course is finished and its certificate is there."""
    on = desk.rules.on
    facts: dict[str, Value] = {
        **candidate_facts(person, on, desk.placements.get(person.candidate_id, ())),
        "training_certificate_obtained": True,
        "policy_year": Fraction(on.year),
    }
    if course.class_ is not None and course.class_.removesuffix("类") in _CLASSES:
        facts["training_class"] = course.class_.removesuffix("类")
    answered = benefit(book, _SUBSIDY, facts, on)
    money = answered.decision.money
    source = answered.decision.as_dict()["source"]
    return {
        "rule_id": _SUBSIDY,
        "outcome": answered.outcome.value,
        "outcome_label": answered.outcome.label,
        "amount": None if money is None or answered.outcome is Outcome.NOT_MET else format(money, "f"),
        "missing": [item.as_dict() for item in answered.lacking],
        "source": source,
    }


def gap_lines(document: Mapping[str, Any]) -> list[str]:
    """Return the gaps and the courses that close them in plain Chinese."""
    skills = [f"{one['skill']}（{one['n_posts']} 个岗位）" for one in document["skills"][:MOST]]
    lines = [f"前 {document['n_near']} 个岗位要求而本人没有登记的技能：{'、'.join(skills) or '无'}"]
    lines += [f"取得{one['label']}，可多列 {one['opens']} 个岗位" for one in document["licences"]]
    for one in document["courses"]:
        gives = "、".join((*one["teaches"], *one["licences"]))
        money = one["subsidy"]
        told = money["outcome_label"] + (f" {money['amount']} 元" if money["amount"] else "")
        lines.append(
            f"{one['title']}（{one['course_id']}，{one['starts_on'] or '开班日期未定'}）：{gives}；"
            f"涉及名单前列 {one['n_posts']} 个岗位，多列 {one['opens']} 个；取得证书后培训补贴：{told}"
        )
    return [*lines, *([] if document["courses"] else ["没有即将开班、能补上这些的课程"])]
