"""One metric per file; each takes ranked ids and answers for one person, or for all lists together."""

from models.metrics.coverage import coverage
from models.metrics.exposure import exposure
from models.metrics.hit import hit
from models.metrics.intervals import Interval, mean_interval, paired_difference
from models.metrics.ndcg import ndcg
from models.metrics.recall import recall

__all__ = ["Interval", "coverage", "exposure", "hit", "mean_interval", "ndcg", "paired_difference", "recall"]
