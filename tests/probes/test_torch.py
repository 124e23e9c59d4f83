"""A hand-written loop that is watched: it trains as without, the figures are right, no trouble is the training's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

from tests.probes.networks import Rows, merged, norm, warned  # noqa: E402
from tracker_diag.core.model import read_model  # noqa: E402
from tracker_diag.probes import torch as probes  # noqa: E402
from tracker_diag.probes.live import TrainingStoppedError  # noqa: E402

# What torch warns of is its own.
pytestmark = pytest.mark.filterwarnings("ignore")
torch.set_num_threads(1)


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 3)
    )


def plain() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))


def loader(n: int = 128, *, batch: int = 16, shuffle: bool = True) -> Any:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(n, 6, generator=generator)
    data = torch.utils.data.TensorDataset(x, (x[:, 0] > 0).long() + (x[:, 1] > 0).long())
    return torch.utils.data.DataLoader(data, batch, shuffle=shuffle)


def trained(
    model: nn.Module,
    *,
    watched: bool = True,
    data: Any = None,
    epochs: int = 3,
    rate: float = 0.05,
    between: Callable[[nn.Module], None] = lambda _: None,
    zero: bool = True,
    evaluate: str = "eval",
    reset: bool = True,
    **options: Any,
) -> tuple[Rows, torch.Tensor]:
    """Train; gives what was logged, and the weights."""
    torch.manual_seed(0)
    for module in model.modules():
        if reset and hasattr(module, "reset_parameters"):
            module.reset_parameters()
    rows: Rows = []
    optimizer = torch.optim.SGD(model.parameters(), rate, momentum=0.9)
    loss = nn.CrossEntropyLoss()
    data = loader() if data is None else data
    options = {"log": lambda figures, step: rows.append((step, figures)), "live": False, **options}
    watch = probes.watch(model, optimizer, data, loss=loss, **options) if watched else None
    for _ in range(epochs):
        model.train()
        for x, y in data:
            if zero:
                optimizer.zero_grad()
            loss(model(x), y).backward()
            between(model)
            optimizer.step()
        if evaluate == "eval":
            model.eval()
        with torch.no_grad():
            for _ in range(3):
                model(torch.randn(8, 6, generator=torch.Generator().manual_seed(3)) * 4)
        if watch is not None:
            watch.epoch()
    if watch is not None:
        watch.close()
    return rows, torch.cat([p.detach().flatten() for p in model.parameters()])


def test_the_weights_are_the_same_to_the_bit() -> None:
    assert torch.equal(trained(network())[1], trained(network(), watched=False)[1])


def test_the_random_numbers_are_those_that_would_have_been_drawn() -> None:
    trained(network())
    drawn = torch.rand(3)
    trained(network(), watched=False)
    assert torch.equal(drawn, torch.rand(3))


def test_gradients_and_steps_are_those_of_the_training() -> None:
    model, seen = plain(), {}

    def between(model: nn.Module) -> None:
        if seen:
            return
        seen.update(
            first=norm([p.grad for p in model[0].parameters()]),
            whole=norm([p.grad for p in model.parameters()]),
            weights=[p.detach().clone() for p in model[0].parameters()],
            step=0.05 * norm([p.grad for p in model[0].parameters()]),
        )

    rows, _ = trained(model, between=between, epochs=1)
    figures = next(figures for step, figures in rows if step == 1 and "diag/grad_norm" in figures)
    assert figures["diag/grad_norm/000.0"] == pytest.approx(seen["first"], rel=1e-5)
    assert figures["diag/grad_norm"] == pytest.approx(seen["whole"], rel=1e-5)
    # The first step of SGD with momentum is rate times gradient.
    assert figures["diag/update_ratio/000.0"] == pytest.approx(seen["step"] / norm(seen["weights"]), rel=1e-4)


def test_a_clip_is_seen_and_the_norm_is_that_before_it() -> None:
    norms: list[float] = []

    def clip(model: nn.Module) -> None:
        norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), 0.01)))

    rows, _ = trained(plain(), between=clip, epochs=1)
    figures = next(figures for step, figures in rows if step == 1 and "diag/grad_norm" in figures)
    assert figures["diag/clipped"] == 1
    assert figures["diag/clip_ratio"] == pytest.approx(0.01 / norms[0], rel=1e-3)
    assert figures["diag/grad_norm"] == pytest.approx(norms[0], rel=1e-3)


def test_nothing_is_clipped_where_nothing_clips() -> None:
    assert merged(trained(plain())[0])["diag/clipped"] == 0


@pytest.mark.parametrize(("zero", "kept"), [(True, 0.0), (False, 1.0)])
def test_gradients_that_are_not_zeroed(zero: bool, kept: float) -> None:
    rows, _ = trained(plain(), zero=zero)
    found = [figures["diag/gradients_kept"] for step, figures in rows if "diag/gradients_kept" in figures and step > 1]
    assert found
    assert set(found) == {kept}


def test_accumulating_on_purpose_is_no_gradient_that_was_kept() -> None:
    rows: Rows = []
    model = plain()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with probes.watch(model, optimizer, log=lambda f, s: rows.append((s, f)), live=False):
        for i, (x, y) in enumerate(loader(512)):
            nn.functional.cross_entropy(model(x), y).backward()
            if i % 4 == 3:
                optimizer.step()
                optimizer.zero_grad()
    assert {f["diag/gradients_kept"] for _, f in rows if "diag/gradients_kept" in f} == {0.0}


def test_dead_and_saturated_units() -> None:
    model = network()
    for module in model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    with torch.no_grad():
        model[1].bias.fill_(-50)
        model[4].bias.fill_(30)
    figures = merged(trained(model, reset=False)[0])
    assert figures["diag/dead/001.4"] == 1
    assert figures["diag/saturated/002.6"] == 1
    assert "diag/dead/000.0" not in figures, "the network's own input has no units"


def test_the_own_input_may_hold_columns_of_zeros() -> None:
    x = torch.randn(64, 6)
    x[:, :5] = 0
    data = [(x, torch.zeros(64, dtype=torch.long))] * 4
    figures = merged(trained(plain(), data=data)[0])
    assert figures["diag/dead/001.2"] < 1


def test_the_scale_of_the_initial_weights() -> None:
    model = plain()
    for module in (model[0], model[2]):
        module.reset_parameters()
    with torch.no_grad():
        model[0].weight.normal_(0, math.sqrt(2 / 6))
        model[2].weight.zero_()
    figures = next(f for s, f in trained(model, reset=False)[0] if s == 0)
    assert figures["diag/weight_scale/000.0"] == pytest.approx(1, abs=0.3)
    assert figures["diag/weight_scale/001.2"] == 0


def test_the_first_loss_beside_that_of_knowing_nothing() -> None:
    figures = merged([row for row in trained(plain())[0] if row[0] == 0])
    assert figures["diag/baseline_loss"] == pytest.approx(math.log(3))
    assert 0.5 < figures["diag/initial_loss"] < 2.5


@pytest.mark.parametrize(("mode", "share"), [("eval", 0.0), ("train", 1.0)])
def test_the_mode_and_the_input_of_evaluations(mode: str, share: float) -> None:
    figures = merged(trained(network(), evaluate=mode)[0])
    assert figures["diag/eval_in_training_mode"] == share
    assert figures["diag/eval_input_std"] == pytest.approx(4, rel=0.4)


def test_what_a_step_asks_without_gradients_is_no_evaluation() -> None:
    """Pseudo-labels are asked of the network while it trains."""
    rows: Rows = []
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watch = probes.watch(model, optimizer, log=lambda f, s: rows.append((s, f)), live=False)
    for x, _ in loader():
        with torch.no_grad():
            labels = model(x).argmax(1)
        nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
        optimizer.zero_grad()
    watch.epoch()
    watch.close()
    assert "diag/eval_in_training_mode" not in merged(rows)


def test_batches_of_the_loader_are_looked_at() -> None:
    figures = merged(trained(plain(), data=loader(shuffle=False))[0])
    assert figures["diag/input_std"] == pytest.approx(1, rel=0.3)
    assert figures["diag/classes_seen"] == 3
    assert figures["diag/batches_repeated"] == 0


def test_the_loader_is_as_it_was_in_the_end() -> None:
    data = loader()
    kind = type(data)
    trained(plain(), data=data)
    assert type(data) is kind


def test_a_list_of_batches_is_watched_by_iterating_over_the_watch() -> None:
    data = [(torch.full((8, 6), 7.0), torch.zeros(8, dtype=torch.long))] * 3
    rows: Rows = []
    model = plain()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watch = probes.watch(model, optimizer, data, log=lambda f, s: rows.append((s, f)), live=False)
    assert [len(x) for x, _ in watch.batches] == [8, 8, 8]
    for x, y in watch.batches:
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    watch.close()
    assert merged(rows)["diag/input_mean"] == pytest.approx(7)


def test_running_statistics_come_near_to_those_of_the_batches() -> None:
    rows, _ = trained(network(), epochs=30)
    gaps = [f["diag/batch_norm_gap/000.1"] for _, f in rows if "diag/batch_norm_gap/000.1" in f]
    assert gaps[0] > 0.5
    assert gaps[-1] < 0.35


def test_shared_weights_layers_without_parameters_and_frozen_ones() -> None:
    first = nn.Linear(6, 6)
    model = nn.Sequential(first, nn.ReLU(), first, nn.Flatten(), nn.Linear(6, 3), nn.Identity())
    model[4].bias.requires_grad_(False)
    rows: Rows = []
    assert warned(lambda: rows.extend(trained(model)[0])) == []
    assert {"diag/grad_norm/000.0", "diag/grad_norm/001.4"} <= set(merged(rows))


def test_a_network_without_anything_to_train_in_two_dimensions() -> None:
    class Scale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, :3] * self.weight

    assert warned(lambda: trained(Scale())) == []


def test_a_compiled_network_is_not_looked_into() -> None:
    model = plain()
    model._orig_mod = None  # type: ignore[assignment]
    figures = merged(trained(model)[0])
    assert "diag/grad_norm/000.0" in figures
    assert not [name for name in figures if name.startswith(("diag/dead", "diag/clip"))]


class Raises:
    """A loader that breaks."""

    def __iter__(self) -> Iterator[Any]:
        yield torch.randn(8, 6), torch.zeros(8, dtype=torch.long)
        raise OSError("a worker died")


def test_an_error_of_the_loader_stays_the_loaders() -> None:
    with pytest.raises(OSError, match="a worker died"):
        trained(plain(), data=Raises())


def test_a_log_that_fails_is_warned_of_once() -> None:
    def fails(figures: dict[str, float], step: int) -> None:
        raise ConnectionError("the tracker is down")

    said = warned(lambda: trained(plain(), log=fails))
    assert len(said) == 1
    assert "the tracker is down" in said[0]


def test_without_a_run_or_a_log_one_warning_says_what_to_do() -> None:
    said = warned(lambda: trained(plain(), log=None))
    assert len(said) == 1
    assert "pass log=" in said[0]


@pytest.mark.parametrize(
    "batch",
    [
        {"ids": torch.ones(8, 4, dtype=torch.long), "labels": torch.zeros(8)},
        (torch.full((8, 6), math.nan), torch.full((8,), math.nan)),
        ([torch.ones(2), torch.ones(3)], ["a", "b"]),
        (torch.ones(0, 6), torch.ones(0)),
        "text",
        None,
        object(),
    ],
)
def test_batches_of_any_kind_pass(batch: Any) -> None:
    class Gives:
        def __iter__(self) -> Iterator[Any]:
            return iter([batch] * 3)

    data = Gives()
    model = plain()
    watch = probes.watch(model, torch.optim.SGD(model.parameters(), 0.1), data, log=lambda *_: None, live=False)
    got = list(data)
    watch.close()
    assert len(got) == 3
    assert all(one is batch for one in got)


def test_infinite_gradients_under_a_scaler() -> None:
    rows: Rows = []
    model = plain()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
    watch = probes.watch(model, optimizer, scaler=scaler, log=lambda f, s: rows.append((s, f)), live=False, every=5)
    for i, (x, y) in enumerate(loader(1600)):
        optimizer.zero_grad()
        value = nn.functional.cross_entropy(model(x), y)
        scaler.scale(value * (math.inf if i % 3 == 0 else 1.0)).backward()
        scaler.step(optimizer)
        scaler.update()
    watch.close()
    figures = [f for _, f in rows if "diag/loss_scale" in f]
    assert figures[-1]["diag/loss_scale"] < 2.0**16
    assert max(f["diag/skipped_steps"] for f in figures) > 0.2
    assert all(torch.isfinite(p).all() for p in model.parameters())


def test_a_step_with_a_closure() -> None:
    rows: Rows = []
    model = plain()
    x, y = next(iter(loader()))
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)
    watch = probes.watch(model, optimizer, log=lambda f, s: rows.append((s, f)), live=False)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = nn.functional.cross_entropy(model(x), y)
        value.backward()
        return value

    for _ in range(3):
        optimizer.step(closure)
    watch.close()
    assert merged(rows)["diag/grad_norm"] > 0


def test_the_description_is_one_that_is_read() -> None:
    model = plain()
    watch = probes.watch(model, torch.optim.Adam(model.parameters()), loss=nn.CrossEntropyLoss(), log=lambda *_: None)
    watch.close()
    described = read_model(watch._watching.live.model)
    assert [layer.type for layer in described.layers] == ["Linear", "ReLU", "Linear"]
    assert (described.optimizer, described.loss, described.trainable_parameters) == ("Adam", "CrossEntropyLoss", 163)


def test_a_lost_training_is_told_at_once_and_stopped_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    model = plain()
    watch = probes.watch(model, torch.optim.SGD(model.parameters(), 0.1), log=lambda *_: None, stop_on="error")
    watch.epoch(train_loss=1.0, val_loss=1.1)
    with pytest.raises(TrainingStoppedError, match="diverged"):
        watch.epoch(train_loss=math.nan, val_loss=math.nan)
    assert capsys.readouterr().err.count("tracker_diag, epoch 2: error: diverged") == 1


def test_a_sound_training_is_told_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    model = plain()
    watch = probes.watch(model, torch.optim.SGD(model.parameters(), 0.1), log=lambda *_: None)
    for epoch in range(1, 25):
        assert watch.epoch(train_loss=1.1 * 0.8**epoch + 0.2, val_loss=1.1 * 0.8**epoch + 0.22) == ""
    watch.close()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("options", [{"every": 0}, {"stop_on": "warning"}])
def test_options_that_cannot_be(options: dict[str, Any]) -> None:
    model = plain()
    with pytest.raises(ValueError, match=next(iter(options))):
        probes.watch(model, torch.optim.SGD(model.parameters(), 0.1), **options)


@pytest.mark.parametrize(
    "options", [{"every": "10"}, {"log": "mlflow"}, {"profile": "profile.json"}], ids=["every", "log", "profile"]
)
def test_options_of_another_kind(options: dict[str, Any]) -> None:
    model = plain()
    with pytest.raises(ValueError, match=next(iter(options))):
        probes.watch(model, torch.optim.SGD(model.parameters(), 0.1), **options)


def test_network_and_optimiser_in_the_wrong_order() -> None:
    model = plain()
    with pytest.raises(
        ValueError, match=r"watch\(model, optimizer, loader\): give a torch.nn.Module and a torch.optim"
    ):
        probes.watch(torch.optim.SGD(model.parameters(), 0.1), model)  # type: ignore[arg-type]


def test_a_loss_that_is_a_function_is_not_compared() -> None:
    model = plain()

    def act() -> None:
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        watch = probes.watch(model, optimizer, loss=nn.functional.cross_entropy, scaler=1, log=lambda *_: None)
        watch.close()

    said = warned(act)
    assert len(said) == 2
    assert "CrossEntropyLoss()" in said[0]
    assert "GradScaler" in said[1]


def test_a_list_that_is_not_watched_is_told() -> None:
    data = [(torch.ones(8, 6), torch.zeros(8, dtype=torch.long))] * 3
    said = warned(lambda: trained(plain(), data=data))
    assert len(said) == 1
    assert "watch.batches" in said[0]


def test_a_run_may_start_after_the_watch(tmp_path: Any) -> None:
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.create_experiment("watched", (tmp_path / "artifacts").as_uri())
    try:
        model = plain()
        optimizer = torch.optim.SGD(model.parameters(), 0.1)

        def act() -> None:
            watch = probes.watch(model, optimizer, live=False)
            with mlflow.start_run(experiment_id="1"):
                for x, y in loader():
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                watch.close()

        assert warned(act) == []
        (run,) = mlflow.search_runs(experiment_ids=["1"], output_format="list")
        assert {"diag/weight_scale/000.0", "diag/grad_norm"} <= set(run.data.metrics)
    finally:
        mlflow.set_tracking_uri(before)


def test_what_stands_at_the_end_is_told_then(capsys: pytest.CaptureFixture[str]) -> None:
    model = plain()
    watch = probes.watch(model, torch.optim.SGD(model.parameters(), 0.1), log=lambda *_: None)
    watch._watching.live._spent = 1e9
    for epoch in range(1, 40):
        watch.epoch(train_loss=2 * 0.85**epoch, val_loss=2 * 0.85 ** min(epoch, 10) + 0.1 * max(0, epoch - 10))
    assert capsys.readouterr().err == ""
    watch.close()
    watch.close()
    assert capsys.readouterr().err.count("tracker_diag, epoch 39: warning: overfitting") == 1
