"""What the callbacks cost a training, and whether they change it: the same training with and without, in turn.

Each training goes several times with the callback and several times without, one after the other, and takes seconds:
most of what a watcher costs falls on the first hundred steps. Two figures are printed: the least processor time with
over the least without, and the share of the time that was spent in the watcher, which other work on the machine blurs
less.

    scripts/probe_costs                      all
    scripts/probe_costs --only torch keras   those whose name holds one of these
    PYTHON=… scripts/probe_costs             with the Python that has the frameworks

Exit code: 0; 1 if a training ended with other weights.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

CLASSES = 10


@dataclass(frozen=True, slots=True)
class Trained:
    """One training.

    Attributes
    ----------
    seconds : float
        Of the processor, from its first line to its last, without making the network.
    share : float
        Of the time on the clock, in the watcher.
    weights : list of ndarray
        In the end.
    """

    seconds: float
    share: float
    weights: list[Any]


def _nowhere(figures: dict[str, float], step: int) -> None:
    """Where figures go: what a tracker costs is its own affair."""


def _now() -> tuple[float, float]:
    """Seconds of the processor, and of the clock."""
    return time.process_time(), time.perf_counter()


def _spent(watch: Any) -> float:
    """Seconds of the clock in a watcher; 0 without one."""
    return 0.0 if watch is None else watch._watching.schedule._spent


def _rows(n: int, shape: tuple[int, ...]) -> tuple[Any, Any]:
    import torch

    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, *shape, generator=generator), torch.randint(0, CLASSES, (n,), generator=generator)


def _network(kind: str) -> Any:
    from torch import nn

    if kind == "mlp":
        return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, CLASSES))
    blocks: list[Any] = []
    for given, made in ((3, 32), (32, 64), (64, 128)):
        blocks += [nn.Conv2d(given, made, 3, padding=1), nn.BatchNorm2d(made), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(2048, 448), nn.ReLU(), nn.Linear(448, CLASSES))


def _sizes(kind: str) -> tuple[tuple[int, ...], int, int, int]:
    """Shape of an example, examples, examples of a batch, epochs."""
    return ((64,), 4096, 64, 150) if kind == "mlp" else ((3, 32, 32), 640, 32, 12)


def by_hand(kind: str, watched: bool) -> Trained:
    """A loop of PyTorch."""
    import torch

    from tracker_diag.probes import torch as probes

    shape, n, size, epochs = _sizes(kind)
    torch.manual_seed(0)
    model = _network(kind)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    criterion = torch.nn.CrossEntropyLoss()
    data = torch.utils.data.TensorDataset(*_rows(n, shape))
    loader = torch.utils.data.DataLoader(data, batch_size=size, shuffle=True)
    started = _now()
    watch = probes.watch(model, optimizer, loader, loss=criterion, log=_nowhere) if watched else None
    for _ in range(epochs):
        total = 0.0
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
            total += loss.item()
        if watch is not None:
            watch.epoch(train_loss=total / len(loader))
    if watch is not None:
        watch.close()
    processor, clock = (now - then for now, then in zip(_now(), started, strict=True))
    weights = [value.numpy() for value in model.state_dict().values()]
    return Trained(processor, _spent(watch) / clock, weights)


def with_keras(kind: str, watched: bool) -> Trained:
    """Keras on PyTorch."""
    import keras
    from keras import layers

    from tracker_diag.probes.keras import Watch

    shape, n, size, epochs = _sizes(kind)
    keras.utils.set_random_seed(0)
    x, y = (part.numpy() for part in _rows(n, shape))
    if kind == "mlp":
        hidden = [layers.Dense(128, activation="relu"), layers.Dense(128, activation="relu")]
    else:
        x, hidden = x.transpose(0, 2, 3, 1), []
        for filters in (32, 64, 128):
            hidden += [layers.Conv2D(filters, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()]
            hidden += [layers.MaxPooling2D()]
        hidden += [layers.Flatten(), layers.Dense(448, activation="relu")]
    model = keras.Sequential([keras.Input(x.shape[1:]), *hidden, layers.Dense(CLASSES, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy")
    watch = Watch(log=_nowhere) if watched else None
    started = _now()
    model.fit(
        x,
        y,
        batch_size=size,
        epochs=epochs // 3 if kind == "mlp" else epochs,
        verbose=0,
        callbacks=[] if watch is None else [watch],
    )
    processor, clock = (now - then for now, then in zip(_now(), started, strict=True))
    return Trained(processor, _spent(watch) / clock, model.get_weights())


def with_lightning(kind: str, watched: bool) -> Trained:
    """Lightning."""
    import lightning
    import torch

    from tracker_diag.probes.lightning import Watch

    class Network(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.net, self.loss = _network(kind), torch.nn.CrossEntropyLoss()

        def training_step(self, batch: Any, i: int) -> Any:
            return self.loss(self.net(batch[0]), batch[1])

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.01, momentum=0.9)

    shape, n, size, epochs = _sizes(kind)
    lightning.seed_everything(0, verbose=False)
    model = Network()
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*_rows(n, shape)), size, shuffle=True)
    watch = Watch(log=_nowhere) if watched else None
    trainer = lightning.Trainer(
        max_epochs=epochs // 3,
        accelerator="cpu",
        callbacks=[] if watch is None else [watch],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    started = _now()
    trainer.fit(model, loader)
    processor, clock = (now - then for now, then in zip(_now(), started, strict=True))
    weights = [value.detach().numpy() for value in model.state_dict().values()]
    return Trained(processor, _spent(watch) / clock, weights)


def with_transformers(kind: str, watched: bool) -> Trained:
    """Hugging Face's Trainer, and a BERT of two layers."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed

    from tracker_diag.probes.transformers import Watch

    set_seed(0)
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128}
    model = BertForSequenceClassification(BertConfig(vocab_size=500, num_labels=3, **sizes))
    words = torch.randint(0, 500, (1600, 32), generator=torch.Generator().manual_seed(0))
    rows = [{"input_ids": row, "labels": int(row[0]) % 3} for row in words]
    watch = Watch(log=_nowhere) if watched else None
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            report_to="none",
            use_cpu=True,
            num_train_epochs=4,
            per_device_train_batch_size=16,
            logging_strategy="no",
            save_strategy="no",
            disable_tqdm=True,
        )
        trainer = Trainer(model, arguments, train_dataset=rows, callbacks=[] if watch is None else [watch])
        started = _now()
        trainer.train()
        processor, clock = (now - then for now, then in zip(_now(), started, strict=True))
    weights = [value.numpy() for value in model.state_dict().values()]
    return Trained(processor, _spent(watch) / clock, weights)


CASES: dict[str, tuple[Callable[[str, bool], Trained], str]] = {
    "torch, mlp": (by_hand, "mlp"),
    "torch, cnn": (by_hand, "cnn"),
    "keras, mlp": (with_keras, "mlp"),
    "keras, cnn": (with_keras, "cnn"),
    "lightning, mlp": (with_lightning, "mlp"),
    "transformers, bert": (with_transformers, "bert"),
}


def main() -> int:
    """Measure, and print a line for each training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[""], help="trainings whose name holds one of these")
    parser.add_argument("--times", type=int, default=5, help="how often each goes, with and without")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    import numpy as np
    import torch

    # Networks this small are slower on several threads.
    torch.set_num_threads(1)
    same = True
    for name, (train, kind) in CASES.items():
        if not any(text in name for text in options.only):
            continue
        train(kind, True)
        pairs = [(train(kind, False), train(kind, True)) for _ in range(options.times)]
        without, watched = (min(one.seconds for one in each) for each in zip(*pairs, strict=True))
        shares = sorted(one.share for _, one in pairs)
        equal = all(
            np.array_equal(a, b) for one, other in pairs for a, b in zip(one.weights, other.weights, strict=True)
        )
        same &= equal
        print(
            f"{name:20} {without:7.2f} s without, {watched:7.2f} s with: {watched / without - 1:+7.2%}; "
            f"in the watcher {shares[len(shares) // 2]:6.2%}; weights {'the same' if equal else 'OTHER'}",
            flush=True,
        )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
