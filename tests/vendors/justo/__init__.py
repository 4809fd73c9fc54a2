"""Tests of Justo."""
