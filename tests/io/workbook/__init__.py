"""Tests of etl.io.workbook."""
