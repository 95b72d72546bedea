"""Joint embedding by LightlySSL as its documentation writes it, from raw pictures to weight update. Runs in its environment.

python lightly_joint.py DATA.npz --method simclr|byol|barlow-twins|vicreg [--encoder resnet18] [--bf16] [--knn]
"""

import argparse
import copy
import io
import json
import time

import numpy as np
import torch
from lightly.loss import BarlowTwinsLoss, NegativeCosineSimilarity, NTXentLoss, VICRegLoss
from lightly.models.modules import (
    BarlowTwinsProjectionHead,
    BYOLPredictionHead,
    BYOLProjectionHead,
    SimCLRProjectionHead,
)
from lightly.models.modules.heads import VICRegProjectionHead
from lightly.models.utils import deactivate_requires_grad, update_momentum
from lightly.transforms import SimCLRTransform
from lightly.utils.scheduler import CosineWarmupScheduler
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset


def pictures(data, part):
    """PIL pictures of a part, decoded."""
    if f"{part}_jpeg" in data:
        buffer, offsets = data[f"{part}_jpeg"].tobytes(), data[f"{part}_offsets"]
        return [Image.open(io.BytesIO(buffer[offsets[i] : offsets[i + 1]])).convert("RGB") for i in range(len(offsets) - 1)]
    key = next(name for name in data if part in name and data[name].ndim >= 3)
    return [Image.fromarray(each).convert("RGB") for each in data[key]]


class Views(Dataset):
    """Pictures through a transform."""

    def __init__(self, images, transform):
        self.images, self.transform = images, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(self.images[index])


def unit(inner, outer, pool=False):
    """Convolution, normalisation, ReLU, and a pool if asked."""
    layers = [nn.Conv2d(inner, outer, 3, padding=1, bias=False), nn.BatchNorm2d(outer), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, *([nn.MaxPool2d(2)] if pool else []))


class Residual(nn.Module):
    """Two units and a shortcut."""

    def __init__(self, width):
        super().__init__()
        self.first, self.second = unit(width, width), unit(width, width)

    def forward(self, inputs):
        return inputs + self.second(self.first(inputs))


def network(name, side):
    """The encoder and its width. ResNet-18 has the stem of small pictures up to 64 pixels a side."""
    if name == "small":
        stem = [nn.Conv2d(3, 48, 4, 2, 1, bias=False), nn.BatchNorm2d(48), nn.ReLU(inplace=True)]
        body = [unit(48, 96, pool=True), Residual(96), unit(96, 192, pool=True), Residual(192)]
        return nn.Sequential(*stem, *body, nn.AdaptiveAvgPool2d(1), nn.Flatten()), 192
    from torchvision.models import resnet18

    model = resnet18()
    model.fc = nn.Identity()
    if side <= 64:
        model.conv1, model.maxpool = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity()
    return model, 512


class Alike(nn.Module):
    """SimCLR, Barlow Twins, VICReg: both views through one network, then a loss of the two."""

    def __init__(self, encoder, head, criterion):
        super().__init__()
        self.encoder, self.head, self.criterion = encoder, head, criterion

    def forward(self, first, second):
        first, second = self.head(self.encoder(first)), self.head(self.encoder(second))
        return self.criterion(first.float(), second.float())


class BYOL(nn.Module):
    """Each view's prediction meets the other's projection by the slow average."""

    def __init__(self, encoder, width):
        super().__init__()
        self.encoder, self.head = encoder, BYOLProjectionHead(width, 512, 128)
        self.predictor, self.criterion = BYOLPredictionHead(128, 512, 128), NegativeCosineSimilarity()
        self.slow = nn.ModuleList([copy.deepcopy(self.encoder), copy.deepcopy(self.head)])
        deactivate_requires_grad(self.slow)

    def forward(self, first, second):
        update_momentum(self.encoder, self.slow[0], m=0.99)
        update_momentum(self.head, self.slow[1], m=0.99)
        said = [self.predictor(self.head(self.encoder(view))) for view in (first, second)]
        with torch.no_grad():
            targets = [self.slow[1](self.slow[0](view)) for view in (first, second)]
        return 0.5 * (self.criterion(said[0], targets[1]) + self.criterion(said[1], targets[0]))


def method(name, encoder, width):
    """The whole of a method; heads as wide as those of selflearn's small presets."""
    if name == "byol":
        return BYOL(encoder, width)
    if name == "barlow-twins":
        return Alike(encoder, BarlowTwinsProjectionHead(width, 512, 512), BarlowTwinsLoss())
    if name == "vicreg":
        return Alike(encoder, VICRegProjectionHead(width, 512, 512, num_layers=2), VICRegLoss())
    return Alike(encoder, SimCLRProjectionHead(width, 512, 128), NTXentLoss(0.2))


@torch.no_grad()
def embed(encoder, images):
    """Unit-length embeddings of PIL pictures."""
    encoder.eval()
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    parts = []
    for start in range(0, len(images), 500):
        stack = np.stack([np.asarray(image) for image in images[start : start + 500]])
        values = torch.from_numpy(stack).permute(0, 3, 1, 2).float() / 255
        parts.append(functional.normalize(encoder((values - mean) / deviation), dim=1))
    return torch.cat(parts)


def knn(encoder, data, train):
    """Weighted k-NN accuracy (k = 20) on the test part."""
    bank, queries = embed(encoder, train), embed(encoder, pictures(data, "test"))
    labels, truth = (torch.from_numpy(data[f"{part}_labels"]).long() for part in ("train", "test"))
    values, rows = (queries @ bank.T).topk(20, 1)
    votes = torch.zeros(len(queries), 10).scatter_add_(1, labels[rows], (values / 0.1).exp())
    return (votes.argmax(1) == truth).float().mean().item()


def main():
    """Train, time, and score if asked; the last line is JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("--method", default="simclr", choices=["simclr", "byol", "barlow-twins", "vicreg"])
    parser.add_argument("--encoder", default="small")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--warm-up", type=int, default=2, help="steps that are not counted")
    parser.add_argument("--seconds", type=float, default=0.0, help="train this long instead of by steps")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--knn", action="store_true")
    asked = parser.parse_args()
    torch.manual_seed(0)
    data = dict(np.load(asked.data))
    train = pictures(data, "train")
    for image in train:
        image.load()
    encoder, width = network(asked.encoder, train[0].size[0])
    model = method(asked.method, encoder, width)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.SGD(weights, lr=0.06 * asked.batch / 256, momentum=0.9, weight_decay=5e-4)
    schedule = CosineWarmupScheduler(optimiser, max(1, asked.steps // 20), asked.steps)
    transform = SimCLRTransform(input_size=train[0].size[0], gaussian_blur=0.0)
    loader = DataLoader(Views(train, transform), asked.batch, shuffle=True, drop_last=True, num_workers=2, persistent_workers=True)
    moments = []
    began = time.perf_counter()
    while len(moments) < asked.steps and not (asked.seconds and moments and moments[-1] - began > asked.seconds):
        for batch in loader:
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=asked.bf16):
                loss = model(batch[0], batch[1])
            loss.backward()
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
            moments.append(time.perf_counter())
            if len(moments) >= asked.steps or (asked.seconds and moments[-1] - began > asked.seconds):
                break
    rate = (len(moments) - asked.warm_up) * asked.batch / (moments[-1] - moments[asked.warm_up - 1])
    figures = {"samples_per_second": rate, "steps": len(moments), "seconds": moments[-1] - began}
    if asked.knn:
        figures["knn"] = knn(encoder, data, train)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
