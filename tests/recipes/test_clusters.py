"""Pretrain, cluster, retrain: what each stage hands to the next, what a resumed run finds again, what a recipe may say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from selflearn import networks
from selflearn.data import read, relabelled, subset
from selflearn.errors import DataError, RecipeError
from selflearn.recipes import Clustering, build_encoder, build_twin, check_plan, load, parse_recipe, run_plan, uses_labels
from selflearn.training import Budget, RunFolder, embed
from selflearn.views import plain

SIMPLE = {"projector": [16, 8], "encoder": {"name": "resnet-narrow", "width": 4}}


@pytest.fixture(scope="module")
def few():
    digits = read("digits")
    return subset(digits, np.arange(96))


def recipe(**changes):
    stages = [{"fit": "SimCLR", **SIMPLE}, {"cluster": "kmeans", "clusters": 6}, {"fit": "CrossEntropy", "fresh": True}]
    return parse_recipe({"summary": "mine.", "stages": stages}, "own", "own", changes={"batch": 32, **changes})


def run(made, data, steps=4, **options):
    encoder = build_encoder(made.fits[0], data.spec, 0, accelerator=False)
    return encoder, run_plan(made, data, encoder, Budget.parse(f"{steps}steps"), device="cpu", **options)


def test_the_clusters_of_one_stage_are_the_classes_of_the_next(few):
    handed, outcome = run(recipe(), few)
    assert outcome.method.head.out_features == 6
    assert outcome.encoder is not handed
    assert outcome.encoder.settings == handed.settings
    assert [stage.step for stage in outcome.stages] == [2, 2]
    assert [found.clusters for found in outcome.clusterings] == [6]
    assert "6 clusters of" in outcome.notes[-1]


def test_without_fresh_the_same_encoder_goes_on(few):
    made = recipe()
    last = made.stages[-1].model_copy(update={"fresh": False})
    handed, outcome = run(made.model_copy(update={"stages": (*made.stages[:-1], last)}), few)
    assert outcome.encoder is handed


def test_a_fresh_encoder_learns_the_clusters_and_not_the_given_labels(few):
    made = recipe()
    hidden = relabelled(few, np.full(len(few), -1), few.facts.classes)
    results = [run(made, data)[1].encoder.state_dict() for data in (few, hidden)]
    assert all(torch.equal(weight, results[1][name]) for name, weight in results[0].items())


def test_a_resumed_plan_takes_the_clusters_it_found(few, tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    _, whole = run(recipe(), few, folder=folder)
    stored = sorted(path.parent.name for path in folder.file("checkpoints").glob("*/*.pt"))
    assert "stage-1" in stored
    for path in folder.file("checkpoints").glob("stage-2/*"):
        path.unlink()
    _, again = run(recipe(), few, folder=folder, resume=True)
    for name, weight in whole.encoder.state_dict().items():
        assert torch.equal(weight, again.encoder.state_dict()[name])
    _, other = run(recipe(clusters=5), few, folder=folder, resume=False)
    assert other.clusterings[0].clusters == 5


@pytest.mark.parametrize("name", ["sela", "deepcluster-v2", "clusterfit", "ca-dino"])
def test_a_plan_that_paused_ends_as_one_that_did_not(few, tmp_path, name):
    changes = {"batch": 32, "encoder": SIMPLE["encoder"], "prototypes": 8, "projector": [16, 8], "clusters": 6}
    known = {"sela": "projector clusters", "deepcluster-v2": "clusters", "clusterfit": "prototypes"}.get(name, "").split()
    made = load(name, "small", {key: value for key, value in changes.items() if key not in known}, "image")
    _, whole = run(made, few, steps=20, folder=RunFolder.create(tmp_path / "whole"))
    folder = RunFolder.create(tmp_path / "paused")
    for until in (0.25, 0.75, 1.0):
        _, again = run(made, few, steps=20, folder=folder, resume=True, until=until)
    assert sum(stage.step for stage in again.stages) == 20
    for key, value in whole.method.state_dict().items():
        assert torch.equal(value, again.method.state_dict()[key]), key


def test_the_twin_of_a_fresh_encoder_is_what_it_began_as(few):
    made = recipe()
    assert made.maker is made.stages[-1]
    handed, outcome = run(made, few)
    twin = build_twin(made.maker, outcome.encoder, 0)
    fresh = build_twin(made.maker, handed, 0)
    assert all(torch.equal(weight, fresh.state_dict()[name]) for name, weight in twin.state_dict().items())
    assert embed(twin, few, plain(few.spec), device="cpu").shape == (96, 16)


def test_another_network_may_be_taken_for_the_retraining(few):
    made = recipe()
    last = made.stages[-1].model_copy(update={"encoder": {"name": "vit-tiny", "width": 16, "depth": 1, "heads": 2}})
    _, outcome = run(made.model_copy(update={"stages": (*made.stages[:-1], last)}), few)
    assert isinstance(outcome.encoder, type(networks.build(few.spec, "vit-tiny", width=16, depth=1, heads=2)))


def test_labels_are_used_only_where_a_stage_sees_given_ones():
    assert not uses_labels(recipe())
    stages = [{"fit": "CrossEntropy"}, {"cluster": "kmeans", "clusters": 4}, {"fit": "SimCLR"}]
    assert uses_labels(parse_recipe({"summary": "mine.", "stages": stages}, "own", "own"))


def test_more_clusters_than_samples_are_refused_before_anything(few):
    made = recipe(clusters=100)
    encoder = build_encoder(made.fits[0], few.spec, 0, accelerator=False)
    with pytest.raises(RecipeError, match="96 samples cannot make 100 clusters; lower them, such as --set clusters=9"):
        check_plan(made, few, encoder, 0, 96)


def test_an_encoder_named_by_a_later_stage_must_be_fresh(few):
    made = recipe()
    last = made.stages[-1].model_copy(update={"fresh": False, "encoder": {"name": "resnet18"}})
    with pytest.raises(RecipeError, match="stage 3: the encoder of the stage before is handed on"):
        run(made.model_copy(update={"stages": (*made.stages[:-1], last)}), few)


def test_clusterfit_follows_any_recipe():
    made = load("clusterfit", "small", {"recipe": "vicreg", "clusters": 12}, "image")
    assert [getattr(stage, "fit", "cluster") for stage in made.stages] == ["VICReg", "cluster", "CrossEntropy"]
    assert made.fits[0].options["projector"] == load("vicreg", "small", kind="image").fits[0].options["projector"]
    assert made.stages[1] == Clustering(cluster="kmeans", clusters=12)
    assert load("clusterfit", "published").fits[1].settings.optimiser.name == "sgd"
    with pytest.raises(RecipeError, match="no recipe 'vicregg' to take stages from; did you mean 'vicreg'"):
        load("clusterfit", "small", {"recipe": "vicregg"})
    with pytest.raises(RecipeError, match="it is itself made of another recipe"):
        load("clusterfit", "small", {"recipe": "clusterfit"})


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        ([{"cluster": "kmeans", "clusters": 4}, {"fit": "SimCLR"}], "the first and the last stage must be gradient stages"),
        ([{"fit": "SimCLR"}, {"cluster": "kmeans", "clusters": 4}], "the first and the last stage must be gradient stages"),
        ([{"fit": "SimCLR"}, {"cluster": "kmeans", "cluters": 4}, {"fit": "SimCLR"}], "did you mean 'clusters'"),
        ([{"fit": "SimCLR"}, {"cluster": "kmeans", "clusters": 1}, {"fit": "SimCLR"}], "clusters"),
    ],
)
def test_a_plan_that_cannot_be_is_told(stages, words):
    with pytest.raises(RecipeError, match=words):
        parse_recipe({"summary": "mine.", "stages": stages}, "own", "own")


def test_what_a_preset_lists_is_for_one_stage_each():
    raw = {
        "summary": "mine.",
        "stages": [{"fit": "SimCLR"}, {"fit": "VICReg"}],
        "presets": {"small": {"batch": 32, "stages": [{"temperature": 0.3}, None]}, "odd": {"stages": [None]}},
    }
    first, second = parse_recipe(raw, "own", "own", "small").fits
    assert (first.options["temperature"], first.settings.batch, second.settings.batch) == (0.3, 32, 32)
    with pytest.raises(RecipeError, match="must be a list of 2 mappings"):
        parse_recipe(raw, "own", "own", "odd")


def test_other_labels_are_those_of_a_subset_too(few):
    other = relabelled(few, np.arange(96) % 3, ["a", "b", "c"])
    part = subset(other, [0, 4, 5])
    assert part.labels.tolist() == [0, 1, 2]
    assert part.facts.classes == ["a", "b", "c"]
    assert part.batch([1]).labels.tolist() == [1]
    assert other.fingerprint != few.fingerprint
    with pytest.raises(DataError, match="96 samples need as many labels from -1 to 2"):
        relabelled(few, np.full(96, 3), ["a", "b", "c"])
