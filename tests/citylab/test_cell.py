"""Cells of CSV files: no text is a formula, and each comes back as it was."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from citylab.cell import guard, unguard

SIGNS = "=+-@|\t\r\n\uff0b\uff0d\uff1d\uff20"


@given(st.text(st.sampled_from("' \u00a0a1" + SIGNS)) | st.text())
@example("'=1")
@example("'")
def test_no_cell_is_a_formula_and_each_comes_back(text):
    cell = guard(text)
    assert cell in {text, f"'{text}"}
    assert cell.lstrip(" \u00a0")[:1] not in set(SIGNS)
    assert unguard(cell) == text


@pytest.mark.parametrize("text", ["", "meter", "a=1", "'tis", "PM2.5", "1-2"])
def test_other_texts_stay(text):
    assert guard(text) == text == unguard(text)
