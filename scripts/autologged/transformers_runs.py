"""Small random transformers of Hugging Face, trained by its Trainer, which logs their configuration."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from typing import Any

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    Trainer,
    TrainingArguments,
)


def prepare() -> None:
    """Keep to one thread; the Trainer logs by itself."""
    torch.set_num_threads(1)


def _fit(model: Any, labels: Any) -> None:
    """Save it, load it and train it: most networks of Hugging Face begin as a saved one."""
    generator = torch.Generator().manual_seed(0)
    words = torch.randint(0, 60, (24, 10), generator=generator)
    rows = [{"input_ids": row, "labels": labels(row, i)} for i, row in enumerate(words)]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            report_to="mlflow",
            use_cpu=True,
            num_train_epochs=2,
            logging_steps=1,
            save_strategy="no",
            disable_tqdm=True,
            optim="adamw_torch",
        )
        Trainer(model, arguments, train_dataset=rows).train()


def _loaded(model: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return type(model).from_pretrained(folder)


def _facts(layers: list[dict[str, Any]], head: list[dict[str, Any]], loss: str | None) -> dict[str, Any]:
    return {
        "framework": "transformers",
        "layers": [*layers, *head],
        "loss": loss,
        "optimizer": "adamw_torch",
        "notes": 0,
    }


def bert() -> dict[str, Any]:
    """Three classes."""
    made = BertForSequenceClassification(
        BertConfig(
            vocab_size=60,
            hidden_size=16,
            num_hidden_layers=3,
            num_attention_heads=4,
            intermediate_size=24,
            hidden_dropout_prob=0.15,
            num_labels=3,
        )
    )
    model = _loaded(made)
    _fit(model, lambda row, i: i % 3)
    layers = [
        {
            "type": "TransformerLayer",
            "units": layer.attention.self.query.in_features,
            "num_heads": layer.attention.self.num_attention_heads,
            "rate": layer.output.dropout.p,
            "activation": _named(layer.intermediate.intermediate_act_fn),
        }
        for layer in model.bert.encoder.layer
    ]
    # Which loss fits the labels, the library finds out after it has logged.
    return _facts(layers, [{"type": "Linear", "out_features": model.classifier.out_features}], None)


def distilbert() -> dict[str, Any]:
    """Several labels at once."""
    made = DistilBertForSequenceClassification(
        DistilBertConfig(
            vocab_size=60,
            dim=12,
            n_layers=2,
            n_heads=3,
            hidden_dim=20,
            dropout=0.2,
            activation="relu",
            num_labels=4,
            problem_type="multi_label_classification",
        )
    )
    model = _loaded(made)
    _fit(model, lambda row, i: (row[:4] % 2).float())
    layers = [
        {
            "type": "TransformerLayer",
            "units": layer.attention.q_lin.in_features,
            "num_heads": layer.attention.n_heads,
            "rate": layer.ffn.dropout.p,
            "activation": _named(layer.ffn.activation),
        }
        for layer in model.distilbert.transformer.layer
    ]
    head = [{"type": "Linear", "out_features": model.classifier.out_features}]
    return _facts(layers, head, "BCEWithLogitsLoss")


def gpt2() -> dict[str, Any]:
    """The next word; whether the last layer gives words is not said, so none is told."""
    model = _loaded(
        GPT2LMHeadModel(
            GPT2Config(
                vocab_size=60,
                n_positions=16,
                n_embd=16,
                n_layer=2,
                n_head=2,
                resid_pdrop=0.05,
                bos_token_id=0,
                eos_token_id=0,
            )
        )
    )
    _fit(model, lambda row, i: row)
    layers = [
        {
            "type": "TransformerLayer",
            "units": layer.attn.embed_dim,
            "num_heads": layer.attn.num_heads,
            "rate": layer.attn.resid_dropout.p,
            "activation": _named(layer.mlp.act),
        }
        for layer in model.transformer.h
    ]
    return _facts(layers, [], None)


def _named(activation: Any) -> str:
    kind = getattr(activation, "__name__", type(activation).__name__)
    return {"GELUActivation": "gelu", "NewGELUActivation": "gelu_new", "ReLU": "relu"}[kind]


RUNS: Mapping[str, Callable[[], dict[str, Any]]] = {train.__name__: train for train in (bert, distilbert, gpt2)}
