"""The Spanish texts: none is missing, none has lost a placeholder, and what is compiled is what was written."""

from __future__ import annotations

import gettext
import io

import pytest
from babel.messages.catalog import Catalog

from etl.locale.catalogue import COMPILED, collect, faults, mo_bytes, po_bytes, refreshed, translated
from etl.messages import ntext, text, translate


def our_ids(catalogue: Catalog) -> set[object]:
    """Return the texts of the program itself; Click's own change with its version."""
    return {message.id for message in catalogue if any(file.startswith("etl/") for file, _ in message.locations)}


def test_every_text_of_the_code_is_in_the_catalogue() -> None:
    """A new message without a translation is red until `python -m etl.locale` was run and it was translated."""
    assert our_ids(translated()) == our_ids(collect())


def test_click_speaks_spanish_where_people_see_it() -> None:
    """What Click says itself in help and usage errors is translated, whatever its version."""
    known = {message.id for message in translated()}
    assert known >= {"Usage:", "Error: {message}", "Try '{command} {option}' for help.", "Missing option"}


def test_nothing_is_missing_doubtful_or_without_its_placeholders() -> None:
    """A person never reads half a sentence in English, and no message fails when it is shown."""
    assert list(faults(translated())) == []


def test_what_is_compiled_is_what_was_written() -> None:
    """Somebody who edits the texts and forgets to compile them learns it here."""
    compiled = gettext.GNUTranslations(io.BytesIO(COMPILED.read_bytes()))
    fresh = gettext.GNUTranslations(io.BytesIO(mo_bytes(translated())))
    assert compiled._catalog == fresh._catalog  # type: ignore[attr-defined]


def test_making_it_again_changes_nothing() -> None:
    """One command gives the same texts each time: it keeps what was translated and is not confused by order."""
    once, known = refreshed(), translated()
    assert po_bytes(once) == po_bytes(refreshed())
    kept = [(message, known.get(message.id)) for message in once]
    assert all(old is None or message.string == old.string for message, old in kept)


@pytest.mark.parametrize(
    ("spanish", "fault"),
    [("", "missing"), ("{filas} filas", "placeholders"), ("{row} y {other}", "placeholders"), ("fila {row}", None)],
)
def test_faults_are_found(spanish: str, fault: str | None) -> None:
    """The test above can fail: a blank, a lost and a foreign placeholder are each found."""
    catalogue = Catalog(locale="es")
    catalogue.add("row {row}", spanish)
    assert [found.partition(":")[0] for found in faults(catalogue)] == ([] if fault is None else [fault])


def test_a_doubtful_translation_counts_as_missing() -> None:
    """A translation that was guessed from a similar text is not shipped."""
    catalogue = Catalog(locale="es")
    catalogue.add("row {row}", "fila {row}", flags={"fuzzy"})
    catalogue.add(("{count} row", "{count} rows"), ("una fila", ""))
    assert [found.partition(":")[0] for found in faults(catalogue)] == ["missing", "missing"]


def test_a_text_is_shown_in_spanish() -> None:
    """The compiled catalogue is the one that is used, plurals included."""
    assert (
        translate(text("Answer the question before sending with yes."), "es")
        != "Answer the question before sending with yes."
    )
    one, many = (translate(ntext("{count} row more", "{count} rows more", count), "en") for count in (1, 2))
    assert (one, many) == ("1 row more", "2 rows more")
