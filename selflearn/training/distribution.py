"""How Lightning's Trainer is told of the ranks that `selflearn.ranks` has joined: data parallel, buffers left to their owners."""

from __future__ import annotations

import os
from typing import Any

import torch

from selflearn.ranks import here, rank, world


def machines(device: torch.device, sharded: bool = False) -> dict[str, Any]:
    """The Trainer's options for devices, nodes and strategy. A method that is `sharded` already reduces its gradients itself.

    Gradients are averaged over ranks. DDP's broadcast of buffers is off: it would overwrite what each rank keeps by its own rule.
    Parameters that a step does not use are looked for, as a mask token is used by some methods alone.
    """
    if world() == 1:
        return {"devices": 1 if device.index is None else [device.index]}
    from lightning.pytorch.plugins.environments import ClusterEnvironment
    from lightning.pytorch.strategies import DDPStrategy

    place = here()

    class Joined(ClusterEnvironment):
        """Processes that were started by a launcher and have found each other already."""

        creates_processes_externally = True
        main_address, main_port = os.environ.get("MASTER_ADDR", "127.0.0.1"), int(os.environ.get("MASTER_PORT", "0"))

        @staticmethod
        def detect() -> bool:
            return True

        def world_size(self) -> int:
            return world()

        def set_world_size(self, size: int) -> None:
            """It is what it is."""

        def global_rank(self) -> int:
            return rank()

        def set_global_rank(self, rank: int) -> None:
            """It is what it is."""

        def local_rank(self) -> int:
            return place.local

        def node_rank(self) -> int:
            return rank() // place.local_world

    class Unwrapped(DDPStrategy):
        """The processes as in data parallel, the module left as it is."""

        def _setup_model(self, model: torch.nn.Module) -> Any:
            return model

    strategy = (Unwrapped if sharded else DDPStrategy)(
        cluster_environment=Joined(),
        process_group_backend="nccl" if device.type == "cuda" else "gloo",
        find_unused_parameters=True,
        broadcast_buffers=False,
    )
    return {"devices": place.local_world, "num_nodes": max(1, world() // place.local_world), "strategy": strategy}
