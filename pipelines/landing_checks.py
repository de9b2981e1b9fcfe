"""Whether the landing is the ledger: no gap, whole files, the same counts and the same Merkle root.

Plain functions that return a `CheckResult`; what a build must hold is in `build_checks.py`.
"""

# ruff: noqa: S608 - paths and kinds are our own

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from operational_db.ledger.events import EVENT_TYPES
from operational_db.ledger.merkle import Frontier
from operational_db.releases.manifest import CheckResult, ReleaseManifest
from operational_db.tables.ledger import LedgerCheckpoint, LedgerEvent, LedgerLeaf
from pipelines.build_checks import Numbers, quoted, result
from pipelines.landing import Landing, Segment, counts_by_kind, file_sha256

# Names of all checks of a landing, in their order, and of those among them that only warn.
LANDING_CHECKS = (
    "landing_is_contiguous",
    "landing_files_are_whole",
    "landing_counts_equal_ledger",
    "ledger_root_is_known",
    "landed_entries_have_the_root",
    "event_kinds_are_known",
)
LANDING_WARNINGS = ("event_kinds_are_known",)


def check_segments_tile(segments: Sequence[Segment], ledger_size: int) -> CheckResult:
    """The segments cover the entries 0 to `ledger_size` - 1, each exactly once, and count as many as they span."""
    problem, expected = "", 0
    for segment in segments:
        if segment.from_leaf != expected:
            what = "are missing" if segment.from_leaf > expected else "are landed twice"
            first, last = sorted((segment.from_leaf, expected))
            problem = f"Entries {first} to {last - 1} {what}."
            break
        if sum(segment.counts.values()) != segment.size:
            problem = (
                f"The segment {segment.file_name} counts {sum(segment.counts.values())} entries, not {segment.size}."
            )
            break
        expected = segment.to_leaf
    if not problem and expected != ledger_size:
        problem = f"The landing ends at {expected} entries, the ledger has {ledger_size}."
        if expected > ledger_size:
            problem += " They are not of the same ledger: `sitesync refresh --full` reads everything again."
    return result(
        "landing_is_contiguous",
        problem,
        f"{len(segments)} segments hold {ledger_size} entries without a gap.",
        {"ledger_size": ledger_size, "segments": len(segments), "landed": expected},
    )


def check_landed_files(landing: Landing, segments: Sequence[Segment], hashed: Sequence[Segment]) -> CheckResult:
    """Every file is there with as many rows as its manifest says; those of `hashed` segments have the same bytes."""
    must_hash = {segment.file_name for segment in hashed}
    problem, files = "", 0
    for segment in segments:
        for kind, count in segment.counts.items():
            files += 1
            problem = problem or _file_problem(
                landing.entry_file(kind, segment),
                count,
                segment.sha256[kind] if segment.file_name in must_hash else None,
            )
    return result(
        "landing_files_are_whole",
        problem,
        f"{files} files are as they were landed.",
        {"files": files, "hashed": len(must_hash)},
    )


def _file_problem(path: Path, count: int, sha256: str | None) -> str:
    label = f"{path.parent.name}/{path.name}"
    try:
        rows = pq.read_metadata(path).num_rows
    except FileNotFoundError:
        return f"The landed file {label} is missing; `sitesync refresh --full` reads everything again."
    except (OSError, ValueError):
        return f"The landed file {label} is damaged; `sitesync refresh --full` reads everything again."
    if rows != count:
        return (
            f"The landed file {label} has {rows} rows, not {count}; `sitesync refresh --full` reads everything again."
        )
    if sha256 is not None and file_sha256(path) != sha256:
        return f"The landed file {label} was changed; `sitesync refresh --full` reads everything again."
    return ""


def check_counts_by_kind(engine: Engine, segments: Sequence[Segment]) -> CheckResult:
    """The new segments hold as many entries of each kind as the ledger has in their range."""
    landed = counts_by_kind(list(segments))
    counted: dict[str, int] = {}
    if segments:
        columns = LedgerLeaf.__table__.c, LedgerEvent.__table__.c
        statement = (
            select(columns[1].kind, func.count())
            .join_from(LedgerLeaf.__table__, LedgerEvent.__table__, columns[1].id == columns[0].event_id)
            .where(columns[0].leaf_index >= segments[0].from_leaf, columns[0].leaf_index < segments[-1].to_leaf)
            .group_by(columns[1].kind)
        )
        with engine.connect() as connection:
            counted = {str(kind): int(str(count)) for kind, count in connection.execute(statement)}
    wrong = sorted(kind for kind in landed.keys() | counted.keys() if landed.get(kind, 0) != counted.get(kind, 0))
    problem = ", ".join(f"{kind}: {landed.get(kind, 0)} landed, {counted.get(kind, 0)} in the ledger" for kind in wrong)
    numbers: Numbers = {**{kind: landed[kind] for kind in sorted(landed)}, "new_entries": sum(landed.values())}
    return result(
        "landing_counts_equal_ledger",
        problem and f"The landing counts differently: {problem}.",
        f"{sum(landed.values())} new entries, kind by kind as in the ledger.",
        numbers,
    )


def check_known_roots(
    engine: Engine, segments: Sequence[Segment], current: ReleaseManifest | None, ledger_size: int, root: str
) -> CheckResult:
    """The ledger still has the root the landing and the current release were cut at: it is the same ledger."""
    known = {segment.to_leaf: segment.root for segment in segments if segment.root is not None}
    if current is not None:
        known[current.ledger_size] = current.root_hash
    # The newest landed roots vouch for everything before them.
    wanted = dict(sorted(known.items())[-2:])
    with Session(engine) as session:
        rows = session.execute(
            select(LedgerCheckpoint.tree_size, LedgerCheckpoint.root_hash).where(LedgerCheckpoint.tree_size.in_(wanted))
        )
        roots = {size: root_hash.hex() for size, root_hash in rows}
    roots[ledger_size] = root
    wrong = [size for size, known_root in wanted.items() if size and roots.get(size) != known_root]
    problem = ""
    if wrong:
        problem = (
            f"The ledger's root at {wrong[0]} entries is not the one these figures were made from. If the database was "
            "replaced on purpose, `sitesync refresh --full` reads everything again."
        )
    return result(
        "ledger_root_is_known",
        problem,
        f"The ledger at {ledger_size} entries has the root {root[:16]}….",
        {"root": root},
    )


def check_recomputed_root(engine: Engine, landing: Landing, segments: Sequence[Segment]) -> CheckResult:
    """The entries as landed, hashed again (RFC 6962), lead from the checkpoint before them to the one they end at."""
    name = "landed_entries_have_the_root"
    if not segments or segments[-1].root is None:
        return result(name, "", "No new entries.")
    first, last = segments[0].from_leaf, segments[-1].to_leaf
    with Session(engine) as session:
        before = session.get(LedgerCheckpoint, first)
        after = session.get(LedgerCheckpoint, last)
    if after is None or (before is None and first != 0):
        return result(name, f"The ledger has no checkpoint at {first if after else last} entries.", "")
    frontier = Frontier() if before is None else Frontier(first, tuple(before.frontier))
    with duckdb.connect(":memory:", config={"threads": 2}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for segment in segments:
            frontier = frontier.extend(leaf_hashes(connection, landing, segment))
    is_same = frontier.size == last and frontier.root() == after.root_hash
    problem = "" if is_same else f"The landed entries {first} to {last - 1} do not lead to the ledger's root."
    return result(name, problem, f"{last - first} landed entries lead to the ledger's root.", {"entries": last - first})


# Canonical JSON of an entry (`ledger.canonical.entry_bytes`) in DuckDB: all text in it but the body is plain ASCII.
_LEAF_HASHES = """
    select unhex(sha256('\\x00'::blob || encode(
        '{"body":' || body || ',"id":"' || event_id || '","kind":"' || kind || '","occurred_at":"'
        || strftime(occurred_at, '%Y-%m-%dT%H:%M:%S.%fZ') || '"'
        || ',"organization":' || coalesce('"' || organization_id || '"', 'null')
        || ',"recorded_at":"' || strftime(recorded_at, '%Y-%m-%dT%H:%M:%S.%fZ') || '"'
        || ',"subject":' || coalesce('"' || subject_id || '"', 'null') || ',"version":' || kind_version || '}'
    ))) as leaf_hash
    from ({files})
    order by leaf_index
"""


def leaf_hashes(connection: duckdb.DuckDBPyConnection, landing: Landing, segment: Segment) -> Iterable[bytes]:
    """RFC 6962 leaf hashes of a segment's entries, in their order, computed from the landed columns."""
    files = " union all ".join(
        f"select *, '{kind}' as kind from read_parquet('{quoted(landing.entry_file(kind, segment))}', "
        "hive_partitioning = false)"
        for kind in segment.counts
    )
    rows = connection.execute(_LEAF_HASHES.replace("{files}", files))
    while batch := rows.fetchmany(50_000):
        for (leaf_hash,) in batch:
            yield leaf_hash


def check_kinds_are_known(segments: Sequence[Segment]) -> CheckResult:
    """A warning for kinds in the ledger that no model reads (written by a newer version of the product)."""
    unknown = sorted(set(counts_by_kind(list(segments))) - EVENT_TYPES.keys())
    problem = f"No model reads the kinds {', '.join(unknown)}." if unknown else ""
    return result("event_kinds_are_known", problem, "Every kind in the ledger is known.", blocking=False)
