"""A desk that answers: the stock of a day under the current model, for one person, one vacancy, or everybody.

The command line, the API and the batch all ask here, so that they give the same answer.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.accommodation import facts as accommodation_facts
from matching.components import Asked, PastAct, VacancyIndex
from matching.entities import Candidate, CandidateId, Course, Placement, VacancyId
from matching.exposure import NOBODY, Forward
from matching.licences import holds, licences
from matching.lots import PLACE
from matching.matcher import Lines, Shortlist, explain_lines, lines, match
from matching.missing import Unlock, accommodation_unlocks, benefit_waits, with_benefits
from matching.notes import Employment
from matching.ranking import rank
from matching.regions import region_name
from matching.retrieval import Retrieval, retrieve
from matching.rules.dated import Rules, rules_on
from matching.rules.rulebook import rulebook
from matching.rules.subjects import candidate_facts
from matching.settings import ranking_settings
from matching.vocabulary import InteractionKind, YesNo
from pipelines.casebook import Casebook
from pipelines.consent.errors import MatchingRefused
from pipelines.consent.texts import automated_decision_notice
from pipelines.documents import BESIDE, exposure_document, item_document, shortlist_document, unlock_documents
from pipelines.errors import PipelineError
from pipelines.groups import with_county
from pipelines.live_tests import OFF, LiveTests
from pipelines.ranking_model import RankingModel, index_of
from pipelines.uncollected import uncollected

T = TypeVar("T")


class NoSuchCandidate(PipelineError):
    """No candidate has this id."""


class NoSuchVacancy(PipelineError):
    """No vacancy has this id, or it is not open on the day."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One person among those for a post: what orders them, and by how much they come forward, by attribute."""

    candidate_id: CandidateId
    band: int
    known_fit: float
    score: float
    forward: Mapping[str, float]
    unsaid: float
    """How much of what fit is told by is not known of this person and post, 0 to 1."""

    def plain(self) -> tuple[int, float, float, str]:
        """Return the key of the order in which nobody comes forward."""
        return self.band, -round(self.known_fit, 6), -self.score, self.candidate_id

    def order(self) -> tuple[int, float, float, str]:
        """Return the key of the order of the list."""
        lift = sum(self.forward.values()) * self.unsaid
        return self.band, -round(self.known_fit + lift, 6), -self.score, self.candidate_id


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that one day's answers need, built once."""

    casebook: Casebook
    model: RankingModel
    model_version: str
    index: VacancyIndex
    rules: Rules
    history: Mapping[CandidateId, Sequence[tuple[VacancyId, float]]]
    past: Mapping[CandidateId, Mapping[int, PastAct]]
    employed: Mapping[CandidateId, Employment]
    placements: Mapping[CandidateId, Sequence[Placement]]
    tests: LiveTests = OFF
    forward: Forward = NOBODY
    """Who comes forward in lists of people for a post."""
    beside: VacancyIndex | None = None
    """The stock under the challenger, where that is asked beside."""

    @classmethod
    @uncollected()
    def open(
        cls, casebook: Casebook, model: RankingModel, model_version: str, on: date, tests: LiveTests = OFF
    ) -> "Desk":
        """Put the model over the stock of a day; `tests` are those switched on for it."""
        index = index_of(model, casebook, on, model_version)
        return cls(
            casebook=casebook,
            model=model,
            model_version=model_version,
            index=index,
            rules=rules_on(on),
            history=casebook.history(on),
            past=_past(casebook, index, on),
            employed=_employed(casebook, on),
            placements=_placements(casebook),
            tests=tests,
            forward=_forward(casebook, on, model_version),
            beside=None if tests.challenger is None else tests.challenger[1].index(index.stock, casebook.texts),
        )

    def with_people(self, changed: Casebook, candidate_ids: Collection[str]) -> "Desk":
        """Return the desk with these people as they are now, and without those of them who are no longer there.

        The posts stay as they were: for them a desk is opened anew.
        """
        on, ids = self.rules.on, frozenset(CandidateId(i) for i in candidate_ids)
        held = {p.vacancy_id for p in changed.placements}
        about = replace(
            changed,
            vacancies=[v for v in self.casebook.vacancies if v.vacancy_id in held] if held else (),
            employers=self.casebook.employers,
        )
        casebook = replace(
            self.casebook,
            candidates=_instead(self.casebook.candidates, changed.candidates, ids),
            refused=(self.casebook.refused - ids) | changed.refused,
        )
        return replace(
            self,
            casebook=casebook,
            history=_instead(self.history, changed.history(on), ids),
            past=_instead(self.past, _past(changed, self.index, on), ids),
            employed=_instead(self.employed, _employed(about, on), ids),
            placements=_instead(self.placements, _placements(changed), ids),
        )

    def ask(self, candidate_id: str) -> Asked:
        """Prepare a person.

        Raises
        ------
        NoSuchCandidate
            When there is no such id.
        MatchingRefused
            When the person does not want to be matched.
        """
        if candidate_id in self.casebook.refused:
            raise MatchingRefused("本人已撤回或不同意参与匹配，不再生成推荐名单；恢复须由本人重新同意")
        candidate = self.casebook.candidates.get(CandidateId(candidate_id))
        if candidate is None:
            raise NoSuchCandidate("没有这个求职者编号")
        return replace(self.ask_for(candidate), lot=self.tests.lot_of(candidate_id, self.rules.on))

    def ask_for(self, candidate: Candidate) -> Asked:
        """Prepare a person that need not be stored."""
        asked = self.model.ask(candidate, self.history.get(candidate.candidate_id, []), self.index)
        return replace(asked, past=self.past.get(candidate.candidate_id, {}))

    def ask_many(self, candidate_ids: Sequence[CandidateId]) -> list[Asked]:
        """Prepare people who are all there and want to be matched, as `ask` does one by one."""
        people = [self.casebook.candidates[candidate_id] for candidate_id in candidate_ids]
        acts = [self.history.get(candidate_id, []) for candidate_id in candidate_ids]
        return [
            replace(
                asked,
                past=self.past.get(asked.candidate.candidate_id, {}),
                lot=self.tests.lot_of(asked.candidate.candidate_id, self.rules.on),
            )
            for asked in self.model.ask_many(people, acts, self.index)
        ]

    def shortlist(self, candidate_id: str, *, k: int) -> Shortlist:
        """Return one person's explained list."""
        employment = self.employed.get(CandidateId(candidate_id))
        asked = self.ask(candidate_id)
        found = match(asked, self.index, self.rules, self.model.weights, k=k, employment=employment)
        return replace(found, unlocks=self._unlocks(found))

    def _unlocks(self, shortlist: Shortlist) -> tuple[Unlock, ...]:
        """Return what the person's missing facts hold up, vacancies and benefits, by the rules of the day."""
        person, book = shortlist.candidate, rulebook()
        facts = candidate_facts(person, self.rules.on, self.placements.get(person.candidate_id, ()))
        return with_benefits(shortlist.unlocks, benefit_waits(book, facts, self.rules.on), book)

    def head(self) -> dict[str, str]:
        """Return the head of a new run."""
        return {
            "run_id": str(uuid.uuid4()),
            "as_of": self.rules.on.isoformat(),
            "model_version": self.model_version,
            "rules_version": self.rules.version,
        }

    def document(self, candidate_id: str, *, k: int) -> dict[str, Any]:
        """Return one person's list as a document with a new run id."""
        found = self.shortlist(candidate_id, k=k)
        person = found.candidate
        in_charge = self.casebook.offices.for_person(person.candidate_id, person.region)
        document = shortlist_document(found, self.head(), in_charge)
        return {**document, **self._logged(found)}

    def _logged(self, found: Shortlist) -> dict[str, Any]:
        """Return what is kept with a list of the tests that are switched on, for their report."""
        logged: dict[str, Any] = {}
        ids, lot, candidate_id = self.index.stock.items, self.tests.lot, found.candidate.candidate_id
        if found.drawn is not None and lot is not None:
            logged["by_lot"] = {
                "place": PLACE,
                "from_place": found.drawn.from_place,
                "pool": [ids[row].vacancy.vacancy_id for row in found.drawn.pool],
                "propensity": found.drawn.propensity,
                "share": lot.share,
                "seed": lot.seed,
            }
        if self.beside is not None and self.tests.asks_beside(candidate_id, self.rules.on):
            logged[BESIDE] = self._beside(found)
        return logged

    def _beside(self, found: Shortlist) -> dict[str, Any]:
        """Return the heads of both models' lists for the same request; only the champion's is shown."""
        heads: dict[str, Any] = {}
        version, challenger = self.tests.challenger or (self.model_version, self.model)
        person, acts = found.candidate, self.history.get(found.candidate.candidate_id, [])
        past = self.past.get(person.candidate_id, {})
        for name, model, index in (("champion", self.model, self.index), ("challenger", challenger, self.beside)):
            if index is not None:
                asked = replace(model.ask(person, acts, index), past=past)
                retrieval = retrieve(asked.candidate, index.stock, self.rules)
                order = rank(asked, index, retrieval, self.rules, model.weights, k=PLACE).order[:PLACE]
                heads[name] = [index.stock.items[row].vacancy.vacancy_id for row in retrieval.rows[order]]
        return {"version": version, **heads}

    def active(self) -> list[CandidateId]:
        """Return the people to whom lists are made: all but those who said that they wish no job.

        Who never answered stays in. Sorted by id.
        """
        return sorted(c.candidate_id for c in self.casebook.candidates.values() if c.job_wish is not YesNo.NO)

    def candidates_for(self, vacancy_id: str, *, k: int, among: Collection[str] | None = None) -> dict[str, Any]:
        """Return the other direction: for one vacancy, the people in the order of the same score.

        `among` are those who may be looked at; lists and counts are over them alone.

        Raises
        ------
        NoSuchVacancy
            When there is no such id, or it is not open on the day.
        """
        rows = np.array([self.open_row(vacancy_id)], dtype=np.intp)
        people = [one for one in self.active() if among is None or one in among]
        found: list[Placed] = []
        excluded: dict[str, dict[str, Any]] = {}
        for candidate_id in people:
            asked = self.ask(candidate_id)
            retrieval = retrieve(asked.candidate, self.index.stock, self.rules, rows=rows)
            if retrieval.excluded_by[0] >= 0:
                _count(excluded, retrieval)
                continue
            ranking = rank(asked, self.index, retrieval, self.rules, self.model.weights)
            # Scores compare vacancies for one person, not people: people stand by what is known to speak for the post.
            known_fit = float(ranking.fit.total[0] - ranking.fit.parts["unknown"][0])
            found.append(
                Placed(
                    candidate_id,
                    int(ranking.band[0]),
                    known_fit,
                    round(float(ranking.score[0]), 6),
                    self.forward.of(with_county(asked.candidate)) if self.forward.lifts else {},
                    1 - float(ranking.fit.known_share[0]),
                )
            )
        without = {one.candidate_id: place for place, one in enumerate(sorted(found, key=Placed.plain), 1)}
        found.sort(key=Placed.order)
        return {
            **self.head(),
            "notice": automated_decision_notice(),
            "vacancy_id": vacancy_id,
            "items": [
                {
                    **self._person_line(one.candidate_id, rows, place),
                    "exposure": exposure_document(place, without[one.candidate_id], one.forward),
                }
                for place, one in enumerate(found[:k], 1)
            ],
            "excluded": list(excluded.values()),
            "counts": {"active": len(people), "ranked": len(found), "shown": min(k, len(found))},
        }

    def _person_line(self, candidate_id: CandidateId, rows: NDArray[np.intp], place: int) -> dict[str, Any]:
        asked = self.ask(candidate_id)
        retrieval = retrieve(asked.candidate, self.index.stock, self.rules, rows=rows)
        ranking = rank(asked, self.index, retrieval, self.rules, self.model.weights)
        item = explain_lines(asked, self.index, ranking, self.rules, range(1))[0]
        return {**_without_vacancy(item_document(item)), "rank": place, "candidate_id": candidate_id}

    def open_row(self, vacancy_id: str) -> int:
        """Return the row of a vacancy that is open on the day.

        Raises
        ------
        NoSuchVacancy
            When there is no such id, or it is not open.
        """
        row = self.index.stock.position.get(VacancyId(vacancy_id))
        if row is None:
            raise NoSuchVacancy("没有这个岗位编号")
        if row not in set(self.index.stock.open_rows(self.rules.on).tolist()):
            raise NoSuchVacancy(f"该岗位在 {self.rules.on.isoformat()} 不在招聘期内")
        return row

    def lines(self, candidate_id: str, *, k: int) -> Lines:
        """Return the first k lines of a person's list as columns, without their reasons."""
        return lines(self.ask(candidate_id), self.index, self.rules, self.model.weights, k=k)

    def documents(self, candidate_ids: Sequence[CandidateId], *, k: int) -> Iterator[dict[str, Any]]:
        """Yield the lists of many people, one after the other."""
        for candidate_id in candidate_ids:
            yield self.document(candidate_id, k=k)

    def unlock(self, candidate_id: str) -> dict[str, Any]:
        """Return what one more fact, course, licence or accommodation would open for a person."""
        asked = self.ask(candidate_id)
        shortlist = self.shortlist(candidate_id, k=0)
        retrieval = retrieve(asked.candidate, self.index.stock, self.rules)
        document = shortlist_document(shortlist, self.head())
        facts = unlock_documents(shortlist.unlocks)
        return {
            "candidate_id": candidate_id,
            "as_of": document["as_of"],
            "rules_version": document["rules_version"],
            "facts": facts,
            "licences": self._licences(asked, shortlist),
            "accommodations": [
                {
                    "accommodation": u.accommodation.value,
                    "label": u.accommodation.label,
                    "vacancies": u.n_vacancies,
                    "who_arranges": accommodation_facts(u.accommodation).who_arranges,
                    "who_pays": accommodation_facts(u.accommodation).who_pays,
                    "source": accommodation_facts(u.accommodation).source.as_dict(),
                }
                for u in accommodation_unlocks(asked.candidate, self.index.stock, retrieval)
            ],
            "counts": document["counts"],
            "benefits": _waiting_benefits(facts),
        }

    def _licences(self, asked: Asked, shortlist: Shortlist) -> list[dict[str, Any]]:
        """Return what each licence would truly open: the list as it would be with it, against the list as it is."""
        found: list[dict[str, Any]] = []
        for unlock in shortlist.licence_unlocks:
            held = (*asked.candidate.certificates, licences()[unlock.licence_id].words[0])
            with_it = retrieve(replace(asked.candidate, certificates=held), self.index.stock, self.rules)
            n_opened = len(with_it.listed) - shortlist.n_ranked
            if n_opened > 0:
                courses = self.courses_for(unlock.licence_id)
                entry = {"licence": unlock.licence_id, "label": unlock.label, "vacancies": n_opened, "courses": courses}
                found.append(entry)
        return found

    def courses_for(self, licence_id: str) -> list[dict[str, Any]]:
        """Return the courses not yet begun that lead to a licence, soonest first."""
        licence = licences()[licence_id]
        found = [c for c in self.coming_courses() if c.certificate and holds((c.certificate,), licence)]
        return [course_document(course) for course in found[:5]]

    def coming_courses(self) -> list[Course]:
        """Return the courses not yet begun, soonest first."""
        on = self.rules.on
        coming = [course for course in self.casebook.courses if course.starts_on is None or course.starts_on >= on]
        return sorted(coming, key=lambda course: (course.starts_on or on, course.course_id))


def course_document(course: Course) -> dict[str, Any]:
    """Return one course as it travels in JSON."""
    return {
        "course_id": course.course_id,
        "title": course.title,
        "region": region_name(course.region) if course.region else None,
        "starts_on": course.starts_on.isoformat() if course.starts_on else None,
    }


def _waiting_benefits(facts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the benefits that wait for facts, those that wait for the fewest first."""
    found: dict[str, dict[str, Any]] = {}
    for entry in facts:
        for wait in entry["benefits"]:
            held = found.setdefault(wait["rule_id"], {"rule_id": wait["rule_id"], "title": wait["title"], "facts": []})
            held["facts"].append(entry["fact"])
    return sorted(found.values(), key=lambda held: (len(held["facts"]), held["rule_id"]))


def _instead(
    held: Mapping[CandidateId, T], changed: Mapping[CandidateId, T], ids: frozenset[CandidateId]
) -> Mapping[CandidateId, T]:
    return {**{i: value for i, value in held.items() if i not in ids}, **changed}


def _forward(casebook: Casebook, on: date, version: str) -> Forward:
    """Return who comes forward on a day: other scores, another order, and a year later other people."""
    lifts: dict[str, dict[str, float]] = {}
    for one in casebook.lifts:
        if one.model_version == version and 0 <= (on - one.as_of).days <= ranking_settings().crowding.days:
            lifts.setdefault(one.attribute, {})[one.value] = one.lift
    return Forward(lifts)


def _placements(casebook: Casebook) -> Mapping[CandidateId, Sequence[Placement]]:
    found: dict[CandidateId, list[Placement]] = {}
    for placement in casebook.placements:
        found.setdefault(placement.candidate_id, []).append(placement)
    return found


def _past(casebook: Casebook, index: VacancyIndex, on: date) -> Mapping[CandidateId, Mapping[int, PastAct]]:
    """Return the last act of every person on every vacancy of the stock; of one day, the furthest act is the last."""
    order = list(InteractionKind)
    found: dict[CandidateId, dict[int, PastAct]] = {}
    for act in sorted(casebook.interactions, key=lambda i: (i.at, order.index(i.kind))):
        row = index.stock.position.get(act.vacancy_id)
        if act.at <= on and row is not None:
            found.setdefault(act.candidate_id, {})[row] = PastAct(act.kind, act.at, act.reason)
    return {candidate_id: _heard(past, index) for candidate_id, past in found.items()}


def _heard(past: dict[int, PastAct], index: VacancyIndex) -> Mapping[int, PastAct]:
    """Let only so many refusals of one employer count, the latest: the others move nothing."""
    refusals: dict[str, list[int]] = {}
    for row, act in past.items():
        employer_id = index.stock.items[row].vacancy.employer_id
        if act.kind is InteractionKind.DECLINED_BY_EMPLOYER and employer_id is not None:
            refusals.setdefault(employer_id, []).append(row)
    for rows in refusals.values():
        latest = sorted(rows, key=lambda row: (past[row].at, row), reverse=True)
        for row in latest[ranking_settings().refusals_of_one_employer :]:
            past[row] = replace(past[row], counts=False)
    return past


def _employed(casebook: Casebook, on: date) -> Mapping[CandidateId, Employment]:
    """Return who is in work on a day by the placements; one without a first day is not known to have begun."""
    names = {v.vacancy_id: v for v in casebook.vacancies}
    found: dict[CandidateId, Employment] = {}
    for p in casebook.placements:
        if p.starts_on is None or p.starts_on > on or (p.ends_on is not None and p.ends_on < on):
            continue
        employer = casebook.employers.get(p.employer_id) if p.employer_id else None
        vacancy = names.get(p.vacancy_id) if p.vacancy_id else None
        where = "，".join(
            name for name in (employer.name if employer else None, vacancy.title if vacancy else None) if name
        )
        found[p.candidate_id] = Employment(where or "已登记的单位", p.starts_on)
    return found


def _count(excluded: dict[str, dict[str, Any]], retrieval: Retrieval) -> None:
    exclusion = retrieval.exclusions[int(retrieval.excluded_by[0])]
    entry = excluded.setdefault(
        exclusion.code,
        {
            "candidates": 0,
            "reason": exclusion.general_text,
            "code": exclusion.code,
            "ground": exclusion.ground.value if exclusion.ground else None,
            "source": exclusion.source.as_dict() if exclusion.source else {},
        },
    )
    entry["candidates"] += 1


def _without_vacancy(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("vacancy_id", "title", "employer")}
