"""The name of every column of the interaction and recommendation tables; nobody types one twice."""

from typing import ClassVar


class Columns:
    """Column names, and the columns that each table has."""

    CANDIDATE = "candidate_id"
    VACANCY = "vacancy_id"
    WEIGHT = "weight"
    TIME = "time"
    SCORE = "score"
    RANK = "rank"

    INTERACTIONS: ClassVar[tuple[str, ...]] = (CANDIDATE, VACANCY, WEIGHT, TIME)
    RECOMMENDATIONS: ClassVar[tuple[str, ...]] = (CANDIDATE, VACANCY, SCORE, RANK)
