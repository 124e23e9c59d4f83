"""Networks of Lightning; of each, the summary tells the types of its modules, and widths where it knows an example."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import lightning
import mlflow
import torch
from lightning.pytorch.utilities.model_summary import get_human_readable_count
from torch import nn

_TIMES = {" ": 1, "K": 1e3, "M": 1e6}


def prepare() -> None:
    """Switch autologging on."""
    torch.set_num_threads(1)
    mlflow.pytorch.autolog()


class Classifier(lightning.LightningModule):
    """A sequence of layers with a loss of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 20), nn.BatchNorm1d(20), nn.ReLU(), nn.Dropout(0.3), nn.Linear(20, 3))
        self.loss = nn.CrossEntropyLoss()
        # With an example, the summary shows shapes.
        self.example_input_array = torch.zeros(2, 8)

    def forward(self, given: Any) -> Any:
        """Go through the layers."""
        return self.net(given)

    def training_step(self, batch: Any, i: int) -> Any:
        """Give the loss of a batch."""
        loss = self.loss(self.net(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, i: int) -> None:
        """Log the loss of a batch."""
        self.log("val_loss", self.loss(self.net(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        """Choose one."""
        return torch.optim.AdamW(self.parameters(), lr=1e-3)


class Reader(lightning.LightningModule):
    """An embedding, a recurrent layer and a frozen projection; the loss is a function."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, 12)
        self.recurrent = nn.LSTM(12, 16, batch_first=True)
        self.head = nn.ModuleDict({"project": nn.Linear(16, 8), "act": nn.GELU(), "out": nn.Linear(8, 1)})
        self.head["project"].requires_grad_(False)

    def training_step(self, batch: Any, i: int) -> Any:
        """Give the loss of a batch."""
        given, wanted = batch
        seen = self.recurrent(self.embedding(given.abs().long() % 50))[0][:, -1]
        out = self.head["out"](self.head["act"](self.head["project"](seen)))
        loss = nn.functional.binary_cross_entropy_with_logits(out[:, 0], (wanted % 2).float())
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self) -> Any:
        """Choose one."""
        return torch.optim.SGD(self.parameters(), lr=1e-2)


def facts(model: lightning.LightningModule) -> dict[str, Any]:
    """What is true of a network, from its modules."""
    inner = list(_innermost(model))
    lost = [type(module).__name__ for module in inner if isinstance(module, nn.modules.loss._Loss)]
    trainable = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    return {
        "framework": "torch",
        "layers": [_layer(module, model) for module in inner if type(module).__name__ not in lost],
        "loss": lost[0] if lost else None,
        "params": {"optimizer_name": type(model.optimizers().optimizer).__name__},
        "trainable_parameters": rounded(trainable),
        "notes": 0,
    }


def _layer(module: nn.Module, model: lightning.LightningModule) -> dict[str, Any]:
    shown = ("in_features", "out_features") if model.example_input_array is not None else ()
    return {"type": type(module).__name__} | {name: getattr(module, name) for name in shown if hasattr(module, name)}


def rounded(count: int) -> int:
    """Round a number as Lightning prints it; no more of it is in the tracker."""
    shown = get_human_readable_count(count)
    return round(float(shown[:-1]) * _TIMES[shown[-1]])


def _innermost(module: nn.Module) -> Iterator[nn.Module]:
    inner = list(module.children())
    for child in inner:
        yield from _innermost(child)
    if not inner:
        yield module


def _fit(model: lightning.LightningModule) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    rows = torch.utils.data.TensorDataset(torch.randn(64, 8, generator=generator), torch.arange(64) % 3)
    loader = torch.utils.data.DataLoader(rows, batch_size=16)
    with tempfile.TemporaryDirectory() as folder:
        trainer = lightning.Trainer(
            max_epochs=2,
            accelerator="cpu",
            default_root_dir=folder,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(model, loader, loader if isinstance(model, Classifier) else None)
    return facts(model)


RUNS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "classifier": lambda: _fit(Classifier()),
    "reader": lambda: _fit(Reader()),
}
