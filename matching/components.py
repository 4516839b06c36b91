"""What speaks for and against each vacancy for one person, as named columns; the ranker weighs them.

One function serves training, evaluation and a request, so that they cannot drift apart. A column is 0 where nothing
is known of it, and its name says what a positive value means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matching.accommodation import MAX_LEVEL
from matching.entities import Candidate, VacancyId
from matching.features import address_words, candidate_words, occupation_words
from matching.fit import FUNCTIONS, FitArrays, limitation_vector
from matching.occupations import OccupationFamily, classify, families
from matching.reach import Distances, comfortable_km, distances
from matching.regions import is_prefecture_wide
from matching.retrieval import in_regions
from matching.settings import PlainWish, ranking_settings
from matching.stock import ACCOMMODATIONS, FAMILIES, MODES, Stock
from matching.vocabulary import Education, InteractionKind, WorkMode
from models.text import TextSpace
from models.uptake import Uptake

COMPONENTS = tuple(ranking_settings().prior_weights)
Columns = NDArray[np.float32]
Demanded = tuple[tuple[float, ...], ...]
_FEW = 20


@dataclass(frozen=True, slots=True)
class History:
    """A person's earlier acts: positions in the stock and how much each says (above 0)."""

    rows: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    weights: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, slots=True)
class PastAct:
    """The last thing that happened between the person and one vacancy.

    `counts` is False for a refusal that moves nothing: one employer's further ones.
    """

    kind: InteractionKind
    at: date
    reason: str | None = None
    counts: bool = True


_REFUSALS = (InteractionKind.DECLINED_BY_CANDIDATE, InteractionKind.DECLINED_BY_EMPLOYER)


@dataclass(frozen=True, slots=True)
class TextIndex:
    """Texts of n vacancies as unit rows; `by_word` is the same by column, for quick products with one short text."""

    space: TextSpace
    rows: sparse.csr_matrix
    by_word: sparse.csc_matrix

    @classmethod
    def of(cls, space: TextSpace, texts: Sequence[Sequence[str]]) -> "TextIndex":
        """Put texts into the space."""
        rows = space.transform(texts)
        return cls(space, rows, sparse.csc_matrix(rows))

    def likeness(self, query: sparse.csr_matrix, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the inner product of one row with the texts at `rows`, float32 (len(rows),)."""
        if query.nnz == 0:
            return np.zeros(len(rows), dtype=np.float32)
        wide = query.astype(np.float64)  # both ways must come to the same last digit, whatever order they add in
        if len(rows) * _FEW < self.rows.shape[0]:  # a few texts: cheaper by row than by word over all
            return np.asarray((self.rows[rows] @ wide.T).toarray(), dtype=np.float32).ravel()
        product = self.by_word[:, wide.indices] @ wide.data
        return np.asarray(product, dtype=np.float32).ravel()[rows]

    def centre(self, history: History) -> sparse.csr_matrix:
        """Return the weighted mean of earlier texts, scaled to unit length."""
        mean = sparse.csr_matrix(sparse.csr_matrix(history.weights[None, :]) @ self.rows[history.rows])
        norm = float(np.sqrt(mean.multiply(mean).sum()))
        return sparse.csr_matrix(mean / norm) if norm > 0 else mean


@dataclass(frozen=True, slots=True)
class EmployerUptake:
    """How sought the employers of n vacancies are; `employer` (n,) is a position in `uptake`, -1 one never seen.

    `by_region` keeps what was worked out for a region: there are few, and people come from the same ones.
    """

    uptake: Uptake
    employer: NDArray[np.int64]
    overall: NDArray[np.float64]
    by_region: dict[str | None, NDArray[np.float64]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, uptake: Uptake, providers: Sequence[str]) -> "EmployerUptake":
        """Look up whose each vacancy is."""
        return cls(uptake, uptake.providers.positions(providers), np.append(uptake.overall(), 0.0))

    def at(self, region: str | None, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return ln of acts against those to be expected: everybody's, and those of the people of a region."""
        employer = self.employer[rows]  # -1, never seen, points at the 0 behind the last
        if region not in self.by_region:
            self.by_region[region] = np.append(self.uptake.of_area(region), 0.0)
        return self.overall[employer], self.by_region[region][employer]

    def people_of(self, region: str | None, row: int) -> int:
        """Return how many different people of a region acted on the vacancy's employer."""
        return self.uptake.people_of(region, int(self.employer[row]))


@dataclass(frozen=True, slots=True)
class VacancyIndex:
    """A stock with everything that ranking needs of it, the same for every person.

    `popularity` float32 (n,) is ln(1 + recent acts); `factors` float64 (n, d), `biases` (n,) and `units` (n, d),
    the factors at unit length, come from the collaborative model, or are None without one (in double width, so that
    inner products do not depend on how many rows are asked at once); `uptake` is None where too few acts are recorded.
    `schooling` is the share of people at each rank of education, of those who state it; `demanded` float64 (15, 5) the
    share of vacancies at each level of each function, of those that state demands; both empty where too few do.
    """

    stock: Stock
    text: TextIndex
    address: TextIndex | None
    popularity: NDArray[np.float32]
    factors: NDArray[np.float64] | None
    biases: NDArray[np.float32] | None
    units: NDArray[np.float64] | None = None
    uptake: EmployerUptake | None = None
    crowding: "Crowded | None" = None
    schooling: tuple[float, ...] = ()
    demanded: Demanded = ()


@dataclass(frozen=True, slots=True)
class Crowded:
    """How crowded n vacancies are over everybody's lists: what each steps back by, float64 (n,), 0 where not at all.

    `looks` (n,) is how many people per opening would look at it if nothing stepped back; `is_crowded` bool (n,) says
    whether that is too many by itself; `openings` (n,) are those reckoned with.
    """

    price: NDArray[np.float64]
    looks: NDArray[np.float64]
    is_crowded: NDArray[np.bool_]
    openings: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """One person as the index is asked about them."""

    candidate: Candidate
    words: Sequence[str]
    history: History
    vector: NDArray[np.float32] | None
    direction: NDArray[np.float32] | None = None
    past: Mapping[int, PastAct] = field(default_factory=dict)
    lot: float | None = None
    """From 0 to 1 where one place of the list is given by lot (`matching.lots`), else None."""

    @property
    def refused(self) -> list[int]:
        """Positions of the vacancies that the person or the employer turned down, and that stand behind for it."""
        return [row for row, act in self.past.items() if act.kind in _REFUSALS and act.counts]

    @classmethod
    def of(
        cls,
        candidate: Candidate,
        history: History,
        vector: NDArray[np.float32] | None,
        direction: NDArray[np.float32] | None = None,
    ) -> "Asked":
        """Prepare a person; `vector` and `direction` come from the collaborative model, or are None without one."""
        return cls(candidate, candidate_words(candidate), history, vector, direction)


def components(
    asked: Asked, index: VacancyIndex, rows: NDArray[np.intp], *, distance: Distances, fit: FitArrays, on: date
) -> Columns:
    """Return the columns `COMPONENTS` for one person and the vacancies at `rows`, float32 (len(rows), n_components)."""
    named = named_components(asked, index, rows, distance=distance, fit=fit, on=on)
    return np.stack([named[name] for name in COMPONENTS], axis=1)


def named_components(
    asked: Asked,
    index: VacancyIndex,
    rows: NDArray[np.intp],
    *,
    distance: Distances,
    fit: FitArrays,
    on: date,
    with_own: bool = True,
) -> dict[str, NDArray[np.float32]]:
    """Return each of `COMPONENTS` by its name, float32 (len(rows),).

    Without `with_own` the own vector's score, `collaborative`, is 0: it costs most, and often weighs nothing.
    """
    named: dict[str, NDArray[np.floating]] = {}
    named |= _learned(asked, index, rows)
    named["collaborative"] = own_scores(asked, index, rows) if with_own else np.zeros(len(rows))
    named |= _texts(asked, index, rows)
    named |= _occupations(asked, index.stock, rows)
    named["skills"] = skill_share(asked.candidate, index.stock, rows)
    named |= _places(asked.candidate, index.stock, rows, distance)
    named |= _gaps(asked.candidate, index, rows, fit)
    days = np.maximum(0, on.toordinal() - index.stock.opens[rows])
    is_dated = index.stock.opens[rows] > 0
    named["freshness"] = np.where(is_dated, np.exp(-days / ranking_settings().freshness_days), 0.0)
    return {name: named[name].astype(np.float32) for name in COMPONENTS}


def _learned(asked: Asked, index: VacancyIndex, rows: NDArray[np.intp]) -> Mapping[str, NDArray[np.floating]]:
    found: dict[str, NDArray[np.floating]] = {"popularity": index.popularity[rows]}
    found["employer_uptake"] = found["area_uptake"] = np.zeros(len(rows))
    if index.uptake is not None:
        found["employer_uptake"], found["area_uptake"] = index.uptake.at(asked.candidate.region, rows)
    found["direction"] = np.zeros(len(rows))
    if asked.vector is not None and index.units is not None and asked.direction is not None:
        found["direction"] = _products(index.units, rows, asked.direction)
    return found


def own_scores(asked: Asked, index: VacancyIndex, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return what the person's own learned vector says of vacancies, float64 (len(rows),); 0 without one."""
    if index.factors is None or index.biases is None or asked.vector is None:
        return np.zeros(len(rows))
    return _products(index.factors, rows, asked.vector) + index.biases[rows]


def _products(matrix: NDArray[np.float64], rows: NDArray[np.intp], vector: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the inner products of some rows with a vector; of many rows all are cheaper than picking them out."""
    wide = vector.astype(np.float64)
    if 4 * len(rows) < len(matrix):
        return np.asarray(matrix[rows] @ wide)
    return np.asarray((matrix @ wide)[rows])


def _texts(asked: Asked, index: VacancyIndex, rows: NDArray[np.intp]) -> Mapping[str, NDArray[np.floating]]:
    profile = index.text.likeness(index.text.space.transform([telling_words(asked)]), rows)
    history = addresses = np.zeros(len(rows), dtype=np.float32)
    has_history = len(asked.history.rows) > 0
    if has_history:
        history = index.text.likeness(index.text.centre(asked.history), rows)
    if index.address is not None:
        own = index.address.space.transform([address_words(asked.candidate.address)])
        addresses = index.address.likeness(own, rows)
        if has_history:
            addresses = np.maximum(addresses, index.address.likeness(index.address.centre(asked.history), rows))
    # Like itself is no likeness: a vacancy acted on before is not recommended for having been acted on.
    history = np.where(np.isin(rows, asked.history.rows), 0.0, history).astype(np.float32)
    return {"profile_text": profile, "history_text": history, "address_text": addresses}


def telling_words(asked: Asked) -> list[str]:
    """Return the words of a person that say something of work: the others (打, 就行) are alike in any two texts.

    Of experience only words that name occupations tell; of skills, certificates and wishes every word of two characters
    or more, but for wishes that name no trade (什么都行).
    """
    candidate = asked.candidate
    wishes = (wish for wish in candidate.wished_occupations if not plain_wishes(wish))
    own = " ".join((*wishes, *candidate.skills, *candidate.certificates)).casefold()
    return [word for word in asked.words if word in occupation_words() or (len(word) > 1 and word.casefold() in own)]


@cache
def plain_wishes(wish: str) -> tuple[PlainWish, ...]:
    """Return what a wish says of work where it names no trade (能坐着干的活), or nothing where it names one."""
    if classify(wish) is not None:
        return ()
    return tuple(plain for plain in ranking_settings().plain_wishes if any(word in wish for word in plain.words))


def wished_families(candidate: Candidate) -> tuple[OccupationFamily, ...]:
    """Return the occupation families of a person's wishes, each once."""
    found = (classify(wish) for wish in candidate.wished_occupations)
    return tuple({family.family_id: family for family in found if family is not None}.values())


def _occupations(asked: Asked, stock: Stock, rows: NDArray[np.intp]) -> Mapping[str, NDArray[np.floating]]:
    past = np.zeros(len(rows))
    if len(asked.history.rows):
        weight = np.zeros(len(FAMILIES) + 1)
        np.add.at(weight, stock.family[asked.history.rows], asked.history.weights)
        weight[-1] = 0.0  # position -1: a family that nobody knows
        past = weight[stock.family[rows]] / asked.history.weights.sum()
        past = np.where(np.isin(rows, asked.history.rows), 0.0, past)
    return {"occupation": occupation_match(asked.candidate, stock, rows), "history_family": past}


def occupation_match(candidate: Candidate, stock: Stock, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return 1 for a wished occupation family, 0.5 for a wished kind of work, 0.3 for a wished family's group, else 0.

    float64 (len(rows),)
    """
    plain = np.where(plain_match(candidate, stock, rows), 0.5, 0.0)
    return np.maximum(plain, match_by_family(candidate)[stock.family[rows]])


def match_by_family(candidate: Candidate) -> NDArray[np.float64]:
    """Return 1 for a wished occupation family, 0.3 for its group, else 0; float64 (n_families + 1,), 0 for unknown."""
    found = np.zeros(len(FAMILIES) + 1)
    for family in wished_families(candidate):
        found = np.maximum(found, _match(family.family_id))
    return found


@cache
def _match(family_id: str) -> NDArray[np.float64]:
    own, group = families()[family_id], families()[family_id].group
    of_group = [1.0 if f == own.family_id else 0.3 if families()[f].group == group else 0.0 for f in FAMILIES]
    return np.array([*of_group, 0.0])


def plain_match(candidate: Candidate, stock: Stock, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return where a vacancy is of a kind that the person wishes without naming a trade, bool (len(rows),)."""
    found = np.zeros(len(rows), dtype=np.bool_)
    for wish in candidate.wished_occupations:
        for plain in plain_wishes(wish):
            found |= is_of_kind(plain, stock, rows)
    return found


def is_of_kind(plain: PlainWish, stock: Stock, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return where all of a plain wish is known to hold, bool (len(rows),); nowhere for a wish that names nothing."""
    holds = np.full(len(rows), bool(plain.at_most or plain.at_least or plain.is_remote))
    for function, level in plain.at_most.items():
        demand = stock.demands.levels[rows, FUNCTIONS.index(function)]
        holds &= (demand >= 0) & (demand <= level)
    for function, level in plain.at_least.items():
        holds &= stock.demands.levels[rows, FUNCTIONS.index(function)] >= level
    if plain.is_remote:
        holds &= stock.mode[rows] == MODES.index(WorkMode.REMOTE)
    return holds


def skill_share(candidate: Candidate, stock: Stock, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the share of a vacancy's stated skills that the person has stated too; 0 where none is stated."""
    own = [stock.skill_column[s] for skill in candidate.skills if (s := skill.casefold()) in stock.skill_column]
    if not own:
        return np.zeros(len(rows))
    shares: NDArray[np.float64] = np.asarray(stock.skills[:, own].sum(axis=1), dtype=np.float64).ravel()
    return shares[rows]


def nearness(candidate: Candidate, distance: Distances) -> NDArray[np.float64]:
    """Return how near, 1 next door down to 0 far beyond the person's means; unknown distances count as half."""
    comfortable = max(1.0, comfortable_km(candidate))
    return 1.0 / (1.0 + (np.nan_to_num(distance.typical, nan=comfortable) / comfortable) ** 1.5)


def _nowhere(candidate: Candidate, stock: Stock, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return where it is the vacancy's own place that is not known, and not the person's."""
    is_remote = stock.mode[rows] == MODES.index(WorkMode.REMOTE)
    has_home = candidate.region is not None or candidate.longitude is not None
    return np.asarray(np.isnan(stock.spots.longitude[rows]) & ~is_remote & has_home)


def _usual(candidate: Candidate, stock: Stock) -> tuple[float, float]:
    """Return how near, and how many doublings too far, the known places of the stock are to this person on the mean."""
    usual = stock.usual_places
    if not len(usual.share):
        return 0.5, 0.0
    distance = distances(candidate, usual.spots)
    far = _doublings(candidate, distance.typical)
    far = np.where(in_regions(usual.spots.region, candidate.wished_regions), 0.0, far)
    return float(nearness(candidate, distance) @ usual.share), float(far @ usual.share)


def _places(
    candidate: Candidate, stock: Stock, rows: NDArray[np.intp], distance: Distances
) -> Mapping[str, NDArray[np.floating]]:
    codes = stock.spots.region[rows]
    home = candidate.region
    county = np.zeros(len(rows)) if home is None or is_prefecture_wide(home) else (codes == int(home)).astype(float)
    wide = np.zeros(len(rows)) if home is None else (codes // 100 == int(home) // 100).astype(float)
    # What nobody knows the place of gains nothing by it: it counts as the known places commonly do for this person.
    usual_nearness, usual_far = _usual(candidate, stock)
    nowhere = _nowhere(candidate, stock, rows)
    return {
        "nearness": np.where(nowhere, np.minimum(0.5, usual_nearness), nearness(candidate, distance)),
        "far": -np.where(nowhere, usual_far, _far(candidate, stock, rows, distance)),
        "remote": (stock.mode[rows] == MODES.index(WorkMode.REMOTE)).astype(float),
        "same_county": county,
        "same_prefecture": wide,
        "wished_region": in_regions(codes, candidate.wished_regions).astype(float),
    }


def _far(candidate: Candidate, stock: Stock, rows: NDArray[np.intp], distance: Distances) -> NDArray[np.float64]:
    """Return how many doublings beyond the daily way a place lies, 0 to 4; 0 at home, where wished for, or unknown."""
    doublings = _doublings(candidate, distance.typical)
    stays = stock.mode[rows] == MODES.index(WorkMode.REMOTE)
    wished = in_regions(stock.spots.region[rows], candidate.wished_regions)
    return np.where(stays | wished, 0.0, doublings)


def _doublings(candidate: Candidate, km: NDArray[np.float64]) -> NDArray[np.float64]:
    daily = 2.0 * max(1.0, comfortable_km(candidate))
    return np.clip(np.log2(np.maximum(np.nan_to_num(km, nan=0.0), daily) / daily), 0.0, 4.0)


def _training_gap(candidate: Candidate, stock: Stock, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    return training_gap_by_family(candidate)[stock.family[rows]]


def training_gap_by_family(candidate: Candidate) -> NDArray[np.float64]:
    """Return 1 for work that takes professional training of which nothing the person stated shows a sign, else 0.

    float64 (n_families + 1,), the last for a family that nobody knows. Where the person has been to college and stated
    nothing else to go by, nobody knows, and it is 0; where education is not known either, a half: few are trained.
    """
    stated = (*candidate.wished_occupations, *candidate.skills, *candidate.certificates, candidate.experience or "")
    shown = {family.family_id: family for text in stated if (family := classify(text)) is not None}
    to_college = candidate.education is not None and candidate.education.rank >= Education.COLLEGE.rank
    if not shown and to_college:
        return np.zeros(len(FAMILIES) + 1)
    certain = 0.5 if not shown and candidate.education is None else 1.0
    return certain * _lacking(
        frozenset(family.group for family in shown.values() if family.family_id in trained_families())
    )


@cache
def _lacking(groups: frozenset[str]) -> NDArray[np.float64]:
    trained = trained_families()
    return np.array([float(f in trained and families()[f].group not in groups) for f in FAMILIES] + [0.0])


@cache
def trained_families() -> frozenset[str]:
    """Return the occupation families that take professional training, by `data/ranking.yaml`."""
    settings = ranking_settings().trained_work
    of_groups = {f.family_id for f in families().values() if f.group in settings.groups}
    return frozenset((of_groups | {*settings.also}) - {*settings.but_not})


def experience_asked(stock: Stock, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the years of work asked for: as stated, else (or where 0) as a senior title suggests, else NaN."""
    stated = stock.experience[rows]
    return np.where(
        (np.nan_to_num(stated) == 0) & stock.is_senior[rows], ranking_settings().senior_titles.years, stated
    )


def education_gaps(rank: int, schooling: Sequence[float]) -> NDArray[np.float64]:
    """Return how many ranks of education are lacking for each rank asked for, float64 (n_ranks,), 0 or above.

    Of a person whose education is not known (`rank` -1) the mean over those who state theirs, so that work that asks
    for a degree stands no higher for their silence than it does for most.
    """
    asked = np.arange(N_RANKS, dtype=np.float64)
    if rank >= 0:
        return np.maximum(0.0, asked - rank)
    shares = np.asarray(schooling, dtype=np.float64)
    return np.maximum(0.0, asked[:, None] - np.arange(len(shares))[None, :]) @ shares


N_RANKS = 1 + max(education.rank for education in Education)


def _gaps(
    candidate: Candidate, index: VacancyIndex, rows: NDArray[np.intp], fit: FitArrays
) -> Mapping[str, NDArray[np.floating]]:
    stock, zero = index.stock, np.zeros(len(rows))
    wage, experience = zero, zero
    rank = -1 if candidate.education is None else candidate.education.rank
    education = -education_gaps(rank, index.schooling)[np.maximum(stock.education[rows], 0)]
    if candidate.wished_wage_min:
        wished = float(candidate.wished_wage_min)
        # Below the wish only where the highest wage is known; a lowest wage alone can still meet it.
        top = np.where(np.isnan(stock.wage_max[rows]), np.maximum(stock.wage_min[rows], wished), stock.wage_max[rows])
        top = np.where(np.isnan(stock.wage_min[rows]) & np.isnan(stock.wage_max[rows]), np.nan, top)
        wage = np.nan_to_num(np.clip((top - wished) / wished, -1.0, 0.5))
    if candidate.experience_years is not None:
        experience = -np.nan_to_num(np.maximum(0.0, experience_asked(stock, rows) - float(candidate.experience_years)))
    offered = zero
    if candidate.accommodations_needed:
        needed = [ACCOMMODATIONS.index(a) for a in candidate.accommodations_needed]
        offered = stock.demands.offered[rows][:, needed].mean(axis=1)
    return {
        "wage_gap": wage,
        "education_gap": education,
        "training_gap": -_training_gap(candidate, stock, rows),
        "experience_gap": np.maximum(experience, -10.0),
        # What cannot be read gains nothing by it: an unknown demand counts as demands commonly do for this person.
        "function_gap": -(fit.open_gap + fit.unread_open),
        "to_arrange": -(fit.to_arrange + fit.unread_to_arrange),
        "strain": -strain(limitation_vector(candidate.functions), fit, stock.demands.is_stated[rows], index.demanded),
        "accommodation_offered": offered,
    }


def strain(
    limitations: NDArray[np.int8], fit: FitArrays, is_stated: NDArray[np.bool_], demanded: Demanded
) -> NDArray[np.float64]:
    """Return the levels by which stated demands go beyond the person, whatever closes them, float64 (n,), 0 or above.

    A vacancy that states none counts as those that do commonly would for this person: silence gains nothing.
    """
    usual = 0.0
    if demanded:
        over = np.maximum(0, limitations[:, None].astype(np.float64) + np.arange(MAX_LEVEL + 1) - MAX_LEVEL)
        usual = float((np.asarray(demanded) * over * (limitations > 0)[:, None]).sum())
    return np.where(is_stated, fit.stated_gap, usual)


def history_of(acts: Sequence[tuple[VacancyId, float]], stock: Stock) -> History:
    """Return earlier acts as positions; acts on vacancies that the stock does not hold are left out."""
    known = [(stock.position[vacancy_id], weight) for vacancy_id, weight in acts if vacancy_id in stock.position]
    return History(
        np.array([row for row, _ in known], dtype=np.intp), np.array([weight for _, weight in known], dtype=np.float64)
    )
