"""Quantities are read as Kubernetes reads them and written as its API server writes them back."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.quantities import amount, canonical


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("1", "1"),
        ("500m", "0.5"),
        ("0.5", "0.5"),
        (".5", "0.5"),
        ("2.", "2"),
        ("1k", "1000"),
        ("1Ki", "1024"),
        ("512Mi", "536870912"),
        ("1.5Gi", "1610612736"),
        ("1G", "1000000000"),
        ("1E", "1000000000000000000"),
        ("1Ei", "1152921504606846976"),
        ("100u", "0.0001"),
        ("5n", "0.000000005"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("12e-1", "1.2"),
        ("2e+2", "200"),
    ],
)
def test_a_quantity_means_its_number(text: str, number: str):
    assert amount(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", " 1", "1 Gi", "-1", "+1", "1mi", "1gb", "1KI", "one", "m", ".", "1,5", "0x10"])
def test_what_is_no_quantity_is_refused_with_examples(text: str):
    with pytest.raises(BadInput, match="is not a quantity") as caught:
        amount(text)

    assert "512Mi" in caught.value.hint


@pytest.mark.parametrize(
    ("given_as", "stored"),
    [
        ("0.5", "500m"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1000M", "1G"),
        ("0", "0"),
        ("0m", "0"),
        ("0Mi", "0"),
        ("100m", "100m"),
        ("2", "2"),
        ("1000", "1k"),
        ("1536Ki", "1536Ki"),
    ],
)
def test_a_quantity_is_written_as_it_is_stored(given_as: str, stored: str):
    assert canonical(given_as) == stored


@pytest.mark.parametrize("quantity", ["0.0001", "0.0015", "100u", "1n", "0.1m"])
def test_what_is_finer_than_a_thousandth_is_not_written(quantity: str):
    with pytest.raises(BadInput, match="finer than a thousandth"):
        canonical(quantity)


suffixes = st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi"])


@given(st.integers(0, 10**6), suffixes)
def test_writing_keeps_the_amount(number: int, suffix: str):
    text = f"{number}{suffix}"

    assert amount(canonical(text)) == amount(text)


@given(st.integers(0, 10**6), suffixes)
def test_writing_twice_is_writing_once(number: int, suffix: str):
    once = canonical(f"{number}{suffix}")

    assert canonical(once) == once
