"""An encoder as one ONNX file, its preprocessing inside: raw stored values in, embeddings out, proved equal before it is kept."""

from __future__ import annotations

import contextlib
import copy
import importlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from selflearn import __version__
from selflearn.data import Spec, spec_to_json
from selflearn.data.batch import Batch
from selflearn.errors import MissingExtraError, RunError
from selflearn.networks import Encoder
from selflearn.views import deploy_inputs, deployed, made_up, plain

TOLERANCE = 1e-4  # largest allowed difference, as a share of the largest embedding value: float32 through a deep network
OUTPUT = "embedding"
SAMPLES = 8  # made up where no real ones are given


@dataclass(frozen=True)
class ExportReport:
    """What was written and how well it agrees.

    Attributes
    ----------
    path : the ONNX file.
    inputs : name -> (type, shape) as ONNX names them; the batch axis is free.
    samples : how many were compared, in batches of all and of one. real : False where they were made up.
    largest_difference : the largest absolute difference of any embedding value, divided by the largest embedding value.
    """

    path: Path
    inputs: dict[str, tuple[str, tuple[Any, ...]]]
    samples: int
    real: bool
    largest_difference: float


class _Deployed(nn.Module):
    """Preprocessing, then the encoder, on plain tensors."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.prepare, self.encoder = deployed(encoder.spec), encoder

    def forward(self, raw: dict[str, Tensor]) -> Tensor:
        return self.encoder(self.prepare(**raw)).pooled


def export_onnx(encoder: Encoder, path: str | Path, check: Batch | None = None) -> ExportReport:
    """Write `encoder` to `path` and prove with ONNX Runtime that it says what the encoder says.

    Input `values` are samples as they are stored (pictures: uint8, uint16 or float32, NCHW at the spec's size; tables: float32);
    where pictures of mixed proportions are stored at one shape, a second input `aspect` gives their width / height. Output
    `embedding` is (batch, dim) float32. The file's metadata tells selflearn's version, the kind of data, the spec and the
    encoder's settings.

    Parameters
    ----------
    check : real samples, raw, at least two for the proof to mean something; None makes some up over the spec's range.

    Raises
    ------
    MissingExtraError : onnx, onnxscript or onnxruntime is missing.
    RunError : the kind or the network cannot be exported, or the two disagree by more than 1e-4 of the largest value. Nothing
        is left at `path` then.
    """
    onnx, runtime = (_extra(name) for name in ("onnx", "onnxruntime"))
    _extra("onnxscript")
    path = Path(path)
    network = copy.deepcopy(encoder).cpu().float().eval()
    batch = made_up(network.spec, SAMPLES) if check is None else check.to("cpu")
    model = _traced(_Deployed(network), network.spec, batch, onnx)
    _describe(model, network, onnx)
    content = model.SerializeToString()
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = network(plain(network.spec)(batch, torch.Generator())).pooled.numpy()
    difference = _difference(session, network.spec, batch, expected)
    if not difference < TOLERANCE:
        raise RunError(
            f"the exported network and PyTorch differ by {difference:.1e} of the largest value (allowed: {TOLERANCE:.0e}); "
            "nothing was written. Use the encoder from Python, or report its name and the versions of torch and onnxruntime"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(content)
    beside.replace(path)
    shapes = {each.name: (each.type, tuple(each.shape)) for each in session.get_inputs()}
    return ExportReport(path, shapes, len(batch), check is not None, difference)


def _traced(network: nn.Module, spec: Spec, batch: Batch, onnx: ModuleType) -> Any:
    """The ONNX model of a network, traced with the batch's shapes and a free batch axis."""
    given = deploy_inputs(spec, batch)
    rows = torch.export.Dim("batch", min=1)
    sample = {
        name: torch.cat([tensor, tensor])[:2] if len(tensor) < 2 else tensor for name, tensor in given.items()
    }  # one row would be taken as fixed
    try:
        with _quiet():
            program = torch.onnx.export(
                network,
                kwargs={"raw": sample},
                input_names=list(sample),
                output_names=[OUTPUT],
                dynamic_shapes={"raw": {name: {0: rows} for name in sample}},
                dynamo=True,
            )
        if program is None:
            raise RuntimeError("the exporter gave nothing")
        _give_way(program.model.graph)
        model = program.model_proto
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise RunError(f"the exporter of torch {torch.__version__} wrote a graph that is not valid ONNX: {error}") from error
    except (RuntimeError, ValueError, TypeError, AttributeError, KeyError, IndexError, NotImplementedError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RunError(
            f"this encoder cannot be written as ONNX with torch {torch.__version__} (2.6 or later is needed): {first}"
        ) from error
    return model


def _give_way(graph: Any) -> None:
    """What the exporter itself names as the output is named (after `torch.nn.functional.embedding`) is renamed."""
    for number, node in enumerate(graph):
        for value in node.outputs:
            if value.name == OUTPUT and not any(value is each for each in graph.outputs):
                value.name = f"{OUTPUT} of node {number}"


def _describe(model: Any, encoder: Encoder, onnx: ModuleType) -> None:
    settings = {name: value for name, value in encoder.settings.items() if name != "source"}
    model.producer_name, model.producer_version = "selflearn", __version__
    onnx.helper.set_model_props(
        model,
        {
            "selflearn_version": __version__,
            "kind": encoder.spec.kind,
            "spec": json.dumps(spec_to_json(encoder.spec)),
            "encoder": json.dumps(settings, default=str),
        },
    )


def _difference(session: Any, spec: Spec, batch: Batch, expected: np.ndarray) -> float:
    """The largest difference, with all samples in one batch and each alone: so that a batch axis fixed by accident shows."""
    given = {name: tensor.numpy() for name, tensor in deploy_inputs(spec, batch).items()}
    try:
        together = session.run([OUTPUT], given)[0]
        alone = [
            session.run([OUTPUT], {name: rows[row : row + 1] for name, rows in given.items()})[0]
            for row in range(min(len(batch), 4))
        ]
    except Exception as error:  # onnxruntime's errors share no base that is public
        raise RunError(f"ONNX Runtime cannot run the exported network, nothing was written: {error}") from error
    apart = np.abs(together - expected).max(), np.abs(np.concatenate(alone) - expected[: len(alone)]).max()
    return float(max(apart) / max(float(np.abs(expected).max()), 1e-12))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter prints its progress and warns of its own internals."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _extra(library: str) -> ModuleType:
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise MissingExtraError(library, "export", "export an encoder") from error
