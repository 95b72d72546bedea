"""Two ranks that gather learn what one process with the whole batch would."""

import os
import socket

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from selflearn.errors import RunError
from selflearn.objectives import SimilarityGraph, info_nce
from selflearn.ranks import Place, gathered, gathered_rows, rank, rank_mean, rank_weight, together, world
from selflearn.targets import Centre


def data():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(8, 5, generator=generator), torch.randn(5, 3, generator=generator)


def gradient(rows, weight):
    weight = weight.clone().requires_grad_()
    projections = gathered(rows @ weight)
    labels = gathered(torch.arange(len(rows)) // 2 + 10 * rank())
    info_nce(projections, projections, SimilarityGraph.of_labels(labels)).backward()
    return weight.grad


def one_rank(number, port, out):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=number, world_size=2)
    rows, weight = data()
    mine = rows[4 * number : 4 * number + 4]
    averaged = rank_mean(gradient(mine, weight))
    centre = Centre(5)
    centre.follow(mine)
    unequal = gathered_rows(rows[: 5 if number == 0 else 0])
    torch.save((world(), averaged, centre.centre, unequal), out / f"{number}.pt")
    dist.destroy_process_group()


@pytest.mark.skipif(not dist.is_available(), reason="torch was built without distributed")
def test_two_ranks_equal_one_process(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(one_rank, (port, tmp_path), nprocs=2)
    rows, weight = data()
    projections = rows @ (whole := weight.clone().requires_grad_())
    labels = torch.tensor([0, 0, 1, 1, 10, 10, 11, 11])
    info_nce(projections, projections, SimilarityGraph.of_labels(labels)).backward()
    centre = Centre(5)
    centre.follow(rows)
    for number in range(2):
        ranks, averaged, its_centre, unequal = torch.load(tmp_path / f"{number}.pt", weights_only=True)
        assert ranks == 2
        assert torch.allclose(averaged, whole.grad, atol=1e-6)
        assert torch.allclose(its_centre, centre.centre, atol=1e-7)
        assert torch.equal(unequal, rows[:5])


def test_alone_nothing_changes():
    rows = torch.randn(3, 2, requires_grad=True)
    assert gathered(rows) is rows
    assert (rank(), world()) == (0, 1)
    assert torch.equal(rank_mean(rows), rows)
    assert torch.equal(gathered_rows(rows), rows)
    assert rank_weight(torch.tensor(3)) == 1


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, Place()),
        ({"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}, Place(3, 4, 1, 2)),
        (
            {
                "SLURM_STEP_ID": "0",
                "SLURM_PROCID": "5",
                "SLURM_NTASKS": "8",
                "SLURM_LOCALID": "1",
                "SLURM_TASKS_PER_NODE": "4(x2)",
            },
            Place(5, 8, 1, 4),
        ),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8", "SLURM_LOCALID": "0", "SLURM_TASKS_PER_NODE": "8"}, Place()),  # not by srun
    ],
)
def test_launchers_tell_each_process_its_place(environment, place):
    assert Place.of(environment) == place


def test_a_launcher_that_contradicts_itself_is_told():
    with pytest.raises(RunError, match="contradicts itself"):
        Place.of({"RANK": "4", "WORLD_SIZE": "4", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "4"})
    with pytest.raises(RunError, match="RANK=x"):
        Place.of({"RANK": "x", "WORLD_SIZE": "4", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "4"})


def test_a_port_in_use_is_told(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
        monkeypatch.setenv("MASTER_PORT", str(taken.getsockname()[1]))
        place = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"}
        with pytest.raises(RunError, match=r"process 0 of 2 cannot join the others at 127.0.0.1:\d+"), together(place):
            pass
