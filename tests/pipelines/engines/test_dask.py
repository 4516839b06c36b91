"""A batch on a cluster: the lines of this machine alone, whatever happens to workers, and what leaves this machine."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import dask
import numpy as np
import psutil  # type: ignore[import-untyped]
import pyarrow.parquet as pq
import pytest
from distributed import Future, LocalCluster, Security

from matching.entities import Candidate
from matching.features import candidate_features, candidate_words
from models.features import CodedRows
from pipelines import batch
from pipelines.batch import run_batch
from pipelines.batch_blocks import Office, Task
from pipelines.desk import Desk
from pipelines.engines import cluster as clusters
from pipelines.engines import dask as dask_engine
from pipelines.engines import features
from pipelines.engines.cluster import Cluster, Packed, Tls, Work, each
from pipelines.engines.dask import DaskEngine
from pipelines.engines.errors import NoCluster, NoDask, OtherProgram, WorkersLost
from pipelines.engines.features import FeatureRows
from pipelines.engines.parcels import Broadcast, Parcel, worked_out
from pipelines.live_tests import LiveTests, Switched
from pipelines.train import train
from tests.conftest import Town
from tests.support.province import QUICK, TODAY

ONE_BY_ONE = 10**9


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "BLOCK", 10)
    monkeypatch.setattr(batch, "TOGETHER_FROM", ONE_BY_ONE)


@pytest.fixture(scope="module")
def desk(town: Town) -> Desk:
    """A desk under which one list in ten has a line by lot."""
    lot, whole = Switched(share=0.1, seed=5, by="test", at="2026-11-01", reason="try"), town.desk()
    few = dict(list(whole.casebook.candidates.items())[:110])
    return replace(whole, casebook=replace(whole.casebook, candidates=few), tests=LiveTests(lot=lot))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalCluster, DaskEngine]]:
    """A scheduler that two worker processes serve, spoken with under TLS by its address and certificates."""
    folder, security = tmp_path_factory.mktemp("tls"), Security.temporary()
    held = {"ca": security.tls_ca_file, "cert": security.tls_client_cert, "key": security.tls_client_key}
    for name, content in held.items():
        (folder / name).write_text(content, encoding="ascii")
    made = LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        protocol="tls://",
        security=security,
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        silence_logs=logging.CRITICAL,
    )
    with made as running:
        tls = Tls(folder / "ca", folder / "cert", folder / "key")
        yield running, DaskEngine(Cluster(scheduler=running.scheduler_address, tls=tls))


def rows(folder: Path) -> list[dict[str, Any]]:
    found = [row for path in sorted(folder.glob("block-*.parquet")) for row in pq.read_table(path).to_pylist()]
    return [{**row, "run_id": ""} for row in found]


@pytest.fixture(scope="module")
def alone(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The lines that this process makes."""
    folder = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(batch, "BLOCK", 10)
        patched.setattr(batch, "TOGETHER_FROM", ONE_BY_ONE)
        run_batch(desk, folder, k=5)
    return rows(folder)


def killing(running: LocalCluster, which: slice, when: Callable[[int], bool]) -> Callable[[int, int], None]:
    """Return a progress that ends workers in the middle of what they do, when so many people are done."""

    def progress(done: int, _: int) -> None:
        if when(done):
            for nanny in list(running.workers.values())[which]:
                if nanny.pid is not None:  # else it is just being started again, and nothing is there to be ended
                    os.kill(nanny.pid, signal.SIGKILL)

    return progress


def test_lines_are_those_of_one_machine_with_reasons_and_without(
    desk: Desk, two: tuple[LocalCluster, DaskEngine], alone: list[dict[str, Any]], tmp_path: Path
) -> None:
    counted: list[tuple[int, int]] = []
    out = tmp_path / "cluster"
    report = run_batch(desk, out, k=5, engine=two[1], progress=lambda *told: counted.append(told))
    assert rows(out) == alone
    assert report.n_made == report.n_candidates == len(desk.active())
    assert counted[-1] == (report.n_candidates, report.n_candidates)
    assert run_batch(desk, out, k=5, engine=two[1]).n_made == 0
    few = replace(desk, casebook=replace(desk.casebook, candidates=dict(list(desk.casebook.candidates.items())[:30])))
    run_batch(few, tmp_path / "told", k=3, with_reasons=True)
    run_batch(few, tmp_path / "told by workers", k=3, with_reasons=True, engine=two[1])
    assert rows(tmp_path / "told by workers") == rows(tmp_path / "told")


def test_a_worker_killed_in_the_middle_costs_its_blocks_alone(
    desk: Desk, two: tuple[LocalCluster, DaskEngine], alone: list[dict[str, Any]], tmp_path: Path
) -> None:
    running, engine = two
    before = {nanny.pid for nanny in running.workers.values()}
    run_batch(desk, tmp_path, k=5, engine=engine, progress=killing(running, slice(1), lambda done: done == 10))
    assert rows(tmp_path) == alone
    assert list(tmp_path.glob("*.partial")) == []
    assert {nanny.pid for nanny in running.workers.values()} != before


def test_a_result_that_went_with_its_worker_before_it_was_fetched_is_made_again(
    desk: Desk,
    two: tuple[LocalCluster, DaskEngine],
    alone: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetched = Future.result
    lost: list[str] = []

    def result(future: Any, timeout: float | None = None) -> Any:
        if not lost:
            lost.append(future.key)
            raise CancelledError(future.key)
        return fetched(future, timeout)

    monkeypatch.setattr(Future, "result", result)
    run_batch(desk, tmp_path, k=5, engine=two[1])
    assert len(lost) == 1
    assert rows(tmp_path) == alone


def test_what_all_share_is_sent_again_when_the_last_worker_that_held_it_is_gone(
    desk: Desk, two: tuple[LocalCluster, DaskEngine], alone: list[dict[str, Any]], tmp_path: Path
) -> None:
    running, engine = two
    run_batch(desk, tmp_path, k=5, engine=engine, progress=killing(running, slice(2), lambda done: done == 20))
    assert rows(tmp_path) == alone


def test_more_kills_than_allowed_end_with_what_to_do_and_the_run_is_gone_on_with(
    desk: Desk,
    two: tuple[LocalCluster, DaskEngine],
    alone: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running, engine = two
    monkeypatch.setattr(running.scheduler, "allowed_failures", 0)
    at_every_block = killing(running, slice(1), lambda done: done > 0)
    with pytest.raises(WorkersLost, match="再运行"):
        run_batch(desk, tmp_path, k=5, engine=engine, progress=at_every_block)
    n_there = len(list(tmp_path.glob("block-*.parquet")))
    assert n_there > 0
    report = run_batch(desk, tmp_path, k=5)
    assert report.n_blocks_kept == n_there
    assert rows(tmp_path) == alone


def test_an_update_on_a_cluster_is_a_whole_run(
    desk: Desk, two: tuple[LocalCluster, DaskEngine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "TOGETHER_FROM", 1)
    kept, whole = tmp_path / "kept", tmp_path / "whole"
    run_batch(desk, kept, k=3, engine=two[1])
    book, first = desk.casebook, desk.active()[0]
    post = book.vacancies[0]
    dearer = replace(post, wage_min=(post.wage_min or Decimal(3000)) + 500, wage_max=None)
    moved = replace(book.candidates[first], wished_wage_min=Decimal(2500), region="620102")
    later = replace(book, vacancies=[dearer, *book.vacancies[1:]], candidates={**book.candidates, first: moved})
    then = Desk.open(later, desk.model, desk.model_version, TODAY, desk.tests)
    report = run_batch(then, kept, k=3, engine=two[1])
    assert 0 < report.n_made < report.n_candidates
    run_batch(then, whole, k=3)
    assert sorted(rows(kept), key=repr) == sorted(rows(whole), key=repr)


def test_a_model_learned_from_rows_of_a_cluster_is_the_model_learned_here(
    town: Town, two: tuple[LocalCluster, DaskEngine], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(features, "PART", 40)
    book, config = town.casebook(), replace(QUICK, states_chance=False)
    here = train(book, until=TODAY, config=config)
    there = train(book, until=TODAY, config=replace(config, rows=FeatureRows(two[1].cluster)))
    assert there.weights.values.tolist() == here.weights.values.tolist()
    assert here.collaborative is not None
    assert there.collaborative is not None
    own, other = (one.collaborative.model.to_artefact().arrays for one in (here, there) if one.collaborative)
    assert all(np.array_equal(own[name], other[name]) for name in own)
    assert "a worker's features differ" not in caplog.text


def test_features_that_a_worker_makes_otherwise_are_made_here(
    town: Town, two: tuple[LocalCluster, DaskEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = list(town.casebook().candidates.values())[:9]
    monkeypatch.setattr(features, "PART", 4)
    monkeypatch.setattr(features, "_WORK", {features.people_rows: _no_rows})
    made = FeatureRows(two[1].cluster).of_people(people)
    assert [part.row(i) for part in made for i in range(len(part))] == [
        candidate_features(one, candidate_words(one)) for one in people
    ]


def _no_rows(_: None, people: Sequence[Candidate]) -> CodedRows:
    return CodedRows.of({} for _ in people)


def test_nothing_that_says_who_somebody_is_leaves_this_machine(desk: Desk) -> None:
    people = {
        i: replace(one, name="张三丰", phone="13800000000", household_id="hu-17", address="皋兰路九十九号")
        for i, one in desk.casebook.candidates.items()
    }
    full = replace(desk, casebook=replace(desk.casebook, candidates=people))
    task = Task(Path("block-00000.parquet"), tuple(full.active()), 5, False, "")
    sent = Packed.of(Parcel.of(full, task, None)).content + Packed.of(Broadcast.of(full, None, together=True)).content
    numbers = [one.certificate_number for one in people.values() if one.certificate_number]
    names = full.model.collaborative.names if full.model.collaborative else None
    assert numbers
    assert names is not None
    secrets = [*map(str, people), *numbers, "张三丰", "13800000000", "hu-17", *map(names.of, people)]
    assert [secret for secret in secrets if secret.encode() in sent] == []
    assert names.key not in sent
    assert names.sealing not in sent
    # The home address goes as far as the model holds it against places of work.
    assert "皋兰路九十九号".encode() in sent
    nowhere = replace(full, model=replace(full.model, address_space=None))
    assert "皋兰路九十九号".encode() not in Packed.of(Parcel.of(nowhere, task, None)).content


def _otherwise(office: Office, parcel: Parcel) -> Any:
    table, n_made = worked_out(office, parcel)
    return table.slice(1), n_made


def test_a_block_that_a_worker_makes_otherwise_is_made_here(
    desk: Desk,
    two: tuple[LocalCluster, DaskEngine],
    alone: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(dask_engine, "_BLOCKS", Work(Broadcast.open, _otherwise))
    run_batch(desk, tmp_path, k=5, engine=two[1])
    assert rows(tmp_path) == alone
    assert "a worker's list differs" in caplog.text


def _broken(_: Any, part: str) -> str:
    raise ValueError("could not be worked out")


def _length(_: Any, part: str) -> int:
    return len(part)


def _as_it_is(shared: Any) -> Any:
    return shared


def test_what_fails_in_a_worker_is_told_here_and_its_log_does_not_show_the_people(
    two: tuple[LocalCluster, DaskEngine],
) -> None:
    engine, work = two[1], Work(_as_it_is, _broken)
    with engine.cluster.client() as client:
        with pytest.raises(ValueError, match="could not"):
            list(each(client, work, None, [(0, "canary-17")], cluster=engine.cluster))
        logs = repr(client.get_worker_logs())
    assert "could not be worked out" in logs
    assert "canary-17" not in logs


def test_a_cluster_of_this_machine_is_open_to_nobody_else() -> None:
    with Cluster(workers=1).client() as client:
        assert str(client.scheduler_info()["address"]).startswith("tls://127.0.0.1:")
        family = [psutil.Process(), *psutil.Process().children(recursive=True)]
        listening = {c.laddr.ip for p in family for c in p.net_connections() if c.status == psutil.CONN_LISTEN}
        assert listening == {"127.0.0.1"}
        assert dask.config.get("distributed.scheduler.http.routes") == []
        lengths = each(client, Work(_as_it_is, _length), None, [("a", "one"), ("b", "three")], cluster=Cluster())
        assert sorted(lengths) == [("a", 3), ("b", 5)]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://10.0.0.7:8786", "tls"),
        ("tcp://scheduler.example:8786", "tls"),
        ("10.0.0.7:8786", "tls://主机:端口"),
        ("http://127.0.0.1:8786", "tls://主机:端口"),
        ("tcp://127.0.0.1:9", "无法连接"),
    ],
)
def test_a_scheduler_is_spoken_with_safely_or_not_at_all(address: str, said: str) -> None:
    with pytest.raises(NoCluster, match=said), Cluster(scheduler=address, patience=0.2).client():
        pass


def test_missing_certificates_are_named(tmp_path: Path) -> None:
    nowhere = Tls(tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem")
    with pytest.raises(NoCluster, match=r"ca\.pem"), Cluster(scheduler="tls://127.0.0.1:9", tls=nowhere).client():
        pass


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NoDask, match="没有安装"), Cluster().client():
        pass


def test_a_worker_with_another_program_does_nothing() -> None:
    work = Work(_as_it_is, _broken)
    with pytest.raises(OtherProgram, match="同一版本"):
        clusters._worked(Packed.of(None), "run", work, Packed.of(""), "0+other")
