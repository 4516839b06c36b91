"""schema.org JobPosting, out and in.

Out, every property that schema.org has a name for is filled from the vacancy, and `x-yougang` holds what it has none
for, as the cells of our table. In, a property that says what our own block would say is taken from the block, so that
our own documents come back equal; any other is read by itself and wins. What is none of ours is left out, and counted.
Addresses in a document are never opened: none is kept at all.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from matching.regions import divisions, province, region_name
from matching.vocabulary import Education, Function, VacancyKind, WorkMode
from pipelines.registers.errors import Fault, RowRefused
from pipelines.sources.markup import markup_of, text_of
from pipelines.sources.places import read_place
from pipelines.vacancy_workflow.check import EXPLAINABLE
from pipelines.vacancy_workflow.content import OWN_COLUMNS, Content, Task

CONTENT_TYPE = "application/ld+json"
CONTEXT, TYPE, OWN = "https://schema.org", "JobPosting", "x-yougang"
SHANGHAI = ZoneInfo("Asia/Shanghai")
SENSORY = (Function.SEEING, Function.HEARING)
PHYSICAL = (
    Function.WALKING,
    Function.STANDING,
    Function.SITTING,
    Function.LIFTING,
    Function.HANDS,
    Function.STAMINA,
    Function.SELF_CARE,
    Function.TRAVELLING_ALONE,
)
_SPEAKS_OF = {"physicalRequirement": PHYSICAL, "sensoryRequirement": SENSORY}
_LONG, _SHORT, _MANY = 20_000, 200, 50
_FULL_TIME_HOURS = Decimal(36)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CREDENTIALS = {
    "high school": Education.SENIOR,
    "associate degree": Education.COLLEGE,
    "bachelor degree": Education.BACHELOR,
    "postgraduate degree": Education.MASTER,
    "professional certificate": Education.VOCATIONAL,
}
_OUT_ONLY = frozenset(
    {"@context", "@type", "identifier", "hiringOrganization", "directApply", "employmentType", "workHours",
     "applicationContact", "applicantLocationRequirements", OWN}
)  # fmt: skip
_KNOWN = frozenset(
    {"url", "sameAs", "image", "logo", "mainEntityOfPage", "potentialAction", "industry", "jobBenefits", "incentives",
     "responsibilities", "jobImmediateStart", "jobStartDate", "salaryCurrency", "estimatedSalary", "specialCommitments",
     "relevantOccupation", "securityClearanceRequirement", "eligibilityToWorkRequirement", "employerOverview",
     "employmentUnit", "experienceInPlaceOfEducation", "name", "alternateName", "disambiguatingDescription"}
)  # fmt: skip
"""What schema.org has and we do not take: said by name. A name that is none of schema.org's is only counted."""


@dataclass(frozen=True, slots=True)
class ReadPosting:
    """What a document says that is ours, and what was left out."""

    content: Content
    left_out: tuple[str, ...] = ()
    n_unknown: int = 0


# ---- out ----


def posting_of(
    content: Content, vacancy_id: str, employer_id: str | None, *, published_on: date | None = None
) -> dict[str, Any]:
    """Return a vacancy as JobPosting; what is unknown is left out."""
    told = {name: write(content) for name, (_, write) in _PROPERTIES.items()}
    if told["datePosted"] is None and published_on is not None:
        told["datePosted"] = published_on.isoformat()
    document = {
        "@context": CONTEXT,
        "@type": TYPE,
        "identifier": {"@type": "PropertyValue", "name": "yougang", "value": vacancy_id},
        "hiringOrganization": _organisation(content, employer_id),
        "employmentType": _employment_type(content),
        "workHours": _work_hours(content),
        "applicationContact": _contact(content),
        "applicantLocationRequirements": _where_from(content),
        "directApply": False,
        **told,
        OWN: {**_own_block(content), **({} if published_on is None else {"published_on": published_on.isoformat()})},
    }
    return {name: value for name, value in document.items() if value is not None}


def _own_block(content: Content) -> dict[str, Any]:
    cells = {column.name: column.format(content.values.get(column.name)) for column in OWN_COLUMNS}
    return {
        "columns": {name: cell for name, cell in cells.items() if cell},
        "tasks": [task.as_dict() for task in content.tasks],
        "accommodation_contact": content.accommodation_contact,
    }


def _organisation(content: Content, employer_id: str | None) -> dict[str, Any]:
    told = {"@type": "Organization", "name": content.values.get("employer_name"), "identifier": employer_id}
    return {name: value for name, value in told.items() if value is not None}


def _employment_type(content: Content) -> str | None:
    hours, days = content.values.get("hours_per_day"), content.values.get("days_per_week")
    if content.values.get("kind") is VacancyKind.INTERNSHIP:
        return "INTERN"
    if hours is None or days is None:
        return None
    return "FULL_TIME" if hours * days >= _FULL_TIME_HOURS else "PART_TIME"


def _work_hours(content: Content) -> str | None:
    parts = []
    if (hours := content.values.get("hours_per_day")) is not None:
        parts.append(f"每天{hours:f}小时")
    if (days := content.values.get("days_per_week")) is not None:
        parts.append(f"每周{days:f}天")
    return "，".join(parts) or None


def _contact(content: Content) -> dict[str, str] | None:
    if content.accommodation_contact is None:
        return None
    return {"@type": "ContactPoint", "contactType": "合理便利", "description": content.accommodation_contact}


def _where_from(content: Content) -> dict[str, str] | None:
    return {"@type": "Country", "name": "CN"} if content.values.get("work_mode") is WorkMode.REMOTE else None


def _value(name: str) -> Callable[[Content], Any]:
    return lambda content: content.values.get(name)


def _description(content: Content) -> str:
    """The text; where there is none the tasks or the title, for the property is required."""
    text = content.values.get("description") or content.task_text() or content.values.get("title") or ""
    return markup_of(text)


def _posted(content: Content) -> str | None:
    day = content.values.get("opens_on")
    return None if day is None else day.isoformat()


def _through(content: Content) -> str | None:
    day = content.values.get("closes_on")
    return None if day is None else f"{day.isoformat()}T23:59:59+08:00"


def _salary(content: Content) -> dict[str, Any] | None:
    least, most = content.values.get("wage_min"), content.values.get("wage_max")
    if least is None and most is None:
        return None
    amounts = {"minValue": least, "maxValue": most}
    value = {name: _number(amount) for name, amount in amounts.items() if amount is not None}
    return {
        "@type": "MonetaryAmount",
        "currency": "CNY",
        "value": {"@type": "QuantitativeValue", **value, "unitText": "MONTH"},
    }


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _location(content: Content) -> dict[str, Any] | None:
    values = content.values
    address: dict[str, Any] = {"@type": "PostalAddress", "addressCountry": "CN", **_names(values.get("region"))}
    if values.get("address") is not None:
        address["streetAddress"] = values["address"]
    place: dict[str, Any] = {"@type": "Place", "address": address}
    if values.get("longitude") is not None and values.get("latitude") is not None:
        place["geo"] = {"@type": "GeoCoordinates", "longitude": values["longitude"], "latitude": values["latitude"]}
    return place


def _names(region: str | None) -> dict[str, str]:
    if region is None:
        return {}
    upper = divisions().get(province(region))
    told = {} if upper is None else {"addressRegion": upper.name}
    if not region.endswith("0000"):
        told["addressLocality"] = region_name(region)
    return told


def _mode(content: Content) -> str | None:
    return "TELECOMMUTE" if content.values.get("work_mode") is WorkMode.REMOTE else None


def _texts(name: str) -> Callable[[Content], Any]:
    return lambda content: list(content.values.get(name) or ()) or None


def _education(content: Content) -> dict[str, str] | None:
    least = content.values.get("education_min")
    if least is None or least.rank < Education.SENIOR.rank:
        return None
    word = next((word for word, known in _CREDENTIALS.items() if known.rank == least.rank), "postgraduate degree")
    return {"@type": "EducationalOccupationalCredential", "credentialCategory": word}


def _experience(content: Content) -> dict[str, Any] | None:
    years = content.values.get("experience_years_min")
    if years is None:
        return None
    return {"@type": "OccupationalExperienceRequirements", "monthsOfExperience": _number(years * 12)}


def _demands(functions: Sequence[Function]) -> Callable[[Content], Any]:
    def write(content: Content) -> list[str] | None:
        demands = content.values.get("demands") or {}
        return [_demand(f, demands[f], content) for f in functions if demands.get(f, 0) > 0] or None

    return write


def _demand(function: Function, level: int, content: Content) -> str:
    tasks = "；".join(task.text for task in content.tasks if function in task.functions)
    return f"{function.label}：{level}级（0 不需要至 4 必不可少）" + (f"，工作任务：{tasks}" if tasks else "")


# ---- in ----


@dataclass(slots=True)
class _Reading:
    """What is read of a document, column by column, and what cannot be."""

    cells: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    more_text: list[str] = field(default_factory=list)

    def take(self, name: str, text: str, *, longest: int = _SHORT) -> None:
        """Take a text for a column; one too long is refused rather than cut."""
        if len(text) > longest:
            self.faults.append(Fault(name, f"最长 {longest} 个字符"))
        else:
            self.cells[name] = text


def read_posting(posting: Mapping[str, Any]) -> ReadPosting:
    """Return what a JobPosting says that is ours.

    Raises
    ------
    RowRefused
        When it is no JobPosting, has no title, or something of it cannot be taken; never repeats what was sent.
    """
    kinds = posting.get("@type")
    if TYPE not in (kinds if isinstance(kinds, list) else [kinds]):
        raise RowRefused([Fault("@type", "应为 schema.org 的 JobPosting")])
    own = _own_content(posting.get(OWN))
    reading = _Reading({} if own is None else _own_block(own)["columns"])
    for name, (columns, write) in _PROPERTIES.items():
        if own is not None and _says_the_same(name, posting, write(own)):
            continue
        for column in columns:
            _forget(reading, name, column)
        if posting.get(name) is not None:
            _READERS[name](reading, posting[name])
    if reading.more_text:
        text = "\n".join([reading.cells.get("description", ""), *reading.more_text]).strip()
        reading.take("description", text, longest=_LONG)
    if reading.faults:
        raise RowRefused(reading.faults)
    others = [name for name in posting if name not in _PROPERTIES and name not in _OUT_ONLY]
    left_out = [*reading.left_out, *sorted(name for name in others if name in _KNOWN)]
    tasks, contact = ((), None) if own is None else (own.tasks, own.accommodation_contact)
    cells = {"title": "", **reading.cells}
    content = Content.of_cells(cells, tasks, contact)
    return ReadPosting(content, tuple(left_out), sum(name not in _KNOWN for name in others))


def _says_the_same(name: str, posting: Mapping[str, Any], own: Any) -> bool:
    if name == "datePosted" and own is None and posting.get(OWN, {}).get("published_on") == posting.get(name):
        return True  # filled in from the day of publishing, since the property is required
    return bool(posting.get(name) == own)


def _forget(reading: _Reading, name: str, column: str) -> None:
    """Drop what our own block says, where the property says something else."""
    said = reading.cells.pop(column, None)
    if column == "demands" and said:
        spoken_of = {function.value for function in _SPEAKS_OF[name]}
        kept = [part for part in said.split(";") if part.partition("=")[0] not in spoken_of]
        reading.cells |= {"demands": ";".join(kept)} if kept else {}


def _own_content(block: Any) -> Content | None:
    """Return what our own block says; other names in it are left out.

    Raises
    ------
    RowRefused
        When a value in it cannot be taken.
    """
    if not isinstance(block, Mapping):
        return None
    columns = block.get("columns")
    given = columns if isinstance(columns, Mapping) else {}
    names = {column.name for column in OWN_COLUMNS}
    cells = {name: _clean(cell) for name, cell in given.items() if name in names and isinstance(cell, str)}
    if wrong := [name for name, cell in cells.items() if len(cell) > _LONG]:
        raise RowRefused([Fault(name, f"最长 {_LONG} 个字符") for name in wrong])
    contact = block.get("accommodation_contact")
    told = _clean(contact) if isinstance(contact, str) else None
    return Content.of_cells(cells, tuple(_tasks(block.get("tasks"))), told or None)


def _tasks(given: Any) -> Iterator[Task]:
    for one in given[:_MANY] if isinstance(given, list) else []:
        text = _clean(one["text"]) if isinstance(one, Mapping) and isinstance(one.get("text"), str) else ""
        if not text or len(text) > _SHORT:
            continue
        words = {str(word) for word in one.get("functions") or () if isinstance(word, str)}
        kinds = {str(word) for word in one.get("explains") or () if isinstance(word, str)}
        yield Task(
            text,
            tuple(function for function in Function if function.value in words),
            tuple(sorted(kinds & EXPLAINABLE)),
        )


def _clean(text: str) -> str:
    return "".join(c for c in text if (c >= " " or c in "\n\t") and not "\ud800" <= c <= "\udfff").strip()


def _read_text(name: str, longest: int) -> Callable[[_Reading, Any], None]:
    def read(reading: _Reading, value: Any) -> None:
        if not isinstance(value, str):
            reading.faults.append(Fault(name, "应为文字"))
            return
        reading.take(name, text_of(value), longest=longest)

    return read


def _read_day(column: str) -> Callable[[_Reading, Any], None]:
    def read(reading: _Reading, value: Any) -> None:
        day = _day(value)
        if day is None:
            reading.faults.append(Fault(column, "日期应写作 YYYY-MM-DD 或带时区的时刻"))
        else:
            reading.cells[column] = day.isoformat()

    return read


def _day(value: Any) -> date | None:
    if not isinstance(value, str):
        return None
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo is None else moment.astimezone(SHANGHAI)).date()
    except (ValueError, OverflowError):
        return None


def _read_openings(reading: _Reading, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        reading.left_out.append("totalJobOpenings")
        return
    reading.take("openings", str(value))


def _read_salary(reading: _Reading, value: Any) -> None:
    """Take a monthly amount in yuan; of others nobody knows what they are a month (hours, bonuses, a 13th month)."""
    amount = value.get("value") if isinstance(value, Mapping) else None
    if not isinstance(amount, Mapping) or value.get("currency") != "CNY" or amount.get("unitText") != "MONTH":
        reading.left_out.append("baseSalary")
        return
    single = amount.get("value")
    for column, given in (("wage_min", amount.get("minValue", single)), ("wage_max", amount.get("maxValue", single))):
        if isinstance(given, int | float | str) and not isinstance(given, bool):
            reading.take(column, str(given))


def _read_location(reading: _Reading, value: Any) -> None:
    place = value[0] if isinstance(value, list) and value else value
    address = place.get("address") if isinstance(place, Mapping) else None
    if isinstance(address, str):
        _read_address(reading, address, None)
    elif isinstance(address, Mapping):
        parts = [address.get(name) for name in ("addressRegion", "addressLocality")]
        street = address.get("streetAddress")
        named = "".join(_clean(part) for part in parts if isinstance(part, str))
        _read_address(reading, named, _clean(street) if isinstance(street, str) else None)
    geo = place.get("geo") if isinstance(place, Mapping) else None
    if isinstance(geo, Mapping):
        for column in ("longitude", "latitude"):
            if isinstance(geo.get(column), int | float | str) and not isinstance(geo.get(column), bool):
                reading.take(column, str(geo[column]))


def _read_address(reading: _Reading, named: str, street: str | None) -> None:
    found = read_place(named[:_SHORT])
    if found.code is not None:
        reading.cells["region"] = found.code
    rest = street if street is not None else (found.rest or "")
    if rest:
        reading.take("address", text_of(rest))


def _read_mode(reading: _Reading, value: Any) -> None:
    if value == "TELECOMMUTE":
        reading.cells["work_mode"] = WorkMode.REMOTE.value
    else:
        reading.left_out.append("jobLocationType")


def _read_texts(column: str) -> Callable[[_Reading, Any], None]:
    def read(reading: _Reading, value: Any) -> None:
        parts = value if isinstance(value, list) else [value]
        texts = [text_of(_named(part)).replace(";", "，").replace("；", "，") for part in parts[:_MANY]]
        reading.take(column, ";".join(text for text in texts if text), longest=_LONG)

    return read


def _named(part: Any) -> str:
    if isinstance(part, Mapping):
        part = part.get("name")
    return part if isinstance(part, str) else ""


def _read_education(reading: _Reading, value: Any) -> None:
    word = value.get("credentialCategory") if isinstance(value, Mapping) else None
    known = _CREDENTIALS.get(word.strip().lower()) if isinstance(word, str) else None
    if known is None:
        reading.left_out.append("educationRequirements")
    else:
        reading.cells["education_min"] = known.value


def _read_experience(reading: _Reading, value: Any) -> None:
    months = value.get("monthsOfExperience") if isinstance(value, Mapping) else None
    if isinstance(months, int) and not isinstance(months, bool) and 0 <= months <= 80 * 12:
        years = (Decimal(months) / 12).quantize(Decimal("0.01"))
        reading.cells["experience_years_min"] = format(years, "f")
    else:
        reading.left_out.append("experienceRequirements")


def _read_demands(name: str, label: str) -> Callable[[_Reading, Any], None]:
    def read(reading: _Reading, value: Any) -> None:
        """Keep it as words of the text, where the check looks for conditions; nobody said a level."""
        texts = [text_of(_named(part)) for part in (value if isinstance(value, list) else [value])[:_MANY]]
        reading.more_text += [f"{label}：{text}" for text in texts if text]

    return read


_PROPERTIES: Mapping[str, tuple[tuple[str, ...], Callable[[Content], Any]]] = {
    "title": (("title",), _value("title")),
    "description": (("description",), _description),
    "datePosted": (("opens_on",), _posted),
    "validThrough": (("closes_on",), _through),
    "totalJobOpenings": (("openings",), _value("openings")),
    "baseSalary": (("wage_min", "wage_max"), _salary),
    "jobLocation": (("region", "address", "longitude", "latitude"), _location),
    "jobLocationType": (("work_mode",), _mode),
    "occupationalCategory": (("occupation",), _value("occupation")),
    "skills": (("skills",), _texts("skills")),
    "qualifications": (("certificates",), _texts("certificates")),
    "educationRequirements": (("education_min",), _education),
    "experienceRequirements": (("experience_years_min",), _experience),
    "physicalRequirement": (("demands",), _demands(PHYSICAL)),
    "sensoryRequirement": (("demands",), _demands(SENSORY)),
}
"""Each property, the columns it speaks of, and how they are written."""
_READERS: Mapping[str, Callable[[_Reading, Any], None]] = {
    "title": _read_text("title", _SHORT),
    "description": _read_text("description", _LONG),
    "datePosted": _read_day("opens_on"),
    "validThrough": _read_day("closes_on"),
    "totalJobOpenings": _read_openings,
    "baseSalary": _read_salary,
    "jobLocation": _read_location,
    "jobLocationType": _read_mode,
    "occupationalCategory": _read_text("occupation", _SHORT),
    "skills": _read_texts("skills"),
    "qualifications": _read_texts("certificates"),
    "educationRequirements": _read_education,
    "experienceRequirements": _read_experience,
    "physicalRequirement": _read_demands("physicalRequirement", "身体要求"),
    "sensoryRequirement": _read_demands("sensoryRequirement", "感官要求"),
}
