"""What holds for every method: one update trains the encoder, repeats exactly, and impossible settings are refused."""

import copy

import pytest
import torch

from selflearn.data.questions import Asked
from selflearn.errors import RecipeError
from selflearn.methods import find, methods

SMALL = {
    "ActivePairs": {"projector": [32, 16], "samples": 1797},
    "SimCLR": {"projector": [32, 16]},
    "SupCon": {"projector": [32, 16]},
    "BarlowTwins": {"projector": [32, 32]},
    "VICReg": {"projector": [32, 32]},
    "BYOL": {"projector": [32, 16], "predictor": 32},
    "SimSiam": {"projector": [32, 32], "predictor": 16},
    "SwAV": {"projector": [32, 16], "prototypes": 12, "queue": 64, "queue_after": 0.0},
    "DINO": {"projector": [32, 16], "prototypes": 24},
    "LeJEPA": {"projector": [32, 16], "slices": 32},
    "ManyViewContrast": {"projector": [32, 16]},
    "MomentumContrast": {"projector": [32, 16]},
    "DeviceContrast": {"projector": [32, 16]},
    "DirectPred": {"projector": [32, 16]},
    "E2MC": {"projector": [32, 32], "after": 0.0},
    "InstanceClassification": {"samples": 1797},
    "NNCLR": {"projector": [32, 16], "predictor": 32, "queue": 64},
    "ReSSL": {"projector": [32, 16], "queue": 64},
    "Template": {"projector": [32, 16], "predictor": 32},
    "TiCo": {"projector": [32, 16]},
    "WMSE": {"projector": [32, 8], "size": 16},
    "TimeDRL": {},
    "MAE": {"decoder_width": 16, "decoder_depth": 1, "decoder_heads": 2},
    "GraphMAE": {"decoder_width": 16, "decoder_depth": 1, "decoder_heads": 2},
    "Data2Vec": {"top": 2, "predictor": [32]},
    "JEPA": {"predictor_width": 16, "predictor_depth": 1, "predictor_heads": 2},
    "MaskedLanguage": {"hidden": 0.3, "decoder_width": 16, "decoder_depth": 1, "decoder_heads": 2},
    "Autoencoder": {},
    "DenseCL": {"projector": [32, 16], "token_projector": [32, 16], "queue": 64},
    "VICRegL": {"projector": [32, 32], "token_projector": [16, 16]},
    "IBOT": {"projector": [32, 16], "prototypes": 24},
    "DetCon": {"projector": [32, 16]},
    "SlotCon": {"projector": [32, 16], "prototypes": 8, "predictor": 16},
    "OBoW": {"words": 24},
    "CADINO": {"projector": [32, 16], "prototypes": 24},
    "LossGate": {"classes": 10, "samples": 32},
    "SeLa": {"samples": 32, "prototypes": 8, "heads": 2},
    "DeepClusterV2": {"projector": [32, 16], "samples": 32, "prototypes": 8, "heads": 2},
    "CrossEntropy": {"classes": 10},
    "LabelAugmentation": {"classes": 10, "asked": {"rotation": Asked(1, 4, "classes")}, "distilled": True},
    "ProgressiveDistillation": {"classes": 10, "samples": 64},
    "SelfDistillation": {"classes": 10},
    "SelfTuning": {"classes": 10, "hidden": 16},
    "CTC": {"transcripts": list("abcdefghij")},
    "TERA": {"span": 2, "time": 0.5},
    "PriorFitted": {},
    "PretextTasks": {"asked": {"degree": Asked(1, 3, "classes"), "edges": Asked(2, 2, "classes")}},
    "SimMIM": {},
    "BEiT": {"codes": 16, "span": 2},
    "CAE": {"codes": 16, "span": 2, "regressor_depth": 1, "decoder_width": 16, "decoder_depth": 1, "decoder_heads": 2},
    "CroCo": {"decoder_width": 16, "decoder_depth": 1, "decoder_heads": 2},
    "GMML": {},
    "HuBERT": {"span": 2, "width": 16, "codes": [8, 12], "recluster": [0.5]},
    "Wav2Vec2": {"span": 2, "width": 16, "entries": 8},
    "APC": {"ahead": 1},
    "CPC": {"ahead": 2, "width": 16},
    "Together": {"tasks": {"contrast": {"fit": "SimCLR", "projector": [32, 16]}, "labels": {"fit": "CrossEntropy"}}, "classes": 10},
}
MASKED = {"MAE", "GraphMAE", "Data2Vec", "JEPA", "MaskedLanguage", "SimMIM", "BEiT", "CAE", "GMML", "HuBERT", "Wav2Vec2"}
TOKENS = MASKED | {"TimeDRL", "IBOT", "CroCo", "CTC"}
ON_SERIES = {"TERA": "patches", "APC": "patches-causal", "CPC": "patches-causal"}  # pictures' patches have no order
ON_TEXTS = {"MaskedLanguage": "transformer", "Autoencoder": "bag"}  # pictures have no words to tell; these take sentences
ON_TASKS = {"PriorFitted": "set-transformer"}  # pictures hide no targets
ON_PAPERS = {"PretextTasks": "gcn"}  # it answers what views ask, and those of nodes do
AFTER = {"SelfDistillation": "CrossEntropy"}  # what must have learned before it
LABELS = {"CrossEntropy", "LabelAugmentation", "ProgressiveDistillation", "SelfDistillation", "SelfTuning"}
VIEWS = {
    **dict.fromkeys(MASKED, "weak"),
    **dict.fromkeys(ON_SERIES, "weak"),
    "DetCon": "segmented",
    "LabelAugmentation": "rotation",
    "Autoencoder": "plain",
    "PretextTasks": "questions",
}
ASKED = {"PretextTasks": {"ask": ("degree", "edges")}}
ANY_VIEWS = (
    TOKENS
    | LABELS
    | {*ON_SERIES, "Autoencoder", "SeLa", "OBoW", "LossGate", "DeviceContrast", "InstanceClassification", "PriorFitted"}
    | {"PretextTasks", "Together"}
)
MULTICROP = ["ActivePairs", "SimCLR", "SupCon", "SwAV", "DINO", "LeJEPA", "ManyViewContrast", "ReSSL", "SimSiam", "WMSE"]
MULTICROP += ["DeepClusterV2", "VICRegL", "IBOT", "CADINO"]


@pytest.fixture
def data(request, name):
    fixtures = {"sentences": ON_TEXTS, "scans": ON_SERIES, "tasks": ON_TASKS, "papers": ON_PAPERS}
    return request.getfixturevalue(next((fixture for fixture, names in fixtures.items() if name in names), "digits"))


def made(data, name, **options):
    torch.manual_seed(0)
    elsewhere = {**ON_TEXTS, **ON_SERIES, **ON_TASKS, **ON_PAPERS}
    encoder = data.encoder(elsewhere.get(name) or ("vit-tiny" if name in TOKENS else "resnet-narrow"))
    method = find(name)(encoder, **{**SMALL[name], **options})
    method.begin(made(data, AFTER[name]) if name in AFTER else None)
    return method


def view(data, name, seed=0, rows=32, views=None, **options):
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # dropout knows only the global generator, which the runner seeds for each update
    return data.views(
        torch.arange(rows), generator, views or VIEWS.get(name, "standard"), **ASKED.get(name, {}), **options
    ), generator


def steps(method, data, name, count=1):
    optimiser = torch.optim.SGD([each for each in method.parameters() if each.requires_grad], lr=0.01)
    outcome = None
    for step in range(count):
        views, generator = view(data, name, seed=step)
        outcome = method.update(views, optimiser, generator, progress=(step + 1) / count)
    return outcome


def test_no_method_is_left_out():
    assert set(SMALL) == set(methods())


@pytest.mark.parametrize("name", SMALL)
def test_one_update_trains_the_encoder(data, name):
    method = made(data, name)
    before = copy.deepcopy(method.encoder.state_dict())
    outcome = steps(method, data, name)
    assert outcome.total.isfinite()
    assert outcome.embedding.shape[0] == 32
    assert outcome.embedding.dtype == torch.float32
    assert not outcome.embedding.requires_grad
    moved = [key for key, weight in method.encoder.named_parameters() if not torch.equal(weight, before[key])]
    still = {key for key, _ in method.encoder.named_parameters()} - set(moved)
    assert not {key for key in still if not key.endswith(("mask_token", "class_token", "registers", "bias"))}


@pytest.mark.parametrize("name", SMALL)
def test_everything_trainable_gets_a_gradient(data, name):
    method = made(data, name)
    views, generator = view(data, name)
    method(views, generator).total.backward()
    assert not [key for key, weight in method.named_parameters() if weight.requires_grad and weight.grad is None]


@pytest.mark.parametrize("name", SMALL)
def test_updates_are_a_function_of_weights_views_and_generator(data, name):
    first, second = made(data, name), made(data, name)
    second.load_state_dict(first.state_dict())
    steps(first, data, name, 3)
    steps(second, data, name, 3)
    for key, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[key]), key


@pytest.mark.parametrize("name", SMALL)
def test_bfloat16_autocast_stays_close(data, name):
    method = made(data, name).eval()
    views, generator = view(data, name)
    state = generator.get_state()
    exact = method(views, generator).total.detach()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = method(views, generator.set_state(state)).total.detach()
    assert half.dtype == torch.float32
    assert float(half) == pytest.approx(float(exact), rel=0.1)


@pytest.mark.parametrize("name", MULTICROP)
def test_small_crops_are_welcome_where_published(data, name):
    method = made(data, name)
    views, generator = view(data, name, views="multicrop", local=2)
    assert [each.scope for each in views] == ["global", "global", "local", "local"]
    assert method(views, generator).total.isfinite()
    with pytest.raises(RecipeError, match="large views first"):
        method(views[::-1], generator)


@pytest.mark.parametrize("name", ["DINO", "SimSiam", "SwAV", "DeepClusterV2", "IBOT", "CADINO"])
def test_one_large_view_is_too_few_where_two_are_compared(data, name):
    method = made(data, name)
    views, generator = view(data, name, views="multicrop", local=2)
    with pytest.raises(RecipeError, match="at least 2 large views, not 1"):
        method(views[1:], generator)


@pytest.mark.parametrize("name", sorted(set(SMALL) - set(MULTICROP) - ANY_VIEWS))
def test_pairs_are_asked_for_where_published(data, name):
    method = made(data, name)
    views, generator = view(data, name, views="multicrop", local=1)
    with pytest.raises(RecipeError, match=f"{name} takes two views, not 3"):
        method(views, generator)
    with pytest.raises(RecipeError, match="not 1"):
        method(views[:1], generator)


@pytest.mark.parametrize(
    ("name", "options", "word"),
    [
        ("SimCLR", {"temperature": 0.0}, "temperature"),
        ("SimCLR", {"temprature": 0.1}, "did you mean 'temperature'"),
        ("SimCLR", {"projector": []}, "projector"),
        ("SimCLR", {"projector": [0]}, "projector"),
        ("SupCon", {"temperature": -1}, "temperature"),
        ("BarlowTwins", {"redundancy": -0.1}, "redundancy"),
        ("VICReg", {"variance": -1.0}, "variance"),
        ("BYOL", {"momentum": 1.1}, "momentum"),
        ("SimSiam", {"stop_gradient": "perhaps"}, "stop_gradient"),
        ("SwAV", {"epsilon": 0.0}, "epsilon"),
        ("SwAV", {"prototypes": 1}, "prototypes"),
        ("DINO", {"teacher_temperature": 0.0}, "teacher_temperature"),
        ("DINO", {"frozen": 2.0}, "frozen"),
        ("LeJEPA", {"gaussianity": 1.5}, "gaussianity"),
        ("LeJEPA", {"slices": 0}, "slices"),
        ("ManyViewContrast", {"objective": "delh"}, "objective"),
        ("MomentumContrast", {"spread": -0.1}, "spread"),
        ("ActivePairs", {"choice": "likeliest"}, "choice"),
        ("DeviceContrast", {"selection": "closet"}, "selection"),
        ("DirectPred", {"predictor": "trained"}, "predictor"),
        ("E2MC", {"after": 1.5}, "after"),
        ("InstanceClassification", {"smoothing": 1.0}, "smoothing"),
        ("InstanceClassification", {"samples": None}, "set samples"),
        ("MomentumContrast", {"queue": -1}, "queue"),
        ("NNCLR", {"queue": 0}, "queue"),
        ("ReSSL", {"teacher_temperature": 0.0}, "teacher_temperature"),
        ("SimCLR", {"objective": "softmin"}, "objective"),
        ("Template", {"loss": "contrastive"}, "loss"),
        ("TiCo", {"memory": 1.1}, "memory"),
        ("WMSE", {"draws": 0}, "draws"),
        ("TimeDRL", {"dropout": 1.0}, "dropout"),
        ("MAE", {"hidden": 0.0}, "hidden"),
        ("MAE", {"hidden": 1.0}, "hidden"),
        ("MAE", {"decoder_width": 15}, "decoder_heads"),
        ("Data2Vec", {"top": 0}, "top"),
        ("MaskedLanguage", {"shown": 1.0}, "shown"),
        ("Autoencoder", {"decoder_width": 0}, "decoder_width"),
        ("SimMIM", {"unit": 0}, "unit"),
        ("BEiT", {"codes": 1}, "codes"),
        ("BEiT", {"tokeniser": "dvae"}, "tokeniser"),
        ("CAE", {"decoder_width": 15}, "decoder_heads"),
        ("CroCo", {"decoder_width": 15}, "decoder_heads"),
        ("GMML", {"hidden": 0.0}, "hidden"),
        ("HuBERT", {"temperature": 0.0}, "temperature"),
        ("HuBERT", {"codes": [8, 8, 8]}, "recluster"),
        ("Wav2Vec2", {"width": 15}, "groups"),
        ("Wav2Vec2", {"final_softness": 0.0}, "final_softness"),
        ("APC", {"ahead": 8}, "lower ahead"),
        ("CPC", {"ahead": 8}, "lower ahead"),
        ("CPC", {"temperature": 0.0}, "temperature"),
        ("CrossEntropy", {"classes": 1}, "classes"),
        ("CrossEntropy", {"through": 1}, "through"),
        ("LabelAugmentation", {"asked": {}}, "one question"),
        ("LabelAugmentation", {"temperature": 0.0}, "temperature"),
        ("ProgressiveDistillation", {"softening": 1.1}, "softening"),
        ("ProgressiveDistillation", {"samples": None}, "samples"),
        ("SelfDistillation", {"temperature": 0.0}, "temperature"),
        ("SelfDistillation", {"classes": 9}, "of the same classes"),
        ("SelfTuning", {"held_out": 1}, "held_out"),
        ("CTC", {"transcripts": []}, "transcripts"),
        ("BEiT", {"coded": True, "tokeniser": "random"}, "coded"),
        ("PretextTasks", {"pairs": "sum"}, "pairs"),
        ("DenseCL", {"temperature": 0.0}, "temperature"),
        ("DenseCL", {"samples": 32}, "would hold some of 32 samples twice"),
        ("DenseCL", {"chunk": 8}, "set chunk to 0"),
        ("VICRegL", {"matches": [0, 4]}, "matches"),
        ("VICRegL", {"whole": 1.5}, "whole"),
        ("IBOT", {"hidden": 1.0}, "hidden"),
        ("DetCon", {"temperature": -0.1}, "temperature"),
        ("SlotCon", {"prototypes": 1}, "prototypes"),
        ("SlotCon", {"grouping": 2.0}, "grouping"),
        ("OBoW", {"sharpness": 0.0}, "sharpness"),
        ("OBoW", {"words": 1}, "words"),
        ("LossGate", {"samples": None}, "samples"),
        ("LossGate", {"classes": None}, "classes"),
        ("LossGate", {"margin": 1.6}, "margin"),
        ("LossGate", {"sharpening": 0.0}, "sharpening"),
        ("IBOT", {"least_hidden": 0.6}, "least_hidden"),
        ("IBOT", {"token_temperature": 0.0}, "token_temperature"),
        ("Together", {"tasks": {}}, "tasks"),
    ],
)
def test_impossible_settings_are_refused(data, name, options, word):
    with pytest.raises(RecipeError, match=word):
        made(data, name, **options)


@pytest.mark.parametrize("name", SMALL)
def test_one_sample_is_refused(data, name):
    with pytest.raises(RecipeError, match="at least 2"):
        made(data, name).check_batch(1)


def test_more_prototypes_than_samples_are_refused(digits):
    method = made(digits, "SwAV", prototypes=100, queue=0)
    method.check_batch(100)
    with pytest.raises(RecipeError, match="raise batch or queue"):
        method.check_batch(64)


@pytest.mark.parametrize(("name", "options"), [("MomentumContrast", {"queue": 64}), ("NNCLR", {}), ("ReSSL", {}), ("SwAV", {})])
def test_a_queue_longer_than_the_data_is_refused(digits, name, options):
    method = made(digits, name, **options)
    method.check_data(64)
    with pytest.raises(RecipeError, match="lower queue to 63"):
        method.check_data(63)
    tasks = {"labels": {"fit": "CrossEntropy", "classes": 10}, "contrast": {"fit": name, **SMALL[name], **options}}
    together = find("Together")(digits.encoder(), tasks=tasks)
    with pytest.raises(RecipeError, match="lower queue to 63"):
        together.check_data(63)


def test_a_masked_method_says_what_encoder_it_needs(digits):
    with pytest.raises(RecipeError, match="tokens"):
        find("MAE")(digits.encoder("resnet-narrow"))
