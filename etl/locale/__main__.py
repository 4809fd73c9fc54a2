"""``python -m etl.locale``: make the catalogues again and say what has to be translated."""

import sys

from etl.locale.catalogue import refresh

if __name__ == "__main__":
    sys.exit("\n".join(refresh()) or None)
