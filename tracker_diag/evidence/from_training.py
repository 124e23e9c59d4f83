"""What the callbacks saw from within the training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tracker_diag.core.run import Run, Series
from tracker_diag.core.signals import PREFIX, STEP
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.layer_signals import LayerSignals, layer_signals, own_layers
from tracker_diag.stats.arrays import FloatArray

#: Figures above it are no measurements, and sums of them overflow.
HIGHEST = 1e150


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """Figures of the callbacks, by signal and by layer; none of them empty.

    Attributes
    ----------
    whole : mapping of str to Series
        Of the network, by signal (``tracker_diag.core.signals.SIGNALS``).
    layers : mapping of str to mapping of str to Series
        By signal, then by layer in the order of the network.
    """

    whole: Mapping[str, Series]
    layers: Mapping[str, Mapping[str, Series]]

    def values(self, signal: str) -> FloatArray:
        """Give all that was measured of a signal of the network.

        Parameters
        ----------
        signal : str
            Its key without the prefix.

        Returns
        -------
        numpy.ndarray of float, shape (n,)
            Finite, in order of steps; empty where there is nothing.
        """
        series = self.whole.get(signal)
        return np.empty(0) if series is None else _measured(series.values)

    def median(self, signal: str) -> float | None:
        """Give the median of what was measured of a signal of the network.

        Parameters
        ----------
        signal : str
            Its key without the prefix.

        Returns
        -------
        float or None
            None where there is nothing.
        """
        return middle(self.values(signal))

    def first(self, signal: str) -> float | None:
        """Give the first value that was measured of a signal of the network.

        Parameters
        ----------
        signal : str
            Its key without the prefix.

        Returns
        -------
        float or None
            None where there is nothing.
        """
        values = self.values(signal)
        return float(values[0]) if values.size else None

    @property
    def input_size(self) -> float | None:
        """Root mean square of what reached the network, in the median; None for token ids, and where nothing tells."""
        mean, deviation = self.median("input_mean"), self.median("input_std")
        return None if mean is None or deviation is None else math.hypot(mean, deviation)

    def learns(self, layer: str) -> bool:
        """Tell whether a layer had a gradient at any step looked at.

        Parameters
        ----------
        layer : str
            Its name.

        Returns
        -------
        bool
            True where nothing tells.
        """
        norms = self.layers.get("grad_norm", {})
        return layer not in norms or bool((norms[layer].values > 0).any())

    def lasts(self, signal: str) -> dict[str, float]:
        """Give the last value that was measured of each layer.

        Parameters
        ----------
        signal : str
            Its key without the prefix and the layer.

        Returns
        -------
        dict of str to float
            By layer, in the order of the network; without those of which there is nothing.
        """
        found = {layer: _measured(series.values) for layer, series in self.layers.get(signal, {}).items()}
        return {layer: float(values[-1]) for layer, values in found.items() if values.size}


@rule_input(
    missing="no gradients, weights or activations per layer found",
    log="train with a callback from tracker_diag.probes",
    evidence="G",
)
def layer_figures(run: Run, signals: Mapping[str, Series] | None) -> LayerSignals | None:
    """Norms of gradients and updates, dead and saturated units of each layer, by whatever tool they were logged."""
    found = layer_signals({**run.metrics, **(signals or {})})
    known = (found.gradient_norms, found.update_ratios, found.dead, found.saturated)
    return found if any(known) or found.gradient_norm is not None else None


def middle(values: FloatArray) -> float | None:
    """Give the median of those values that may be measurements.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (n,)
        As logged: of any size, infinite or not numbers.

    Returns
    -------
    float or None
        None where none is a measurement.
    """
    measured = _measured(values)
    return float(np.median(measured)) if measured.size else None


def _measured(values: FloatArray) -> FloatArray:
    # False for NaN as well.
    measured: FloatArray = values[np.abs(values) <= HIGHEST]
    return measured


#: Batches in a row from which on their labels say something of the order.
IN_A_ROW = 3


def labels_in_a_row(watched: Watched) -> float | None:
    """The range of the labels in a few batches in a row, as a share of that of all labels seen, in the median."""
    low, high, count = (watched.values(name) for name in ("label_min", "label_max", "batches_added"))
    if not low.size == high.size == count.size or not (count >= IN_A_ROW).any():
        return None
    whole = float(high.max() - low.min()) + 1
    if whole <= 0:
        return None
    return middle(((high - low) + 1)[count >= IN_A_ROW] / whole)


@rule_input(
    missing="no values from inside the training loop found",
    log="train with a callback from tracker_diag.probes",
    evidence="GB",
)
def watched(signals: Mapping[str, Series]) -> Watched:
    """What the callbacks logged, by signal and by layer."""
    signals = _by_training_step(signals)
    named = {name.removeprefix(PREFIX): series for name, series in signals.items()}
    whole = {name: series for name, series in named.items() if "/" not in name and len(series)}
    return Watched(whole, own_layers(signals))


def _by_training_step(signals: Mapping[str, Series]) -> Mapping[str, Series]:
    """The series over steps of the training, where the tracker numbers rows instead and the rows say their step."""
    told = signals.get(STEP)
    if told is None or not len(told) or _measured(told.values).size < len(told) or (np.diff(told.values) < 0).any():
        return signals
    return {
        name: replace(series, steps=told.values[np.searchsorted(told.steps, series.steps).clip(max=len(told) - 1)])
        for name, series in signals.items()
        if name != STEP
    }
