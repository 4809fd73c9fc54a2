"""Tests of the readers: files built by the tests, read for real."""
