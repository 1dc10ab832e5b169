"""Tests of stores; what `conformance` asserts is explained where it fails."""

import pytest

pytest.register_assert_rewrite("tests.stores.conformance")
