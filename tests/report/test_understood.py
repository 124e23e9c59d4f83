"""Names that a reader needs not be told."""

import pytest

from tracker_diag.report.understood import not_obvious


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("val_loss", "val_loss"),
        ("val_loss", "validation_loss"),
        ("val_loss", "val/loss"),
        ("val_loss", "eval/loss"),
        ("train_loss", "loss"),
        ("train_loss", "train_loss_epoch"),
        ("val_score", "val_accuracy"),
        ("train_score", "acc"),
        ("batch_size", "batch_size"),
        ("batch_size", "hparams/batchSize"),
        ("learning_rate", "optimizer.lr"),
        ("learning_rate", "opt_learning_rate"),
        ("optimizer", "optimizer_name"),
        ("n_train", "data/train_size"),
        ("weight_decay", "wd"),
    ],
)
def test_the_same_words_are_obvious(role, name):
    assert not_obvious({role: name}) == {}


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("learning_rate", "opt_alpha"),
        ("learning_rate", "rate"),
        ("val_loss", "loss"),
        ("val_loss", "validation_0-logloss"),
        ("val_loss", "train_loss"),
        ("train_loss", "nll"),
        ("train_loss", "generator_loss"),
        ("hidden_units", "hparams/n_units"),
        ("dropout", "drop"),
        ("n_train", "data"),
        ("batch_size", "size"),
        ("epochs", ""),
    ],
)
def test_other_words_are_not(role, name):
    assert not_obvious({role: name}) == {role: name}
