"""Tests of the vendors; `test_contract` holds for each of them."""
