"""Writes results workbooks and templates, and reads back what people decide in them."""
