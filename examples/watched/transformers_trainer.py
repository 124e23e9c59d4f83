"""A small BERT that is made on the spot, trained by Hugging Face's Trainer and watched by a callback.

MLFLOW_TRACKING_URI=sqlite:///mlflow.db python transformers_trainer.py
"""

import tempfile
from typing import Any

import mlflow
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed

from tracker_diag.probes.transformers import Watch

WORDS, LENGTH = 60, 12


def sentences(n: int, seed: int) -> list[dict[str, Any]]:
    """Random words; the class is which of two words comes more often."""
    random = torch.Generator().manual_seed(seed)
    words = torch.randint(3, WORDS, (n, LENGTH), generator=random)
    kinds = torch.randint(0, 2, (n,), generator=random)
    for row, kind in zip(words, kinds, strict=True):
        places = torch.randperm(LENGTH, generator=random)
        row[places[:4]] = 1 + kind
        row[places[4]] = 2 - kind
    return [{"input_ids": row, "labels": int(kind)} for row, kind in zip(words, kinds, strict=True)]


def main() -> None:
    """Train it; the Trainer logs its curves and its arguments into the run that is going."""
    set_seed(0)
    config = BertConfig(
        vocab_size=WORDS,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=LENGTH,
        num_labels=2,
    )
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run(run_name="transformers") as run:
        arguments = TrainingArguments(
            output_dir=folder,
            report_to="mlflow",
            num_train_epochs=5,
            per_device_train_batch_size=16,
            learning_rate=1e-3,
            logging_steps=10,
            eval_strategy="epoch",
            save_strategy="no",
            use_cpu=True,
            disable_tqdm=True,
        )
        trainer = Trainer(
            BertForSequenceClassification(config),
            arguments,
            train_dataset=sentences(800, seed=1),
            eval_dataset=sentences(200, seed=2),
            callbacks=[Watch()],
        )
        trainer.train()
    print(run.info.run_id)


if __name__ == "__main__":
    main()
