"""The layout description is complete, and its printed forms are made from it."""

import pytest

from operational_db.imports.history import KEY_COLUMNS, KINDS
from operational_db.imports.layout import HISTORY_LAYOUT, Layout, layout_as_text
from operational_db.imports.licences import CSLB_LAYOUT
from operational_db.imports.oulad import OULAD_LAYOUT


class TestLayouts:
    def test_the_standard_layout_has_every_kind(self) -> None:
        assert tuple(file.kind for file in HISTORY_LAYOUT.files) == KINDS

    @pytest.mark.parametrize("kind", sorted(KEY_COLUMNS))
    def test_key_columns_are_columns_of_their_file(self, kind: str) -> None:
        names = {column.name for column in HISTORY_LAYOUT.file(kind).columns}
        assert names.issuperset(KEY_COLUMNS[kind])

    @pytest.mark.parametrize("layout", [HISTORY_LAYOUT, OULAD_LAYOUT, CSLB_LAYOUT], ids=lambda layout: layout.name)
    def test_printed_forms_name_every_column(self, layout: Layout) -> None:
        text = layout_as_text(layout)
        for file in layout.files:
            for column in file.columns:
                assert column.name in text
                assert column.written_as in text
