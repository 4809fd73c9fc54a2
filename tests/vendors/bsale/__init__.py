"""Tests of Bsale."""
