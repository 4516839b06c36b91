"""How often somebody may do something: one table, each row with its reason; counted in this process.

Several processes count each for itself. Keys are kept as hashes; what was refused is not counted, so that waiting
helps. Answers tell what is left in the words of the draft on RateLimit header fields.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

from pipelines.access.errors import TooManyRequests
from pipelines.access.roles import Action, Subject

_SLOTS = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so much in so many seconds."""

    name: str
    most: int
    seconds: int


SIGN_IN_BY_PLACE = Rate("sign-in-place", 30, 60)
"""Offices share an address; a guesser tries thousands."""
SIGN_IN_BY_LOGIN = Rate("sign-in-login", 10, 60)
"""A person mistypes a few times; the account itself shuts at five wrong ones."""
REQUESTS = Rate("requests", 600, 60)
"""A person's pages ask a few times a second at most; a program has no need to poll faster."""
PEOPLE = Rate("people", 1000, 3600)
"""A caseworker sees some tens of people a day, a page has up to 100; more is somebody copying the register."""
PEOPLE_TO_MACHINES = Rate("people", 20_000, 3600)
"""A county has up to some thousands of people, and an exchange brings them over once a night."""
IDENTITIES = Rate("identities", 60, 3600)
"""Names and numbers in full are for telephoning or deciding, one by one."""
EXTRACTS = Rate("extracts", 20, 3600)
"""A person asks for the own file seldom, and each takes a whole reading of the store."""
IMPORTS = Rate("imports", 60, 3600)
"""Seven tables, tried and sent again some times; each may have tens of thousands of rows."""
PREVIEWS = Rate("previews", 240, 3600)
"""A form that is filled in asks some tens of times; for an organisation, whoever of it asks (threat 6)."""
RECORDS = Rate("records", 3000, 3600)
"""What happened to people, by id and without a name: a few pages at a time; a register could be copied by them too."""
RECORDS_TO_MACHINES = Rate("records", 60_000, 3600)
"""Each person has a few of them."""
_OF_PEOPLE = frozenset(
    {
        Action.READ_CANDIDATES, Action.READ_IDENTITY, Action.READ_SHORTLIST, Action.READ_RELEASED,
        Action.READ_CONSENTS, Action.WRITE_CANDIDATES,
    }
)  # fmt: skip
"""Acts whose answers tell of people; a change tells the record back."""
_OF_RECORDS = frozenset(
    {
        Action.READ_INTERACTIONS,
        Action.READ_PLACEMENTS,
        Action.READ_SERVICES,
        Action.READ_BENEFITS,
        Action.READ_QUOTA,
        Action.READ_NOTES,
        Action.READ_TASKS,
    }
)
OF_ONE = frozenset({Action.READ_CONSENTS, Action.WRITE_CANDIDATES})
"""Acts that tell of the one person in the address, or of nobody."""
_BESIDE: Mapping[Action, Rate] = {
    Action.READ_IDENTITY: IDENTITIES,
    Action.EXTRACT_CANDIDATE: EXTRACTS,
    Action.HAND_OUT_FILES: EXTRACTS,
    Action.WRITE_IMPORTS: IMPORTS,
}


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a rate."""

    rate: Rate
    remaining: int
    seconds: int

    @property
    def headers(self) -> Mapping[str, str]:
        """Return it as header fields."""
        name = self.rate.name
        return {
            "RateLimit-Policy": f'"{name}";q={self.rate.most};w={self.rate.seconds}',
            "RateLimit": f'"{name}";r={self.remaining};t={self.seconds}',
        }


class RateLimit:
    """The counts of one rate, in slots of a sixtieth of its time: at most a slot more strict than it says."""

    def __init__(self, most: int, seconds: int, name: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = Rate(name, most, seconds)
        self._clock = clock
        self._counts: dict[str, _Counts] = {}
        self._swept_at = clock()
        self._lock = Lock()

    @classmethod
    def of(cls, rate: Rate) -> "RateLimit":
        """Return an empty count of a rate."""
        return cls(rate.most, rate.seconds, rate.name)

    def take(self, key: str, cost: int = 1) -> Left:
        """Count an act, or several at once.

        Raises
        ------
        TooManyRequests
            When there were too many; nothing of it is then counted.
        """
        known_as, width = hashlib.sha256(key.encode()).hexdigest(), self.rate.seconds / _SLOTS
        with self._lock:
            now = self._clock()
            slot = int(now / width)
            self._sweep(now, slot)
            counts = self._counts.get(known_as) or _Counts()
            counts.forget_before(slot - _SLOTS)
            left = self.rate.most - counts.total - cost
            if left < 0:
                raise TooManyRequests("请求过于频繁，请稍后再试", seconds=self._wait(counts, -left, now, width))
            counts.add(slot, cost)
            self._counts[known_as] = counts
            return Left(self.rate, left, int((counts.oldest + _SLOTS + 1) * width - now) + 1)

    def _wait(self, counts: "_Counts", missing: int, now: float, width: float) -> int:
        """Return in how many seconds so much is free again; a full time where it never is."""
        for at, n in counts.by_slot.items():
            missing -= n
            if missing <= 0:
                return int((at + _SLOTS + 1) * width - now) + 1
        return self.rate.seconds

    def _sweep(self, now: float, slot: int) -> None:
        if now - self._swept_at < self.rate.seconds:
            return
        self._swept_at = now
        self._counts = {key: counts for key, counts in self._counts.items() if counts.newest >= slot - _SLOTS}


class _Counts:
    """What somebody did, by slot of time, the oldest first; slots only ever come later."""

    __slots__ = ("by_slot", "newest", "total")

    def __init__(self) -> None:
        self.by_slot: dict[int, int] = {}
        self.total, self.newest = 0, 0

    @property
    def oldest(self) -> int:
        return next(iter(self.by_slot))

    def add(self, slot: int, n: int) -> None:
        self.by_slot[slot] = self.by_slot.get(slot, 0) + n
        self.total, self.newest = self.total + n, slot

    def forget_before(self, slot: int) -> None:
        while self.by_slot and self.oldest < slot:
            self.total -= self.by_slot.pop(self.oldest)


class Rates:
    """The counts of everything in the table that is asked of a subject."""

    def __init__(self) -> None:
        self.requests = RateLimit.of(REQUESTS)
        self.people = RateLimit.of(PEOPLE)
        self.people_to_machines = RateLimit.of(PEOPLE_TO_MACHINES)
        self.records = RateLimit.of(RECORDS)
        self.records_to_machines = RateLimit.of(RECORDS_TO_MACHINES)
        self.beside = {action: RateLimit.of(rate) for action, rate in _BESIDE.items()}

    def take(self, subject: Subject, action: Action | None, n_people: int) -> Left | None:
        """Count a request of a subject; the one trusted user of a machine is not counted.

        Raises
        ------
        TooManyRequests
            When there were too many of its kind.
        """
        if subject.is_local:
            return None
        left = self.requests.take(subject.by.actor)
        is_machine = subject.client_id is not None
        if action in _OF_PEOPLE:
            people = self.people_to_machines if is_machine else self.people
            left = people.take(subject.by.actor, n_people)
        elif action in _OF_RECORDS and subject.sees_people:
            records = self.records_to_machines if is_machine else self.records
            left = records.take(subject.by.actor, n_people)
        if action in self.beside:
            left = self.beside[action].take(subject.by.actor)
        return left
