"""What was last said of every sample."""

import torch

from selflearn.targets import Memory


def test_the_last_vector_of_a_sample_is_kept():
    memory = Memory(4, 2)
    memory.write(torch.tensor([2, 0]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    memory.write(torch.tensor([2]), torch.tensor([[5.0, 6.0]]))
    assert memory.known.tolist() == [True, False, True, False]
    assert memory.vectors.tolist() == [[3, 4], [0, 0], [5, 6], [0, 0]]
    assert not memory.full
    memory.write(torch.arange(4), torch.ones(4, 2))
    assert memory.full


def test_it_is_in_the_state():
    memory, again = Memory(3, 2), Memory(3, 2)
    memory.write(torch.tensor([1]), torch.ones(1, 2))
    again.load_state_dict(memory.state_dict())
    assert torch.equal(again.vectors, memory.vectors)
    assert again.known.tolist() == [False, True, False]
