"""The callback for Hugging Face's Trainer: the training stays as it is, and the figures are right."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
transformers = pytest.importorskip("transformers", reason="Transformers is not installed")
pytest.importorskip("accelerate", reason="Accelerate, which the Trainer asks for, is not installed")

from transformers import (  # noqa: E402
    BertConfig,
    BertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    Trainer,
    TrainingArguments,
)

from tests.probes.networks import Rows, merged, norm, warned  # noqa: E402
from tracker_diag.core.signals import SIGNALS  # noqa: E402
from tracker_diag.probes.transformers import Watch  # noqa: E402

# What Transformers warns of is its own.
pytestmark = pytest.mark.filterwarnings("ignore")
logging.getLogger("transformers").setLevel(logging.ERROR)
# Networks this small are slower on several threads.
torch.set_num_threads(1)

CLASSES = 3


def bert(**options: Any) -> Any:
    given = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
    return BertForSequenceClassification(BertConfig(vocab_size=50, num_labels=CLASSES, **(given | options)))


def gpt() -> Any:
    # The weights of its embedding and of its head are the same.
    return GPT2LMHeadModel(GPT2Config(vocab_size=50, n_positions=16, n_embd=12, n_layer=1, n_head=2))


def frozen() -> Any:
    model = bert()
    model.bert.embeddings.requires_grad_(False)
    return model


def rows_of(n: int = 48, *, language: bool = False) -> list[dict[str, Any]]:
    words = torch.randint(1, 50, (n, 10), generator=torch.Generator().manual_seed(0))
    return [{"input_ids": row, "labels": row if language else int(row[0]) % CLASSES} for row in words]


def trainer(model: Any, watch: Watch | None, folder: Path, rows: Any = None, **options: Any) -> Any:
    given = {
        "report_to": "none",
        "use_cpu": True,
        "num_train_epochs": 2,
        "logging_steps": 2,
        "save_strategy": "no",
        "disable_tqdm": True,
        "per_device_train_batch_size": 8,
    } | options
    arguments = TrainingArguments(output_dir=str(folder), **given)
    rows = rows_of() if rows is None else rows
    return Trainer(model, arguments, train_dataset=rows, eval_dataset=rows_of(16), callbacks=[watch] if watch else [])


def both(make: Any, folder: Path, rows: Any = None, **options: Any) -> tuple[Any, Any, Rows]:
    """All weights with a callback and without one, and what it logged."""
    logged: Rows = []
    ends = []
    for watch in (Watch(log=lambda figures, step: logged.append((step, figures))), None):
        transformers.set_seed(0)
        model = make()
        trainer(model, watch, folder, rows, **options).train()
        ends.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    return ends[0], ends[1], logged


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (bert, {}),
        (bert, {"gradient_accumulation_steps": 3}),
        (bert, {"max_grad_norm": 0.01}),
        (bert, {"eval_strategy": "epoch"}),
        (bert, {"bf16": True}),
        (frozen, {}),
    ],
)
def test_the_weights_are_the_same_to_the_bit(make: Any, options: dict[str, Any], tmp_path: Path) -> None:
    watched, alone, logged = both(make, tmp_path, **options)
    assert torch.equal(watched, alone)
    assert next(step for step, figures in logged if "diag/grad_norm" in figures) == 1


def test_a_language_model_with_one_weight_in_two_places_is_watched(tmp_path: Path) -> None:
    watched, alone, logged = both(gpt, tmp_path, rows_of(language=True))
    said = merged(logged)
    assert torch.equal(watched, alone)
    assert said["diag/baseline_loss"] == pytest.approx(math.log(50))
    # The Trainer divides by all ten words of a row, of which nothing predicts the first.
    assert said["diag/initial_loss"] == pytest.approx(0.9 * math.log(50), rel=0.05)
    assert sum("wte" in key or "lm_head" in key for key in said if key.startswith("diag/grad_norm/")) == 1
    assert "diag/input_mean" not in said


@pytest.mark.parametrize("at", [0.0, 0.05])
def test_the_figures_are_those_computed_by_hand(at: float, tmp_path: Path) -> None:
    transformers.set_seed(1)
    model = bert(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    names = [name for name, _ in model.named_parameters()]
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    rows = rows_of(16)
    loss = model(torch.stack([r["input_ids"] for r in rows]), labels=torch.tensor([r["labels"] for r in rows])).loss
    gradients = dict(zip(names, torch.autograd.grad(loss, list(model.parameters())), strict=True))
    logged: Rows = []
    watch = Watch(log=lambda figures, step: logged.append((step, figures)))
    options = {"optim": "sgd", "learning_rate": 0.1, "lr_scheduler_type": "constant", "num_train_epochs": 1}
    trainer(model, watch, tmp_path, rows, per_device_train_batch_size=16, max_grad_norm=at, **options).train()
    said = merged(logged)
    whole = norm(gradients.values())
    ratio = min(1.0, at / whole) if at else 1.0
    assert said["diag/grad_norm"] == pytest.approx(whole, rel=1e-3)
    assert said["diag/clip_ratio"] == pytest.approx(ratio, rel=1e-3)
    assert said["diag/clipped"] == (ratio < 1)
    label = next(key for key in said if key.startswith("diag/update_ratio/") and key.endswith(".classifier"))
    own = ("classifier.weight", "classifier.bias")
    step = 0.1 * ratio * norm(gradients[n] for n in own) / norm(before[n] for n in own)
    assert said[label] == pytest.approx(step, rel=1e-3)
    assert said["diag/initial_loss"] == pytest.approx(float(loss), rel=1e-4)
    assert said["diag/baseline_loss"] == pytest.approx(math.log(CLASSES))


def test_gradients_that_are_added_up_make_one_step(tmp_path: Path) -> None:
    _, _, logged = both(bert, tmp_path, gradient_accumulation_steps=3, num_train_epochs=1)
    said = merged(logged)
    assert max(step for step, _ in logged) <= 2
    assert logged[1][1]["diag/batches_added"] == 3
    assert said["diag/gradients_kept"] == 0


def test_evaluation_and_labels_are_looked_at_and_every_key_is_one_of_the_scheme(tmp_path: Path) -> None:
    _, _, logged = both(bert, tmp_path, eval_strategy="epoch")
    said = merged(logged)
    assert {key.removeprefix("diag/").partition("/")[0] for key in said} <= {n.partition("/")[0] for n in SIGNALS}
    assert said["diag/eval_in_training_mode"] == 0
    assert said["diag/classes_seen"] == CLASSES


def test_what_the_trainer_logs_is_kept_by_its_names_and_steps(tmp_path: Path) -> None:
    watch = Watch(log=lambda *_: None)
    trainer(bert(), watch, tmp_path, eval_strategy="epoch").train()
    points = watch._watching.live.points
    assert [step for step, _ in points["loss"]] == [2, 4, 6, 8, 10, 12]
    assert [step for step, _ in points["eval_loss"]] == [6, 12]
    assert watch._watching.live.params["learning_rate"] == pytest.approx(5e-5)


def test_a_log_that_raises_ends_nothing_and_is_told_once(tmp_path: Path) -> None:
    def log(figures: dict[str, float], step: int) -> None:
        raise RuntimeError("the server is down")

    said = warned(lambda: trainer(bert(), Watch(log=log), tmp_path).train())
    assert said == ["tracker_diag: log() failed, so nothing more is logged: RuntimeError: the server is down"]


def test_an_error_of_the_data_is_the_users(tmp_path: Path) -> None:
    class Broken(torch.utils.data.Dataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return 16

        def __getitem__(self, i: int) -> Any:
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        trainer(bert(), Watch(log=lambda *_: None), tmp_path, Broken()).train()


def test_numbers_that_are_not_finite_end_nothing(tmp_path: Path) -> None:
    def lost() -> Any:
        model = bert()
        torch.nn.init.constant_(model.classifier.weight, math.nan)
        return model

    watched, alone, logged = both(lost, tmp_path)
    assert torch.equal(watched.isnan(), alone.isnan())
    assert math.isnan(merged(logged)["diag/grad_norm"])


def test_a_compiled_network_is_not_hooked(tmp_path: Path) -> None:
    logged: Rows = []
    model = bert()
    # Marks it as compiled, as Module.compile does, without a compiler.
    model._compiled_call_impl = model._call_impl
    trainer(model, Watch(log=lambda figures, step: logged.append((step, figures))), tmp_path).train()
    said = merged(logged)
    assert said["diag/grad_norm"] > 0
    assert "diag/classes_seen" not in said


def test_a_training_that_is_lost_is_stopped_where_that_is_wanted(tmp_path: Path) -> None:
    watch = Watch(log=lambda *_: None, stop_on="error")
    options = {"learning_rate": 1e30, "optim": "sgd", "num_train_epochs": 30, "logging_nan_inf_filter": False}
    trained = trainer(bert(), watch, tmp_path, max_grad_norm=0.0, eval_strategy="epoch", **options)
    trained.train()
    assert trained.state.epoch < 10


def test_all_hooks_are_gone_in_the_end(tmp_path: Path) -> None:
    model = bert()
    trainer(model, Watch(log=lambda *_: None), tmp_path).train()
    assert not any(m._forward_pre_hooks or m._forward_hooks for m in model.modules())
