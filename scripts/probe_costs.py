"""What the callbacks cost a training, and whether they change it: the same training with and without, in turn.

Each training goes with the callback and without. Loops of PyTorch go in turn, an epoch of each; the others one after
the other, several times. What is spent once, about a second, falls on the beginning: the second half of each
training is compared. Printed are the least processor time with and without, their ratio, the share of that time which
was spent in the watcher, which other work on the machine blurs less, and what the watcher took in all.

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
from collections.abc import Callable, Iterator
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
        Of the processor, in its second half.
    share : float
        Of the processor's time in its second half, in the watcher.
    spent : float
        Seconds in the watcher, in all.
    weights : list of ndarray
        In the end.
    """

    seconds: float
    share: float
    spent: float
    weights: list[Any]


def _nowhere(figures: dict[str, float], step: int) -> None:
    """Where figures go: what a tracker costs is its own affair."""


class Marks:
    """Time at the half of a training and at its end: of the processor, and of that in the watcher."""

    def __init__(self, watch: Any) -> None:
        self._watch = watch
        self.weights: list[Any] = []
        self._at: list[tuple[float, float]] = []

    def mark(self) -> None:
        """Take the time."""
        watching = None if self._watch is None else self._watch._watching
        spent = 0.0 if watching is None else watching.schedule._spent + watching.live._spent
        self._at.append((time.process_time(), spent))

    def trained(self, weights: list[Any], *, by_epoch: bool = False) -> Trained:
        """What came of it, the training having ended now; ``by_epoch``: each epoch was marked at both its ends."""
        if not by_epoch:
            self.mark()
        times, spent = zip(*self._at, strict=True)
        half = len(times) // 4 * 2 if by_epoch else 0
        seconds = sum(times[i + 1] - times[i] for i in range(half, len(times), 2))
        return Trained(seconds, (spent[-1] - spent[half]) / seconds, spent[-1], weights)


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
    return ((64,), 4096, 64, 1000) if kind == "mlp" else ((3, 32, 32), 640, 32, 100)


def by_hand(kind: str, watched: bool) -> Iterator[Marks]:
    """A loop of PyTorch; waits after each epoch, so that two of them can go in turn."""
    import torch

    from tracker_diag.probes import torch as probes

    shape, n, size, epochs = _sizes(kind)
    torch.manual_seed(0)
    model = _network(kind)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    criterion = torch.nn.CrossEntropyLoss()
    data = torch.utils.data.TensorDataset(*_rows(n, shape))
    generator = torch.Generator().manual_seed(1)
    loader = torch.utils.data.DataLoader(data, batch_size=size, shuffle=True, generator=generator)
    watch = probes.watch(model, optimizer, loader, loss=criterion, log=_nowhere) if watched else None
    marks = Marks(watch)
    for _ in range(epochs):
        marks.mark()
        total = 0.0
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
            total += loss.item()
        if watch is not None:
            watch.epoch(train_loss=total / len(loader))
        marks.mark()
        yield marks
    if watch is not None:
        watch.close()
    marks.weights = [value.numpy() for value in model.state_dict().values()]


def in_turn(kind: str) -> tuple[Trained, Trained]:
    """Without and with, an epoch of each in turn, so that a machine that is slow for a while is so for both."""
    marks: list[Marks] = []
    for marks in zip(by_hand(kind, False), by_hand(kind, True), strict=True):  # noqa: B007
        pass
    without, watched = (each.trained(each.weights, by_epoch=True) for each in marks)
    return without, watched


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
    marks, epochs = Marks(watch), epochs // 8 if kind == "mlp" else epochs

    class Half(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == epochs // 2:
                marks.mark()

    callbacks = [Half(), *([] if watch is None else [watch])]
    model.fit(x, y, batch_size=size, epochs=epochs, verbose=0, callbacks=callbacks)
    return marks.trained(model.get_weights())


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
    marks, epochs = Marks(watch), epochs // 8

    class Half(lightning.Callback):  # type: ignore[misc]
        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            if trainer.current_epoch == epochs // 2:
                marks.mark()

    trainer = lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        callbacks=[Half(), *([] if watch is None else [watch])],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, loader)
    return marks.trained([value.detach().numpy() for value in model.state_dict().values()])


def with_transformers(kind: str, watched: bool) -> Trained:
    """Hugging Face's Trainer, and a BERT of two layers."""
    import torch
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        Trainer,
        TrainerCallback,
        TrainingArguments,
        set_seed,
    )

    from tracker_diag.probes.transformers import Watch

    set_seed(0)
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128}
    model = BertForSequenceClassification(BertConfig(vocab_size=500, num_labels=3, **sizes))
    words = torch.randint(0, 500, (1600, 32), generator=torch.Generator().manual_seed(0))
    rows = [{"input_ids": row, "labels": int(row[0]) % 3} for row in words]
    watch = Watch(log=_nowhere) if watched else None
    marks, epochs = Marks(watch), 8

    class Half(TrainerCallback):  # type: ignore[misc]
        def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if round(state.epoch or 0) == epochs // 2:
                marks.mark()

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            report_to="none",
            use_cpu=True,
            num_train_epochs=epochs,
            per_device_train_batch_size=16,
            logging_strategy="no",
            save_strategy="no",
            disable_tqdm=True,
        )
        callbacks = [Half(), *([] if watch is None else [watch])]
        trainer = Trainer(model, arguments, train_dataset=rows, callbacks=callbacks)
        trainer.train()
    return marks.trained([value.numpy() for value in model.state_dict().values()])


def one_by_one(train: Callable[[str, bool], Trained]) -> Callable[[str], tuple[Trained, Trained]]:
    """Without and with, one whole training after the other."""
    return lambda kind: (train(kind, False), train(kind, True))


CASES: dict[str, tuple[Callable[[str], tuple[Trained, Trained]], str]] = {
    "torch, mlp": (in_turn, "mlp"),
    "torch, cnn": (in_turn, "cnn"),
    "keras, mlp": (one_by_one(with_keras), "mlp"),
    "keras, cnn": (one_by_one(with_keras), "cnn"),
    "lightning, mlp": (one_by_one(with_lightning), "mlp"),
    "transformers, bert": (one_by_one(with_transformers), "bert"),
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
        pairs = [train(kind) for _ in range(options.times)]
        without, watched = (min(one.seconds for one in each) for each in zip(*pairs, strict=True))
        share, spent = (sorted(getattr(one, what) for _, one in pairs)[len(pairs) // 2] for what in ("share", "spent"))
        equal = all(
            np.array_equal(a, b) for one, other in pairs for a, b in zip(one.weights, other.weights, strict=True)
        )
        same &= equal
        print(
            f"{name:20} {without:7.2f} s without, {watched:7.2f} s with: {watched / without - 1:+7.2%}; "
            f"in the watcher {share:6.2%}, {spent:.2f} s in all; weights {'the same' if equal else 'OTHER'}",
            flush=True,
        )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
