"""Options of the commands that can work on a cluster, and the engine or cluster that they name."""

import os
from pathlib import Path
from typing import Annotated

import typer

from pipelines.engines import Engine
from pipelines.engines.cluster import Cluster, Tls
from pipelines.engines.dask import DaskEngine
from pipelines.engines.local import LocalEngine

_CLUSTER = "集群"
EngineName = Annotated[str, typer.Option("--engine", help="计算引擎：local 本机，dask 集群")]
Workers = Annotated[int | None, typer.Option(min=1, help="本机同时工作的进程数，默认为处理器数")]
Scheduler = Annotated[
    str | None,
    typer.Option(help="dask 调度程序的地址 tls://主机:端口；不给则在本机启动", rich_help_panel=_CLUSTER),
]
TlsCa = Annotated[
    Path | None, typer.Option("--tls-ca-file", help="双方信任的证书机构（PEM）", rich_help_panel=_CLUSTER)
]
TlsCert = Annotated[Path | None, typer.Option("--tls-cert", help="本机的证书（PEM）", rich_help_panel=_CLUSTER)]
TlsKey = Annotated[Path | None, typer.Option("--tls-key", help="本机证书的私钥（PEM）", rich_help_panel=_CLUSTER)]


def cluster_of(
    engine: str,
    workers: int | None,
    scheduler: str | None,
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
) -> Cluster | None:
    """Return the cluster that the options name; None for the work of this machine without one.

    Raises
    ------
    typer.BadParameter
        When there is no such engine, or options do not go together.
    """
    if engine not in ("local", "dask"):
        raise typer.BadParameter("--engine 只能是 local 或 dask")
    if engine == "local" and (scheduler, ca, cert, key) != (None, None, None, None):
        raise typer.BadParameter("--scheduler 和 --tls-… 只用于 --engine dask")
    if engine == "local":
        return None
    if scheduler is not None and workers is not None:
        raise typer.BadParameter("--scheduler 和 --workers 只能给一个：已有的调度程序自己决定进程数")
    if ca is not None and cert is not None and key is not None:
        return Cluster(scheduler, tls=Tls(ca, cert, key))
    if (ca, cert, key) != (None, None, None):
        raise typer.BadParameter("--tls-ca-file、--tls-cert、--tls-key 须一起给出")
    return Cluster(scheduler, workers or os.cpu_count() or 1)


def engine_of(cluster: Cluster | None, workers: int | None) -> Engine:
    """Return what works out the blocks of a batch."""
    return LocalEngine(workers or os.cpu_count() or 1) if cluster is None else DaskEngine(cluster)
