"""The tree lint finds what it must and leaves alone what only looks like it."""

from pathlib import Path

import pytest

from tests.lints.tree import MAXIMUM_BYTES, findings, project_files


class TestFindings:
    @pytest.mark.parametrize(
        "line",
        [
            "--index" + "-url https://example.org/simple",
            "url = https://py" + "pi.org/simple",
            "path = '/wo" + "rk/project/file'",
            "see /ro" + "ot/.cache",
            "open('/t" + "mp/out.txt')",
            "/ho" + "me/someone/project",
        ],
    )
    def test_index_addresses_and_machine_paths_are_found(self, tmp_path: Path, line: str) -> None:
        path = tmp_path / "file.txt"
        path.write_text(f"first\n{line}\n")

        assert [found.split(":")[1] for found in findings([path])] == ["2"]

    @pytest.mark.parametrize(
        "line",
        [
            "pip compile --no-emit-index-url",
            "GET /api/work/items",
            "a homework/assignment",
            "mount('/home')",
            "var/tmp/file",
        ],
    )
    def test_what_only_looks_alike_is_left_alone(self, tmp_path: Path, line: str) -> None:
        path = tmp_path / "file.txt"
        path.write_text(line)

        assert list(findings([path])) == []

    @pytest.mark.parametrize(("size", "count"), [(MAXIMUM_BYTES, 0), (MAXIMUM_BYTES + 1, 1)])
    def test_a_file_may_have_a_megabyte_and_no_byte_more(self, tmp_path: Path, size: int, count: int) -> None:
        path = tmp_path / "file.bin"
        path.write_bytes(b"\0" * size)

        assert len(list(findings([path]))) == count

    def test_the_project_itself_is_clean(self) -> None:
        assert list(findings(project_files())) == []
