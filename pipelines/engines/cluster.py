"""Work handed to the workers of a cluster (dask.distributed): a running one, or one of processes of this machine.

What is handed over is pickled, and whoever may speak with a scheduler may run code on its workers and in the process
that asks. So a scheduler on another machine is spoken with under TLS alone, by certificates of both sides; a cluster of
this machine listens on 127.0.0.1 with a certificate that is made for it and ends with it, and shows no pages.
"""

import copyreg
import logging
import pickle
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from ipaddress import ip_address
from pathlib import Path
from queue import Empty, Queue
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from threadpoolctl import threadpool_limits

from pipelines.engines.errors import NoCluster, NoDask, OtherProgram, WorkersLost
from pipelines.quarter.code import code_version

if TYPE_CHECKING:
    from distributed import Client, Future, Security

Tag = TypeVar("Tag")
Part = TypeVar("Part")
Shared = TypeVar("Shared")
Opened = TypeVar("Opened")
Result = TypeVar("Result")
_AHEAD = 2
"""So many parts for each worker are under way at once: the memory of none of the three grows with their number."""
_LOOK_EVERY = 2.0
_LEFT = "已完成的部分保留，用同一命令再运行即可接着做"


@dataclass(frozen=True, slots=True)
class Tls:
    """Files (PEM) of the authority that both sides trust, and of this side's certificate and key."""

    ca: Path
    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the workers are.

    Attributes
    ----------
    scheduler
        Address of a running scheduler, `tls://host:8786`; None starts `workers` processes of this machine.
    allowed_kills
        A part may be on so many workers that end while they have it; with a running scheduler that one's own setting
        (`distributed.scheduler.allowed-failures`) counts.
    patience
        Seconds without any worker after which the work is given up.
    """

    scheduler: str | None = None
    workers: int = 1
    tls: Tls | None = None
    allowed_kills: int = 3
    patience: float = 120.0

    @contextmanager
    def client(self) -> "Iterator[Client]":
        """Connect, or start a cluster that ends with the block.

        Raises
        ------
        NoDask
            When the packages are missing.
        NoCluster
            When nobody answers, or the address is another machine's and is not spoken with under TLS.
        """
        try:
            import dask
            import distributed
        except ImportError as error:
            raise NoDask("没有安装 dask 和 distributed：请按 requirements.lock 安装，或用 --engine local") from error
        # It tells every connection on standard error, where the command tells how far it is.
        logging.getLogger("distributed").setLevel(logging.ERROR)
        if self.scheduler is not None:
            with self._connected(distributed) as client:
                yield client
            return
        quiet = {
            "distributed.scheduler.http.routes": [],
            "distributed.worker.http.routes": [],
            "distributed.scheduler.allowed-failures": self.allowed_kills,
            # What a worker holds is of people: it stays in memory.
            "distributed.worker.memory.target": False,
            "distributed.worker.memory.spill": False,
        }
        with (
            dask.config.set(quiet),
            distributed.LocalCluster(
                n_workers=self.workers,
                threads_per_worker=1,
                host="127.0.0.1",
                protocol="tls://",
                security=distributed.Security.temporary(),
                dashboard_address=None,
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                worker_dashboard_address=None,
                silence_logs=logging.ERROR,
            ) as cluster,
            distributed.Client(cluster, set_as_default=False) as client,
        ):
            yield client

    @contextmanager
    def _connected(self, distributed: Any) -> "Iterator[Client]":
        address = str(self.scheduler)
        parts = urlsplit(address)
        if parts.scheme not in ("tls", "tcp") or not parts.hostname:
            raise NoCluster("调度程序的地址应写作 tls://主机:端口")
        if parts.scheme == "tcp" and not _is_this_machine(parts.hostname):
            raise NoCluster("另一台机器上的调度程序只能用 tls:// 连接：残疾人信息不得明文传输")
        security: Security | None = None
        if parts.scheme == "tls":
            files = {} if self.tls is None else _security_of(self.tls)
            security = distributed.Security(require_encryption=True, **files)
        try:
            client = distributed.Client(
                address, security=security, set_as_default=False, timeout=min(20.0, self.patience)
            )
        except (OSError, TypeError, ValueError) as error:
            raise NoCluster(f"无法连接调度程序 {address}：请检查地址、端口和证书") from error
        with client:
            yield client


def _security_of(tls: Tls) -> dict[str, str]:
    for file in (tls.ca, tls.cert, tls.key):
        if not file.is_file():
            raise NoCluster(f"找不到证书文件 {file}")
    return {"tls_ca_file": str(tls.ca), "tls_client_cert": str(tls.cert), "tls_client_key": str(tls.key)}


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Work:
    """What workers do: `open` makes ready what all parts share, once in each worker; `do` works one part out."""

    open: Callable[[Any], Any]
    do: Callable[[Any, Any], Any]


def each(
    client: "Client", work: Work, shared: object, parts: Iterable[tuple[Tag, Any]], *, cluster: Cluster
) -> Iterator[tuple[Tag, Any]]:
    """Yield what comes of each part with its tag, as soon as it is there.

    A part whose worker ends is worked out by another. Parts are packed when their turn comes, in their order.

    Raises
    ------
    WorkersLost
        When a part was on more workers that ended than is allowed, no worker is left, or the scheduler is gone.
    OtherProgram
        When a worker runs another version of this program.
    """
    yield from _Run(client, work, shared, cluster).over(parts)


class _Run:
    def __init__(self, client: "Client", work: Work, shared: object, cluster: Cluster) -> None:
        self._client, self._work, self._cluster = client, work, cluster
        # Pickled once, and opened once by each worker, whatever way it came there.
        self._packed = Packed.of(shared)
        self._token = uuid.uuid4().hex
        self._finished: Queue[Future[Any]] = Queue()
        self._running: dict[Future[Any], tuple[Any, Packed]] = {}
        self._sent: Future[Any] = self._broadcast()
        self._n_lost = 0

    def over(self, parts: Iterable[tuple[Tag, Any]]) -> Iterator[tuple[Tag, Any]]:
        waiting = iter(parts)
        try:
            while True:
                self._fill(waiting)
                if not self._running:
                    return
                future = self._next()
                tag, part = self._running.pop(future)
                result = None if future.cancelled() else self._result(future)
                if result is None:
                    self._again(tag, part)
                    continue
                future.release()
                yield tag, result.opened()
        finally:
            if self._running and self._client.status == "running":  # else there is nobody who could answer
                self._client.cancel(list(self._running), force=True)
            self._sent.release()

    def _broadcast(self) -> "Future[Any]":
        sent: list[Future[Any]] = self._client.scatter([self._packed], broadcast=True, hash=False)
        return sent[0]

    def _fill(self, waiting: Iterator[tuple[Any, Any]]) -> None:
        most = _AHEAD * max(1, sum(self._client.nthreads().values()))
        while len(self._running) < most:
            following = next(waiting, None)
            if following is None:
                return
            tag, part = following
            self._submit(tag, Packed.of(part))

    def _submit(self, tag: Any, part: "Packed") -> None:
        key = f"yougang-{self._token[:8]}-{uuid.uuid4().hex[:12]}"
        future = self._client.submit(
            _worked, self._sent, self._token, self._work, part, code_version(), key=key, pure=False
        )
        self._running[future] = (tag, part)
        future.add_done_callback(self._finished.put)

    def _next(self) -> "Future[Any]":
        since = time.monotonic()
        while True:
            try:
                future = self._finished.get(timeout=_LOOK_EVERY)
            except Empty:
                if self._client.status != "running":
                    raise WorkersLost(f"与调度程序的连接断开；{_LEFT}") from None
                if self._client.nthreads():
                    since = time.monotonic()
                elif time.monotonic() - since > self._cluster.patience:
                    raise WorkersLost(f"没有任何计算进程可用；{_LEFT}") from None
                continue
            if future in self._running:
                return future

    def _again(self, tag: Any, part: "Packed") -> None:
        """Hand a part out once more whose shared data went with the last worker that held it."""
        if self._client.status != "running":
            raise WorkersLost(f"与调度程序的连接断开；{_LEFT}")
        if self._sent.status != "finished":
            self._n_lost += 1
            if self._n_lost > self._cluster.allowed_kills:
                raise WorkersLost(f"计算进程反复中断，超过允许的 {self._cluster.allowed_kills} 次；{_LEFT}")
            self._sent = self._broadcast()
        self._submit(tag, part)

    def _result(self, future: "Future[Any]") -> "Packed | None":
        """Return what came of a part; None where it went with a worker that ended before it was fetched."""
        from distributed import KilledWorker

        try:
            result: Packed = future.result()
        except CancelledError:
            return None
        except KilledWorker as error:
            times = error.allowed_failures
            raise WorkersLost(f"同一部分的计算进程中断超过允许的 {times} 次（常因内存不足）；{_LEFT}") from error
        return result


class Packed:
    """Pickled content that no log shows: a worker's log names the arguments of what failed."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content

    @classmethod
    def of(cls, value: object) -> "Packed":
        """Pickle a value."""
        written = BytesIO()
        pickler = pickle.Pickler(written, protocol=5)
        pickler.dispatch_table = {**copyreg.dispatch_table, MappingProxyType: _of_mapping}
        pickler.dump(value)
        return cls(written.getvalue())

    def opened(self) -> Any:
        """Return the value."""
        return pickle.loads(self.content)  # noqa: S301 - comes from this program alone, see the module's head

    def __repr__(self) -> str:
        return f"Packed({len(self.content)} bytes)"

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + len(self.content)

    def __reduce__(self) -> tuple[type["Packed"], tuple[bytes]]:
        return Packed, (self.content,)


def _of_mapping(mapping: "MappingProxyType[Any, Any]") -> tuple[Any, ...]:
    return _read_only, (dict(mapping),)


def _read_only(mapping: dict[Any, Any]) -> "MappingProxyType[Any, Any]":
    return MappingProxyType(mapping)


_OPENED: dict[str, Any] = {}
_ONE_AT_A_TIME = Lock()
"""What is opened keeps things it worked out; a worker with several threads still works one part after the other."""


def _worked(shared: Packed, token: str, work: Work, part: Packed, code: str) -> Packed:
    """Work one part out, in a worker."""
    if code != code_version():
        raise OtherProgram("计算进程上的程序版本与本机不同：请在所有机器上安装同一版本")
    with _ONE_AT_A_TIME, threadpool_limits(1):
        if token not in _OPENED:
            _OPENED.clear()  # of an earlier run
            _OPENED[token] = work.open(shared.opened())
        return Packed.of(work.do(_OPENED[token], part.opened()))
