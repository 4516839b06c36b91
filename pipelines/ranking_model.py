"""A fitted ranking model: what was learned, how it is put over a stock, and how it is saved and loaded.

Where people's own vectors weigh nothing, nothing is kept of any one person: a list is made from the stored record and
the vacancies' side. Where they weigh, people who acted appear by a keyed hash of their id, in the order of that hash,
never by id or by any identity fact (`pipelines.names_in_models`). In a model's files all that acts taught is sealed but
the weights of the components.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matching.components import (
    COMPONENTS,
    Asked,
    Crowded,
    Demanded,
    EmployerUptake,
    History,
    TextIndex,
    VacancyIndex,
    history_of,
)
from matching.entities import Candidate, VacancyId
from matching.features import (
    address_words,
    candidate_features,
    candidate_words,
    profile_features,
    provider_key,
    vacancy_features,
)
from matching.ranking import Weights
from matching.settings import ranking_settings
from matching.stock import Stock
from models.arrays import Sparse, unit_vectors
from models.artefact import (
    Artefact,
    from_bytes,
    load_artefact,
    pack_strings,
    save_artefact,
    to_bytes,
    unpack_strings,
)
from models.chance import ChanceModel
from models.factors import FactorModel
from models.features import FeatureSpace
from models.hybrid import HybridModel
from models.taste import TasteModel
from models.text import TextSpace
from models.uptake import Uptake
from pipelines.access.vault import Vault
from pipelines.casebook import Casebook
from pipelines.errors import PipelineError
from pipelines.names_in_models import UNKEYED, Names
from pipelines.readings import ReadText

_NO_VAULT = Vault({})


class NamesUnkeyed(PipelineError):
    """A model that anybody who holds a roster could read people's names in is not saved."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One person before any act: words, own vector (d,) and profile row, both None without a collaborative model."""

    candidate: Candidate
    words: Sequence[str]
    vector: NDArray[np.float32] | None
    profile: sparse.csr_matrix | None


@dataclass(frozen=True, slots=True)
class Collaborative:
    """The hybrid of history and features, with the spaces of both sides; `scale` brings its scores to unit spread.

    `names` are those under which it keeps histories. Own vectors are those of `taste` where that is learned, else the
    hybrid's; directions are always the hybrid's. Without `candidate_space` nothing of people was saved, and every
    person's own vector is 0. `factors`, learned from the same data, is there to be compared with it where that was
    asked for; it is not saved.
    """

    model: HybridModel
    candidate_space: FeatureSpace | None
    vacancy_space: FeatureSpace
    scale: float
    names: Names
    factors: FactorModel | None = None
    taste: TasteModel | None = None

    def vector(self, candidate: Candidate, words: Sequence[str]) -> NDArray[np.float32]:
        """Return one person's vector."""
        return np.asarray(self.vectors([candidate], [words])[0], dtype=np.float32)

    def vectors(self, candidates: Sequence[Candidate], words: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Return the own vectors of several people, float32 (n, d)."""
        if self.candidate_space is None:
            return np.zeros((len(candidates), self.model.config.no_components), dtype=np.float32)
        rows = self.candidate_space.transform(map(candidate_features, candidates, words))
        names = [self.names.of(c.candidate_id) for c in candidates]
        if self.taste is not None:
            return self.taste.candidate_vectors(rows, names)
        return np.asarray(self.model.candidate_vectors(rows, names) / self.scale, dtype=np.float32)

    def profile(self, candidate: Candidate, words: Sequence[str]) -> sparse.csr_matrix:
        """Return the vacancy that the person would like, as a row of the vacancies' features."""
        return self.profiles([candidate], [words])

    def profiles(self, candidates: Sequence[Candidate], words: Sequence[Sequence[str]]) -> sparse.csr_matrix:
        """Return the vacancy that each person would like, a row of the vacancies' features for each."""
        return self.vacancy_space.transform(map(profile_features, candidates, words))

    def direction(
        self, profile: sparse.csr_matrix, history: History, vectors: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Return where wishes and earlier acts point among the vacancies' vectors, float32 (d,)."""
        return np.asarray(self.directions(profile, [history], vectors)[0], dtype=np.float32)

    def directions(
        self, profiles: sparse.csr_matrix, histories: Sequence[History], vectors: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Return where wishes and earlier acts of several people point, float32 (n, d)."""
        rows = np.concatenate([history.rows for history in histories])
        weights = np.concatenate([history.weights for history in histories]).astype(np.float32)
        ends = np.cumsum([0, *(len(history.rows) for history in histories)])
        acts = sparse.csr_matrix((weights, np.arange(len(rows)), ends), shape=(len(histories), len(rows)))
        return self.model.directions(acts, vectors[rows].astype(np.float32), profiles)

    def vacancies(self, stock: Stock, texts: Mapping[VacancyId, ReadText]) -> "OfStock":
        """Put a stock where it lies."""
        rows, ids = self.vacancy_rows(stock, texts)
        vectors, biases = self.model.vacancy_vectors(rows, ids)
        biases = np.asarray(biases / self.scale, dtype=np.float32)
        units = unit_vectors(vectors)
        if self.taste is not None:
            vectors, biases = self.taste.vacancy_vectors(rows, ids)
        return OfStock(vectors, biases, units)

    def vacancy_rows(self, stock: Stock, texts: Mapping[VacancyId, ReadText]) -> tuple[Sparse, list[VacancyId]]:
        """Return the features of a stock as rows of the vacancies' space, and the ids of the rows."""
        ids = [item.vacancy.vacancy_id for item in stock.items]
        rows = self.vacancy_space.transform(
            vacancy_features(item, texts[item.vacancy.vacancy_id].words) for item in stock.items
        )
        return rows, ids

    def factor_vectors(self, stock: Stock, texts: Mapping[VacancyId, ReadText]) -> NDArray[np.float64] | None:
        """Return the vectors of a stock under the factor model, (n, d); None where it was not learned."""
        if self.factors is None:
            return None
        return self.factors.vacancy_vectors(*self.vacancy_rows(stock, texts))[0].astype(np.float64)

    def factor_scores(self, candidate: Candidate, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the factor model's scores of vacancies for one person; `vectors` as `factor_vectors` gives them."""
        if self.factors is None or self.candidate_space is None:
            return np.zeros(len(vectors))
        row = self.candidate_space.transform([candidate_features(candidate, candidate_words(candidate))])
        own = self.factors.candidate_vectors(row, [self.names.of(candidate.candidate_id)])[0]
        return np.asarray(vectors @ own.astype(np.float64))


@dataclass(frozen=True, slots=True)
class OfStock:
    """A stock as learned: own vectors float32 (n, d) and biases (n,), and directions of length 1, float32 (n, e)."""

    vectors: NDArray[np.float32]
    biases: NDArray[np.float32]
    units: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RankingModel:
    """Everything learned up to `trained_until`."""

    trained_until: date
    text_space: TextSpace
    address_space: TextSpace | None
    collaborative: Collaborative | None
    popularity: Mapping[VacancyId, float]
    weights: Weights
    summary: Mapping[str, Any]
    uptake: Uptake | None = None
    schooling: tuple[float, ...] = ()
    demanded: Demanded = ()
    names: Names = UNKEYED

    @property
    def keeps_people(self) -> bool:
        """True where people's own vectors weigh anything, so that they have to be kept."""
        return self.collaborative is not None and bool(self.weights.values[COMPONENTS.index("collaborative")])

    def index(self, stock: Stock, texts: Mapping[VacancyId, ReadText]) -> VacancyIndex:
        """Put the model over a stock; vacancies that it never saw are placed by their features and words."""
        ids = [item.vacancy.vacancy_id for item in stock.items]
        factors = biases = units = None
        if self.collaborative is not None:
            learned = self.collaborative.vacancies(stock, texts)
            factors, biases, units = (
                learned.vectors.astype(np.float64),
                learned.biases,
                learned.units.astype(np.float64),
            )
        address = None
        if self.address_space is not None:
            address = TextIndex.of(self.address_space, [address_words(item.vacancy.address) for item in stock.items])
        uptake = None
        if self.uptake is not None:
            uptake = EmployerUptake.of(self.uptake, [provider_key(item.vacancy) for item in stock.items])
        return VacancyIndex(
            stock=stock,
            text=TextIndex.of(self.text_space, [texts[vacancy_id].words for vacancy_id in ids]),
            address=address,
            popularity=np.log1p(np.array([self.popularity.get(i, 0.0) for i in ids])).astype(np.float32),
            factors=factors,
            biases=biases,
            units=units,
            uptake=uptake,
            schooling=self.schooling,
            demanded=self.demanded,
        )

    def prepare(self, candidate: Candidate) -> Prepared:
        """Work out what does not change with a person's acts."""
        words = candidate_words(candidate)
        if self.collaborative is None:
            return Prepared(candidate, words, None, None)
        vector, profile = self.collaborative.vector(candidate, words), self.collaborative.profile(candidate, words)
        return Prepared(candidate, words, vector, profile)

    def ask_prepared(self, prepared: Prepared, acts: Sequence[tuple[VacancyId, float]], index: VacancyIndex) -> Asked:
        """Join a prepared person with their earlier acts."""
        history, direction, vector = history_of(acts, index.stock), None, None
        if self.collaborative is not None and index.units is not None and prepared.profile is not None:
            direction = self.collaborative.direction(prepared.profile, history, index.units)
            # Silence is no taste: to somebody of whom nothing is known all are equal, and how sought they are decides.
            vector = prepared.vector if acts or _says_anything(prepared) else None
        return Asked(prepared.candidate, prepared.words, history, vector, direction)

    def ask(self, candidate: Candidate, acts: Sequence[tuple[VacancyId, float]], index: VacancyIndex) -> Asked:
        """Prepare a person with their earlier acts."""
        return self.ask_prepared(self.prepare(candidate), acts, index)

    def ask_many(
        self,
        candidates: Sequence[Candidate],
        acts: Sequence[Sequence[tuple[VacancyId, float]]],
        index: VacancyIndex,
    ) -> list[Asked]:
        """Prepare people with their earlier acts, the same as `ask` does one by one."""
        words = [candidate_words(candidate) for candidate in candidates]
        histories = [history_of(own, index.stock) for own in acts]
        learned = self.collaborative
        if learned is None or index.units is None or not candidates:
            return [Asked(*each, None, None) for each in zip(candidates, words, histories, strict=True)]
        vectors, profiles = learned.vectors(candidates, words), learned.profiles(candidates, words)
        directions = learned.directions(profiles, histories, index.units)
        says_wishes = np.diff(profiles.indptr) > 0
        found = []
        for at, (candidate, own_words, history) in enumerate(zip(candidates, words, histories, strict=True)):
            says = len(acts[at]) > 0 or bool(says_wishes[at]) or _states_a_fact(candidate, own_words)
            found.append(Asked(candidate, own_words, history, vectors[at] if says else None, directions[at]))
        return found

    def save(self, folder: Path) -> str:
        """Write the model to a new folder and return the checksum of its manifest.

        Raises
        ------
        NamesUnkeyed
            When it keeps histories under names that anybody could make from a roster.
        """
        if self.names.key_id is None and (self.collaborative is not None or self.popularity):
            raise NamesUnkeyed("没有密钥，不能保存从互动中学到的内容：请先配置加密密钥再训练")
        parts = {"text": self.text_space.to_artefact()}
        if self.address_space is not None:
            parts["address"] = self.address_space.to_artefact()
        if self.names.key_id is not None:
            sealed = self.names.seal(to_bytes(Artefact.of_parts(self._of_acts())))
            parts[_SEALED] = Artefact({"sealed": np.frombuffer(sealed, dtype=np.uint8)}, {})
        metadata = {
            "trained_until": self.trained_until.isoformat(),
            "weights": dict(zip(COMPONENTS, self.weights.values.tolist(), strict=True)),
            "scale": self.collaborative.scale if self.collaborative else None,
            "summary": dict(self.summary),
            "names_key": self.names.key_id,
        }
        return save_artefact(Artefact.of_parts(parts, metadata), folder)

    def _of_acts(self) -> dict[str, Artefact]:
        """Return all that acts and people's records taught but the weights: who knows acts could find them in it."""
        found = {
            "popularity": _pack_popularity(self.popularity),
            "schooling": Artefact({"shares": np.array(self.schooling, dtype=np.float64)}, {}),
            "demanded": Artefact({"shares": np.array(self.demanded, dtype=np.float64)}, {}),
        }
        if self.collaborative is not None:
            taste = self.collaborative.taste
            found["hybrid"] = self.collaborative.model.to_artefact(with_candidates=self.keeps_people and taste is None)
            found["vacancy_space"] = self.collaborative.vacancy_space.to_artefact()
            if self.keeps_people and self.collaborative.candidate_space is not None:
                found["candidate_space"] = self.collaborative.candidate_space.to_artefact()
                if taste is not None:
                    found["taste"] = taste.to_artefact()
        if self.uptake is not None:
            found["uptake"] = self.uptake.to_artefact()
        if self.weights.chance is not None:
            found["chance"] = self.weights.chance.to_artefact()
        return found

    @classmethod
    def load(cls, folder: Path, *, expected: str | None = None, vault: Vault = _NO_VAULT) -> "RankingModel":
        """Read a model back; one learned before names were keyed goes on answering under the names that it has.

        Raises
        ------
        ArtefactMismatch
            When a file is not the one that was saved, or its components are not those of this program.
        KeysMissing
            When the key that its names were made with is not in the vault.
        VaultError
            When its sealed part does not open with that key.
        """
        artefact = load_artefact(folder, expected=expected)
        metadata, learned = artefact.metadata, artefact
        # Before all of it was sealed, the key's id stood in the summary.
        key_id = metadata.get("names_key") or metadata["summary"].get("names_key")
        names = Names.under(vault, key_id) if key_id and {_SEALED, _PEOPLE, "hybrid"} & set(artefact.parts) else UNKEYED
        if _SEALED in artefact.parts:
            learned = _opened(names, artefact.part(_SEALED))
        parts = set(learned.parts)
        collaborative = None
        if "hybrid" in parts or _PEOPLE in parts:
            held = _opened(names, artefact.part(_PEOPLE)) if _PEOPLE in parts else learned
            space = (
                FeatureSpace.from_artefact(held.part("candidate_space")) if "candidate_space" in held.parts else None
            )
            collaborative = Collaborative(
                HybridModel.load(held.part("hybrid")),
                space,
                FeatureSpace.from_artefact(held.part("vacancy_space")),
                float(metadata["scale"]),
                names,
                taste=TasteModel.load(held.part("taste")) if "taste" in held.parts else None,
            )
        saved = metadata["weights"]
        chance = ChanceModel.from_artefact(learned.part("chance")) if "chance" in parts else None
        shares = (
            learned.part("schooling").arrays["shares"].tolist() if "schooling" in parts else metadata.get("schooling")
        )
        return cls(
            trained_until=date.fromisoformat(metadata["trained_until"]),
            text_space=TextSpace.from_artefact(artefact.part("text")),
            address_space=TextSpace.from_artefact(artefact.part("address")) if "address" in artefact.parts else None,
            collaborative=collaborative,
            popularity=_unpack_popularity(learned.part("popularity")) if "popularity" in parts else {},
            weights=Weights(np.array([saved.get(name, 0.0) for name in COMPONENTS]), chance),
            summary=metadata["summary"],
            uptake=Uptake.from_artefact(learned.part("uptake")) if "uptake" in parts else None,
            schooling=tuple(shares or ()),
            demanded=_rows(learned.part("demanded").arrays["shares"]) if "demanded" in parts else (),
            names=names,
        )


def _rows(table: NDArray[np.float64]) -> Demanded:
    return tuple(tuple(row) for row in table.tolist())


_SEALED, _PEOPLE = "acts", "people"
"""Parts of the files: what is sealed, and what was before all that acts taught was."""


def _opened(names: Names, part: Artefact) -> Artefact:
    return from_bytes(names.open(part.arrays["sealed"].tobytes()))


def _says_anything(prepared: Prepared) -> bool:
    """True where a person stated any fact that is learned from."""
    if prepared.profile is not None and prepared.profile.nnz > 0:
        return True
    return _states_a_fact(prepared.candidate, prepared.words)


def _states_a_fact(candidate: Candidate, words: Sequence[str]) -> bool:
    return any(not name.startswith("missing:") for name in candidate_features(candidate, words))


def _pack_popularity(popularity: Mapping[VacancyId, float]) -> Artefact:
    ids = sorted(popularity)
    return Artefact({"ids": pack_strings(ids), "counts": np.array([popularity[i] for i in ids])}, {})


def _unpack_popularity(artefact: Artefact) -> dict[VacancyId, float]:
    ids = unpack_strings(artefact.arrays["ids"])
    return {VacancyId(i): float(count) for i, count in zip(ids, artefact.arrays["counts"], strict=True)}


def index_of(model: RankingModel, casebook: Casebook, on: date, version: str | None = None) -> VacancyIndex:
    """Return the casebook's vacancies under a model, as they stand on a day.

    With the model's version also which of them step back on that day because too many lists would begin with them.
    """
    stock = casebook.stock(on)
    return replace(model.index(stock, casebook.texts), crowding=_crowded(casebook, stock, on, version))


def _crowded(casebook: Casebook, stock: Stock, on: date, version: str | None) -> Crowded | None:
    days, n = ranking_settings().crowding.days, len(stock.items)
    price, looks, openings, is_crowded = np.zeros(n), np.zeros(n), np.ones(n), np.zeros(n, dtype=np.bool_)
    for post in casebook.crowding:
        row = stock.position.get(post.vacancy_id)
        # Other scores, other prices; and a list of last year is made without those of today.
        if row is not None and post.model_version == version and 0 <= (on - post.as_of).days <= days:
            price[row], looks[row], openings[row] = post.price, post.looks, post.openings
            is_crowded[row] = post.expected > post.bound
    return Crowded(price, looks, is_crowded, openings) if price.any() else None
