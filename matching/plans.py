"""What a person learns and takes part in, and the plan that an office makes with them: words, rows and usual steps.

A plan is of one kind: 一生一策 of a student, or assistance of who is hard to employ. Its steps are tasks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from matching.packaged import parsed
from matching.source import Source
from matching.vocabulary import Term

_FOLDER = Path(__file__).parent / "data"


class EnrolmentKind(Term):
    """What somebody is enrolled in; school comes from the education office's data."""

    SCHOOL = "school", "在校就读"
    COURSE = "course", "技能培训"
    MASSAGE_CLASS = "massage_class", "盲人按摩集中培训"
    MASSAGE_MASTER = "massage_master", "盲人按摩跟师培训"
    MASSAGE_SHOP = "massage_shop", "盲人按摩进店培训"
    EXAM = "exam", "资格考试"
    CONTINUING = "continuing", "继续教育"
    APPRAISAL = "appraisal", "盲人医疗按摩职称评审"
    COMPETITION = "competition", "职业技能竞赛"
    COACHING = "coaching", "就业辅导"


class EnrolmentStatus(Term):
    """Where an enrolment stands."""

    ENROLLED = "enrolled", "已报名"
    ATTENDING = "attending", "进行中"
    COMPLETED = "completed", "已完成"
    LEFT = "left", "中途退出"
    ABSENT = "absent", "未参加"


ENDED = frozenset({EnrolmentStatus.COMPLETED, EnrolmentStatus.LEFT, EnrolmentStatus.ABSENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """One person in one school, course, examination or competition, or with one job coach.

    `sessions` are those that there are, `attended` those that the person was at. Of a title (职称评审) `title`
    is the level, `starts_on` the day applied on, `ends_on` that on which it is to be decided, `certificate` the title
    that was given and `certificate_on` the day of it.
    """

    enrolment_id: str
    candidate_id: str
    kind: EnrolmentKind
    course_id: str | None = None
    title: str | None = None
    place: str | None = None
    tutor: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    status: EnrolmentStatus | None = None
    sessions: int | None = None
    attended: int | None = None
    result: str | None = None
    certificate: str | None = None
    certificate_on: date | None = None


class PlanKind(Term):
    """What a plan is for."""

    GRADUATE = "graduate", "一生一策"
    ASSISTANCE = "assistance", "就业援助计划"


class PlanEnd(Term):
    """Why a plan ended."""

    PLACED = "placed", "已就业"
    STUDY = "study", "继续升学"
    DECLINED = "declined", "本人不再需要"
    CHANGED = "changed", "改列其他援助类别"
    OTHER = "other", "其他"


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as duties see it; `next_due_on` is the day of its earliest open step, None where it has none.

    `touched_on` is the last day on which a step of it was done.
    """

    candidate_id: str
    kind: PlanKind
    opened_on: date
    ended_on: date | None = None
    next_due_on: date | None = None
    touched_on: date | None = None


@dataclass(frozen=True, slots=True)
class UsualStep:
    """A step that plans of a kind usually have: what it is about, its words, and its day."""

    task: str
    words: str
    due_on: date


@cache
def _usual() -> dict[str, dict[str, object]]:
    loaded: dict[str, dict[str, object]] = parsed((_FOLDER / "plan_steps.yaml").read_text(encoding="utf-8"))
    return loaded


def usual_steps(kind: PlanKind, opened_on: date, left_on: date | None) -> Sequence[UsualStep]:
    """Return the steps that a plan opened on a day usually has, by day; none lies before that day.

    Steps that hang on leaving school are left out where the day is not known: it is asked for first.
    """
    found = []
    for step in _usual()[kind.value]["steps"]:  # type: ignore[attr-defined]  # a list by the file's own test
        if "after_leaving" in step:
            if left_on is None:
                continue
            day = max(opened_on, left_on + timedelta(days=step["after_leaving"]))
        else:
            day = opened_on + timedelta(days=step["after_opening"])
        found.append(UsualStep(step["task"], step["words"], day))
    return sorted(found, key=lambda step: step.due_on)


def plan_source(kind: PlanKind) -> Source:
    """Return the clause that a plan of a kind rests on."""
    told = _usual()[kind.value]["source"]
    return Source(**told)  # type: ignore[arg-type]  # document and clause
