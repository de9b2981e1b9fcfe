"""Makers' names: what is the same by the table or by form, what is no maker, and that nothing is guessed."""

import pytest
from sqlalchemy.orm import Session

from operational_db.owners.manufacturer_service import list_manufacturers, resolve_manufacturers
from operational_db.owners.manufacturers import MAKERS, NOT_MAKERS, read_maker, to_alias, to_core
from operational_db.paging import PageRequest


def _name(text: str) -> str | None:
    maker = read_maker(text)
    return maker.name if maker is not None and maker.is_maker else None


class TestReadMaker:
    @pytest.mark.parametrize("text", ["OTIS", "Otis Elev Co", "OTIS ELEVATOR CO.", "OITS", " otis elev. co, inc "])
    def test_spellings_of_the_table_are_one_maker(self, text: str) -> None:
        assert _name(text) == "Otis"

    def test_a_difference_of_form_alone_is_the_same_maker(self) -> None:
        assert _name("Horizon Elevator Co., Inc.") == _name("HORIZON") == "Horizon"

    def test_what_is_only_alike_stays_apart(self) -> None:
        assert _name("MILLER ELEV CO") == "Miller"
        assert _name("MILLAR ELEV CO") == "Millar"

    @pytest.mark.parametrize(
        "text", ["HOUSING AUTHORITY", "private residence", "MRL ELEVATOR", "FRENCH CONSULATE", "MTA OWNED PROPERTY"]
    )
    def test_owners_uses_and_kinds_are_no_makers(self, text: str) -> None:
        maker = read_maker(text)
        assert maker is not None
        assert not maker.is_maker

    @pytest.mark.parametrize("text", [None, "", "-----", "#1152", "EBN1027/92 SO 060292", "ELEVATOR CO", "X", "1915"])
    def test_numbers_references_and_form_words_name_nobody(self, text: str | None) -> None:
        assert read_maker(text) is None

    def test_every_spelling_of_the_table_is_in_normal_form_and_once(self) -> None:
        cores = [core for table in (MAKERS, NOT_MAKERS) for spellings in table.values() for core in spellings]
        assert len(cores) == len(set(cores))
        assert [core for core in cores if to_core(to_alias(core)) != core] == []


class TestResolveManufacturers:
    def test_makers_are_added_once_with_their_spellings_and_origin(self, session: Session) -> None:
        texts = ["OTIS ELEV CO", "Otis", "ZENITH ELEV CO", "Zenith", "HOUSING AUTHORITY", "#12"]
        first = resolve_manufacturers(session, texts)
        assert first["OTIS ELEV CO"] == first["Otis"] is not None
        assert first["ZENITH ELEV CO"] == first["Zenith"] is not None
        assert first["HOUSING AUTHORITY"] is None
        assert first["#12"] is None
        assert resolve_manufacturers(session, texts) == first
        listed = list_manufacturers(session, search=None, page=PageRequest())
        assert [(m.name, m.is_maker, m.aliases) for m in listed.items] == [
            ("Otis", True, (("OTIS", "table"), ("OTIS ELEV CO", "table"))),
            ("Owner: housing authority", False, (("HOUSING AUTHORITY", "table"),)),
            ("Zenith", True, (("ZENITH", "new"), ("ZENITH ELEV CO", "spelling"))),
        ]

    def test_a_manufacturer_is_found_by_a_spelling(self, session: Session) -> None:
        resolve_manufacturers(session, ["OITS", "KONE"])
        found = list_manufacturers(session, search="oit", page=PageRequest())
        assert [(m.name, found.total) for m in found.items] == [("Otis", 1)]
