"""The texts that people see, in Spanish: gettext catalogues, and how they are made from the literals of the code."""
