"""What the program is measured against: libraries alone, and the scripts that people write by hand."""
