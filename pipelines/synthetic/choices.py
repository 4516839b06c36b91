"""How the invented people weigh a post and employers weigh a person: thresholds and habits, not a product of factors.

None of these numbers is shared with the matching or the models: the world is not made to suit them.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from matching.vocabulary import Accommodation, WorkMode
from pipelines.synthetic.employers import Employers
from pipelines.synthetic.people import EDUCATIONS, People
from pipelines.synthetic.vacancies import Vacancies
from pipelines.synthetic.words import ACCOMMODATIONS, Bools, Floats, Ints

Levels16 = npt.NDArray[np.int16]

Concern = Literal["distance", "wage", "function", "night", "chance"]
Objection = Literal["skill", "function", "accommodation", "appearance", "chance"]

_KM_PER_DEGREE = 111.2
_COS_LATITUDE = 0.81  # at 36° north
_DORMITORY = ACCOMMODATIONS.index(Accommodation.DORMITORY)
_REMOTE = ACCOMMODATIONS.index(Accommodation.REMOTE_WORK)


@dataclass(frozen=True, slots=True)
class Appeal:
    """How a person feels about some posts, and what speaks against each."""

    total: Floats
    against: dict[Concern, Floats]

    def main_concern(self, position: int) -> Concern:
        """Return what weighs most against the post, or chance where nothing does."""
        concern = min(self.against, key=lambda name: float(self.against[name][position]))
        return concern if self.against[concern][position] < -0.45 else "chance"


class Minds:
    """Both sides' judgement; rows are people and posts by position."""

    def __init__(self, people: People, vacancies: Vacancies, employers: Employers) -> None:
        """Lay out what is asked again and again."""
        self._people, self._vacancies, self._employers = people, vacancies, employers
        self._home = np.array([m is WorkMode.REMOTE for m in vacancies.mode], dtype=bool)
        self._partly = np.array([m is WorkMode.HYBRID for m in vacancies.mode], dtype=bool)
        self._pay = vacancies.wage + 0.35 * (vacancies.wage_max - vacancies.wage)
        self._hours_share = np.minimum(1, vacancies.hours / 8)
        self._ask = vacancies.demands.astype(np.int16) - 4 - vacancies.closed_gaps
        self._attraction = 0.35 * employers.attraction[vacancies.employer]
        self._rank = np.array([e.rank for e in EDUCATIONS])[people.education]
        self._dormitory: Bools = vacancies.accommodations[:, _DORMITORY]

    def distance_km(self, person: int, posts: Ints) -> Floats:
        """Return flat distances in km; work at home is no way at all."""
        people, vacancies = self._people, self._vacancies
        east = (vacancies.longitude[posts] - people.longitude[person]) * _COS_LATITUDE
        north = vacancies.latitude[posts] - people.latitude[person]
        km = np.hypot(east, north) * _KM_PER_DEGREE * 1.3
        return np.asarray(np.where(self._home[posts], 0, np.where(self._partly[posts], 0.6 * km, km)))

    def gaps(self, person: int, posts: Ints) -> Levels16:
        """Return the levels that are missing, (posts, functions), after what the workplace has."""
        return np.asarray(np.maximum(self._people.limitations[person] + self._ask[posts], 0))

    def appeal(self, person: int, posts: Ints, caution: float) -> Appeal:
        """Weigh posts: taste, thresholds of distance and wage, strain, nights; `caution` scales how gaps are felt."""
        people, vacancies = self._people, self._vacancies
        stretch = self.distance_km(person, posts) / people.reach_km[person]
        way = np.select([stretch <= 0.6, stretch <= 1.0, stretch <= 2.0], [0.0, -0.6, -2.2], -4.5)
        way = np.where(self._dormitory[posts], np.maximum(way, -1.4), way)
        ratio = self._pay[posts] / (people.reservation_wage[person] * self._hours_share[posts])
        wage = np.select([ratio < 0.8, ratio < 1.0], [-2.6, -1.0], 0.9 * np.tanh(2 * (ratio - 1)))
        gaps = self.gaps(person, posts)
        strain = -caution * (0.6 * gaps.sum(axis=1) + 1.6 * (gaps.max(axis=1) >= 2))
        long_days = -0.4 * np.maximum(0, vacancies.hours[posts] - people.hours_max[person])
        night = -0.55 * people.night_aversion[person] * vacancies.night[posts]
        named = np.isin(vacancies.trade[posts], people.wishes[person])
        pleasure = people.taste[person, vacancies.trade[posts]] + 1.0 * named + self._attraction[posts]
        stay_home = 0.8 * self._home[posts] * people.needs[person, _REMOTE]
        against: dict[Concern, Floats] = {
            "distance": way,
            "wage": np.minimum(wage, 0),
            "function": strain + long_days,
            "night": night,
        }
        return Appeal(pleasure + stay_home + way + wage + strain + long_days + night, against)

    def employer_view(self, person: int, post: int, rivals: int) -> tuple[float, Objection]:
        """Return how an employer sees an applicant (a logit), and its strongest objection, fair or not."""
        people, vacancies, employers = self._people, self._vacancies, self._employers
        owner = int(vacancies.employer[post])
        gaps = self.gaps(person, np.array([post]))[0]
        unmet = int((people.needs[person] & ~vacancies.accommodations[post]).sum())
        lacking = bool((vacancies.licences[post] & ~people.licences[person]).any())
        worked = people.worked_as[person] == vacancies.trade[post]
        objections: dict[Objection, float] = {
            "skill": -0.7 * max(0, int(vacancies.education[post]) - int(self._rank[person]))
            - (0.8 if vacancies.experience[post] and not worked else 0.0)
            - (4.5 if lacking else 0.0),
            "function": -0.45 * float(gaps.sum()) - (1.0 if gaps.max() >= 2 else 0.0),
            "accommodation": -0.7 * min(unmet, 2) * bool(employers.refuses_accommodation[owner]),
            "appearance": -1.9 * float(people.visible[person]) * bool(employers.judges_looks[owner])
            - (0.7 if vacancies.unlawful[post] else 0.0),
        }
        view = -0.5 + 2.0 * float(employers.welcome[owner]) + 0.8 * bool(worked) - 0.2 * np.log1p(rivals)
        worst = min(objections, key=lambda name: objections[name])
        return view + sum(objections.values()), worst if objections[worst] < -0.5 else "chance"


def logistic(value: float) -> float:
    """Return the probability of a logit."""
    return float(1 / (1 + np.exp(-value)))
