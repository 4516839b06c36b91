"""schema.org JobPosting out and in: our own fields come back equal, and nothing foreign comes in by the way."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching.vocabulary import (
    Accommodation,
    Concession,
    DisabilityCategory,
    Education,
    Function,
    VacancyKind,
    WorkMode,
    YesNo,
)
from pipelines.registers.errors import RowRefused
from pipelines.sources.job_posting import posting_of as _posting_of
from pipelines.sources.job_posting import read_posting
from pipelines.sources.markup import markup_of, text_of
from pipelines.vacancy_workflow.check import EXPLAINABLE
from pipelines.vacancy_workflow.content import Content, Task
from tests.support.firms import FIRM, lawful

# What a search engine asks of a JobPosting (required), and what schema.org says each property holds.
REQUIRED = ("title", "description", "datePosted", "hiringOrganization", "jobLocation")
KINDS: dict[str, type | tuple[type, ...]] = {
    "title": str,
    "description": str,
    "datePosted": str,
    "validThrough": str,
    "hiringOrganization": dict,
    "jobLocation": dict,
    "jobLocationType": str,
    "applicantLocationRequirements": dict,
    "baseSalary": dict,
    "employmentType": str,
    "totalJobOpenings": int,
    "skills": list,
    "qualifications": list,
    "educationRequirements": dict,
    "experienceRequirements": dict,
    "physicalRequirement": list,
    "sensoryRequirement": list,
    "occupationalCategory": str,
    "workHours": str,
    "identifier": dict,
    "applicationContact": dict,
    "directApply": bool,
    "@context": str,
    "@type": str,
    "x-yougang": dict,
}
TYPES = {
    "hiringOrganization": "Organization",
    "jobLocation": "Place",
    "applicantLocationRequirements": "Country",
    "baseSalary": "MonetaryAmount",
    "educationRequirements": "EducationalOccupationalCredential",
    "experienceRequirements": "OccupationalExperienceRequirements",
    "identifier": "PropertyValue",
    "applicationContact": "ContactPoint",
}
CREDENTIALS = {"high school", "associate degree", "bachelor degree", "postgraduate degree", "professional certificate"}


def posting_of(content: Content) -> dict[str, Any]:
    """Write a posting and send it through JSON, as it travels."""
    posting = _posting_of(content, "v-1", FIRM, published_on=date(2026, 11, 24))
    told: dict[str, Any] = json.loads(json.dumps(posting, ensure_ascii=False))
    return told


def validate(posting: dict[str, Any]) -> None:
    """Hold a posting against the table above."""
    assert [name for name in REQUIRED if not posting.get(name)] == []
    for name, value in posting.items():
        assert isinstance(value, KINDS[name]), name
    for name in TYPES.keys() & posting.keys():
        assert posting[name]["@type"] == TYPES[name]
    assert posting["hiringOrganization"].get("name"), "the organisation has a name"
    assert posting["jobLocation"]["address"]["addressCountry"] == "CN"
    if "baseSalary" in posting:
        value = posting["baseSalary"]["value"]
        assert posting["baseSalary"]["currency"] == "CNY"
        assert value["unitText"] == "MONTH"
        assert all(isinstance(value[name], int | float) for name in ("minValue", "maxValue") if name in value)
    if posting.get("jobLocationType"):
        assert posting["jobLocationType"] == "TELECOMMUTE"
        assert posting["applicantLocationRequirements"]["name"] == "CN"
    if "educationRequirements" in posting:
        assert posting["educationRequirements"]["credentialCategory"] in CREDENTIALS
    assert posting.get("employmentType", "INTERN") in {"FULL_TIME", "PART_TIME", "INTERN"}


# ---- our own come back equal ----

_line = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters=";；"), min_size=1, max_size=12
).filter(lambda text: text.strip() and "://" not in text and ":" not in text and "：" not in text)
_text = st.lists(_line, min_size=1, max_size=3).map("\n".join)
_money = st.decimals(0, 99999, places=2).map(lambda d: format(d, "f"))
_levels = st.dictionaries(st.sampled_from(list(Function)), st.integers(0, 4), max_size=5)


def _packed(found: Any) -> str:
    return ";".join(f"{key}={value}" for key, value in found.items())


def _some(terms: Any) -> Any:
    return st.lists(st.sampled_from(list(terms)), unique=True, max_size=3).map(lambda found: ";".join(found))


_cells = st.fixed_dictionaries(
    {"title": _line},
    optional={
        "employer_name": _line,
        "description": _text,
        "occupation": _line,
        "kind": st.sampled_from(list(VacancyKind)),
        "welcomes": _some(DisabilityCategory),
        "region": st.sampled_from(["620102", "620500", "620000", "110105"]),
        "address": _line,
        "longitude": st.floats(70, 140).map(repr),
        "latitude": st.floats(3, 54).map(repr),
        "work_mode": st.sampled_from(list(WorkMode)),
        "openings": st.integers(0, 500).map(str),
        "wage_min": _money,
        "wage_max": _money,
        "hours_per_day": st.sampled_from(["4", "8", "7.5"]),
        "days_per_week": st.sampled_from(["5", "6"]),
        "night_shift": st.sampled_from(list(YesNo)),
        "education_min": st.sampled_from(list(Education)),
        "experience_years_min": st.sampled_from(["0", "0.5", "1.25", "3"]),
        "skills": st.lists(_line, max_size=3).map(";".join),
        "certificates": st.lists(_line, max_size=3).map(";".join),
        "contract_months": st.integers(0, 60).map(str),
        "social_insurance": st.sampled_from(list(YesNo)),
        "demands": _levels.map(_packed),
        "accommodations": _some(Accommodation),
        "concessions": _some(Concession),
        "opens_on": st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(str),
        "closes_on": st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(str),
    },
)
_tasks = st.lists(
    st.builds(
        Task,
        _line.map(str.strip),
        st.lists(st.sampled_from(list(Function)), unique=True, max_size=3).map(
            lambda found: tuple(f for f in Function if f in found)
        ),
        st.lists(st.sampled_from(sorted(EXPLAINABLE)), unique=True, max_size=2).map(lambda found: tuple(sorted(found))),
    ),
    max_size=3,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_cells, _tasks, st.none() | _line.map(str.strip))
def test_our_own_fields_come_back_equal(cells: dict[str, str], tasks: list[Task], contact: str | None) -> None:
    content = Content.of_cells(cells, tuple(tasks), contact)
    read = read_posting(posting_of(content))
    assert read.content.packed == content.packed
    assert (read.left_out, read.n_unknown) == ((), 0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_cells, _tasks)
def test_what_goes_out_is_a_right_posting(cells: dict[str, str], tasks: list[Task]) -> None:
    validate(posting_of(Content.of_cells({"employer_name": "甲公司", **cells}, tuple(tasks))))


def test_what_is_unknown_is_left_out() -> None:
    posting = posting_of(Content.of_cells({"title": "保洁", "employer_name": "甲公司"}))
    validate(posting)
    assert {"baseSalary", "totalJobOpenings", "validThrough", "physicalRequirement", "workHours"} & set(
        posting
    ) == set()


def test_demands_are_told_as_requirements_of_tasks() -> None:
    posting = posting_of(lawful(demands="hands=3;seeing=2;hearing=0"))
    assert posting["physicalRequirement"] == ["手部操作：3级（0 不需要至 4 必不可少），工作任务：录入数据"]
    assert posting["sensoryRequirement"] == ["视物：2级（0 不需要至 4 必不可少）"]


def test_a_property_that_was_changed_goes_before_our_own_block() -> None:
    posting = posting_of(lawful(demands="hands=3;seeing=2"))
    posting |= {"title": "档案员", "sensoryRequirement": ["需看屏幕"], "validThrough": "2027-01-31T16:30:00Z"}
    values = read_posting(posting).content.values
    assert (values["title"], values["demands"]) == ("档案员", {Function.HANDS: 3})
    assert values["closes_on"] == date(2027, 2, 1)  # half past midnight in Gansu
    assert values["description"].endswith("感官要求：需看屏幕")
    assert values["wage_min"] == 3000


# ---- what others send ----

FOREIGN: dict[str, Any] = {
    "@context": "https://schema.org/",
    "@type": "JobPosting",
    "title": "Data clerk &amp; archivist",
    "description": "<p>Sorting <b>files</b>.</p><ul><li>typing</li><li>filing</li></ul><script>x()</script>",
    "datePosted": "2026-11-01",
    "validThrough": "2027-03-18T00:00",
    "employmentType": "FULL_TIME",
    "hiringOrganization": {"@type": "Organization", "name": "别的公司", "sameAs": "https://example.com"},
    "jobLocation": {
        "@type": "Place",
        "address": {
            "@type": "PostalAddress",
            "streetAddress": "东岗西路1号",
            "addressLocality": "兰州市城关区",
            "addressRegion": "甘肃省",
            "addressCountry": "CN",
        },
    },
    "baseSalary": {
        "@type": "MonetaryAmount",
        "currency": "CNY",
        "value": {"@type": "QuantitativeValue", "minValue": 3500.5, "maxValue": 4200, "unitText": "MONTH"},
    },
    "totalJobOpenings": "3",
    "skills": "打字",
    "educationRequirements": {"@type": "EducationalOccupationalCredential", "credentialCategory": "associate degree"},
    "experienceRequirements": {"@type": "OccupationalExperienceRequirements", "monthsOfExperience": 24},
    "physicalRequirement": "限男性",
    "url": "https://example.com/jobs/1",
    "made-up": 1,
}


def test_a_foreign_posting_is_read_as_far_as_it_says_something_of_ours() -> None:
    read = read_posting(FOREIGN)
    values = read.content.values
    assert values["title"] == "Data clerk & archivist"
    assert values["description"] == "Sorting files.\n\ntyping\n\nfiling\n身体要求：限男性"
    assert (values["opens_on"], values["closes_on"]) == (date(2026, 11, 1), date(2027, 3, 18))
    assert (values["region"], values["address"]) == ("620102", "东岗西路1号")
    assert (values["wage_min"], values["wage_max"]) == (Decimal("3500.5"), Decimal(4200))
    assert (values["openings"], values["skills"]) == (3, ("打字",))
    assert (values["education_min"], values["experience_years_min"]) == (Education.COLLEGE, 2)
    assert values.get("employer_name") is None
    assert (read.left_out, read.n_unknown) == (("url",), 1)


@pytest.mark.parametrize("unit", ["HOUR", "YEAR", "WEEK", None])
def test_pay_by_another_unit_or_currency_stays_unknown(unit: str | None) -> None:
    by_unit = {"currency": "CNY", "value": {"value": 30, "unitText": unit}}
    for salary in (by_unit, {"currency": "USD", "value": {"value": 3000, "unitText": "MONTH"}}, 3000, "面议"):
        read = read_posting({**FOREIGN, "baseSalary": salary})
        assert read.content.values.get("wage_min") is None
        assert "baseSalary" in read.left_out


@pytest.mark.parametrize(
    ("different", "column"),
    [
        ({"@type": "Person"}, "@type"),
        ({"title": None}, "title"),
        ({"title": {"@value": "x"}}, "title"),
        ({"title": "长" * 201}, "title"),
        ({"validThrough": "下个月"}, "closes_on"),
        ({"totalJobOpenings": "-1"}, "openings"),
        ({"description": "见 http://localhost/"}, "description"),
        ({"x-yougang": {"columns": {"demands": "walking=9"}}}, "demands"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_column_and_not_repeated(different: dict[str, Any], column: str) -> None:
    with pytest.raises(RowRefused) as caught:
        read_posting({**FOREIGN, **different})
    assert column in [fault.column for fault in caught.value.faults]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*KINDS, "url", "made-up"]), _json, max_size=6))
def test_whatever_is_sent_is_read_or_refused(different: dict[str, Any]) -> None:
    refused: tuple[object, ...] = ()
    try:
        read = read_posting({**FOREIGN, **different})
    except RowRefused as error:
        refused = error.faults
    assert refused or read.content.values["title"]


# ---- HTML ----

MARKUP = (
    ("<p>一</p><p>二</p>", "一\n\n二"),
    ("一<br>二<br/>三", "一\n二\n三"),
    ("<a href='http://127.0.0.1/'>详情</a>", "详情"),
    ("<img src=x onerror=alert(1) alt=图>文", "文"),
    ("<style>p{}</style>文<script>alert('<p>')</script>", "文"),
    ("<scr<script>ipt>alert(1)</script>", "ipt>alert(1)"),
    ("&lt;b&gt;不是标记&lt;/b&gt;", "<b>不是标记</b>"),
    ("a &amp; b < c", "a & b < c"),
    ("<!-- 注 -->文<![CDATA[x]]>", "文"),
    ("  多   空\t格  ", "多 空 格"),
    ("零\u200b宽\u202e反向", "零宽反向"),
)


@pytest.mark.parametrize(("markup", "text"), MARKUP)
def test_of_html_only_the_text_is_kept(markup: str, text: str) -> None:
    assert text_of(markup) == text


def test_text_as_html_holds_no_mark_of_its_own() -> None:
    assert markup_of("<b>1 & 2</b>\n三") == "&lt;b&gt;1 &amp; 2&lt;/b&gt;<br>\n三"
