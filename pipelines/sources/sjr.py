"""A real behaviour set (job views in the United States, 2014 and 2015) as a world of interface tables.

The set is used to measure models on what people really did; it is English, and its places have no GB/T 2260 code, so
regions stay unknown and "City, ST" stands in the addresses. It lies outside the repository, since its licence is not
stated; its format is that of `job_views.csv.gz`, `experience.csv.gz` and `positions_of_interest.csv.gz`.

Two flaws of the set bound what may be concluded. A vacancy is known only through its views, so `opens_on` is the day of
its first view, and how fresh a vacancy without history is tells when it will be viewed. And three of four people with
views stated nothing of themselves.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from matching.vocabulary import InteractionKind
from pipelines.errors import SheetError
from pipelines.schema import LIST_SEPARATOR, TABLES

PREFIX = "sjr-"
_VIEWS, _EXPERIENCE, _WISHES = "job_views.csv.gz", "experience.csv.gz", "positions_of_interest.csv.gz"
_COLUMNS = {
    _VIEWS: ("Applicant.ID", "Job.ID", "Position", "Company", "City", "State.Code", "Industry", "View.Start"),
    _EXPERIENCE: ("Applicant.ID", "Position.Name", "City", "State.Code", "Start.Year", "End.Year", "Created.At"),
    _WISHES: ("Applicant.ID", "Position.Of.Interest", "Created.At"),
}
_SENSIBLE_YEARS = (1950, 2015)
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows read.

    Attributes
    ----------
    repeated_views
        Views of a pair on a day that had one already.
    unusable_views
        Views without person, job, title or day.
    late_facts
        Rows of experience and wishes that were entered after the person's first view, and so left out.
    """

    candidates: int
    vacancies: int
    interactions: int
    repeated_views: int
    unusable_views: int
    late_facts: int


def write_world(source: Path, out: Path) -> Counts:
    """Write candidates.csv, vacancies.csv and interactions.csv to the folder `out`, which is made where needed.

    A fact that a person entered after their first view is left out: whatever day the world is split at, a newcomer is
    then known by what was known of them when they came.

    Raises
    ------
    SheetError
        When a file or a column of it is missing.
    """
    views, experience, wishes = (_read(source / name, columns) for name, columns in _COLUMNS.items())
    views["at"] = _moment(views["View.Start"])
    stated = (views["Applicant.ID"] != "") & (views["Job.ID"] != "") & (views["Position"] != "")
    usable = views[stated & views["at"].notna()]
    usable = usable.sort_values(["at", "Applicant.ID", "Job.ID"], kind="stable")
    first_views = usable.groupby("Applicant.ID")["at"].min()
    timely_experience, timely_wishes = (_entered_before(facts, first_views) for facts in (experience, wishes))

    people = sorted({*usable["Applicant.ID"], *timely_experience["Applicant.ID"], *timely_wishes["Applicant.ID"]})
    candidates = _candidates(people, timely_experience, timely_wishes)
    vacancies = [_vacancy(views_of_job.iloc[0]) for _, views_of_job in usable.groupby("Job.ID", sort=True)]
    interactions = _interactions(usable)
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in (("candidates", candidates), ("vacancies", vacancies), ("interactions", interactions)):
        _write(out / f"{name}.csv", name, rows)
    return Counts(
        candidates=len(candidates),
        vacancies=len(vacancies),
        interactions=len(interactions),
        repeated_views=len(usable) - len(interactions),
        unusable_views=len(views) - len(usable),
        late_facts=len(experience) + len(wishes) - len(timely_experience) - len(timely_wishes),
    )


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, EOFError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SheetError(f"无法读取 {path.name}") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise SheetError(f"{path.name} 缺少列：{'、'.join(missing)}")
    return pd.DataFrame({column: table[column].str.split().str.join(" ") for column in columns})


def _moment(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts, format="%Y-%m-%d %H:%M:%S UTC", errors="coerce", utc=True)


def _entered_before(facts: pd.DataFrame, first_views: pd.Series) -> pd.DataFrame:
    first = facts["Applicant.ID"].map(first_views)
    entered = _moment(facts["Created.At"])
    # Of people without views every fact is kept: nothing is ever predicted for them.
    return facts[facts["Applicant.ID"].ne("") & (first.isna() | (entered <= first))]


def _candidates(people: list[str], experience: pd.DataFrame, wishes: pd.DataFrame) -> list[Row]:
    jobs = dict(list(experience.groupby("Applicant.ID")))
    wished = dict(list(wishes.groupby("Applicant.ID")))
    return [_candidate(person, jobs.get(person), wished.get(person)) for person in people]


def _candidate(person: str, jobs: pd.DataFrame | None, wished: pd.DataFrame | None) -> Row:
    row = {"candidate_id": PREFIX + person}
    if jobs is not None:
        row["experience"] = _joined(jobs["Position.Name"])
        row["address"] = _latest_place(jobs)
    if wished is not None:
        row["wished_occupations"] = _joined(wished["Position.Of.Interest"])
    return row


def _joined(texts: pd.Series) -> str:
    parts = (text.replace(LIST_SEPARATOR, ",").replace("；", ",") for text in texts)
    return LIST_SEPARATOR.join(dict.fromkeys(part for part in parts if part))


def _latest_place(jobs: pd.DataFrame) -> str:
    placed = jobs[jobs["City"].ne("")]
    if placed.empty:
        return ""
    starts, ends = _year(placed["Start.Year"]), _year(placed["End.Year"])
    # A job with a start and no end is the present one; without any year, the order of entry (latest first) decides.
    ends = ends.mask(ends.isna() & starts.notna(), _SENSIBLE_YEARS[1] + 1)
    order = pd.DataFrame({"end": ends.fillna(0), "start": starts.fillna(0)})
    latest = order.sort_values(["end", "start"], ascending=False, kind="stable").index[0]
    return _place(placed.loc[latest])


def _year(texts: pd.Series) -> pd.Series:
    years = pd.to_numeric(texts, errors="coerce")
    return years.where(years.between(*_SENSIBLE_YEARS))


def _place(row: "pd.Series[str]") -> str:
    city = row["City"].strip(" ,.")
    if not city:
        return ""
    city = city if any(c.isupper() for c in city) and any(c.islower() for c in city) else city.title()
    return f"{city}, {row['State.Code'].upper()}" if row["State.Code"] else city


def _vacancy(first_view: "pd.Series[str]") -> Row:
    return {
        "vacancy_id": PREFIX + first_view["Job.ID"],
        "employer_name": first_view["Company"],
        "title": first_view["Position"],
        "description": first_view["Industry"],
        "address": _place(first_view),
        "opens_on": f"{first_view['at']:%Y-%m-%d}",
    }


def _interactions(views: pd.DataFrame) -> list[Row]:
    seen: dict[tuple[Hashable, ...], Row] = {}
    for person, job, at in zip(views["Applicant.ID"], views["Job.ID"], views["at"].dt.date, strict=True):
        seen.setdefault(
            (person, job, at),
            {
                "candidate_id": PREFIX + person,
                "vacancy_id": PREFIX + job,
                "kind": InteractionKind.VIEWED.value,
                "at": at.isoformat(),
            },
        )
    return list(seen.values())


def _write(path: Path, table: str, rows: list[Row]) -> None:
    columns = [column.name for column in TABLES[table].columns]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
