"""A small W&B server on the loopback interface, which the real client and wandb-core talk to.

It knows what they ask for when runs are logged, synced, listed, read, changed and given artifacts, counts every
request, and fails on demand.
"""

from tests.adapters.wandb.server.http import Fault, Request, Server
from tests.adapters.wandb.server.store import KEY, StoredRun

__all__ = ["KEY", "Fault", "Request", "Server", "StoredRun"]
