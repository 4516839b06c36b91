"""What is told to the public of employment policy and help (宣传), and what is published and evaluated of trainings."""

from dataclasses import dataclass
from datetime import date

from matching.vocabulary import Term


class Medium(Term):
    """By what something was told, as the plan names it."""

    NEWS = "news", "新闻报道"
    PROGRAMME = "programme", "专题节目"
    ADVERTISEMENT = "advertisement", "公益广告"
    NEW_MEDIA = "new_media", "新媒体产品"
    OUTDOOR = "outdoor", "户外公益广告、宣传栏"
    EVENT = "event", "宣传活动"
    OTHER = "other", "其他"


class Topic(Term):
    """What was told of."""

    POLICY = "policy", "优惠政策"
    MEASURES = "measures", "帮扶措施"
    PEOPLE = "people", "残疾人就业创业典型"
    COMPANIES = "companies", "爱心企业"
    OTHER = "other", "其他"


class ReviewKind(Term):
    """What was done with a training project."""

    PUBLICATION = "publication", "项目公示"
    EVALUATION = "evaluation", "培训评估"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publicity:
    """宣传: one thing told to the public on a day; `reached` is how many people, unknown where nobody counted."""

    publicity_id: str
    region: str
    on: date
    medium: Medium
    topic: Topic | None = None
    title: str | None = None
    place: str | None = None
    by: str | None = None
    reached: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseReview:
    """The publication of a training project (where, until when), or its evaluation with the result."""

    review_id: str
    course_id: str
    kind: ReviewKind
    on: date
    until: date | None = None
    place: str | None = None
    by: str | None = None
    result: str | None = None
