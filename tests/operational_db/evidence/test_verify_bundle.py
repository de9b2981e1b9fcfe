"""The offline check: an intact bundle passes, and whatever was changed in one is named.

The tampering goes both ways it can: a file changed as it lies there, and a file changed by somebody who also brings
the manifest in line but has not the ledger's key.
"""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operational_db.evidence import verify_bundle as formats
from operational_db.evidence.verify_bundle import Inclusion, derive_record, root_of_path, single_proof, verify_bundle
from operational_db.ledger.notes import sign_note
from operational_db.types import new_id
from tests.operational_db.evidence.logs import (
    MadeBundle,
    create_attempt,
    create_decision,
    create_entries,
    create_reached,
    create_signer,
    hash_leaf,
    nodes_of,
    root_of,
    sign_checkpoint,
    to_entry,
    write_bundle,
)

LOG = create_entries(40)
CHOSEN = (0, 3, 4, 5, 17, 31, 39)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeBundle:
    return write_bundle(
        tmp_path_factory.mktemp("made") / "bundle", LOG, CHOSEN, witness=create_signer("witness.example")
    )


@pytest.fixture
def bundle(made: MadeBundle, tmp_path: Path) -> MadeBundle:
    """A copy that a test may change."""
    folder = tmp_path / "bundle"
    shutil.copytree(made.folder, folder)
    return MadeBundle(folder, made.signer, made.indexes)


def bring_manifest_in_line(folder: Path) -> None:
    """What somebody does who changes a file and can count hashes but not sign."""
    manifest = json.loads((folder / formats.MANIFEST).read_bytes())
    manifest["files"] = {
        name: {"sha256": sha256((folder / name).read_bytes()).hexdigest(), "size": (folder / name).stat().st_size}
        for name in manifest["files"]
        if (folder / name).exists()
    }
    (folder / formats.MANIFEST).write_text(json.dumps(manifest))


def sign_manifest(bundle: MadeBundle) -> None:
    """What the keeper of the key could do in addition."""
    digest = sha256((bundle.folder / formats.MANIFEST).read_bytes()).hexdigest()
    note = sign_note(f"{formats.MANIFEST_NOTE}\n{digest}\n", [bundle.signer])
    (bundle.folder / formats.SIGNATURE).write_bytes(note)


def flip_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def bad_files(bundle: MadeBundle, *, with_key: bool = True) -> list[str]:
    return verify_bundle(bundle.folder, bundle.vkey if with_key else None).bad_files


class TestIntact:
    @pytest.mark.parametrize("with_key", [True, False])
    def test_passes(self, made: MadeBundle, with_key: bool) -> None:
        report = verify_bundle(made.folder, made.vkey if with_key else None)
        assert report.problems == []
        text = "\n".join(report.lines)
        assert "7 entries are in the log" in text
        assert "7 records of records.csv say what their entries say" in text
        assert "7 records of records.json say what their entries say" in text
        assert "cosigned by the witness witness.example" in text
        assert "7 single proofs" in text
        assert ("comes from the bundle itself" in text) is not with_key

    def test_runs_alone_on_the_unzipped_bundle(self, made: MadeBundle, tmp_path: Path) -> None:
        """One file, offline, nothing of the product on the path (`-I` ignores the environment and the folder)."""
        done = subprocess.run(
            [sys.executable, "-I", str(made.folder / "verify_bundle.py"), "--vkey", made.vkey],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith("INTACT\n")

    def test_needs_only_the_standard_library_and_cryptography(self, made: MadeBundle) -> None:
        source = (made.folder / "verify_bundle.py").read_text()
        imported = {
            line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))
        }
        assert imported - sys.stdlib_module_names == {"cryptography"}

    def test_without_entries(self, tmp_path: Path) -> None:
        empty = write_bundle(tmp_path / "empty", LOG, ())
        assert verify_bundle(empty.folder, empty.vkey).problems == []
        assert json.loads((empty.folder / "records.json").read_text()) == []

    def test_records_are_plain_csv_and_json(self, made: MadeBundle) -> None:
        from_json = json.loads((made.folder / "records.json").read_text())
        with (made.folder / "records.csv").open(newline="") as file:
            from_csv = list(csv.DictReader(file))
        assert [record["ledger_index"] for record in from_json] == list(CHOSEN)
        assert [int(row["ledger_index"]) for row in from_csv] == list(CHOSEN)
        # A name that a spreadsheet would compute stays a name.
        assert from_json[0]["user_name"].startswith("=Ada")
        assert from_csv[0]["user_name"] == "'" + from_json[0]["user_name"]

    def test_single_proof_is_the_file_of_small_bundles(self, made: MadeBundle) -> None:
        for index in CHOSEN:
            assert single_proof(made.folder, index) == (made.folder / f"proofs/{index}.tlog-proof").read_text()
        with pytest.raises(ValueError, match="no entry 1"):
            single_proof(made.folder, 1)


class TestTampered:
    @pytest.mark.parametrize(
        "name",
        [
            "README.txt", "records.csv", "records.json", "entries.txt", "inclusion.bin", "checkpoint.txt", "keys.txt",
            "manifest.json", "manifest.sig", "verify_bundle.py", "proofs/17.tlog-proof",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("change", [flip_byte, Path.unlink])
    @pytest.mark.parametrize("with_key", [True, False])
    @pytest.mark.requirement("EMB-16")
    def test_each_changed_or_missing_file_is_named_and_no_other(
        self, bundle: MadeBundle, name: str, change: Callable[[Path], None], with_key: bool
    ) -> None:
        change(bundle.folder / name)
        assert bad_files(bundle, with_key=with_key) == [name]

    @pytest.mark.parametrize(
        "name", ["records.csv", "records.json", "entries.txt", "inclusion.bin", "proofs/17.tlog-proof"]
    )
    def test_a_manifest_brought_in_line_gives_itself_and_the_file_away(self, bundle: MadeBundle, name: str) -> None:
        path = bundle.folder / name
        path.write_bytes(
            path.read_bytes().replace(b"85.5", b"95.5") if name.startswith("records") else path.read_bytes()
        )
        if not name.startswith("records"):
            flip_byte(path)
        bring_manifest_in_line(bundle.folder)
        found = bad_files(bundle)
        assert "manifest.json" in found
        assert name in found or (name == "inclusion.bin" and "entries.txt" in found)

    def test_even_the_keeper_of_the_key_cannot_change_an_entry(self, bundle: MadeBundle) -> None:
        path = bundle.folder / "entries.txt"
        path.write_bytes(path.read_bytes().replace(b'"score":"85.5"', b'"score":"95.5"', 1))
        bring_manifest_in_line(bundle.folder)
        sign_manifest(bundle)
        assert "entries.txt" in bad_files(bundle)

    def test_a_changed_score_is_told_with_line_and_entry(self, bundle: MadeBundle) -> None:
        path = bundle.folder / "records.csv"
        path.write_text(path.read_text().replace("85.5", "95.5", 1))
        (problem, detail) = verify_bundle(bundle.folder, bundle.vkey).problems
        assert problem.file == detail.file == "records.csv"
        assert "entry 0: score is 95.5, the ledger says 85.5" in detail.message

    @pytest.mark.parametrize("name", ["records.json", "records.csv"])
    def test_two_records_swapped(self, bundle: MadeBundle, name: str) -> None:
        path = bundle.folder / name
        lines = record_lines(path)
        lines[2], lines[3] = lines[3], lines[2]
        path.write_text(joined_lines(path, lines))
        report = verify_bundle(bundle.folder, bundle.vkey)
        assert report.bad_files == [name]
        assert any("stands after" in problem.message for problem in report.problems)

    @pytest.mark.parametrize("name", ["records.json", "records.csv"])
    @pytest.mark.parametrize("place", [0, 3, -1])
    def test_a_record_removed(self, bundle: MadeBundle, name: str, place: int) -> None:
        path = bundle.folder / name
        lines = record_lines(path)
        del lines[place]
        path.write_text(joined_lines(path, lines))
        report = verify_bundle(bundle.folder, bundle.vkey)
        assert report.bad_files == [name]
        assert any(f"the record of entry {CHOSEN[place]} is missing" in problem.message for problem in report.problems)

    @pytest.mark.parametrize("name", ["records.json", "records.csv"])
    def test_a_record_made_up(self, bundle: MadeBundle, name: str) -> None:
        path = bundle.folder / name
        lines = record_lines(path)
        lines.insert(1, lines[0].replace('"ledger_index":0', '"ledger_index":1').replace("0,", "1,", 1))
        path.write_text(joined_lines(path, lines))
        report = verify_bundle(bundle.folder, bundle.vkey)
        assert report.bad_files == [name]

    def test_an_entry_removed_with_its_records(self, bundle: MadeBundle) -> None:
        for name in ("entries.txt", "records.csv", "records.json"):
            path = bundle.folder / name
            lines = path.read_text().splitlines(keepends=True) if name == "entries.txt" else record_lines(path)
            del lines[1]
            path.write_text("".join(lines) if name == "entries.txt" else joined_lines(path, lines))
        (bundle.folder / "proofs/3.tlog-proof").unlink()
        bring_manifest_in_line(bundle.folder)
        sign_manifest(bundle)
        assert "entries.txt" in bad_files(bundle)

    def test_another_checkpoint_of_the_same_log(self, bundle: MadeBundle) -> None:
        longer = sign_checkpoint([*LOG, *create_entries(4)], [bundle.signer])
        (bundle.folder / "checkpoint.txt").write_bytes(longer)
        assert bad_files(bundle) == ["checkpoint.txt"]

    def test_a_checkpoint_of_another_log_under_a_manifest_in_line(self, bundle: MadeBundle) -> None:
        other = sign_checkpoint(create_entries(40), [create_signer()])
        (bundle.folder / "checkpoint.txt").write_bytes(other)
        bring_manifest_in_line(bundle.folder)
        assert set(bad_files(bundle)) >= {"checkpoint.txt", "manifest.json"}

    def test_another_key_in_place_of_the_logs(self, bundle: MadeBundle) -> None:
        (bundle.folder / "keys.txt").write_text(f"{create_signer().verifier.vkey}\n")
        assert bad_files(bundle) == ["keys.txt"]
        bring_manifest_in_line(bundle.folder)
        assert set(bad_files(bundle)) == {"keys.txt", "manifest.json"}

    def test_a_whole_bundle_of_another_signer_is_found_out_by_the_key_given(
        self, made: MadeBundle, tmp_path: Path
    ) -> None:
        forged = write_bundle(tmp_path / "forged", create_entries(40), CHOSEN)
        assert verify_bundle(forged.folder).problems == []
        assert {"keys.txt", "manifest.sig", "checkpoint.txt"} <= set(verify_bundle(forged.folder, made.vkey).bad_files)

    def test_a_file_added(self, bundle: MadeBundle) -> None:
        shutil.copy(bundle.folder / "proofs/3.tlog-proof", bundle.folder / "proofs/2.tlog-proof")
        assert bad_files(bundle) == ["proofs/2.tlog-proof"]

    def test_a_file_added_and_listed_by_the_keeper_of_the_key(self, bundle: MadeBundle) -> None:
        shutil.copy(bundle.folder / "proofs/3.tlog-proof", bundle.folder / "proofs/2.tlog-proof")
        manifest = json.loads((bundle.folder / "manifest.json").read_bytes())
        manifest["files"]["proofs/2.tlog-proof"] = {"sha256": "", "size": 0}
        (bundle.folder / "manifest.json").write_text(json.dumps(manifest))
        bring_manifest_in_line(bundle.folder)
        sign_manifest(bundle)
        assert bad_files(bundle) == ["proofs/2.tlog-proof"]

    def test_the_command_names_the_file_and_ends_with_1(
        self, bundle: MadeBundle, capsys: pytest.CaptureFixture[str]
    ) -> None:
        flip_byte(bundle.folder / "records.csv")
        assert formats.main([str(bundle.folder), "--vkey", bundle.vkey]) == 1
        assert capsys.readouterr().out.endswith("NOT INTACT: records.csv\n")

    def test_a_key_that_is_none_is_wrong_usage(self, made: MadeBundle, capsys: pytest.CaptureFixture[str]) -> None:
        assert formats.main([str(made.folder), "--vkey", "tests+00000000+AAAA"]) == 2
        assert "key" in capsys.readouterr().err

    @given(data=st.data())
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_change_of_any_file_is_found_and_named(self, bundle: MadeBundle, data: st.DataObject) -> None:
        paths = sorted(path for path in bundle.folder.rglob("*") if path.is_file())
        path = data.draw(st.sampled_from(paths))
        content = path.read_bytes()
        start = data.draw(st.integers(0, len(content) - 1))
        stop = data.draw(st.integers(start, min(len(content), start + 40)))
        changed = content[:start] + data.draw(st.binary(max_size=40)) + content[stop:]
        try:
            path.write_bytes(changed)
            expected = [] if changed == content else [path.relative_to(bundle.folder).as_posix()]
            assert verify_bundle(bundle.folder, bundle.vkey).bad_files == expected
        finally:
            path.write_bytes(content)


class TestInclusion:
    @given(size=st.integers(1, 300), data=st.data())
    @settings(max_examples=60, deadline=None)
    def test_any_entries_of_any_tree_lead_to_its_root_and_nothing_else_does(
        self, size: int, data: st.DataObject
    ) -> None:
        leaves = [sha256(b"%d" % number).digest() for number in range(size)]
        wanted = sorted(data.draw(st.sets(st.integers(0, size - 1), max_size=40)))
        nodes: list[bytes] = []
        nodes_of(leaves, frozenset(wanted), nodes.append)
        hashes = [leaves[index] for index in wanted]
        inclusion = Inclusion(size, wanted, hashes, iter(nodes))
        root = root_of(leaves)
        assert inclusion.root(keep=True) == root
        for index in wanted:
            assert root_of_path(index, size, leaves[index], inclusion.path(index)) == root
        if wanted:
            hashes[0] = sha256(b"other").digest()
            assert Inclusion(size, wanted, hashes, iter(nodes)).root() != root
        with pytest.raises(ValueError, match="more hashes"):
            Inclusion(size, wanted, hashes, iter([*nodes, root])).root()
        if nodes:
            with pytest.raises(ValueError, match="fewer hashes"):
                Inclusion(size, wanted, hashes, iter(nodes[:-1])).root()


class TestDeriveRecord:
    @pytest.mark.requirement("EMB-05")
    def test_everything_the_seed_asks_of_a_record_comes_from_the_ledger(self) -> None:
        """User, persona, track, module, attempt count, score, issued, expires, scope tags, evidence links."""
        attempt = create_attempt(new_id(), score="92", number=2)
        record = derive_record(7, to_entry(attempt))
        assert record["ledger_index"] == 7
        assert record["user_id"] == str(attempt.subject_id)
        assert record["persona"] == "engineer"
        assert record["track_id"] == str(attempt.track_id)
        assert (record["module_type"], record["module_id"]) == ("lesson", str(attempt.lesson_id))
        assert record["module_version"] == "1.2.0"
        assert record["attempt_number"] == 2
        assert record["score"] == "92"
        assert record["passed"] is True
        assert record["issued_on"] == "2026-11-02"
        assert record["scope_tags"] == "data-export,pii"
        assert (record["policy_ids"], record["runbook_ids"]) == (attempt.policy_ids, attempt.runbook_ids)
        reached = create_reached(attempt)
        record = derive_record(8, to_entry(reached))
        assert record["level"] == "certified"
        assert record["expires_on"] == "2027-11-02"
        assert record["scope_tags"] == "data-export"
        assert record["evidence_ids"] == str(reached.evidence_id)
        assert record["attempt_id"] == str(attempt.attempt_id)

    def test_a_gate_decision_links_to_its_evidence_and_rule(self) -> None:
        decision = create_decision(new_id())
        record = derive_record(0, to_entry(decision))
        assert record["evidence_ids"] == decision.evidence_ids
        assert (record["action"], record["outcome"], record["mode"]) == ("data-export", "allow", "enforce")
        assert (record["rule_id"], record["rule_version"]) == (str(decision.rule_id), 3)
        assert record["issued_on"] is None

    def test_every_entry_has_every_field_in_order(self) -> None:
        for index, entry in enumerate(LOG):
            assert tuple(derive_record(index, entry)) == formats.LEDGER_FIELDS


def record_lines(path: Path) -> list[str]:
    """The records as texts, without the array's brackets and commas or the header."""
    if path.name == "records.json":
        return [
            json.dumps(record, separators=(",", ":"), ensure_ascii=False) for record in json.loads(path.read_text())
        ]
    return list(_csv_lines(path))


def _csv_lines(path: Path) -> Iterator[str]:
    # Names in these bundles hold a line break on purpose.
    pending = ""
    for line in path.read_text().splitlines(keepends=True)[1:]:
        pending += line
        if pending.count('"') % 2 == 0:
            yield pending
            pending = ""


def joined_lines(path: Path, lines: list[str]) -> str:
    if path.name == "records.json":
        return "[\n" + ",\n".join(lines) + "\n]\n"
    return path.read_text().splitlines(keepends=True)[0] + "".join(lines)


def test_the_root_in_these_tests_is_that_of_the_rfc() -> None:
    a, b, c = (hash_leaf(text) for text in (b"a", b"b", b"c"))
    left = sha256(b"\x01" + a + b).digest()
    assert root_of([a, b, c]) == sha256(b"\x01" + left + c).digest()
