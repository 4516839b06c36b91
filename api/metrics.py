"""What the service counts of itself, for Prometheus: requests and their time, by route template, method and status.

No label holds anything that was sent: a path that is no route is counted under one name.
"""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
NO_ROUTE = "(none)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LABELS = ("method", "route", "status")
# Around the limits that are asked for: 60 ms for reads, 150 ms for lists.
_SECONDS = (0.005, 0.01, 0.025, 0.06, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The counters of one application; its own registry, so that two in a process do not add up."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("yougang_requests", "Requests answered", _LABELS, registry=self._registry)
        self._seconds = Histogram(
            "yougang_request_seconds", "Time to the last byte of an answer", ("method", "route"),
            buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self._under_way = Gauge("yougang_requests_under_way", "Requests being answered", registry=self._registry)

        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def began(self) -> None:
        """Count a request that begins."""
        self._under_way.inc()

    def ended(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        said = (known_method(method), route or NO_ROUTE, status)
        counted = self._counted.get(said)
        if counted is None:
            of_all = self._requests.labels(said[0], said[1], str(status))
            counted = self._counted[said] = (of_all, self._seconds.labels(said[0], said[1]))
        self._under_way.dec()
        counted[0].inc()
        counted[1].observe(seconds)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


def known_method(method: str) -> str:
    """Return a method of HTTP, or one name for everything else that was sent in its place."""
    return method if method in _METHODS else "other"
