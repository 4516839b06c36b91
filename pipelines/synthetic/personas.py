"""Three invented people who are in every demo province, whatever its seed and size; they have no history.

Only the days of registration and consent move with the day of the demonstration.
"""

from datetime import date, timedelta
from decimal import Decimal

from matching.entities import Candidate, CandidateId
from matching.vocabulary import (
    Accommodation,
    Education,
    Function,
    HouseholdKind,
    Hukou,
    Sex,
    Transport,
    WorkMode,
    YesNo,
)
from pipelines.synthetic.records import certificate_number


def personas(today: date) -> tuple[Candidate, ...]:
    """Return the three, in the order of their ids."""
    return (wheelchair_user(today), blind_masseur(today), villager())


def wheelchair_user(today: date) -> Candidate:
    """A woman of 兰州市城关区 who uses a wheelchair, types fast, and of whom almost everything is known."""
    known = {Function.WALKING: 4, Function.STANDING: 4, Function.LIFTING: 2, Function.STAMINA: 1, Function.SELF_CARE: 1}
    return Candidate(
        candidate_id=CandidateId("demo-c-00001"),
        name="演示云舟",
        certificate_number=certificate_number("620102", date(1993, 4, 12), 998, "4", 2),
        certificate_valid_until=today + timedelta(days=2000),
        sex=Sex.FEMALE,
        birth_date=date(1993, 4, 12),
        hukou=Hukou.URBAN,
        region="620102",
        address="城关区演示路1号院（演示地址）",
        longitude=103.8235,
        latitude=36.0581,
        phone="000-00000001",
        education=Education.COLLEGE,
        graduated_on=date(2015, 6, 30),
        skills=("电脑操作", "打字", "文字处理", "表格处理", "数据标注"),
        experience="在演示公司做过三年文员，后居家做过数据录入",
        experience_years=Decimal(4),
        wished_occupations=("办公室文员", "数据标注", "网上客服"),
        wished_regions=("620102", "620103"),
        wished_wage_min=Decimal(2500),
        work_modes=tuple(WorkMode),
        max_commute_km=Decimal(8),
        transport=Transport.WHEELCHAIR,
        hours_per_day_max=Decimal(8),
        functions={function: known.get(function, 0) for function in Function},
        accommodations_needed=(Accommodation.RAMP, Accommodation.LIFT, Accommodation.ACCESSIBLE_TOILET),
        job_wish=YesNo.YES,
        unemployed_since=today - timedelta(days=240),
        household_id="demo-h-p0001",
        household_kinds=(),
        consent_matching_on=today - timedelta(days=200),
        consent_disclosure=YesNo.YES,
    )


def blind_masseur(today: date) -> Candidate:
    """A blind masseur of 天水市秦州区; whether he may do medical massage, nobody has asked."""
    known = {Function.SEEING: 4, Function.READING_WRITING: 2, Function.TRAVELLING_ALONE: 2}
    return Candidate(
        candidate_id=CandidateId("demo-c-00002"),
        name="演示松泉",
        certificate_number=certificate_number("620502", date(1986, 9, 3), 999, "1", 1),
        certificate_valid_until=today + timedelta(days=900),
        sex=Sex.MALE,
        birth_date=date(1986, 9, 3),
        hukou=Hukou.URBAN,
        region="620502",
        address="秦州区演示巷2号（演示地址）",
        longitude=105.7262,
        latitude=34.5817,
        phone="000-00000002",
        education=Education.VOCATIONAL,
        skills=("保健按摩", "沟通"),
        experience="在盲人按摩店做了十二年按摩师",
        experience_years=Decimal(12),
        wished_occupations=("按摩", "保健按摩师"),
        wished_regions=("620500",),
        wished_wage_min=Decimal(3000),
        work_modes=(WorkMode.ONSITE,),
        max_commute_km=Decimal(15),
        transport=Transport.ACCOMPANIED,
        functions={function: known.get(function, 0) for function in Function},
        accommodations_needed=(Accommodation.SCREEN_READER,),
        job_wish=YesNo.YES,
        consent_matching_on=today - timedelta(days=120),
    )


def villager() -> Candidate:
    """Somebody in 定西市临洮县 of whom little is on file; a mild intellectual limitation was never recorded."""
    return Candidate(
        candidate_id=CandidateId("demo-c-00003"),
        name="演示田禾",
        hukou=Hukou.RURAL,
        region="621124",
        address="临洮县演示镇演示3村（演示地址）",
        education=Education.PRIMARY,
        wished_occupations=("离家近的就行",),
        household_id="demo-h-p0003",
        household_kinds=(HouseholdKind.MONITORED,),
    )
