"""What can be wrong with a cluster; each says how to go on."""

from pipelines.errors import PipelineError


class ClusterError(PipelineError):
    """What goes wrong with a cluster."""


class NoDask(ClusterError):
    """The packages that speak with a cluster are not installed."""


class NoCluster(ClusterError):
    """No scheduler answers at the address, or it may not be spoken with so."""


class WorkersLost(ClusterError):
    """Workers ended more often than is allowed, or all are gone; what was written stays."""


class OtherProgram(ClusterError):
    """A worker runs another version of this program than the one that asks."""
