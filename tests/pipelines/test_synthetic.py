"""The demo province: shares, gaps, coherence, capacity, and that every row passes the tables' own checks."""

import csv
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from matching.entities import Candidate, Interaction, Vacancy
from matching.identity import check_credit_code, parse_certificate
from matching.regions import prefecture
from matching.vocabulary import (
    Accommodation,
    DisabilityCategory,
    EmployerKind,
    Function,
    InteractionKind,
    Transport,
    VacancyKind,
    WorkMode,
    YesNo,
)
from pipelines import schema
from pipelines.synthetic import Province, ProvinceConfig, invent, write_tables
from pipelines.synthetic.words import FUNCTIONS, counties, trades

TODAY = date(2026, 11, 23)
_LATER = (InteractionKind.RETAINED_3M, InteractionKind.RETAINED_6M)
_SMALL = ProvinceConfig(today=TODAY, n_candidates=120, n_vacancies=60, seed=5)


@pytest.fixture(scope="module")
def province() -> Province:
    return invent(ProvinceConfig(today=TODAY))


def _share(rows: Sequence[Any], attribute: str) -> float:
    return sum(getattr(row, attribute) not in (None, (), {}) for row in rows) / len(rows)


def _is_open(vacancy: Vacancy, day: date) -> bool:
    assert vacancy.opens_on is not None
    return vacancy.opens_on <= day and (vacancy.closes_on is None or day <= vacancy.closes_on)


def _chains(province: Province) -> dict[tuple[str, str], list[Interaction]]:
    chains: dict[tuple[str, str], list[Interaction]] = defaultdict(list)
    for act in province.interactions:
        chains[act.candidate_id, act.vacancy_id].append(act)
    return chains


class TestSizeAndSeed:
    def test_sizes_are_as_asked(self, province: Province) -> None:
        assert len(province.candidates) == 2000
        assert len(province.vacancies) == 800
        assert 12_000 <= len(province.interactions) <= 25_000
        assert len(province.courses) == 40

    def test_same_configuration_gives_the_same_province(self) -> None:
        assert invent(_SMALL) == invent(_SMALL)

    def test_another_seed_gives_another_province(self) -> None:
        other = invent(ProvinceConfig(today=TODAY, n_candidates=120, n_vacancies=60, seed=6))
        assert other.candidates[3:] != invent(_SMALL).candidates[3:]
        assert other.vacancies != invent(_SMALL).vacancies

    @pytest.mark.parametrize(("people", "posts"), [(0, 0), (2, 0), (0, 5), (5, 3)])
    def test_tiny_provinces_are_possible(self, people: int, posts: int) -> None:
        tiny = invent(ProvinceConfig(today=TODAY, n_candidates=people, n_vacancies=posts))
        assert (len(tiny.candidates), len(tiny.vacancies)) == (people, posts)

    def test_negative_size_is_refused(self) -> None:
        with pytest.raises(ValueError, match="负数"):
            ProvinceConfig(today=TODAY, n_candidates=-1)

    def test_ids_are_unique(self, province: Province) -> None:
        for spec in schema.TABLES.values():
            columns = [spec.column(name).attribute for name in spec.key]
            keys = [tuple(getattr(row, column) for column in columns) for row in province.table(spec.name)]
            assert len(keys) == len(set(keys)), spec.name


class TestPlaces:
    @pytest.mark.parametrize("table", ["candidates", "vacancies", "employers"])
    @pytest.mark.parametrize("small", [False, True])
    def test_every_prefecture_and_the_two_areas_are_present(self, province: Province, table: str, small: bool) -> None:
        regions = {row.region for row in (invent(_SMALL) if small else province).table(table)}
        expected = 14 if not small or table != "employers" else 10  # 60 posts have 27 employers
        assert len({prefecture(region) for region in regions}) >= expected
        assert {"620171", "620299"} <= regions

    def test_more_people_live_in_the_capital_than_in_the_grassland(self, province: Province) -> None:
        by_prefecture = Counter(prefecture(person.region or "") for person in province.candidates)
        assert by_prefecture["620100"] > 3 * by_prefecture["623000"]

    def test_every_county_of_the_place_table_is_a_division_with_a_point(self) -> None:
        assert len(counties()) == 89
        assert all(33 < county.point[1] < 42 for county in counties() if county.code != "621222")


class TestPeople:
    def test_category_shares_are_those_of_certificate_holders(self, province: Province) -> None:
        known = [person.known_category for person in province.candidates if person.known_category is not None]
        shares = {category: count / len(known) for category, count in Counter(known).items()}
        wanted = {"physical": 0.50, "mental": 0.21, "hearing": 0.08, "vision": 0.06, "intellectual": 0.078}
        for value, share in wanted.items():
            assert shares[DisabilityCategory.parse(value)] == pytest.approx(share, abs=0.03)

    def test_ages_are_mostly_of_working_age_with_a_few_beyond(self, province: Province) -> None:
        births = [person.known_birth_date for person in province.candidates if person.known_birth_date]
        ages = [(TODAY - born).days / 365.25 for born in births]
        assert 0.93 < sum(16 <= age < 60 for age in ages) / len(ages) < 0.99
        assert any(age < 16 for age in ages)
        assert any(age >= 60 for age in ages)

    def test_a_category_does_not_decide_the_functions(self, province: Province) -> None:
        walking = defaultdict(set)
        hands = set()
        for person in province.candidates:
            if Function.WALKING in person.functions and person.known_category is not None:
                walking[person.known_category].add(person.functions[Function.WALKING])
            if person.transport is Transport.WHEELCHAIR and Function.HANDS in person.functions:
                hands.add(person.functions[Function.HANDS])
        assert walking[DisabilityCategory.PHYSICAL] == {0, 1, 2, 3, 4}
        assert len(walking[DisabilityCategory.VISION]) > 1
        assert {0} < hands  # full hands for some who use a wheelchair, not for all

    def test_needs_follow_from_functions(self, province: Province) -> None:
        for person in province.candidates:
            if Accommodation.SCREEN_READER in person.accommodations_needed and Function.SEEING in person.functions:
                assert person.functions[Function.SEEING] == 4
            if Accommodation.RAMP in person.accommodations_needed and Function.WALKING in person.functions:
                assert person.functions[Function.WALKING] >= 3

    def test_every_optional_fact_is_missing_for_a_sizeable_share(self, province: Province) -> None:
        optional = [
            column for column in schema.CANDIDATES.columns if column.name not in ("candidate_id", "region", "name")
        ]
        for column in optional:
            assert 0.01 < _share(province.candidates, column.attribute) < 0.9, column.name
        assert 0.97 < _share(province.candidates, "name") < 1

    def test_rural_and_severe_people_lack_more_facts(self, province: Province) -> None:
        def known(people: list[Candidate]) -> float:
            columns = ("education", "skills", "wished_occupations", "phone", "transport", "functions")
            return sum(_share(people, column) for column in columns) / len(columns)

        holders = [person for person in province.candidates if person.certificate and person.hukou]
        rural = [person for person in holders if person.hukou == "rural"]
        urban = [person for person in holders if person.hukou == "urban"]
        severe = [person for person in holders if person.certificate and person.certificate.is_severe]
        mild = [person for person in holders if person.certificate and not person.certificate.is_severe]
        assert known(rural) < known(urban)
        assert known(severe) < known(mild)

    def test_of_one_in_twelve_hardly_more_than_the_name_is_known(self, province: Province) -> None:
        facts = [sum(v is not None for v in schema.CANDIDATES.values(p).values()) for p in province.candidates]
        assert 0.05 < sum(count <= 3 for count in facts) / len(facts) < 0.12

    def test_some_did_not_say_or_do_not_want_to_work(self, province: Province) -> None:
        wishes = Counter(person.job_wish for person in province.candidates)
        assert wishes[YesNo.YES] > wishes[None] > wishes[YesNo.NO] > 0


class TestInventedIdentity:
    def test_certificates_pass_the_check_and_agree_with_the_record(self, province: Province) -> None:
        numbers = [person for person in province.candidates if person.certificate_number]
        assert len(numbers) > 1200
        for person in numbers:
            certificate = parse_certificate(person.certificate_number or "")
            assert person.birth_date in (None, certificate.birth_date)
            assert person.sex in (None, certificate.sex)
            assert (person.certificate_number or "")[14] == "9"

    def test_credit_codes_are_valid_and_marked(self, province: Province) -> None:
        for employer in province.employers:
            check_credit_code(employer.employer_id)
            assert employer.employer_id[8:11] == "DEM"

    def test_names_phones_and_addresses_say_that_they_are_invented(self, province: Province) -> None:
        for person in province.candidates:
            assert person.name is None or person.name.startswith("演示")
            assert person.phone is None or person.phone.startswith("000-")
            assert person.address is None or person.address.endswith("（演示地址）")
        for employer in province.employers:
            assert (employer.name or "").endswith("（演示）")
            assert employer.contact is None or employer.contact.startswith("000-")

    def test_personas_are_the_same_in_every_province(self, province: Province) -> None:
        assert province.candidates[:3] == invent(_SMALL).candidates[:3]
        assert not {act.candidate_id for act in province.interactions} & {
            p.candidate_id for p in province.candidates[:3]
        }
        wheelchair, masseur, villager = province.candidates[:3]
        assert (wheelchair.transport, wheelchair.region) == (Transport.WHEELCHAIR, "620102")
        assert set(wheelchair.functions) == set(Function)
        assert masseur.functions[Function.SEEING] == 4
        assert not masseur.certificates
        assert villager.functions == {}
        assert villager.region == "621124"


class TestVacancies:
    def test_kinds_are_mixed_with_open_posts_in_the_majority(self, province: Province) -> None:
        kinds = Counter(vacancy.kind for vacancy in province.vacancies)
        assert set(VacancyKind) <= set(kinds)
        assert kinds[VacancyKind.OPEN] > 400
        assert 0.04 < kinds[VacancyKind.DIRECTED] / 800 < 0.12
        assert 0.03 < kinds[VacancyKind.RESERVED] / 800 < 0.10

    def test_all_kinds_of_employer_appear(self, province: Province) -> None:
        assert {employer.kind for employer in province.employers} >= set(EmployerKind)

    def test_most_posts_are_open_today_and_some_are_new(self, province: Province) -> None:
        assert 0.72 < sum(_is_open(vacancy, TODAY) for vacancy in province.vacancies) / 800 < 0.87
        seen = {act.vacancy_id for act in province.interactions}
        cold = [v for v in province.vacancies if v.vacancy_id not in seen and _is_open(v, TODAY)]
        assert len(cold) >= 0.12 * 800
        new = [v for v in province.vacancies if v.opens_on and v.opens_on > TODAY - timedelta(days=28)]
        assert len(new) >= 0.15 * 800

    def test_half_state_demands_that_stay_near_the_trade(self, province: Province) -> None:
        assert _share(province.vacancies, "demands") == pytest.approx(0.5, abs=0.07)
        by_title = {title: trade for trade in trades() for title in trade.titles}
        for vacancy in province.vacancies:
            usual = dict(zip(FUNCTIONS, by_title[vacancy.title].demands.tolist(), strict=True))
            at_home = vacancy.work_mode is WorkMode.REMOTE
            for function, level in vacancy.demands.items():
                assert abs(level - usual[function]) <= 1 or (at_home and level == 0)

    def test_posts_without_demands_have_a_text(self, province: Province) -> None:
        assert all(vacancy.description for vacancy in province.vacancies if not vacancy.demands)

    def test_a_few_texts_carry_body_conditions(self, province: Province) -> None:
        words = ("形象", "限男", "限女", "身高", "无残疾", "五官", "四肢健全")
        flagged = sum(any(word in (v.description or "") for word in words) for v in province.vacancies)
        assert 10 <= flagged <= 100

    def test_full_time_wages_are_not_below_the_floor(self, province: Province) -> None:
        floors = {county.code: county.pay_floor for county in counties()}
        part_time = (VacancyKind.AUXILIARY, VacancyKind.RURAL_PUBLIC_WELFARE)
        for vacancy in province.vacancies:
            if vacancy.wage_min is None or vacancy.kind in part_time or (vacancy.hours_per_day or 0) < 8:
                continue
            assert float(vacancy.wage_min) >= floors[vacancy.region or ""]

    def test_medical_massage_asks_for_the_qualification_and_wellness_does_not(self, province: Province) -> None:
        medical = [v for v in province.vacancies if "医疗按摩" in v.title]
        wellness = [v for v in province.vacancies if "保健" in v.title]
        assert medical
        assert wellness
        assert all("盲人医疗按摩人员从事医疗按摩资格证书" in v.certificates for v in medical)
        assert not any(v.certificates for v in wellness)

    def test_dates_wages_and_references_agree(self, province: Province) -> None:
        owners = {employer.employer_id: employer for employer in province.employers}
        for vacancy in province.vacancies:
            assert vacancy.employer_id in owners
            assert vacancy.opens_on is not None
            assert vacancy.opens_on <= TODAY
            assert vacancy.closes_on is None or vacancy.opens_on <= vacancy.closes_on
            if vacancy.wage_min is not None and vacancy.wage_max is not None:
                assert vacancy.wage_min <= vacancy.wage_max
            registered = owners[vacancy.employer_id].registered_on if vacancy.employer_id else None
            assert registered is None or registered <= vacancy.opens_on


class TestHistory:
    def test_acts_happen_while_the_post_is_open(self, province: Province) -> None:
        posts = {vacancy.vacancy_id: vacancy for vacancy in province.vacancies}
        for act in province.interactions:
            assert TODAY - timedelta(days=730) <= act.at <= TODAY
            assert act.kind in _LATER or _is_open(posts[act.vacancy_id], act.at)

    def test_acts_are_stored_in_the_order_of_their_days(self, province: Province) -> None:
        days = [act.at for act in province.interactions]
        assert days == sorted(days)

    def test_a_chain_goes_forward(self, province: Province) -> None:
        order = list(InteractionKind)[:8]
        for chain in _chains(province).values():
            steps = [act for act in chain if act.kind in order[2:]]
            assert [order.index(act.kind) for act in steps] == sorted(order.index(act.kind) for act in steps)
            kinds = {act.kind for act in steps}
            assert InteractionKind.PLACED not in kinds or InteractionKind.OFFERED in kinds
            assert InteractionKind.RETAINED_6M not in kinds or InteractionKind.PLACED in kinds

    def test_refusals_and_only_they_carry_a_chinese_reason(self, province: Province) -> None:
        refusals = (InteractionKind.DECLINED_BY_CANDIDATE, InteractionKind.DECLINED_BY_EMPLOYER)
        for act in province.interactions:
            assert (act.reason is not None) == (act.kind in refusals)

    def test_no_post_takes_more_people_than_its_openings(self, province: Province) -> None:
        openings = {vacancy.vacancy_id: vacancy.openings or 0 for vacancy in province.vacancies}
        placed = Counter(a.vacancy_id for a in province.interactions if a.kind is InteractionKind.PLACED)
        assert placed
        assert all(count <= openings[vacancy] for vacancy, count in placed.items())

    def test_nobody_holds_two_of_the_posts_at_once(self, province: Province) -> None:
        spells = defaultdict(list)
        for placement in province.placements:
            if placement.vacancy_id is not None and placement.starts_on is not None:
                spells[placement.candidate_id].append((placement.starts_on, placement.ends_on))
        assert spells
        for jobs in spells.values():
            for (_, ended), (started, _) in pairwise(jobs):
                assert ended is None or ended <= started  # an unreported end says nothing

    def test_nobody_acts_before_being_registered(self, province: Province) -> None:
        first: dict[str, date] = {}
        for act in province.interactions:
            first.setdefault(act.candidate_id, act.at)
        for person in province.candidates:
            if person.unemployed_since is not None and person.candidate_id in first:
                assert person.unemployed_since <= first[person.candidate_id]

    def test_people_who_want_no_work_or_are_too_young_do_not_act(self, province: Province) -> None:
        active = {act.candidate_id for act in province.interactions}
        for person in province.candidates:
            if person.candidate_id in active:
                assert person.job_wish is not YesNo.NO
                born = person.known_birth_date
                assert born is None or (TODAY - born).days > 16 * 365

    def test_many_people_are_cold(self, province: Province) -> None:
        active = {act.candidate_id for act in province.interactions}
        assert 0.35 <= 1 - len(active) / 2000 <= 0.6

    def test_at_least_a_third_of_the_acts_are_chance_or_exposure(self, province: Province) -> None:
        causes = province.causes
        assert (causes["chance"] + causes["exposure"]) / sum(causes.values()) >= 1 / 3

    def test_history_grows_and_knows_seasons(self, province: Province) -> None:
        months = Counter((act.at.year, act.at.month) for act in province.interactions)
        assert sum(months[2026, m] for m in (8, 9, 10)) > sum(months[2025, m] for m in (8, 9, 10))
        assert months[2026, 3] > months[2026, 1]

    def test_placements_repeat_the_placed_acts(self, province: Province) -> None:
        acts = {(a.candidate_id, a.vacancy_id, a.at) for a in province.interactions if a.kind is InteractionKind.PLACED}
        filed = {(p.candidate_id, p.vacancy_id, p.starts_on) for p in province.placements if p.vacancy_id is not None}
        assert filed == acts
        owners = {vacancy.vacancy_id: vacancy.employer_id for vacancy in province.vacancies}
        for placement in province.placements:
            if placement.vacancy_id is not None:
                assert placement.employer_id == owners[placement.vacancy_id]
            if placement.starts_on is not None and placement.ends_on is not None:
                assert placement.starts_on <= placement.ends_on <= TODAY

    def test_services_and_courses_refer_to_what_exists(self, province: Province) -> None:
        people = {person.candidate_id for person in province.candidates}
        assert {service.candidate_id for service in province.services} <= people
        assert len({service.kind for service in province.services}) == 7
        assert all(service.on <= TODAY for service in province.services)
        assert all(c.starts_on and c.ends_on and c.starts_on <= c.ends_on for c in province.courses)


class TestTables:
    @pytest.mark.parametrize("name", list(schema.TABLES))
    def test_every_row_comes_back_equal_through_the_table(self, province: Province, name: str) -> None:
        spec = schema.TABLES[name]
        for entity in province.table(name):
            cells = {column.name: column.format(getattr(entity, column.attribute)) for column in spec.columns}
            values = {column.name: column.parse(cells[column.name]) for column in spec.columns}
            assert spec.build(values) == entity

    def test_files_hold_the_seven_tables_and_say_that_they_are_invented(self, tmp_path: Path) -> None:
        small = invent(_SMALL)
        write_tables(small, tmp_path / "demo")
        written = {path.name for path in (tmp_path / "demo").iterdir()}
        assert written == {f"{name}.csv" for name in schema.TABLES} | {"INVENTED.md"}
        with (tmp_path / "demo" / "candidates.csv").open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle))
        assert [row["candidate_id"] for row in rows] == [person.candidate_id for person in small.candidates]
        assert "虚构" in (tmp_path / "demo" / "INVENTED.md").read_text(encoding="utf-8")
