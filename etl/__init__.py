"""Puts product and stock spreadsheets into the vendors' systems, row by row. Importing it does nothing."""

__version__ = "0.1.0"
