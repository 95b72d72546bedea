"""The joint family: who is a positive, which sides learn, how views share statistics, what planted collapse looks like."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import Joint, find
from selflearn.methods.joint.encoding import encode
from selflearn.objectives import SimilarityGraph


def views_of(digits, rows=16, name="standard", seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    return digits.views(torch.arange(rows), generator, name, **options), generator


def test_simclr_is_supcon_without_labels(digits):
    views, _ = views_of(digits)
    method = find("SupCon")(digits.encoder(), projector=[16])
    unlabelled = [view.replace(labels=torch.full_like(view.labels, -1)) for view in views]
    augmentation = SimilarityGraph.augmentation(16)
    assert torch.equal(method.positives(unlabelled).weights, augmentation.weights)
    assert method.positives(views).weights.sum() > augmentation.weights.sum()


def test_supcon_joins_labels_and_keeps_views_of_unlabelled_samples(digits):
    views, _ = views_of(digits, rows=4)
    labels = torch.tensor([5, -1, 5, -1])
    graph = find("SupCon")(digits.encoder(), projector=[16]).positives([view.replace(labels=labels) for view in views])
    assert graph.weights[0].nonzero().flatten().tolist() == [2, 4, 6]
    assert graph.weights[1].nonzero().flatten().tolist() == [5]


def test_joined_views_share_their_batch_statistics(digits):
    views, _ = views_of(digits)
    encoder = digits.encoder()
    joined, alone = encode(encoder, views, joined=True), encode(encoder, views, joined=False)
    assert [len(each.pooled) for each in joined] == [16, 16]
    assert not torch.allclose(joined[0].pooled, alone[0].pooled, atol=1e-4)
    encoder.eval()
    for first, second in zip(encode(encoder, views, joined=True), encode(encoder, views, joined=False), strict=True):
        assert torch.allclose(first.pooled, second.pooled, atol=1e-5)


def test_views_of_several_sizes_are_joined_by_size(digits):
    views, _ = views_of(digits, name="multicrop", local=3)
    calls = []
    encoder = digits.encoder().eval()
    encoder.register_forward_pre_hook(lambda module, inputs: calls.append(len(inputs[0])))
    features = encode(encoder, views, joined=True)
    assert calls == [32, 48]
    for view, each in zip(views, features, strict=True):
        assert torch.allclose(each.pooled, encoder(view).pooled, atol=1e-5)


def test_tokens_and_layers_are_split_with_their_views(digits):
    views, _ = views_of(digits)
    first, second = encode(digits.encoder("vit-tiny").eval(), views, joined=True)
    assert first.tokens.shape == second.tokens.shape
    assert len(first.tokens) == 16


def test_the_teacher_learns_nothing_and_follows(digits):
    method = find("BYOL")(digits.encoder(), projector=[16], predictor=16, momentum=0.5)
    views, generator = views_of(digits)
    student = [weight for weight in method.encoder.parameters()]
    before = [weight.clone() for weight in method.teacher_encoder.average.parameters()]
    optimiser = torch.optim.SGD([weight for weight in method.parameters() if weight.requires_grad], lr=0.1)
    method.update(views, optimiser, generator, progress=0.0)
    for old, new, weight in zip(before, method.teacher_encoder.average.parameters(), student, strict=True):
        assert new.grad is None
        assert torch.allclose(new, 0.5 * old + 0.5 * weight, atol=1e-6)


def test_only_large_views_reach_the_teacher(digits):
    method = find("DINO")(digits.encoder(), projector=[16, 8], prototypes=12)
    seen = []
    method.teacher_encoder.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].scope))
    views, generator = views_of(digits, name="multicrop", local=2)
    method(views, generator)
    assert seen == ["global"]


def test_stop_gradient_in_simsiam_changes_the_gradient_not_the_value(digits):
    views, generator = views_of(digits)
    gradients, losses = [], []
    for stop in (True, False):
        torch.manual_seed(0)
        method = find("SimSiam")(digits.encoder(), projector=[16], predictor=8, stop_gradient=stop)
        loss = method(views, generator).total
        loss.backward()
        losses.append(float(loss.detach()))
        gradients.append(method.head[0].weight.grad)
    assert losses[0] == losses[1]
    assert not torch.allclose(gradients[0], gradients[1], rtol=1e-3)


@pytest.mark.parametrize(("progress", "released"), [(0.0, False), (0.04, False), (0.06, True)])
def test_the_last_layer_of_dino_is_held_at_first(digits, progress, released):
    method = find("DINO")(digits.encoder(), projector=[16, 8], prototypes=12, frozen=0.05)
    method.after_update(progress)
    views, generator = views_of(digits)
    method(views, generator).total.backward()
    assert bool(method.head[1].weight.grad.abs().sum() > 0) is released


def test_dinos_temperature_and_centre_move(digits):
    method = find("DINO")(
        digits.encoder(), projector=[16, 8], prototypes=12, warmup_temperature=0.02, teacher_temperature=0.06, warmup_share=0.5
    )
    assert float(method.sharpness.value) == pytest.approx(0.02)
    method.after_update(0.25)
    assert float(method.sharpness.value) == pytest.approx(0.04)
    views, generator = views_of(digits)
    method(views, generator)
    assert method.centre.centre.abs().sum() > 0


def test_swavs_queue_opens_late_and_helps_to_assign(digits):
    method = find("SwAV")(digits.encoder(), projector=[16, 8], prototypes=12, queue=16, queue_after=0.5)
    views, generator = views_of(digits)
    method(views, generator)
    assert [len(queue.vectors()) for queue in method.queues] == [0, 0]
    method.after_update(0.5)
    method(views, generator)
    assert [len(queue.vectors()) for queue in method.queues] == [16, 16]


def test_lejepas_directions_come_from_the_generator(digits):
    method = find("LeJEPA")(digits.encoder(), projector=[16, 8], slices=4).eval()
    views, _ = views_of(digits)
    totals = [float(method(views, torch.Generator().manual_seed(seed)).total.detach()) for seed in (1, 1, 2)]
    assert totals[0] == totals[1] != totals[2]


def test_a_method_that_never_projects_is_told_so(digits):
    class Forgetful(Joint):
        def losses(self, online, graph):
            return {"nothing": online[0].pooled.sum()}

    views, generator = views_of(digits)
    with pytest.raises(RecipeError, match="must call project"):
        Forgetful(digits.encoder(), projector=[8])(views, generator)


def test_without_variance_vicreg_collapses(digits):
    torch.manual_seed(0)
    deviations = {}
    for weight in (0.0, 25.0):
        method = find("VICReg")(digits.encoder(), projector=[32, 32], variance=weight)
        optimiser = torch.optim.AdamW(method.parameters(), lr=3e-3)
        generator = torch.Generator().manual_seed(0)
        for step in range(40):
            rows = torch.randperm(1797, generator=generator)[:64]
            outcome = method.update(digits.views(rows, generator), optimiser, generator, step / 40)
        deviations[weight] = float(outcome.embedding.std(0).mean())
    assert deviations[0.0] < 0.1 * deviations[25.0]


@pytest.mark.parametrize(("name", "options"), [("SimCLR", {}), ("BYOL", {"predictor": 32}), ("SimCLR", {"joined": False})])
def test_chunks_change_neither_loss_nor_gradient(digits, name, options):
    views, _ = views_of(digits)
    found = []
    for chunk in (0, 5):
        torch.manual_seed(0)
        method = find(name)(digits.encoder("vit-tiny"), projector=[32, 16], chunk=chunk, **options)
        total = method(views, torch.Generator().manual_seed(0)).total
        total.backward()
        gradients = [weight.grad.flatten() for weight in method.encoder.parameters() if weight.grad is not None]
        found.append((total.detach(), torch.cat(gradients)))
    (whole, gradient), (parts, again) = found
    assert torch.allclose(parts, whole, rtol=1e-5)
    assert float((again - gradient).norm() / gradient.norm()) < 1e-5


def test_running_statistics_follow_each_chunk_once(digits):
    views, _ = views_of(digits)
    encoder = digits.encoder()
    features = encode(encoder, views, joined=False, chunk=8)
    after = {name: buffer.clone() for name, buffer in encoder.named_buffers()}
    torch.cat([each.pooled for each in features]).square().mean().backward()
    assert after["trunk.0.1.num_batches_tracked"] == 4
    assert all(torch.equal(buffer, after[name]) for name, buffer in encoder.named_buffers())
    assert all(norm.momentum == 0.1 for norm in encoder.modules() if isinstance(norm, torch.nn.BatchNorm2d))
