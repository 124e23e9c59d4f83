"""YAML of others: plain data, of a bounded size."""

from __future__ import annotations

import pytest

from tracker_diag.core.foreign_yaml import read_yaml_mapping


def test_plain_data_are_read() -> None:
    assert read_yaml_mapping("lr: 0.1\nlayers: [1, 2]\n3: x\n") == {"lr": 0.1, "layers": [1, 2]}


def test_a_tag_makes_nothing() -> None:
    text = "a: !!python/object/apply:os.system ['exit 1']\nb: !!python/tuple [1, 2]\nc: !own 5\n"
    assert read_yaml_mapping(text, with_tags=True) == {
        "a": "tag:yaml.org,2002:python/object/apply:os.system",
        "b": "tag:yaml.org,2002:python/tuple",
        "c": "5",
    }
    with pytest.raises(ValueError, match="ConstructorError"):
        read_yaml_mapping(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [1]\nb: *x\n", "refers to itself"),
        ("a: " + "[" * 100_000, "50 levels|deeply"),
        ("a: [" + "1," * 30_000 + "]", "20,000 parts"),
        ("a: " + "9" * 20_000, "10,000 characters"),
        ("- 1\n", "not a mapping"),
        ("a: [", "ParserError"),
        ("", "not a mapping"),
    ],
)
def test_what_is_too_much_or_no_mapping_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_yaml_mapping(text, with_tags=True)
