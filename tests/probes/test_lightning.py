"""The callback for Lightning: the training stays as it is, the figures are right, and no trouble is the training's."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
lightning = pytest.importorskip("lightning", reason="Lightning is not installed")

from lightning.pytorch.loggers import CSVLogger, MLFlowLogger  # noqa: E402
from lightning.pytorch.plugins import MixedPrecision  # noqa: E402
from torch import nn  # noqa: E402

from tests.probes.networks import Rows, merged, norm, warned  # noqa: E402
from tracker_diag.core.signals import SIGNALS  # noqa: E402
from tracker_diag.probes.lightning import Watch, sink_of  # noqa: E402
from tracker_diag.probes.sinks import OfFunction, OfMlflow  # noqa: E402
from tracker_diag.probes.watching import Watching  # noqa: E402

# What Lightning warns of is its own.
pytestmark = pytest.mark.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
# Networks this small are slower on several threads.
torch.set_num_threads(1)

CLASSES = 4


class Network(lightning.LightningModule):  # type: ignore[misc]
    """A perceptron with a loss of its own."""

    def __init__(self, rate: float = 0.05, momentum: float = 0.9) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(12, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, CLASSES)
        )
        self.loss = nn.CrossEntropyLoss()
        self.rate, self.momentum = rate, momentum

    def training_step(self, batch: Any, i: int) -> Any:
        loss = self.loss(self.net(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, i: int) -> None:
        self.log("val_loss", self.loss(self.net(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), self.rate, momentum=self.momentum)


class Plain(Network):
    """Without what is random, and with a loss that is a function."""

    loss = staticmethod(nn.functional.cross_entropy)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.net = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, CLASSES))
        del self.loss


class ByHand(Network):
    """Its own loop, with two optimisers and a clip."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.other = nn.Linear(12, 1)

    def training_step(self, batch: Any, i: int) -> None:
        first, second = self.optimizers()
        loss = self.loss(self.net(batch[0]), batch[1])
        first.zero_grad()
        self.manual_backward(loss)
        self.clip_gradients(first, 0.01, "norm")
        first.step()
        second.zero_grad()
        self.manual_backward((self.other(batch[0]) ** 2).mean())
        second.step()

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.net.parameters(), 0.05), torch.optim.Adam(self.other.parameters())


class Frozen(Network):
    """With a layer that is not trained, and one weight in two places."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(12, 12), nn.Tanh(), nn.Linear(12, 12), nn.Linear(12, CLASSES))
        self.net[0].requires_grad_(False)
        self.net[2].weight = self.net[0].weight


def loader(n: int = 96, batch_size: int = 16, shuffle: bool = True) -> Any:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 12, generator=generator)
    y = torch.randint(0, CLASSES, (n,), generator=generator)
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size, shuffle=shuffle)


def fit(model: Any, watch: Watch | None, train: Any = None, **options: Any) -> Any:
    given = {
        "max_epochs": 3,
        "accelerator": "cpu",
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    } | options
    trainer = lightning.Trainer(callbacks=[] if watch is None else [watch], **given)
    trainer.fit(model, loader() if train is None else train, loader(32, shuffle=False))
    return trainer


def both(make: Any, **options: Any) -> tuple[Any, Any, Rows]:
    """All weights with a callback and without one, and what it logged."""
    rows: Rows = []
    ends = []
    for watch in (Watch(log=lambda figures, step: rows.append((step, figures))), None):
        lightning.seed_everything(0, verbose=False)
        model = make()
        fit(model, watch, **options)
        ends.append(torch.cat([p.detach().flatten() for p in model.state_dict().values()]))
    return ends[0], ends[1], rows


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (Network, {}),
        (Plain, {}),
        (ByHand, {}),
        (Frozen, {}),
        (Network, {"accumulate_grad_batches": 4}),
        (Network, {"gradient_clip_val": 0.1}),
        (Network, {"gradient_clip_val": 0.01, "gradient_clip_algorithm": "value"}),
        (Network, {"precision": "bf16-mixed"}),
    ],
)
def test_the_weights_are_the_same_to_the_bit(make: Any, options: dict[str, Any]) -> None:
    watched, alone, rows = both(make, **options)
    assert torch.equal(watched, alone)
    assert next(step for step, figures in rows if "diag/grad_norm" in figures) == 1


def _by_hand(model: Any) -> list[Any]:
    x, y = loader(32).dataset.tensors
    loss = nn.functional.cross_entropy(model.net(x), y)
    return list(torch.autograd.grad(loss, list(model.net.parameters())))


@pytest.mark.parametrize(("algorithm", "at"), [(None, None), ("norm", 0.1), ("value", 0.02)])
def test_the_figures_are_those_computed_by_hand(algorithm: str | None, at: float | None) -> None:
    lightning.seed_everything(1, verbose=False)
    model = Plain(rate=0.1, momentum=0.0)
    before = [p.detach().clone() for p in model.parameters()]
    gradients = _by_hand(model)
    rows: Rows = []
    watch = Watch(log=lambda figures, step: rows.append((step, figures)))
    options = {"gradient_clip_val": at, "gradient_clip_algorithm": algorithm}
    fit(model, watch, loader(32, 32), max_epochs=1, num_sanity_val_steps=0, **options)
    said = merged(rows)
    update = [(a.detach() - b) / 0.1 for a, b in zip(model.parameters(), before, strict=True)]
    step = 0.1 * norm(update[:2]) / norm(before[:2])
    assert said["diag/update_ratio/000.net.0"] == pytest.approx(step, rel=1e-3)
    largest = max(range(len(gradients)), key=lambda i: gradients[i].numel())
    ratio = norm([update[largest]]) / norm([gradients[largest]])
    assert said["diag/clip_ratio"] == pytest.approx(ratio, rel=1e-3)
    assert said["diag/clipped"] == (at is not None)
    if algorithm != "value":
        # A clip of single values is no factor of the whole.
        assert said["diag/grad_norm"] == pytest.approx(norm(gradients), rel=1e-3)
        assert said["diag/grad_norm/001.net.2"] == pytest.approx(norm(gradients[2:]), rel=1e-3)
    assert said["diag/initial_loss"] > 0.5


def test_gradients_that_are_added_up_are_looked_at_together() -> None:
    lightning.seed_everything(1, verbose=False)
    model = Plain(rate=0.1, momentum=0.0)
    gradients = _by_hand(model)
    rows: Rows = []
    watch = Watch(log=lambda figures, step: rows.append((step, figures)))
    fit(model, watch, loader(32, 8), max_epochs=1, accumulate_grad_batches=4)
    said = merged(rows)
    assert said["diag/grad_norm"] == pytest.approx(norm(gradients), rel=1e-3)
    assert said["diag/batches_added"] == 4
    assert said["diag/gradients_kept"] == 0


def test_of_several_optimisers_the_first_is_followed_and_that_is_said_once() -> None:
    rows: Rows = []
    watch = Watch(log=lambda figures, step: rows.append((step, figures)))
    said = warned(lambda: fit(ByHand(), watch))
    assert said == ["tracker_diag: only the first of 2 optimisers, and what it trains, is measured"]
    assert max(step for step, _ in rows) == 18
    assert merged(rows)["diag/clip_ratio"] < 0.5
    assert not any("other" in key for key in merged(rows))


def test_the_first_loss_is_compared_with_knowing_nothing() -> None:
    _, _, rows = both(Network)
    assert merged(rows)["diag/baseline_loss"] == pytest.approx(math.log(CLASSES))
    assert 0.5 < merged(rows)["diag/initial_loss"] < 5


def test_every_key_is_one_of_the_scheme_and_evaluation_is_looked_at() -> None:
    _, _, rows = both(Network)
    said = merged(rows)
    assert {key.removeprefix("diag/").partition("/")[0] for key in said} <= {n.partition("/")[0] for n in SIGNALS}
    assert said["diag/eval_in_training_mode"] == 0
    assert said["diag/eval_input_std"] == pytest.approx(1, abs=0.2)
    assert said["diag/batch_norm_gap/000.net.1"] > 0


def test_dropout_that_is_on_in_evaluation_is_seen() -> None:
    class On(Network):
        def on_validation_start(self) -> None:
            self.net[3].train()

    _, _, rows = both(On)
    assert merged(rows)["diag/eval_in_training_mode"] == 1


def test_the_metrics_of_each_epoch_are_kept_once() -> None:
    watch = Watch(log=lambda *_: None)
    fit(Network(), watch)
    points = watch._watching.live.points
    assert [step for step, _ in points["train_loss"]] == [0, 1, 2]
    assert [step for step, _ in points["val_loss"]] == [0, 1, 2]
    assert watch._watching.live.params == {
        "epochs": 3,
        "batch_size": 16,
        "optimizer": "sgd",
        "learning_rate": 0.05,
        "momentum": 0.9,
        "weight_decay": 0,
    }


@pytest.mark.parametrize("overflow", [False, True])
def test_a_loss_scale_is_taken_out_and_steps_left_out_are_counted(overflow: bool) -> None:
    lightning.seed_everything(1, verbose=False)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**100 if overflow else 1024.0)
    model = Plain(rate=0.1, momentum=0.0)
    gradients = _by_hand(model)
    rows: Rows = []
    watch = Watch(log=lambda figures, step: rows.append((step, figures)))
    plugin = MixedPrecision("16-mixed", "cpu", scaler)
    fit(model, watch, loader(32, 32), max_epochs=160 if overflow else 1, plugins=[plugin])
    said = merged(rows)
    if overflow:
        first = next(figures for _, figures in rows if "diag/skipped_steps" in figures)
        assert first["diag/skipped_steps"] > 0.5
        assert first["diag/loss_scale"] < 2.0**100
    else:
        assert (said["diag/loss_scale"], said["diag/skipped_steps"]) == (1024, 0)
        assert said["diag/grad_norm"] == pytest.approx(norm(gradients), rel=0.02)
        assert said["diag/clip_ratio"] == pytest.approx(1, rel=1e-2)


def test_a_log_that_raises_ends_nothing_and_is_told_once() -> None:
    def log(figures: dict[str, float], step: int) -> None:
        raise RuntimeError("the server is down")

    said = warned(lambda: fit(Network(), Watch(log=log)))
    assert said == ["tracker_diag: log() failed, so nothing more is logged: RuntimeError: the server is down"]


def test_an_error_of_the_data_is_the_users_and_leaves_nothing_behind() -> None:
    class Broken(torch.utils.data.IterableDataset):  # type: ignore[misc]
        def __iter__(self) -> Iterator[Any]:
            yield torch.zeros(12), torch.tensor(0)
            raise OSError("the disk is gone")

    model = Network()
    with pytest.raises(OSError, match="the disk is gone"):
        fit(model, Watch(log=lambda *_: None), torch.utils.data.DataLoader(Broken(), 1))
    assert not any(m._forward_pre_hooks or m._forward_hooks for m in model.modules())


def test_a_batch_of_another_kind_is_no_trouble() -> None:
    class Odd(Network):
        def training_step(self, batch: Any, i: int) -> Any:
            return self.loss(self.net(batch.x), torch.zeros(2, dtype=torch.long))

    batches = torch.utils.data.DataLoader(range(3), collate_fn=lambda _: SimpleNamespace(x=torch.randn(2, 12)))
    assert warned(lambda: fit(Odd(), Watch(log=lambda *_: None), batches)) == []


def test_numbers_that_are_not_finite_end_nothing() -> None:
    class Lost(Network):
        def training_step(self, batch: Any, i: int) -> Any:
            return super().training_step((batch[0] * math.nan, batch[1]), i)

    watched, alone, rows = both(Lost)
    assert torch.equal(watched.isnan(), alone.isnan())
    assert math.isnan(merged(rows)["diag/grad_norm"])


def test_a_training_that_is_lost_is_stopped_where_that_is_wanted() -> None:
    trainer = fit(Network(rate=1e30), Watch(log=lambda *_: None, stop_on="error"), max_epochs=30)
    assert trainer.current_epoch < 10


def test_figures_go_to_the_loggers_tracker_else_to_its_file(tmp_path: Path) -> None:
    watching = Watching()
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    tracker = MLFlowLogger("lightning", tracking_uri=uri, artifact_location=(tmp_path / "artifacts").as_uri())
    file = CSVLogger(tmp_path)
    assert isinstance(sink_of([file, tracker], watching), OfMlflow)
    assert isinstance(sink_of([file], watching), OfFunction)
    assert sink_of([], watching) is None
    fit(Network(), Watch(), logger=[file, tracker], max_epochs=1)
    run = tracker.experiment.get_run(tracker.run_id)
    assert run.data.metrics["diag/grad_norm"] > 0
    left = [f.path for f in tracker.experiment.list_artifacts(tracker.run_id, "diagnosis")]
    assert left == ["diagnosis/model.json"]


def test_a_file_alone_gets_the_figures(tmp_path: Path) -> None:
    file = CSVLogger(tmp_path)
    fit(Network(), Watch(), logger=file, max_epochs=1)
    assert "diag/grad_norm" in (Path(file.log_dir) / "metrics.csv").read_text()


def test_another_process_than_the_first_logs_nothing() -> None:
    rows: Rows = []
    watch = Watch(log=lambda figures, step: rows.append((step, figures)))
    watch.on_train_start(SimpleNamespace(is_global_zero=False), Network())
    assert rows == []
