"""What would have to change for one vacancy to stand among a person's first ten: tried out, never guessed.

Only what can be changed is tried: skills, certificates and the courses that lead to them, accommodations that the
employer arranges, the person's own wishes, and facts that nobody has supplied. Category, grade, sex, age and where
somebody is registered are never among it. Each change is put into the record and the whole list is ranked again by the
same code, so that what is said is what would be. Whether a person wants any of it is the person's affair.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

import numpy as np

from matching.accommodation import MAX_LEVEL, closing_table
from matching.accommodation import facts as accommodation_facts
from matching.components import VacancyIndex
from matching.entities import Candidate, Vacancy
from matching.fit import FUNCTIONS
from matching.licences import holds, licences, required_licences
from matching.missing import missing_fact
from matching.occupations import families
from matching.ranking import Band, rank
from matching.regions import region_name
from matching.retrieval import retrieve
from matching.stock import ACCOMMODATIONS, Stock, StockItem
from matching.vocabulary import Accommodation, AccommodationState, Education
from pipelines.desk import Desk, course_document

Kind = Literal["skill", "certificate", "accommodation", "wish", "fact"]
CHANGEABLE = frozenset(
    {
        "skills", "certificates", "education", "functions", "hard_to_employ_since", "transport", "wished_occupations",
        "wished_regions", "wished_wage_min", "work_modes", "max_commute_km", "hours_per_day_max", "experience_years",
    }
)  # fmt: skip
"""The only fields of a person that are ever tried out."""
_MOST_TOGETHER, _BEST, _MOST_ARRANGED = 4, 6, 4
_ALL = "+"
NOTE = "只试可以改变的事，并按同一套规则重新排序；做不做由本人决定。残疾类别、等级、性别、年龄和户籍从不在内。"
_WHO_WISHES = "本人"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that can be changed: on the person's side, or an accommodation on the vacancy's."""

    name: str
    kind: Kind
    label: str
    who: str
    of_person: Callable[[Candidate], Candidate] | None = None
    accommodation: Accommodation | None = None
    is_supposed: bool = False
    """A fact that nobody knows: what is said holds only if it turns out so."""
    at_most: Callable[[Candidate], Candidate] | None = None
    """The other end of what is supposed: not just enough, but as good as can be. Other posts come forward then too."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a vacancy stands in a person's list: its place, or why it is not in it, also without the own figures."""

    rank: int | None
    band: Band | None
    excluded_by: str | None
    ground: str | None = None
    at_best: int | None = None
    """The place at the better end of what is supposed, where the two ends differ; `rank` is that of the worse."""


def recourse(desk: Desk, candidate_id: str, vacancy_id: str, *, k: int = 10) -> dict[str, Any]:
    """Return what would bring a vacancy among the first k of a person's list.

    `stays_out_by` is the ground that nothing tried takes away where the vacancy stays out of the list.

    Raises
    ------
    NoSuchCandidate, MatchingRefused
        As for a list.
    NoSuchVacancy
        When there is no such id, or it is not open on the day.
    """
    person = desk.ask(candidate_id).candidate
    row = desk.open_row(vacancy_id)
    item = desk.index.stock.items[row]
    tried = _Tried(desk, person, row)
    now = tried.place(())
    changes = [] if now.rank is not None and now.rank <= k else list(_changes(desk, person, item))
    singles = [(change, tried.place((change,))) for change in changes]
    smallest = _smallest(tried, singles, k) if changes else ()
    best = tried.place(smallest)
    is_listed = best.rank is not None or any(place.rank is not None for _, place in singles)
    return {
        "candidate_id": candidate_id,
        "vacancy_id": vacancy_id,
        "title": item.vacancy.title,
        "k": k,
        "as_of": desk.rules.on.isoformat(),
        "model_version": desk.model_version,
        "rules_version": desk.rules.version,
        "note": NOTE,
        "now": _place_document(now, k),
        "stays_out_by": None if is_listed else best.excluded_by,
        "changes": [
            {**_change_document(desk, change), **_place_document(place, k), "helps": _helps(place, now)}
            for change, place in _in_order(singles, now)
        ],
        "together": None
        if not smallest
        else {"changes": [change.name for change in smallest], **_place_document(best, k)},
    }


def _in_order(singles: Sequence[tuple[Change, Place]], now: Place) -> list[tuple[Change, Place]]:
    return sorted(singles, key=lambda one: (_far(one[1]), not _helps(one[1], now), one[0].name))


def _far(place: Place) -> float:
    return np.inf if place.rank is None else float(place.rank)


def _helps(place: Place, now: Place) -> bool:
    """Return whether a vacancy stands better than now, or is kept out by something else than before.

    Of two grounds that keep it out only the first is said; who takes that one away has come nearer. Who is still too
    far off after going twice as far has not: that is the same ground. Of what is only
    supposed the better end is looked at.
    """
    if place.at_best is not None and (now.rank is None or place.at_best < now.rank):
        return True
    return _surely_helps(place, now)


def _surely_helps(place: Place, now: Place) -> bool:
    """Return the same of both ends of what is supposed."""
    if place.rank is None:
        return now.rank is None and place.ground != now.ground
    return now.rank is None or place.rank < now.rank


class _Tried:
    """Ranks a person's whole list with changes put in; the same changes are tried once."""

    def __init__(self, desk: Desk, person: Candidate, row: int) -> None:
        self._desk, self._person, self._row = desk, person, row
        self._known: dict[tuple[str, ...], Place] = {}
        self._indices: dict[frozenset[Accommodation], VacancyIndex] = {frozenset(): desk.index}

    def place(self, changes: Sequence[Change]) -> Place:
        """Return where the vacancy would stand."""
        key = tuple(sorted(change.name for change in changes))
        if key not in self._known:
            self._known[key] = self._ranked(changes)
        return self._known[key]

    def _ranked(self, changes: Sequence[Change]) -> Place:
        """Return the place; where something is supposed, of its two ends the worse place, with the better one."""
        least = self._ranked_as(changes, [change.of_person for change in changes])
        if all(change.at_most is None for change in changes):
            return least
        most = self._ranked_as(changes, [change.at_most or change.of_person for change in changes])
        better, worse = sorted((least, most), key=_far)
        return worse if better.rank == worse.rank else replace(worse, at_best=better.rank)

    def _ranked_as(
        self, changes: Sequence[Change], of_person: Sequence[Callable[[Candidate], Candidate] | None]
    ) -> Place:
        person = self._person
        for changed in of_person:
            if changed is not None:
                person = changed(person)
        desk, rules = self._desk, self._desk.rules
        index = self._index(frozenset(change.accommodation for change in changes if change.accommodation is not None))
        asked = replace(desk, index=index).ask_for(person)
        found = retrieve(asked.candidate, index.stock, rules)
        at = int(np.flatnonzero(found.rows == self._row)[0])
        if found.excluded_by[at] >= 0:
            exclusion = found.exclusions[found.excluded_by[at]]
            return Place(None, None, exclusion.text, exclusion.general_text)
        ranking = rank(asked, index, found, rules, desk.model.weights)
        place = int(np.flatnonzero(ranking.order == at)[0])
        return Place(place + 1, Band(int(ranking.band[place])), None)

    def _index(self, arranged: frozenset[Accommodation]) -> VacancyIndex:
        """Return the stock with the vacancy offering more; its rows are where they were."""
        if arranged not in self._indices:
            items = list(self._desk.index.stock.items)
            item = items[self._row]
            offered = {**item.vacancy.accommodations, **dict.fromkeys(sorted(arranged), AccommodationState.VERIFIED)}
            items[self._row] = replace(item, vacancy=replace(item.vacancy, accommodations=offered))
            self._indices[arranged] = self._desk.model.index(Stock.of(items), self._desk.casebook.texts)
        return self._indices[arranged]


def _smallest(tried: _Tried, singles: Sequence[tuple[Change, Place]], k: int) -> tuple[Change, ...]:
    """Return the fewest changes found that suffice: one, else the best ones added one after the other.

    What is in somebody's hands goes before what only may turn out well: that is taken where nothing else suffices.
    Greedy, so that a smaller set may exist where changes help only together; what is said suffices all the same. Where
    nothing suffices, the best that was found.
    """
    sure = _found(tried, [one for one in singles if not one[0].is_supposed], k)
    if sure and _far(tried.place(sure)) <= k:
        return sure
    more = _found(tried, singles, k)
    return sure if sure and _far(tried.place(sure)) <= _far(tried.place(more)) else more


def _found(tried: _Tried, singles: Sequence[tuple[Change, Place]], k: int) -> tuple[Change, ...]:
    now = tried.place(())
    ordered = _in_order(singles, now)
    best = [change for change, place in ordered if _surely_helps(place, now)][:_BEST]
    if not best:
        return ()
    if now.rank is None:
        # What takes a second ground away helps only once the first is gone. The person's own changes first: for one of
        # the vacancy's the whole stock is put under the model anew.
        others = [change for change, _ in ordered if change not in best]
        best += sorted(others, key=lambda change: change.of_person is None)[:_BEST]
    taken: list[Change] = [best[0]]
    while _far(tried.place(taken)) > k and len(taken) < _MOST_TOGETHER:
        left = [change for change in best if change not in taken]
        if not left:
            break
        reached = tried.place(taken)
        _, following = min(
            ((_far(place), not _surely_helps(place, reached), change.name), change)
            for change in left
            for place in (tried.place((*taken, change)),)
        )
        if not _surely_helps(tried.place((*taken, following)), reached):
            break
        taken.append(following)
    # What turned out not to be needed goes out again.
    for change in list(taken):
        rest = [one for one in taken if one is not change]
        if rest and _far(tried.place(rest)) <= max(k, _far(tried.place(taken))) and _is_listed(tried, taken):
            taken = rest
    return tuple(taken)


def _is_listed(tried: _Tried, changes: Sequence[Change]) -> bool:
    return tried.place(changes).rank is not None


# ---- what can be changed --------------------------------------------------------------------------------------------


def _changes(desk: Desk, person: Candidate, item: StockItem) -> Iterator[Change]:
    vacancy = item.vacancy
    yield from _learned(person, item)
    yield from _wishes(person, vacancy)
    yield from _facts(desk, person, item)
    for accommodation in _arrangeable(person, item):
        facts = accommodation_facts(accommodation)
        yield Change(
            f"accommodation.{accommodation.value}",
            "accommodation",
            f"单位提供便利：{accommodation.label}",
            facts.who_arranges,
            accommodation=accommodation,
        )


def _learned(person: Candidate, item: StockItem) -> Iterator[Change]:
    held = {skill.casefold() for skill in person.skills}
    lacking = [skill for skill in item.vacancy.skills if skill.casefold() not in held]
    for skill in lacking:
        yield Change(f"skill.{skill}", "skill", f"学会：{skill}", "本人；培训机构", _adds("skills", skill))
    required = required_licences(item.vacancy, families().get(item.reading.family_id or ""))
    lacked = [licence for licence in required if not holds(person.certificates, licence)]
    # Of whom no certificate is known nothing is excluded; one alone would make the others look as if they were lacking.
    for several in [lacked] if not person.certificates else [[one] for one in lacked]:
        if several:
            words = tuple(licences()[licence.licence_id].words[0] for licence in several)
            yield Change(
                f"certificate.{_ALL.join(licence.licence_id for licence in several)}",
                "certificate",
                f"取得：{'、'.join(licence.label for licence in several)}",
                "本人；发证机关",
                _adds("certificates", *words),
            )


def _wishes(person: Candidate, vacancy: Vacancy) -> Iterator[Change]:
    if vacancy.title not in person.wished_occupations:
        yield Change(
            "wish.occupation", "wish", f"意向职业加上“{vacancy.title}”", _WHO_WISHES,
            _adds("wished_occupations", vacancy.title),
        )  # fmt: skip
    if vacancy.region is not None and vacancy.region not in (*person.wished_regions, person.region):
        yield Change(
            "wish.region", "wish", f"意向地区加上{region_name(vacancy.region)}", _WHO_WISHES,
            _adds("wished_regions", vacancy.region),
        )  # fmt: skip
    offered = vacancy.wage_max or vacancy.wage_min
    if offered is not None and person.wished_wage_min is not None and person.wished_wage_min > offered:
        label = f"期望最低月工资降到 {offered.normalize():f} 元"
        yield Change("wish.wage", "wish", label, _WHO_WISHES, _sets("wished_wage_min", offered))
    if vacancy.work_mode is not None and person.work_modes and vacancy.work_mode not in person.work_modes:
        label = f"也接受{vacancy.work_mode.label}"
        yield Change("wish.work_mode", "wish", label, _WHO_WISHES, _adds("work_modes", vacancy.work_mode))
    if person.max_commute_km is not None:
        label, farther = "可接受的通勤距离加倍", person.max_commute_km * 2
        yield Change("wish.commute", "wish", label, _WHO_WISHES, _sets("max_commute_km", farther))
    hours = vacancy.hours_per_day
    if hours is not None and person.hours_per_day_max is not None and person.hours_per_day_max < hours:
        label = f"每日可工作 {Decimal(hours).normalize():f} 小时"
        yield Change("wish.hours", "wish", label, _WHO_WISHES, _sets("hours_per_day_max", hours))


def _facts(desk: Desk, person: Candidate, item: StockItem) -> Iterator[Change]:
    """Suppose that what nobody knows of the person turns out well; said only with who can say."""
    unknown = {f: level for f, level in item.demands.levels.items() if level and f not in person.functions}
    if unknown:
        fact = missing_fact("functions.walking")
        names = "、".join(function.label for function in unknown)
        suffices = {function: MAX_LEVEL - level for function, level in unknown.items()}

        def with_functions(candidate: Candidate) -> Candidate:
            return replace(candidate, functions={**candidate.functions, **suffices})

        def with_all(candidate: Candidate) -> Candidate:
            return replace(candidate, functions={**candidate.functions, **dict.fromkeys(unknown, 0)})

        label = f"补上功能情况（{names}），并且足以胜任"
        yield Change(
            "fact.functions", "fact", label, fact.who_can_supply, with_functions, is_supposed=True, at_most=with_all
        )
    least = item.vacancy.education_min
    if least is not None and person.education is None:
        fact = missing_fact("education")
        label = f"补上学历，并且不低于{least.label}"
        given, most = _sets("education", least), _sets("education", list(Education)[-1])
        yield Change("fact.education", "fact", label, fact.who_can_supply, given, is_supposed=True, at_most=most)
    if person.hard_to_employ_since is None:
        fact, on = missing_fact("hard_to_employ_since"), desk.rules.on
        label = "申请并获得就业困难人员认定"
        since = _sets("hard_to_employ_since", on)
        yield Change("fact.hard_to_employ", "fact", label, fact.who_can_supply, since, is_supposed=True)


def _arrangeable(person: Candidate, item: StockItem) -> Iterator[Accommodation]:
    """Yield what the person needs, or what closes a gap, and the vacancy does not offer."""
    offered = item.offered
    context = max(0, _context_row(item))
    wanted = dict.fromkeys(a for a in person.accommodations_needed if a not in offered)
    for function, level in item.demands.levels.items():
        limitation = person.functions.get(function)
        if limitation is None or limitation + level <= MAX_LEVEL:
            continue
        closes = closing_table()[int(limitation == MAX_LEVEL), context, FUNCTIONS.index(function), level]
        wanted |= dict.fromkeys(a for a, n in zip(ACCOMMODATIONS, closes, strict=True) if n and a not in offered)
    yield from list(wanted)[:_MOST_ARRANGED]


def _context_row(item: StockItem) -> int:
    stock = Stock.of([item])
    return int(np.asarray(stock.demands.context)[0])


def _adds(field: str, *values: Any) -> Callable[[Candidate], Candidate]:
    def added(candidate: Candidate) -> Candidate:
        more: dict[str, Any] = {field: (*getattr(candidate, field), *values)}
        return replace(candidate, **more)

    return added


def _sets(field: str, value: Any) -> Callable[[Candidate], Candidate]:
    given: dict[str, Any] = {field: value}
    return lambda candidate: replace(candidate, **given)


# ---- as a document --------------------------------------------------------------------------------------------------


def _place_document(place: Place, k: int) -> dict[str, Any]:
    return {
        "rank": place.rank,
        "rank_at_best": place.at_best,
        "band": None if place.band is None else {"band": int(place.band), "label": place.band.label},
        "excluded_by": place.excluded_by,
        "is_among_first": place.rank is not None and place.rank <= k,
    }


def _change_document(desk: Desk, change: Change) -> dict[str, Any]:
    return {
        "change": change.name,
        "kind": change.kind,
        "label": change.label,
        "who": change.who,
        "is_supposed": change.is_supposed,
        "courses": _courses(desk, change),
    }


def _courses(desk: Desk, change: Change) -> list[dict[str, Any]]:
    """Return the courses not yet begun that lead there, soonest first."""
    kind, _, name = change.name.partition(".")
    if kind == "certificate":
        return [course for licence_id in name.split(_ALL) for course in desk.courses_for(licence_id)]
    if kind != "skill":
        return []
    found = [c for c in desk.coming_courses() if name.casefold() in {skill.casefold() for skill in c.skills}]
    return [course_document(course) for course in found[:5]]


def recourse_lines(document: Mapping[str, Any]) -> list[str]:
    """Return the document in plain Chinese."""
    now, k = document["now"], document["k"]
    where = f"第 {now['rank']} 位" if now["rank"] is not None else f"不列入（{now['excluded_by']}）"
    lines = [f"岗位 {document['vacancy_id']} {document['title']}：目前{where}"]
    if now["is_among_first"]:
        return [*lines, f"  已在前 {k} 位"]
    for change in document["changes"]:
        if change["helps"]:
            lines.append(f"  {change['label']}（{change['who']}）：{_words(change)}")
            lines += [f"      课程 {c['course_id']} {c['title']}" for c in change["courses"]]
    idle = [change["label"] for change in document["changes"] if not change["helps"]]
    if idle:
        lines.append(f"  单独做不会更靠前：{'；'.join(idle)}")
    together = document["together"]
    if together is not None and len(together["changes"]) > 1:
        labels = {c["change"]: c["label"] for c in document["changes"]}
        lines.append(f"  一起做：{'；'.join(labels[name] for name in together['changes'])}：{_words(together)}")
    if document["stays_out_by"] is not None:
        lines.append(f"  能改变的事里没有一件能去掉这个原因：{document['stays_out_by']}")
    elif together is None or not together["is_among_first"]:
        lines.append(f"  试过的这些还不足以进入前 {k} 位")
    return [*lines, f"  {document['note']}"]


def _words(place: Mapping[str, Any]) -> str:
    at_best = place["rank_at_best"]
    if place["rank"] is None:
        out = f"仍不列入，还因为：{place['excluded_by']}"
        return out if at_best is None else f"视核实结果，到第 {at_best} 位，或{out}"
    return f"到第 {place['rank']} 位" if at_best is None else f"视核实结果，到第 {at_best} 至 {place['rank']} 位"
