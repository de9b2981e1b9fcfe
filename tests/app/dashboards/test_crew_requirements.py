"""Crew requirements between the form and the stored tree: what the form writes it can read again, line by line."""

import pytest

from app.dashboards.crew_requirements import ANY, Line, lines_of, to_document

A, B, C = ({"certification": each} for each in "abc")


class TestForm:
    @pytest.mark.parametrize(
        ("lines", "combine", "document"),
        [
            ([Line(("a",))], "all", A),
            ([Line(("a", "b"))], "all", {"all": [A, B]}),
            ([Line(("a", "b"), how="any")], "all", {"any": [A, B]}),
            ([Line(("a",), of_crew=2)], "all", {"at_least": 2, "of_crew": A}),
            (
                [Line(("a",)), Line(("b", "c"), 1, "any")],
                "all",
                {"all": [A, {"at_least": 1, "of_crew": {"any": [B, C]}}]},
            ),
            ([Line(("a", "b")), Line(("c",))], "any", {"any": [{"all": [A, B]}, C]}),
        ],
    )
    def test_writes_a_tree_and_reads_it_again(
        self, lines: list[Line], combine: str, document: dict[str, object]
    ) -> None:
        assert to_document(lines, combine) == document
        assert lines_of(document) == (lines, combine)

    def test_lines_of_one_certificate_each_read_as_one_line(self) -> None:
        document = to_document([Line(("a",)), Line(("b",))], ANY)
        assert lines_of(document) == ([Line(("a", "b"), how=ANY)], "all")

    @pytest.mark.parametrize(
        "document",
        [
            {"all": [{"any": [{"all": [A, B]}, C]}, A]},
            {"at_least": 1, "of_crew": {"at_least": 1, "of_crew": A}},
            {"all": []},
            {},
        ],
    )
    def test_what_a_line_cannot_say_is_not_edited(self, document: dict[str, object]) -> None:
        assert lines_of(document) is None
