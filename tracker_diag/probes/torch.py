"""Watches a training loop of PyTorch that is written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, SupportsIndex
from weakref import WeakKeyDictionary, ref

import torch

from tracker_diag.probes.batch_facts import split_batch
from tracker_diag.probes.hooks import Hook
from tracker_diag.probes.live import TrainingStoppedError
from tracker_diag.probes.sinks import Log
from tracker_diag.probes.torch_training import Training
from tracker_diag.probes.watching import EVERY, Watching


def watch(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    loader: Any = None,
    *,
    loss: torch.nn.Module | None = None,
    scaler: Any = None,
    profile: Mapping[str, Any] | None = None,
    log: Log | None = None,
    every: int = EVERY,
    live: bool = True,
    stop_on: Literal["error"] | None = None,
) -> Watch:
    """Watch a training loop: one line before it.

    What is logged stands in ``docs/how-to/callbacks.md``: gradients, updates, activations, batches, a description of
    the network. The training's numbers do not change, no error of the watcher ends it, and the diagnosis works offline.

    Parameters
    ----------
    model : torch.nn.Module
        What is trained. Of a compiled one the modules are not looked into.
    optimizer : torch.optim.Optimizer
        Its ``step`` counts the steps.
    loader : iterable, optional
        What the loop iterates over: its batches, ``(inputs, targets)`` or mappings, are looked at as they pass. One
        that takes no attributes (a list, a generator) is watched by iterating over ``watch(…).batches`` instead.
    loss : torch.nn.Module, optional
        The loss as a module: the first loss is then compared with that of knowing nothing.
    scaler : torch.amp.GradScaler, optional
        Of mixed precision: its scale and the steps it left out are logged.
    profile : mapping, optional
        What ``tracker_diag.profile_data`` says of the data; it is logged beside the run.
    log : callable, optional
        Takes ``(dict, step)``. Where absent, the run that is going in W&B or MLflow gets the figures.
    every : int
        Steps from one look to the next, at least; looks that take more than a hundredth of the time come later.
    live : bool
        Diagnose the training while it goes on, from the metrics given to ``epoch``, and print a line at
        the first warning and one at the first error.
    stop_on : {'error', None}
        Raise ``TrainingStoppedError`` in ``epoch`` where the training is lost.

    Returns
    -------
    Watch
        To be told of each epoch, and closed at the end (or used as a context manager).

    Raises
    ------
    ValueError
        If ``every`` is less than 1, or ``stop_on`` is neither 'error' nor None.

    Examples
    --------
    >>> import torch
    >>> from tracker_diag.probes.torch import watch
    >>> model = torch.nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> data = torch.utils.data.TensorDataset(torch.ones(8, 2), torch.ones(8, 1))
    >>> loader = torch.utils.data.DataLoader(data, batch_size=4)
    >>> figures = {}
    >>> watched = watch(model, optimizer, loader, log=lambda found, step: figures.update(found))
    >>> for x, y in loader:
    ...     optimizer.zero_grad()
    ...     torch.nn.functional.mse_loss(model(x), y).backward()
    ...     optimizer.step()
    >>> watched.epoch(train_loss=0.5)
    ''
    >>> watched.close()
    >>> figures["diag/input_mean"], figures["diag/input_same"]
    (1.0, 1.0)
    """
    if not isinstance(model, torch.nn.Module) or not hasattr(optimizer, "register_step_post_hook"):
        raise ValueError("watch(model, optimizer, loader): give a torch.nn.Module and a torch.optim.Optimizer first")
    watching = Watching(log=log, every=every, profile=profile, live=live, stop_on=stop_on)
    if loss is not None and not isinstance(loss, torch.nn.Module):
        watching.warn("loss", "loss: give a module, e.g. torch.nn.CrossEntropyLoss(); the first loss is not compared")
        loss = None
    if scaler is not None and not hasattr(scaler, "get_scale"):
        watching.warn("scaler", "scaler: give a torch.amp.GradScaler; this one is not watched")
        scaler = None
    earlier = _WATCHED.get(model)
    if earlier is not None and (forgotten := earlier()) is not None:
        # A cell of a notebook that is run again: two watches would look at everything twice.
        forgotten.close()
    made = Watch(watching, model, optimizer, loader, loss, scaler)
    _WATCHED[model] = ref(made)
    return made


_WATCHED: WeakKeyDictionary[torch.nn.Module, ref[Watch]] = WeakKeyDictionary()
"""The watch of each network; a network has one."""


class Watch:
    """A training loop that is watched; ``watch`` makes it."""

    def __init__(
        self,
        watching: Watching,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        loader: Any,
        loss: torch.nn.Module | None,
        scaler: Any,
    ) -> None:
        self._watching = watching
        self._loader, self._class = loader, None if loader is None else type(loader)
        self._epochs = 0
        self._training, self._model = Training(watching, model, optimizer, loss=loss, scaler=scaler), model
        self._entering: Any = None
        self._closed = self._passed = False
        self._hook(wanted=True)
        if loader is not None:
            watching.guarded("the loader", self._watch_loader)

    def _watch_loader(self) -> None:
        """Have the loader's own iteration pass by: its class is exchanged for one that looks at what it gives."""
        kind, watch = type(self._loader), self
        if not hasattr(kind, "__iter__") or hasattr(kind, "__next__"):
            # One that is its own iterator, or is asked by number, iterates in another way.
            self._class = None
            return

        class Watched(kind):  # type: ignore[misc, valid-type]
            def __iter__(self) -> Iterator[Any]:
                return watch._passing(super().__iter__())

            def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
                made = super().__reduce_ex__(protocol)
                if isinstance(made, str):
                    return made
                call, args, *rest = made
                return (call, tuple(kind if part is Watched else part for part in args), *rest)

        Watched.__name__, Watched.__qualname__, Watched.__module__ = kind.__name__, kind.__qualname__, kind.__module__
        try:
            self._loader.__class__ = Watched
        except TypeError:
            self._class = None

    @property
    def batches(self) -> Iterator[Any]:
        """One epoch of the loader, looked at as it passes: for loaders that cannot be watched themselves."""
        if self._class is None:
            return self._passing(iter(self._loader))
        return iter(self._loader)

    def _hook(self, *, wanted: bool) -> None:
        """Look at what enters the network, or stop that: a hook that is not needed costs each step a little."""
        if wanted and self._entering is None and self._training.hooks:
            self._entering = self._model.register_forward_pre_hook(Hook(self._enters), with_kwargs=True)
        elif not wanted and self._entering is not None:
            self._entering.remove()
            self._entering = None

    def _passing(self, batches: Iterator[Any]) -> Iterator[Any]:
        watching, training = self._watching, self._training
        self._passed = True
        watching.new_epoch()
        try:
            for batch in batches:
                if training.looks is not (self._entering is not None):
                    self._hook(wanted=training.looks)
                if watching.schedule.batch_due:
                    watching.batch(*split_batch(batch))
                yield batch
        finally:
            # What comes between the epochs is evaluation.
            self._hook(wanted=not self._closed)

    def _enters(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        first = args[0] if args else next(iter(kwargs.values()), None)
        if torch.is_grad_enabled():
            self._training.enters_network(first)
        else:
            self._training.evaluates(first)

    def epoch(self, **metrics: float) -> str:
        """Tell the metrics of an epoch that has ended, for the diagnosis of the training that is going.

        They are not logged: your own logging goes on as it is.

        Parameters
        ----------
        **metrics : float
            By their names: ``train_loss``, ``val_loss``, ``val_accuracy`` and so on.

        Returns
        -------
        str
            The line that was printed, where there is something to tell; else empty.

        Raises
        ------
        TrainingStoppedError
            Where the training is lost and ``stop_on="error"`` was given.
        """
        self._epochs += 1
        self._training.end_evaluation()
        if self._loader is not None and not self._passed:
            said = "no batch of the loader was seen: iterate over watch.batches instead of your list or generator"
            self._watching.warn("batches", said)
        told = self._watching.epoch(metrics, self._epochs)
        if self._watching.stopped is not None:
            self.close()
            raise TrainingStoppedError(self._watching.stopped)
        return "" if told is None else told.line

    def close(self) -> None:
        """End the watch: hooks are taken away, the loader is as it was, what waits is sent."""
        self._closed = True
        self._training.close()
        self._hook(wanted=False)
        if self._class is not None and type(self._loader) is not self._class:
            self._loader.__class__ = self._class
        self._watching.end()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
