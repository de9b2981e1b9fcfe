"""What a release holds, row by row: two refreshes ended in the same state when these are equal."""

import duckdb

from operational_db.releases.manifest import current_manifest
from operational_db.settings import Settings
from pipelines.landing import Landing, read_segments

# Times of the run itself differ between two runs by their nature.
RUN_COLUMNS = {"built_at"}


def release_contents(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    """Every mart of the current release as sorted rows."""
    contents: dict[str, list[tuple[object, ...]]] = {}
    with duckdb.connect(current_manifest(settings).path, read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'marts' order by all"
        ).fetchall()
        for mart in sorted({table for table, _ in columns}):
            names = ", ".join(f'"{column}"' for table, column in columns if table == mart and column not in RUN_COLUMNS)
            contents[mart] = connection.execute(f"select {names} from marts.{mart} order by all").fetchall()
    return contents


def landed_rows(settings: Settings) -> list[tuple[object, ...]]:
    """Every landed entry, by leaf, as a reader's glob over the folder finds them."""
    landing = Landing(settings.landing_path)
    with duckdb.connect() as connection:
        return connection.execute(
            f"select leaf_index, event_id, body from read_parquet('{landing.entries}/kind=*/*.parquet') order by all"
        ).fetchall()


def landed_range(settings: Settings) -> list[tuple[int, int]]:
    """From and to of every segment."""
    return [(segment.from_leaf, segment.to_leaf) for segment in read_segments(Landing(settings.landing_path))]


def leftover_files(settings: Settings) -> list[str]:
    """Files that no finished refresh leaves behind."""
    patterns = ("**/*.unfinished", "warehouse/build.duckdb*", "**/*.wal")
    return sorted(str(path) for pattern in patterns for path in settings.home_path.glob(pattern))
