"""Small trainings with the real libraries, which leave what is read; ``python -m tests.reading.trained`` keeps it.

Each function trains a network of a few weights for a few epochs and gives what its library gives, or writes what it
writes. The files under ``tests/data/reading`` are made by them, so that the readers are tested where the libraries are
not installed.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

KEPT = Path(__file__).parents[1] / "data" / "reading"
EPOCHS = 12


def keras_history(*, rate: float = 0.05, validation_freq: int = 1) -> Any:
    """What ``fit`` of Keras returns; a rate of 1e6 makes the loss NaN."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras
    import numpy as np

    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.normal(size=(96, 8)).astype("float32")
    y = (x[:, 0] + 0.3 * random.normal(size=96) > 0).astype("int64")
    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(2, activation="softmax")]
    )
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(
        x, y, validation_split=0.25, epochs=EPOCHS, batch_size=16, verbose=0, validation_freq=validation_freq
    )


def lightning(folder: Path, *, broken: bool = False) -> Path:
    """A folder ``version_0`` of Lightning's ``CSVLogger``; the loss turns NaN half-way where it is broken."""
    import lightning
    import torch
    from lightning.pytorch.loggers import CSVLogger

    class Line(lightning.LightningModule):
        def __init__(self, lr: float = 0.1, width: int = 4) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.line = torch.nn.Linear(width, 1)

        def _loss(self, batch: Any) -> Any:
            loss = torch.nn.functional.mse_loss(self.line(batch[0]), batch[1])
            return loss * float("nan") if broken and self.current_epoch >= EPOCHS // 2 else loss

        def training_step(self, batch: Any) -> Any:
            loss = self._loss(batch)
            self.log("train_loss", loss)
            return loss

        def validation_step(self, batch: Any) -> None:
            self.log("val_loss", self._loss(batch))

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=self.hparams["lr"])

    lightning.seed_everything(0, verbose=False)
    x = torch.randn(64, 4)
    data = torch.utils.data.TensorDataset(x, x.sum(dim=1, keepdim=True) + 0.1 * torch.randn(64, 1))
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        logger=CSVLogger(folder, name=None),
        log_every_n_steps=2,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accelerator="cpu",
    )
    loader = torch.utils.data.DataLoader(data, batch_size=16)
    trainer.fit(Line(), loader, torch.utils.data.DataLoader(data, batch_size=32))
    return folder / "version_0"


def transformers(folder: Path) -> Any:
    """A Trainer of Hugging Face after training; its checkpoints lie in the folder."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed

    set_seed(0)
    config = BertConfig(
        vocab_size=40,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=12,
        num_labels=2,
    )
    tokens = torch.randint(1, 40, (48, 8))
    rows = [{"input_ids": row, "labels": int(row[0] > 20)} for row in tokens]
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=4,
        per_device_train_batch_size=8,
        logging_steps=3,
        eval_strategy="epoch",
        save_strategy="epoch",
        learning_rate=1e-3,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(BertForSequenceClassification(config), arguments, train_dataset=rows, eval_dataset=rows[:16])
    trainer.train()
    return trainer


def tensorboard(folder: Path) -> Path:
    """Event files of PyTorch's writer: a run with its hyperparameters, and one of two parts as Keras's callback has."""
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder / "first")) as writer:
        for step in range(EPOCHS):
            writer.add_scalar("loss/train", 2 / (step + 1), step)
            writer.add_scalar("loss/val", 2 / (step + 1) + 0.02 * step**2, step)
        writer.add_hparams({"lr": 0.1, "optimizer": "sgd", "nesterov": True}, {"best": 0.4}, run_name="1732790000.5")
    for part in ("train", "validation"):
        with SummaryWriter(str(folder / "second" / part)) as writer:
            for step in range(EPOCHS):
                writer.add_scalar("epoch_loss", 1 / (step + 1), step)
    return folder


def keep() -> None:
    """Write what is kept: small files, without what names this machine."""
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    history = keras_history()
    (KEPT / "keras").mkdir()
    (KEPT / "keras" / "history.json").write_text(json.dumps(history.history))
    with tempfile.TemporaryDirectory() as scratch:
        for name, broken in (("lightning", False), ("lightning-broken", True)):
            shutil.copytree(lightning(Path(scratch) / name, broken=broken), KEPT / name / "version_0")
        transformers(Path(scratch) / "out")
        for state in sorted((Path(scratch) / "out").glob("checkpoint-*/trainer_state.json")):
            kept = KEPT / "transformers" / state.parent.name
            kept.mkdir(parents=True)
            shutil.copy(state, kept)
            shutil.copy(state.parent / "config.json", kept)
        for i, path in enumerate(sorted(tensorboard(Path(scratch) / "tb").rglob("*tfevents*"))):
            kept = KEPT / "tensorboard" / path.parent.relative_to(Path(scratch) / "tb")
            kept.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, kept / f"events.out.tfevents.{1732790000 + i}.host.1.0")


if __name__ == "__main__":
    keep()
