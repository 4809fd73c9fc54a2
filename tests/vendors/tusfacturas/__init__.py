"""Tests of TusFacturas."""
