"""Every cell of the yearly report and of the lists of units equals plain SQL over the lines of the imported sheets.

The SQL stands here and is read from no function of the program; what the law says is written out as numbers, with where
it was read. It runs over the sheets as they were sent in, so that reading, storing and counting are all held to it.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from matching.regions import GANSU
from pipelines.duties.places import Area
from pipelines.duties.unit_ledger import unit_ledger
from pipelines.reports.plan.report import plan_report
from pipelines.reports.tables import exact
from tests.support.builders import TODAY
from tests.support.plan_year import PlanYear
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

EVERYWHERE = Area(GANSU, "甘肃省", None)
ELSEWHERE = "elsewhere"
PEOPLE = (
    "placed", "placed_in_plan", "trained", "information_check", "wish", "ability_assessment", "need_registration",
    "employment_service", "unsure", "graduates", "households",
)  # fmt: skip
UNITS = ("min_one", "quota_public", "quota_state")
AREA = """
CASE {0} WHEN '620102' THEN '620100' WHEN '620100' THEN '620100' WHEN '620502' THEN '620500'
         WHEN '620171' THEN '620171' WHEN '620299' THEN '620299' WHEN '620201' THEN '620200' ELSE 'elsewhere' END
"""

# Age for the statistics: 16 to 59 for men, 16 to 54 for women (FACTS person.working_age_realname, S47). A certificate
# number holds the birth date in its signs 7 to 14, the sex in the 17th, the grade in the last (FACTS 2).
STANDING = f"""
CREATE VIEW people AS
SELECT candidate_id, region, {AREA.format("region")} AS area, hukou, job_wish, unemployed_since, education,
       graduated_on, household_id, household_kinds, certificate_valid_until,
       coalesce(birth_date, substr(certificate_number, 7, 4) || '-' || substr(certificate_number, 11, 2) || '-'
                            || substr(certificate_number, 13, 2)) AS born,
       coalesce(sex, CASE substr(certificate_number, 17, 1) % 2 WHEN 1 THEN 'male' WHEN 0 THEN 'female' END) AS sex,
       coalesce(grade, CAST(substr(certificate_number, 20, 1) AS INTEGER)) AS grade
FROM candidates;
CREATE VIEW standing AS
SELECT p.*,
  CASE WHEN EXISTS (SELECT 1 FROM placements j, asked WHERE j.candidate_id = p.candidate_id
                    AND j.starts_on <= day AND (j.ends_on IS NULL OR j.ends_on >= day)) THEN 1
       WHEN unemployed_since <= day AND NOT EXISTS (
            SELECT 1 FROM placements j, asked WHERE j.candidate_id = p.candidate_id AND j.starts_on IS NULL
            AND (j.ends_on IS NULL OR j.ends_on >= day)) THEN 0 END AS works,
  CASE WHEN born IS NULL THEN NULL
       WHEN date(born, '+16 years') > day THEN 0
       WHEN sex = 'male' THEN date(born, '+60 years') > day
       WHEN sex = 'female' THEN date(born, '+55 years') > day
       WHEN date(born, '+55 years') > day THEN 1
       WHEN date(born, '+60 years') <= day THEN 0 END AS in_age,
  CASE job_wish WHEN 'yes' THEN 1 WHEN 'no' THEN 0 END AS wishes
FROM people p, asked;
CREATE VIEW done AS
SELECT candidate_id, kind, count(*) AS n FROM services, asked WHERE "on" BETWEEN first AND day GROUP BY 1, 2;
CREATE VIEW owed AS
SELECT s.*, w.kind, coalesce((SELECT n FROM done d WHERE d.candidate_id = s.candidate_id AND d.kind = w.kind), 0) AS n
FROM standing s, (SELECT 'information_check' AS kind UNION SELECT 'ability_assessment' UNION SELECT 'need_registration'
                  UNION SELECT 'employment_service') w
WHERE works = 0 AND in_age = 1 AND (w.kind = 'information_check' OR wishes = 1);
CREATE VIEW begun AS
SELECT j.candidate_id, j.starts_on, coalesce(j.form, 'unknown') AS form, p.area,
       row_number() OVER (PARTITION BY j.candidate_id ORDER BY j.starts_on, j.placement_id) AS nth,
       row_number() OVER (PARTITION BY j.candidate_id, j.starts_on >= first
                          ORDER BY j.starts_on, j.placement_id) AS nth_here
FROM placements j JOIN people p USING (candidate_id), asked
WHERE j.starts_on BETWEEN plan_first AND day AND NOT EXISTS (
  SELECT 1 FROM placements b WHERE b.candidate_id = j.candidate_id AND b.placement_id <> j.placement_id
  AND b.starts_on < j.starts_on AND (b.ends_on IS NULL OR b.ends_on >= date(j.starts_on, '-1 day')));
CREATE VIEW homes AS
SELECT coalesce(s.household_id, 'alone ' || s.candidate_id) AS home, s.*,
       CASE WHEN in_age = 0 OR wishes = 0 THEN 0 WHEN in_age = 1 AND wishes = 1 THEN 1 END AS may_work
FROM standing s
WHERE s.household_id IN (SELECT household_id FROM candidates WHERE household_id IS NOT NULL
                         AND (household_kinds LIKE '%poverty_exited%' OR household_kinds LIKE '%monitored%'))
   OR s.household_id IS NULL AND (household_kinds LIKE '%poverty_exited%' OR household_kinds LIKE '%monitored%');
CREATE VIEW households AS
SELECT home,
  CASE WHEN max(works) = 1 THEN 'with_work'
       WHEN count(*) = sum(coalesce(may_work, 1) = 0)
         THEN CASE WHEN count(*) = sum(coalesce(works, 1) = 0) THEN 'nobody' ELSE 'to_verify' END
       WHEN max(may_work) = 1 AND count(*) = sum(coalesce(works, 1) = 0) THEN 'without'
       ELSE 'to_verify' END AS state,
  (SELECT {AREA.format("h.region")} FROM homes h WHERE h.home = homes.home
   ORDER BY h.region IS NULL, h.candidate_id LIMIT 1) AS area
FROM homes GROUP BY home HAVING count(*) > sum(coalesce(hukou, '') = 'urban');
"""

# A month counts by 财税〔2015〕72号 art. 7: in the establishment (which organs and institutions alone have, and no
# sheet tells of whom) or a contract of twelve months, at least the county's minimum wage (2020 yuan in class 1 and 1910
# in class 3 since 2023-11-01: 甘政办发〔2023〕83号, S26a; 620100, 620299 and places elsewhere are in no class),
# insured, of working age until the statutory age of retirement (S46), certificate valid, with no other employer in the
# month, on duty. Grades 1 and 2 count twice. Required: 0.015 of the staff (S17). All is three-valued: NULL is unknown.
UNIT_YEAR = f"""
CREATE VIEW months AS
WITH RECURSIVE m(month) AS (SELECT first FROM asked UNION ALL SELECT date(month, '+1 month') FROM m, asked
                            WHERE date(month, '+1 month') <= day)
SELECT month FROM m;
CREATE VIEW ages AS
SELECT p.*, (substr(born, 1, 4) - 1965) * 12 + substr(born, 6, 2) - 1 AS since_65,
       (substr(born, 1, 4) - 1970) * 12 + substr(born, 6, 2) - 1 AS since_70,
       (substr(born, 1, 4) - 1975) * 12 + substr(born, 6, 2) - 1 AS since_75
FROM people p;
CREATE VIEW retirement AS
SELECT candidate_id, born, sex, grade, certificate_valid_until,
  date(born, '+' || (720 + CASE WHEN since_65 < 0 THEN 0 ELSE min(36, since_65 / 4 + 1) END) || ' months') AS man,
  date(born, '+' || (660 + CASE WHEN since_70 < 0 THEN 0 ELSE min(36, since_70 / 4 + 1) END) || ' months') AS official,
  date(born, '+' || (600 + CASE WHEN since_75 < 0 THEN 0 ELSE min(60, since_75 / 2 + 1) END) || ' months') AS worker
FROM ages;
CREATE VIEW touched AS
SELECT j.*, m.month, e.kind, e.region AS place
FROM placements j JOIN employers e USING (employer_id), months m
WHERE (j.starts_on IS NULL OR substr(j.starts_on, 1, 7) <= substr(m.month, 1, 7))
  AND (j.ends_on IS NULL OR substr(j.ends_on, 1, 7) >= substr(m.month, 1, 7));
CREATE VIEW counted AS
SELECT t.employer_id, t.month, CASE WHEN r.grade IN (1, 2) THEN 2 WHEN r.grade IN (3, 4) THEN 1 END AS weight,
  (contract_months >= 12 OR CASE WHEN kind = 'state_owned' THEN 0 END)
  AND monthly_wage >= CASE place WHEN '620102' THEN 2020 WHEN '620171' THEN 2020 WHEN '620201' THEN 2020
                                 WHEN '620502' THEN 1910 END
  AND CASE social_insurance WHEN 'yes' THEN 1 WHEN 'no' THEN 0 END
  AND CASE WHEN born IS NULL THEN NULL
           WHEN date(born, '+16 years') > t.month THEN 0
           WHEN sex = 'male' THEN t.month < man
           WHEN sex = 'female' AND t.month < worker AND t.month < official THEN 1
           WHEN sex = 'female' AND t.month >= worker AND t.month >= official THEN 0
           WHEN sex IS NULL AND t.month < worker THEN 1
           WHEN sex IS NULL AND t.month >= man THEN 0 END
  AND r.certificate_valid_until >= day
  AND CASE WHEN EXISTS (SELECT 1 FROM placements o WHERE o.candidate_id = t.candidate_id
             AND o.employer_id <> t.employer_id
             AND (o.starts_on IS NULL OR substr(o.starts_on, 1, 7) <= substr(t.month, 1, 7))
             AND (o.ends_on IS NULL OR substr(o.ends_on, 1, 7) >= substr(t.month, 1, 7))) THEN NULL ELSE 1 END
  AND CASE WHEN t.starts_on IS NULL THEN NULL WHEN attendance_confirmed = 'yes' THEN 1
           WHEN attendance_confirmed = 'no' THEN 0 END AS counts
FROM touched t JOIN retirement r USING (candidate_id), asked;
CREATE VIEW units AS
SELECT e.*, {AREA.format("e.region")} AS area,
  (SELECT count(DISTINCT j.candidate_id) FROM placements j, asked WHERE j.employer_id = e.employer_id
   AND j.starts_on <= day AND (j.ends_on IS NULL OR j.ends_on >= day)) AS there,
  (SELECT count(DISTINCT j.candidate_id) FROM placements j, asked WHERE j.employer_id = e.employer_id
   AND j.starts_on IS NULL AND (j.ends_on IS NULL OR j.ends_on >= day) AND NOT EXISTS (
     SELECT 1 FROM placements k WHERE k.employer_id = e.employer_id AND k.candidate_id = j.candidate_id
     AND k.starts_on <= day AND (k.ends_on IS NULL OR k.ends_on >= day))) AS perhaps,
  coalesce((SELECT sum(coalesce(weight, 1)) FROM counted c WHERE c.employer_id = e.employer_id
            AND counts = 1), 0) AS low,
  coalesce((SELECT sum(coalesce(weight, 2)) FROM counted c WHERE c.employer_id = e.employer_id
            AND coalesce(counts, 1) = 1), 0) AS high,
  headcount * 15 * 12 AS line
FROM employers e WHERE kind IN ('organ', 'institution', 'state_owned');
CREATE VIEW judged AS
SELECT u.*, CASE WHEN there > 0 AND perhaps = 0 THEN there END AS staff,
  CASE WHEN line IS NULL OR (low * 1000 < line AND line <= high * 1000) THEN 'to_verify'
       WHEN low * 1000 >= line THEN 'done' ELSE 'not_done' END AS quota,
  CASE WHEN line IS NULL THEN NULL ELSE max(0, line - high * 1000) END AS gap,
  level IN ('province', 'prefecture')
  AND CASE kind WHEN 'organ' THEN establishment >= 50
                WHEN 'institution' THEN establishment >= 67 AND CASE is_school WHEN 'no' THEN 1 WHEN 'yes' THEN 0 END
      END AS of_size
FROM units u;
CREATE VIEW duty AS
SELECT j.*, (of_size AND quota <> 'done') AS applies,
  CASE WHEN (of_size AND quota <> 'done') IS NULL THEN 'to_verify'
       WHEN staff >= 1 THEN 'done' WHEN staff IS NULL THEN 'to_verify' ELSE 'not_done' END AS min_one
FROM judged j;
"""

CELLS = {
    "placed": "SELECT area, form, count(*) FROM begun, asked WHERE starts_on >= first AND nth_here = 1 GROUP BY 1, 2",
    "placed_in_plan": "SELECT area, 'entered', count(*) FROM begun WHERE nth = 1 GROUP BY 1",
    "trained": "SELECT area, 'trained', count(*) FROM people JOIN done USING (candidate_id) WHERE kind = 'training' "
    "GROUP BY 1",
    **{
        kind: f"SELECT area, CASE WHEN n >= 1 THEN 'done' ELSE 'due' END, count(*) FROM owed WHERE kind = '{kind}' "
        "GROUP BY 1, 2"
        for kind in ("information_check", "ability_assessment", "need_registration", "employment_service")
    },
    "wish": "SELECT area, coalesce(job_wish, 'unknown'), count(*) FROM standing WHERE works = 0 AND in_age = 1 "
    "GROUP BY 1, 2",
    "unsure": "SELECT area, 'unsure', count(*) FROM standing WHERE coalesce(works, 0) = 0 AND coalesce(in_age, 1) = 1 "
    "AND (works IS NULL OR in_age IS NULL) GROUP BY 1",
    # Two years after leaving school: 甘政办发〔2022〕97号 二(七); college and above.
    "graduates": "SELECT area, CASE WHEN works IS NULL THEN 'work_unknown' WHEN EXISTS (SELECT 1 FROM services v "
    "WHERE v.candidate_id = s.candidate_id AND v.kind = 'graduate_plan' AND v.\"on\" <= day) THEN 'with_plan' "
    "ELSE 'without_plan' END, count(*) FROM standing s, asked WHERE education IN ('college', 'bachelor', 'master') "
    "AND coalesce(works, 0) = 0 AND graduated_on <= day AND date(graduated_on, '+2 years') > day GROUP BY 1, 2",
    "households": "SELECT area, state, count(*) FROM households GROUP BY 1, 2",
    "min_one": "SELECT area, min_one, count(*) FROM duty WHERE kind <> 'state_owned' AND coalesce(applies, 1) = 1 "
    "GROUP BY 1, 2",
    "quota_public": "SELECT area, quota, count(*) FROM duty WHERE kind <> 'state_owned' GROUP BY 1, 2",
    "quota_state": "SELECT area, quota, count(*) FROM duty WHERE kind = 'state_owned' GROUP BY 1, 2",
    "publicity": f"SELECT {AREA.format('region')}, medium, count(*) FROM publicity, asked "
    'WHERE "on" BETWEEN first AND day GROUP BY 1, 2',
}


# The fixed tables: by county, prefecture and province, until the day. 兰州新区 is counted under 兰州市 there and
# 甘肃矿区 under 嘉峪关市; who is registered outside the province or nowhere stands together.
AGED = "CAST(strftime('%Y', day) AS INTEGER) - substr(born, 1, 4) - (strftime('%m-%d', day) < substr(born, 6))"
TABLES = {
    "people": "SELECT region, CASE WHEN EXISTS (SELECT 1 FROM placements j WHERE j.candidate_id = p.candidate_id AND "
    "j.starts_on <= day AND (j.ends_on IS NULL OR j.ends_on >= day)) THEN 'employed' WHEN job_wish = 'yes' THEN "
    "'looking' WHEN job_wish = 'no' THEN 'not_looking' END, count(*) FROM people p, asked GROUP BY 1, 2",
    "ages": f"SELECT region, CASE WHEN age < 16 THEN '0—15岁' WHEN age < 25 THEN '16—24岁' WHEN age < 35 THEN "
    "'25—34岁' WHEN age < 45 THEN '35—44岁' WHEN age < 55 THEN '45—54岁' WHEN age >= 55 THEN '55岁及以上' END, "
    f"count(*) FROM (SELECT region, {AGED} AS age FROM people, asked) GROUP BY 1, 2",
    "education": "SELECT region, CASE WHEN education IN ('primary', 'junior') THEN '初中及以下' WHEN education = "
    "'vocational' THEN '高中、中职' WHEN education IS NOT NULL THEN '大专及以上' END, count(*) FROM people "
    "GROUP BY 1, 2",
    # The sign after the citizen number is the category (GB/T 26341-2010; FACTS id.cert_number).
    "categories": "SELECT region, coalesce(category, CASE substr(certificate_number, 19, 1) WHEN '1' THEN 'vision' "
    "WHEN '2' THEN 'hearing' WHEN '3' THEN 'speech' WHEN '4' THEN 'physical' WHEN '5' THEN 'intellectual' WHEN '6' "
    "THEN 'mental' WHEN '7' THEN 'multiple' END), count(*) FROM candidates GROUP BY 1, 2",
    "placements": "SELECT c.region, form, count(*) FROM placements JOIN candidates c USING (candidate_id), asked "
    "WHERE starts_on IS NULL OR starts_on <= day GROUP BY 1, 2",
    "services": "SELECT c.region, kind, count(*) FROM services JOIN candidates c USING (candidate_id), asked "
    'WHERE "on" <= day GROUP BY 1, 2',
}


@dataclass(frozen=True)
class Told:
    """A store that was filled by import, and the lines that were sent in."""

    engine: Engine
    lines: sqlite3.Connection

    def asked(self, year: int) -> sqlite3.Connection:
        """Return the lines with their views for a year until its end, or until today."""
        day = min(TODAY, date(year, 12, 31))
        self.lines.execute("DELETE FROM asked")
        # The plan of 2025 to 2027 counts from 2025-01-01 (甘政办发〔2025〕67号), the one before from 2022-01-01.
        begins = "2025-01-01" if day >= date(2025, 1, 1) else "2022-01-01"
        self.lines.execute("INSERT INTO asked VALUES (?, ?, ?)", (day.isoformat(), f"{year}-01-01", begins))
        return self.lines


@pytest.fixture(scope="module", params=[(backend, seed) for backend in BACKENDS for seed in range(2)], ids=str)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    backend, seed = request.param
    folder: Path = tmp_path_factory.mktemp("plan")
    year = PlanYear(seed, TODAY)
    with a_store(backend, folder) as engine:
        year.taken_in(engine, folder)
        lines = year.as_lines()
        lines.executescript("CREATE TABLE asked (day, first, plan_first);" + STANDING + UNIT_YEAR)
        yield Told(engine, lines)
        lines.close()


def report_of(told: Told, year: int) -> dict[str, Any]:
    with told.engine.begin() as connection:
        return plan_report(noted(connection), PROGRAM, year, TODAY, is_exact=True)


def cells(report: Mapping[str, Any], name: str) -> dict[tuple[str, str], int]:
    """Return the cells of a figure that are not nought, without its totals."""
    figure = next(one for one in report["figures"] if one["name"] == name)
    return {
        (row["place"], word): n for row in figure["rows"] for word, n in row["counts"].items() if n and word != "all"
    }


def by_sql(lines: sqlite3.Connection, name: str) -> dict[tuple[str, str], int]:
    """Return the same cells by SQL, with those of the province."""
    found: Counter[tuple[str, str]] = Counter()
    for area, word, n in lines.execute(CELLS[name]):
        found[area, word] += n
        found[GANSU, word] += n
    return dict(found)


@pytest.mark.parametrize("year", [TODAY.year, TODAY.year - 1])
@pytest.mark.parametrize("name", CELLS)
def test_every_cell_of_the_yearly_report_equals_sql_over_the_sheets(told: Told, name: str, year: int) -> None:
    assert set(CELLS) == {*PEOPLE, *UNITS, "publicity"}
    expected = by_sql(told.asked(year), name)
    assert cells(report_of(told, year), name) == expected
    assert sum(n for (place, _), n in expected.items() if place == GANSU) > 5


def test_the_totals_are_the_sums_of_their_words(told: Told) -> None:
    for figure in report_of(told, TODAY.year)["figures"]:
        for row in figure["rows"]:
            counts = dict(row["counts"])
            if "all" in counts:
                assert counts.pop("all") == sum(counts.values())


@pytest.mark.parametrize("year", [TODAY.year, TODAY.year - 1])
def test_the_gaps_of_units_equal_sql_over_the_sheets(told: Told, year: int) -> None:
    lines = told.asked(year)
    for figure in report_of(told, year)["figures"]:
        if "gaps" not in figure:
            continue
        kind = "kind = 'state_owned'" if figure["name"] == "quota_state" else "kind <> 'state_owned'"
        expected: Counter[str] = Counter()
        for area, twelve_thousandths in lines.execute(f"SELECT area, sum(gap) FROM duty WHERE {kind} GROUP BY 1"):
            expected[area] += twelve_thousandths or 0
            expected[GANSU] += twelve_thousandths or 0
        for place, gap in figure["gaps"].items():
            assert abs(Decimal(gap) - Decimal(expected[place]) / 12000) < Decimal("0.00006"), (figure["name"], place)
        assert expected[GANSU] > 0


@pytest.mark.parametrize("year", [TODAY.year, TODAY.year - 1, TODAY.year - 2])
def test_who_has_published_and_who_has_to_equal_sql(told: Told, year: int) -> None:
    """Until 2025-11-06 state enterprises publish, and organs and institutions of province and prefecture that placed.

    甘政办发〔2022〕97号 二(一), 二(二). Of the plan after that it was not read: to be verified, with a record told.
    """
    lines, is_known = told.asked(year), year < 2025
    level = "CASE WHEN level IN ('province', 'prefecture') THEN 1 WHEN level IS NOT NULL THEN 0 END"
    must = f"CASE WHEN kind = 'state_owned' THEN 1 ELSE ({level}) AND staff > 0 END" if is_known else "NULL"
    expected = {
        row[0]: (row[1], row[2], row[3])
        for row in lines.execute(
            f"SELECT employer_id, staff, CASE WHEN must THEN '应当公示' ELSE '待核实' END, published FROM ("
            f'SELECT d.*, {must} AS must, (SELECT max(r."on") FROM unit_records r WHERE r.employer_id = d.employer_id '
            f"AND r.kind = 'publication' AND r.year = {year}) AS published FROM duty d) "
            "WHERE coalesce(must, 1) AND (must IS NOT NULL OR staff IS NOT NULL OR published IS NOT NULL)"
        )
    }
    with told.engine.begin() as connection:
        rows = unit_ledger(noted(connection), PROGRAM, "publication", year, TODAY, EVERYWHERE)["rows"]
    found = {row["employer_id"]: (row["placed"], row["must_publish"], row["published_on"]) for row in rows}
    assert found == expected
    assert len(found) == len(rows) > 5


@pytest.mark.parametrize("year", [TODAY.year, TODAY.year - 1])
def test_the_statistics_by_level_and_the_unpaid_levy_equal_sql(told: Told, year: int) -> None:
    lines = told.asked(year)
    with told.engine.begin() as connection:
        noted(connection)
        levels = unit_ledger(connection, PROGRAM, "levels", year, TODAY, EVERYWHERE)["rows"]
        levy = unit_ledger(connection, PROGRAM, "levy", year, TODAY, EVERYWHERE)["rows"]
    words = {"province": "省级", "prefecture": "市级", "county": "县级", None: "层级未登记"}
    names = ("units", "establishment", "establishment_unknown", "placed", "placed_unknown", "with_somebody",
             "quota_done", "min_one_not_done")  # fmt: skip
    expected = {
        (words[level], {"organ": "机关", "institution": "事业单位"}[kind]): tuple(numbers)
        for level, kind, *numbers in lines.execute(
            "SELECT level, kind, count(*), coalesce(sum(establishment), 0), sum(establishment IS NULL), "
            "coalesce(sum(staff), 0), sum(staff IS NULL), sum(coalesce(staff, 0) > 0), sum(quota = 'done'), "
            "sum(coalesce(applies, 1) = 1 AND min_one = 'not_done') FROM duty WHERE kind <> 'state_owned' GROUP BY 1, 2"
        )
    }
    assert {(row["level"], row["kind"]): tuple(row[name] for name in names) for row in levels} == expected
    assert len(expected) > 5
    unpaid = lines.execute(
        "SELECT employer_id FROM duty d WHERE kind = 'state_owned' AND quota <> 'done' AND NOT EXISTS (SELECT 1 FROM "
        f"unit_records r WHERE r.employer_id = d.employer_id AND r.kind = 'levy_paid' AND r.year = {year})"
    )
    assert {row["employer_id"] for row in levy} == {row[0] for row in unpaid}
    assert levy


@pytest.mark.parametrize("name", TABLES)
def test_every_cell_of_the_fixed_tables_equals_sql(told: Told, name: str) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for region, word, n in told.asked(TODAY.year).execute(TABLES[name]):
        is_here = region is not None and region.startswith("62")
        prefecture = f"{region[:4]}00" if is_here else "elsewhere00"
        own = {prefecture, f"{region}*" if region == prefecture else region} if is_here else {prefecture}
        for place in (*own, GANSU):
            expected[place, word or "unknown"] += n
            expected[place, "all"] += n
    with told.engine.begin() as connection:
        rows = exact(noted(connection), PROGRAM, name, TODAY)["rows"]
    assert {(row["place"], word): n for row in rows for word, n in row["counts"].items() if n} == dict(expected)
