import numpy as np
import pytest

from tests.rules.datasets import finding, healthy, learned, report, table
from tracker_diag import Severity, profile_data


def test_no_examples():
    found = finding("DS214", profile_data(np.empty((0, 4)), []))
    assert found.severity is Severity.WARNING
    assert found.message == "the training set is empty (0 examples)"


def test_an_empty_validation_side_and_an_empty_declared_input():
    X, y = table()
    assert "the validation set is empty" in finding("DS214", profile_data(X, y, X[:0], y[:0])).message
    declared = [{"name": "d", "digest": "x", "context": "train", "profile": {"num_rows": 0}}]
    assert "the training set is empty" in finding("DS214", datasets=declared).message


def test_one_class_only():
    X, _ = table()
    assert "one class" in finding("DS214", profile_data(X, np.zeros(600, dtype=int))).message


def test_labels_counted_from_one():
    X, y = table()
    found = finding("DS214", profile_data(X, y + 1), params={"num_classes": 2})
    assert found.severity is Severity.WARNING
    assert "labels run from 1 to " in found.message
    assert found.advice.startswith("subtract 1 from the labels, or set the number of classes to 3")


def test_labels_beyond_the_declared_classes_prescribe_their_number():
    X, _ = table()
    made = report("DS214", profile_data(X, np.arange(600) % 5), params={"model.num_classes": 3})
    assert [(c.param, c.before, c.after) for c in made.causes[0].prescription.changes] == [("model.num_classes", 3, 5)]


def test_sound_with_labels_of_any_kind_where_the_run_learned():
    X, y = table()
    found = finding("DS214", profile_data(X, y + 1), learned(), {"num_classes": 2})
    assert found is None or found.severity is Severity.INFO


@pytest.mark.parametrize("ignored", [-100, -1, 255])
def test_labels_that_mean_leave_out_are_allowed(ignored):
    X, y = table()
    y[:30] = ignored
    assert finding("DS214", profile_data(X, y), params={"num_classes": 3}) is None


def test_one_output_for_two_classes_is_right():
    assert finding("DS214", healthy(), params={"num_classes": 1}) is None


def test_texts_need_no_numbering():
    X, y = table()
    assert finding("DS214", profile_data(X, np.array(["cat", "dog"])[y]), params={"num_classes": 2}) is None


def test_validation_labels_that_training_lacks():
    X, y = table()
    found = finding("DS214", profile_data(X[:400], y[:400], X[400:], y[400:] + 1))
    assert "never occurs in training" in found.message


def test_a_few_of_the_declared_classes():
    X, y = table()
    assert "2 of the 10 configured classes" in finding("DS214", profile_data(X, y), params={"num_classes": 10}).message
    assert finding("DS214", profile_data(X, y), params={"num_classes": 1000}) is None


def test_another_number_of_features_than_declared():
    assert (
        "4 features, but the run is configured for 7" in finding("DS214", healthy(), params={"n_features": 7}).message
    )
    assert finding("DS214", healthy(), params={"n_features": 4}) is None
