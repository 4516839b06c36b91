"""A few invented facts of the plan's ten actions, so that no page of the demonstration is empty.

They hang on a province that was invented before, and have dice of their own: the seven tables stay as they are.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from matching.entities import Candidate, CandidateId, Placement, Vacancy
from matching.plan_actions import (
    AllianceService,
    Initiative,
    InitiativeId,
    InitiativePerson,
    InitiativePost,
    PointRelief,
    RecordKind,
    Relaxation,
    Step,
    UnitRecord,
)
from matching.plans import Enrolment, EnrolmentKind, EnrolmentStatus
from matching.publicity import CourseReview, Medium, Publicity, ReviewKind, Topic
from matching.regions import prefecture, region_name
from matching.sites import LabourProject, OfficeCheck, OfficeItem, ServiceContract, Site, SiteKind
from matching.ventures import INDUSTRIES, INDUSTRY_SERVICES, ForWhom, Venture, VentureKind, Visit, VisitKind, words_on
from matching.vocabulary import (
    Concession,
    DisabilityCategory,
    EmployerKind,
    HouseholdKind,
    PlacementForm,
    ServiceKind,
    YesNo,
)
from pipelines.plan_schema import IMPORTED
from pipelines.synthetic.people import PERSONAS
from pipelines.synthetic.province import Province, ProvinceConfig

_STREAM = 70
"""Which dice these are, beside those of the province."""
_COACHES = ("演示辅导员甲", "演示辅导员乙", "演示辅导员丙")
_ABOUT = ("熟悉工作流程", "上下班路线", "与同事沟通", "调整工位", "复习安全要求")
_SHOPS = ("小吃店", "理发店", "手机维修店", "网店", "缝纫店", "打印店")
_PROGRAMMES = (
    ("blind_bloom", "心光绽放演示点", "演示盲人协会"),
    ("deaf_home", "天籁之家演示点", "演示聋人协会"),
    ("crafts", "美丽工坊演示点", "演示肢残人协会"),
    ("snail_wings", "蜗牛之翼演示点", "演示智力残疾人及亲友协会"),
)
_CAMPAIGNS = (
    ("private_month", "民营企业招聘月（演示）", -120, 20),
    ("autumn_month", "金秋招聘月（演示）", -25, 30),
    ("hundred_days_online", "百日千万网络招聘专项行动（演示）", -60, 90),
    ("fair", "残疾人专场招聘会（演示）", 12, 1),
)
_STORIES = (
    (Medium.NEWS, Topic.PEOPLE, "残疾人创业故事", "演示日报", None),
    (Medium.PROGRAMME, Topic.POLICY, "就业优惠政策问答", "演示广播电台", None),
    (Medium.ADVERTISEMENT, Topic.COMPANIES, "爱心企业公益广告", "演示电视台", 30_000),
    (Medium.NEW_MEDIA, Topic.MEASURES, "补贴怎样申领", "演示公众号", 4200),
    (Medium.OUTDOOR, Topic.POLICY, "按比例就业宣传栏", "演示社区宣传栏", None),
    (Medium.EVENT, Topic.POLICY, "就业政策现场咨询", "演示广场", 350),
)
_Rows = Mapping[str, Sequence[Any]]
_T = TypeVar("_T")
_P = TypeVar("_P", Candidate, Vacancy)


def invent_casework(province: Province, config: ProvinceConfig) -> _Rows:
    """Return rows of the plan's tables by the name of the table, in the order in which they can be imported.

    Nothing where the province has nobody: the facts hang on people and on where these live.
    """
    maker = _Maker(province, config.today, np.random.default_rng([config.seed, _STREAM]))
    if not maker.regions():
        return {}
    ventures, enrolments, initiatives = maker.ventures(), maker.enrolments(), maker.initiatives()
    visits = maker.visits(ventures, enrolments)
    made = Counter(one.enrolment_id for one in visits)
    enrolments = [
        replace(one, attended=made[one.enrolment_id]) if one.kind is EnrolmentKind.COACHING else one
        for one in enrolments
    ]
    return {
        "sites": maker.sites(),
        "labour_projects": maker.labour_projects(),
        "office_checks": maker.office_checks(),
        "service_contracts": maker.service_contracts(),
        "enrolments": enrolments,
        "initiatives": initiatives,
        "initiative_posts": maker.initiative_posts(initiatives),
        "initiative_people": maker.initiative_people(initiatives),
        "unit_records": maker.unit_records(),
        "ventures": ventures,
        "visits": visits,
        "publicity": maker.publicity(),
        "course_reviews": maker.course_reviews(),
    }


def write_casework(rows: _Rows, folder: Path) -> None:
    """Write the rows as CSV, a file a table.

    Raises
    ------
    OSError
        When the folder cannot be written to.
    """
    for name, entities in rows.items():
        spec = IMPORTED[name]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow([column.name for column in spec.columns])
            for one in entities:
                writer.writerow([column.format(getattr(one, column.attribute)) for column in spec.columns])


@dataclass(frozen=True, slots=True)
class _Maker:
    """The province on which the facts hang, its day, and the dice."""

    province: Province
    today: date
    rng: np.random.Generator

    # ---- what everything is drawn by ----

    def _ago(self, least: int, most: int) -> date:
        return self.today - timedelta(days=int(self.rng.integers(least, most)))

    def _some(self, found: Sequence[_T], n: int) -> list[_T]:
        """Return at most so many, in their order."""
        chosen = self.rng.permutation(len(found))[:n]
        return [found[at] for at in sorted(chosen.tolist())]

    def _people(self, is_one: Callable[[Candidate], bool], share: float = 1.0) -> list[Candidate]:
        """Return part of the people of some kind; those who have no history keep none."""
        found = [one for one in self.province.candidates[PERSONAS:] if one.region is not None and is_one(one)]
        return [one for one in found if self.rng.random() < share]

    def _near(self, found: Sequence[_P], region: str | None) -> Sequence[_P]:
        """Return those of a prefecture, all of them where there are none or it is nowhere in particular."""
        city = None if region is None else prefecture(region)
        here = [one for one in found if one.region is not None and prefecture(one.region) == city]
        return here or found

    def regions(self) -> list[str]:
        """Return a county of each prefecture with people, the one with most of them."""
        n: dict[str, int] = {}
        for one in self.province.candidates:
            if one.region is not None:
                n[one.region] = n.get(one.region, 0) + 1
        first: dict[str, str] = {}
        for county in sorted(n, key=lambda code: (-n[code], code)):
            first.setdefault(prefecture(county), county)
        return sorted(first.values())

    def _running(self, *forms: PlacementForm) -> list[Placement]:
        return [
            one
            for one in self.province.placements
            if one.starts_on is not None and one.ends_on is None and one.form in forms
        ]

    # ---- start-ups, industries, visits ----

    def ventures(self) -> list[Venture]:
        """Return start-ups of who works for themselves, and industries of some watched households."""
        found = list[Venture]()
        for job in self._running(PlacementForm.SELF_EMPLOYED):
            began, is_paid = job.starts_on or self.today, self.rng.random() < 0.3
            old = (self.today - began).days
            found.append(
                Venture(
                    venture_id=f"demo-w-{len(found) + 1:04d}",
                    candidate_id=job.candidate_id,
                    kind=VentureKind.STARTUP,
                    title=f"{_SHOPS[len(found) % len(_SHOPS)]}（演示）",
                    for_whom=ForWhom.PERSON,
                    starts_on=began,
                    ends_on=self._ago(1, max(2, old - 30)) if old > 200 and self.rng.random() < 0.15 else None,
                    grant_paid_on=self._ago(1, 60) if old > 450 and is_paid else None,
                )
            )
        watched = {HouseholdKind.POVERTY_EXITED, HouseholdKind.MONITORED}
        kinds, services = tuple(words_on(INDUSTRIES, self.today)), tuple(words_on(INDUSTRY_SERVICES, self.today))
        for one in self._people(lambda person: bool(watched & set(person.household_kinds)), 0.12):
            found.append(
                Venture(
                    venture_id=f"demo-w-{len(found) + 1:04d}",
                    candidate_id=one.candidate_id,
                    kind=VentureKind.INDUSTRY,
                    industry=kinds[int(self.rng.choice(len(kinds), p=_leaning(len(kinds))))],
                    services=tuple(self._some(services[:-1], 1 + int(self.rng.integers(3)))),
                    for_whom=ForWhom.FAMILY if self.rng.random() < 0.4 else ForWhom.PERSON,
                    starts_on=self._ago(30, 700),
                )
            )
        return found

    def visits(self, ventures: Sequence[Venture], enrolments: Sequence[Enrolment]) -> list[Visit]:
        """Return checks of part of the start-ups, and the visits of job coaches."""
        found: list[Visit] = []
        for venture in ventures:
            first = venture.starts_on
            if venture.kind is not VentureKind.STARTUP or first is None or self.rng.random() > 0.6:
                continue
            for months in (6, 12):
                day = first + timedelta(days=months * 30 + int(self.rng.integers(25)))
                if day > min(self.today, venture.ends_on or self.today):
                    continue
                found.append(
                    Visit(
                        visit_id=f"demo-b-{len(found) + 1:04d}",
                        candidate_id=venture.candidate_id,
                        kind=VisitKind.STARTUP_CHECK,
                        on=day,
                        venture_id=venture.venture_id,
                        by="演示乡镇残联",
                        is_running=YesNo.YES if self.rng.random() < 0.9 else YesNo.NO,
                    )
                )
        for coaching in (one for one in enrolments if one.kind is EnrolmentKind.COACHING and one.starts_on):
            found += self._coached(coaching, len(found))
        return found

    def _coached(self, coaching: Enrolment, n_before: int) -> list[Visit]:
        days, day = list[date](), coaching.starts_on or self.today
        while len(days) < 4 and (day := day + timedelta(days=int(self.rng.integers(12, 40)))) <= self.today:
            days.append(day)
        made = [
            Visit(
                visit_id=f"demo-b-{n_before + nth:04d}",
                candidate_id=CandidateId(coaching.candidate_id),
                kind=VisitKind.COACH_VISIT,
                on=on,
                enrolment_id=coaching.enrolment_id,
                by=coaching.tutor,
                minutes=30 * int(self.rng.integers(1, 5)) if self.rng.random() < 0.8 else None,
                about=_ABOUT[int(self.rng.integers(len(_ABOUT)))],
            )
            for nth, on in enumerate(days, 1)
        ]
        return [*made[:-1], *(replace(last, next_on=last.on + timedelta(days=21)) for last in made[-1:])]

    # ---- learning ----

    def enrolments(self) -> list[Enrolment]:
        """Return schools, courses, massage, examinations, titles, competitions and coaching of some people."""
        drawn = [*self._schools(), *self._courses(), *self._massage(), *self._contests(), *self._coachings()]
        return [Enrolment(enrolment_id=f"demo-e-{nth:04d}", **facts) for nth, facts in enumerate(drawn, 1)]

    def _schools(self) -> Iterator[dict[str, Any]]:
        def is_at_school(one: Candidate) -> bool:
            return one.graduated_on is not None and one.graduated_on > self.today - timedelta(days=500)

        for one in self._some(self._people(is_at_school), 12):
            left = one.graduated_on or self.today
            yield {
                "candidate_id": one.candidate_id, "kind": EnrolmentKind.SCHOOL, "place": "演示职业技术学院",
                "title": "计算机应用", "starts_on": left - timedelta(days=1095), "ends_on": left,
                "status": EnrolmentStatus.ATTENDING if left > self.today else EnrolmentStatus.COMPLETED,
            }  # fmt: skip

    def _courses(self) -> Iterator[dict[str, Any]]:
        people = self._people(lambda one: one.job_wish is YesNo.YES)
        for course in self.province.courses[:12]:
            first, last = course.starts_on or self.today, course.ends_on or self.today
            is_over, sessions = last < self.today, 10
            for one in self._some(self._near(people, course.region), 4):
                here = {
                    "candidate_id": one.candidate_id, "kind": EnrolmentKind.COURSE, "course_id": course.course_id,
                    "title": course.title, "place": course.provider, "starts_on": first, "ends_on": last,
                }  # fmt: skip
                if not is_over:
                    status = EnrolmentStatus.ATTENDING if first <= self.today else EnrolmentStatus.ENROLLED
                    yield {**here, "status": status, "sessions": sessions}
                    continue
                attended = int(self.rng.integers(4, sessions + 1))
                is_done = attended >= 6
                status = EnrolmentStatus.COMPLETED if is_done else EnrolmentStatus.LEFT
                yield {**here, "status": status, "sessions": sessions, "attended": attended,
                       "result": "合格" if is_done else None}  # fmt: skip

    def _massage(self) -> Iterator[dict[str, Any]]:
        people = self._people(lambda one: one.known_category is DisabilityCategory.VISION)
        kinds = (
            (EnrolmentKind.MASSAGE_CLASS, EnrolmentStatus.COMPLETED, 400, "盲人保健按摩（初级）"),
            (EnrolmentKind.MASSAGE_MASTER, EnrolmentStatus.ATTENDING, 60, "跟师学习"),
            (EnrolmentKind.MASSAGE_SHOP, EnrolmentStatus.ATTENDING, 40, "进店实习"),
            (EnrolmentKind.EXAM, EnrolmentStatus.ENROLLED, -30, "盲人医疗按摩人员考试"),
            (EnrolmentKind.CONTINUING, EnrolmentStatus.ATTENDING, 100, "盲人医疗按摩继续教育"),
            (EnrolmentKind.APPRAISAL, EnrolmentStatus.ENROLLED, 20, "中级"),
        )
        for nth, one in enumerate(self._some(people, 18)):
            kind, status, days_ago, title = kinds[nth % len(kinds)]
            first = self.today - timedelta(days=days_ago)
            yield {
                "candidate_id": one.candidate_id, "kind": kind, "title": title, "place": "演示盲人按摩培训中心",
                "tutor": "演示师傅" if kind is EnrolmentKind.MASSAGE_MASTER else None, "starts_on": first,
                "ends_on": None if kind is EnrolmentKind.EXAM else first + timedelta(days=140), "status": status,
                "result": "合格" if status is EnrolmentStatus.COMPLETED else None,
            }  # fmt: skip

    def _contests(self) -> Iterator[dict[str, Any]]:
        people = self._people(lambda one: bool(one.skills))
        for nth, one in enumerate(self._some(people, 6)):
            yield {
                "candidate_id": one.candidate_id, "kind": EnrolmentKind.COMPETITION, "place": "演示技能竞赛组委会",
                "title": "残疾人职业技能竞赛（演示）", "starts_on": self.today - timedelta(days=70),
                "ends_on": self.today - timedelta(days=68), "status": EnrolmentStatus.COMPLETED,
                "result": ("第一名", "第二名", "第三名")[nth] if nth < 3 else "参赛",
            }  # fmt: skip

    def _coachings(self) -> Iterator[dict[str, Any]]:
        jobs = self._running(PlacementForm.AUXILIARY) or self._running(PlacementForm.CONCENTRATED, PlacementForm.QUOTA)
        for nth, job in enumerate(self._some(jobs, 9)):
            yield {
                "candidate_id": job.candidate_id, "kind": EnrolmentKind.COACHING, "title": "支持性就业辅导",
                "place": "演示辅助性就业机构",
                "tutor": _COACHES[nth % len(_COACHES)], "starts_on": self._ago(40, 160),
                "status": EnrolmentStatus.ATTENDING, "sessions": 8,
            }  # fmt: skip

    # ---- places and offices ----

    def sites(self) -> list[Site]:
        """Return workshops, bases, massage shops and practices, some with the unit that runs them."""
        units = {
            kind: [one for one in self.province.employers if one.kind is kind and one.region is not None]
            for kind in (EmployerKind.CONCENTRATED, EmployerKind.MASSAGE)
        }
        # Where people do auxiliary work there is a workshop, as far as the records go.
        known = {job.employer_id for job in self._running(PlacementForm.AUXILIARY)}
        with_work = [one for one in self.province.employers if one.employer_id in known and one.region is not None]
        units[EmployerKind.CONCENTRATED] = with_work or units[EmployerKind.CONCENTRATED]
        kinds = (
            *((SiteKind.AUXILIARY_WORKSHOP, EmployerKind.CONCENTRATED, None),) * 3,
            *((SiteKind.RURAL_WORKSHOP, None, None),) * 2,
            (SiteKind.RURAL_BASE, None, None),
            *((SiteKind.MASSAGE_SHOP, EmployerKind.MASSAGE, "演示品牌"),) * 2,
            *((SiteKind.MASSAGE_SHOP, EmployerKind.MASSAGE, None),) * 2,
            (SiteKind.MASSAGE_PRACTICE, None, None),
        )
        regions, found = self.regions(), list[Site]()
        for nth, (kind, run_by, brand) in enumerate(kinds):
            own = units[run_by] if run_by is not None else []
            unit = own[nth % len(own)] if own else None
            region = unit.region if unit is not None else regions[nth % len(regions)]
            found.append(
                Site(
                    site_id=f"demo-s-{nth + 1:03d}",
                    kind=kind,
                    name=f"{region_name(region or '')}{kind.label}（演示）",
                    unit_id=None if unit is None else unit.employer_id,
                    region=region,
                    capacity=int(self.rng.integers(5, 40)),
                    brand=brand,
                    opened_on=self._ago(100, 1500),
                )
            )
        return found

    def labour_projects(self) -> list[LabourProject]:
        """Return work for the workshops, one of which nobody does yet."""
        regions = self.regions()
        titles = (
            ("手提袋粘合（演示）", "demo-s-001", 12),
            ("中药材分拣（演示）", "demo-s-002", 8),
            ("电子元件组装（演示）", None, 10),
        )
        return [
            LabourProject(
                project_id=f"demo-l-{nth + 1:03d}",
                title=title,
                region=regions[nth % len(regions)],
                site_id=site,
                places=places,
                starts_on=self._ago(20, 120),
            )
            for nth, (title, site, places) in enumerate(titles)
        ]

    def office_checks(self) -> list[OfficeCheck]:
        """Return which items of the standard some offices meet; the last county was asked about half of them."""
        regions, found = self.regions()[:6], list[OfficeCheck]()
        for nth, region in enumerate(regions):
            for item in OfficeItem if nth < len(regions) - 1 else list(OfficeItem)[:4]:
                met = YesNo.YES if self.rng.random() < 0.75 else YesNo.NO
                found.append(OfficeCheck(region=region, item=item, is_met=met, checked_on=self._ago(10, 200)))
        return found

    def service_contracts(self) -> list[ServiceContract]:
        """Return what was bought this year; no service names these providers, so that all is still to be given."""
        kinds = (ServiceKind.ABILITY_ASSESSMENT, ServiceKind.EMPLOYMENT_SERVICE, ServiceKind.TRAINING)
        return [
            ServiceContract(
                contract_id=f"demo-g-{nth:03d}",
                provider=f"{region_name(prefecture(region))}助残服务中心（演示）",
                region=prefecture(region),
                kind=kind,
                ordered=20 * nth,
                amount=Decimal(6000 * nth),
                starts_on=self._ago(5, 40),
                ends_on=date(self.today.year, 12, 31),
            )
            for nth, (region, kind) in enumerate(zip(self.regions(), kinds, strict=False), 1)
        ]

    # ---- campaigns and programmes ----

    def initiatives(self) -> list[Initiative]:
        """Return campaigns, one of them to come, and places of programmes."""
        regions, found = self.regions(), list[Initiative]()
        for nth, (kind, title, after, days) in enumerate(_CAMPAIGNS):
            first = self.today + timedelta(days=after)
            found.append(
                Initiative(
                    initiative_id=InitiativeId(f"demo-a-{nth + 1:03d}"),
                    kind=kind,
                    title=title,
                    organiser="演示残联、演示人社局",
                    region=prefecture(regions[nth % len(regions)]),
                    address=None if kind.endswith("online") else "演示人力资源市场",
                    online=YesNo.YES if kind.endswith("online") else YesNo.NO,
                    starts_on=first,
                    ends_on=first + timedelta(days=days - 1),
                )
            )
        for nth, (kind, title, organiser) in enumerate(_PROGRAMMES, len(_CAMPAIGNS)):
            found.append(
                Initiative(
                    initiative_id=InitiativeId(f"demo-a-{nth + 1:03d}"),
                    kind=kind,
                    title=title,
                    organiser=organiser,
                    region=regions[nth % len(regions)],
                    online=YesNo.NO,
                    starts_on=self._ago(100, 500),
                    places=int(self.rng.integers(8, 25)),
                )
            )
        return found

    def initiative_posts(self, initiatives: Sequence[Initiative]) -> list[InitiativePost]:
        """Return posts that stand at the campaigns: of the place, of everywhere where it is online."""
        posts = [one for one in self.province.vacancies if one.closes_on is None or one.closes_on >= self.today]
        return [
            InitiativePost(initiative_id=one.initiative_id, vacancy_id=post.vacancy_id)
            for one in initiatives
            if one.places is None
            for post in self._some(posts if one.online is YesNo.YES else self._near(posts, one.region), 6)
        ]

    def initiative_people(self, initiatives: Sequence[Initiative]) -> list[InitiativePerson]:
        """Return who was invited and came, and who joined a programme."""
        people, found = self._people(lambda one: one.job_wish is YesNo.YES), list[InitiativePerson]()
        for initiative in initiatives:
            is_campaign, first = initiative.places is None, initiative.starts_on or self.today
            asked = min(first, self.today) - timedelta(days=7)
            here = people if initiative.online is YesNo.YES else self._near(people, initiative.region)
            for person in self._some(here, 8 if is_campaign else 5):
                is_willing, came = self.rng.random() < 0.75, self.rng.random() < 0.8
                steps = [(Step.INVITED, asked), (Step.ACCEPTED if is_willing else Step.DECLINED, asked + timedelta(2))]
                if is_willing and came and first <= self.today:
                    steps.append((Step.ATTENDED if is_campaign else Step.JOINED, first))
                found += [
                    InitiativePerson(
                        candidate_id=person.candidate_id, initiative_id=initiative.initiative_id, step=step, on=on
                    )
                    for step, on in steps
                ]
        return found

    # ---- units ----

    def unit_records(self) -> list[UnitRecord]:
        """Return what some units planned, promised, published, paid, waive, joined or gave this year."""
        year, found = self.today.year, list[dict[str, Any]]()
        public, state = (EmployerKind.ORGAN, EmployerKind.INSTITUTION), (EmployerKind.STATE_OWNED,)
        private = (EmployerKind.PRIVATE, EmployerKind.PLATFORM)
        for one in self._units(5, *public):
            found.append({"employer_id": one, "kind": RecordKind.PROJECT_PLAN, "year": year, "posts": 2})
            found.append(
                {
                    "employer_id": one, "kind": RecordKind.PUBLICATION, "year": year, "on": self._ago(30, 150),
                    "place": "单位门户网站（演示）",
                }
            )  # fmt: skip
        for one in self._units(3, *public):
            relaxed = tuple(self._some(list(Relaxation), 2))
            found.append({"employer_id": one, "kind": RecordKind.POST_PROPOSAL, "year": year, "posts": 1,
                          "relaxations": relaxed})  # fmt: skip
        for one in self._units(5, *state, *private):
            found.append({"employer_id": one, "kind": RecordKind.DIRECTED_PROMISE, "year": year,
                          "posts": int(self.rng.integers(1, 5))})  # fmt: skip
        for one in self._units(2, *state):
            found.append({"employer_id": one, "kind": RecordKind.LEVY_PAID, "year": year - 1, "on": self._ago(20, 90)})
        for one in self._units(2, *state, *private):
            found.append(
                {
                    "employer_id": one, "kind": RecordKind.SERVICE_POINT, "on": self._ago(60, 400), "posts": 4,
                    "reserved": 1, "reliefs": (PointRelief.STALL_FEE,), "place": "社区服务点（演示）",
                }
            )  # fmt: skip
        for one in self._units(2, EmployerKind.PLATFORM):
            kinds = tuple(self._some(list(Concession), 2))
            found.append({"employer_id": one, "kind": RecordKind.CONCESSION, "on": self._ago(60, 300),
                          "concessions": kinds})  # fmt: skip
        for nth, one in enumerate(self._units(6, *state, *private)):
            found.append({"employer_id": one, "kind": RecordKind.ALLIANCE_MEMBER, "on": self._ago(100, 700)})
            if nth % 2 == 0:
                given = list(AllianceService)[nth // 2]
                found.append(
                    {
                        "employer_id": one, "kind": RecordKind.ALLIANCE_SERVICE, "year": year, "on": self._ago(10, 90),
                        "alliance_services": (given,), "served": int(self.rng.integers(2, 12)),
                    }
                )  # fmt: skip
        return [UnitRecord(record_id=f"demo-u-{nth:04d}", **facts) for nth, facts in enumerate(found, 1)]

    def _units(self, n: int, *kinds: EmployerKind) -> list[Any]:
        return self._some([one.employer_id for one in self.province.employers if one.kind in kinds], n)

    # ---- publicity and training projects ----

    def publicity(self) -> list[Publicity]:
        """Return what was told to the public since the beginning of the year."""
        regions, days = self.regions(), (self.today - date(self.today.year, 1, 1)).days + 1
        told = [(nth, regions[nth % len(regions)]) for nth in range(2 * len(_STORIES))]
        found = []
        for nth, region in told:
            medium, topic, title, place, reached = _STORIES[nth % len(_STORIES)]
            found.append(
                Publicity(
                    publicity_id=f"demo-x-{nth + 1:03d}",
                    region=region,
                    on=self._ago(0, days),
                    medium=medium,
                    topic=topic,
                    title=f"{title}（演示）",
                    place=place,
                    by="演示残联",
                    reached=reached,
                )
            )
        return found

    def course_reviews(self) -> list[CourseReview]:
        """Return where training projects were published before they began, and how some were evaluated."""
        found = list[dict[str, Any]]()
        for course in self.province.courses[:12]:
            first, last = course.starts_on or self.today, course.ends_on or self.today
            told = first - timedelta(days=20)
            if told <= self.today:
                found.append(
                    {
                        "course_id": course.course_id, "kind": ReviewKind.PUBLICATION, "on": told,
                        "until": told + timedelta(days=7), "place": "残联门户网站（演示）", "by": "演示残联",
                    }
                )  # fmt: skip
            if last + timedelta(days=20) <= self.today:
                found.append(
                    {
                        "course_id": course.course_id, "kind": ReviewKind.EVALUATION, "on": last + timedelta(days=20),
                        "by": "演示评估机构", "result": "合格" if self.rng.random() < 0.8 else "整改后合格",
                    }
                )  # fmt: skip
        return [CourseReview(review_id=f"demo-r-{nth:03d}", **facts) for nth, facts in enumerate(found, 1)]


def _leaning(n: int) -> Any:
    """Return shares of the first few of many kinds, the first ones most."""
    shares = 1.0 / np.arange(1, n + 1)
    return shares / shares.sum()
