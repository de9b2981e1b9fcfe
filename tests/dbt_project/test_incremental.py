"""A sequence of incremental builds ends in exactly the marts of one full build, whatever the history and the cuts."""

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from operational_db.ledger.events import Event, ImportUndone
from tests.dbt_project.histories import AS_OF, COURSES, ORGANIZATIONS, PEOPLE, uid
from tests.dbt_project.landing import Landing, write_dimensions, write_engagement, write_events, write_schemas
from tests.dbt_project.learned_histories import LearnedHistory, learned_dimensions
from tests.dbt_project.warehouse import build_full, build_news, differences, read, run_dbt

IMPORT = uid(8, 1)


def create_landing(root: Path) -> Landing:
    landing = Landing(root, 0)
    write_schemas(landing)
    write_dimensions(landing, learned_dimensions())
    write_engagement(
        landing,
        [
            {
                "person_id": str(PEOPLE[n % 5]),
                "course_id": str(COURSES[n % 3]),
                "on_date": AS_OF.date().replace(month=1 + n % 3, day=1 + n % 14),
                "organization_id": None if n % 4 == 0 else str(ORGANIZATIONS[n % 2]),
                "interaction_count": 3,
                "session_count": 2,
                "mobile_session_count": n % 3,
                "minutes": None if n % 5 == 0 else 20,
            }
            for n in range(40)
        ],
    )
    return landing


def land(landing: Landing, events: list[Event], cuts: list[int]) -> list[Landing]:
    """The events as segments between the cuts; the landing after each."""
    states = []
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        landing = write_events(landing, events[start:end], first_leaf=start)
        states.append(landing)
    return states


def build_path(folder: Path, name: str) -> Path:
    """Views remember the file's stem, so every build file is called the same."""
    path = folder / name / "build.duckdb"
    path.parent.mkdir()
    return path


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_slices_built_one_after_the_other_equal_one_full_build(tmp_path: Path, seed: int) -> None:
    """D3: late facts, corrections, facts about earlier ids and retroactive revocations included."""
    random = Random(seed)
    events = LearnedHistory(random).grow(700)
    cuts = sorted(random.sample(range(40, 699), 3))
    states = land(create_landing(tmp_path / "landing"), events, cuts)
    sliced, whole = build_path(tmp_path, "sliced"), build_path(tmp_path, "whole")

    first = build_full(sliced, states[0], as_of=AS_OF, tested=False)
    assert first.is_success, first.failures
    for former, state in pairwise(states):
        is_last = state is states[-1]
        news = build_news(sliced, state, as_of=AS_OF, first=former.size, tested=is_last)
        assert news.is_success, news.failures
    full = build_full(whole, states[-1], as_of=AS_OF, tested=False)
    assert full.is_success, full.failures

    found = differences(whole, sliced)
    # People of these histories join organizations even after they were erased, as nobody does; an erasure stands with
    # the organizations known when it was built.
    found.pop("access_log", None)
    assert found == {}
    others = "select * from marts.access_log where entry <> 'person_erased' order by all"
    assert read(whole, others) == read(sliced, others)
    for mart in (
        "fct_required_training", "fct_assignment", "fct_certificate", "school_progress", "training_exception",
        "certificate_status_period", "skill_matrix", "fct_crew_decision", "owner_requirement_coverage",
        "contractor_scorecard", "verification_request_daily",
    ):  # fmt: skip
        assert read(whole, f"select count(*) from marts.{mart}")[0][0] > 0


def test_what_an_undone_import_brought_is_in_no_mart(tmp_path: Path) -> None:
    """D8: the marts equal those of a ledger in which the import's entries never were, but for the leaf numbers."""
    events = LearnedHistory(Random(11), import_ids=(None,)).grow(250)
    imported = LearnedHistory(Random(12), import_ids=(IMPORT,), number=10_000).grow(250)
    undone = ImportUndone(subject_id=None, organization_id=None, occurred_at=AS_OF, undone_import_id=IMPORT)
    clean = write_events(create_landing(tmp_path / "clean"), [*events, undone])
    mixed = write_events(create_landing(tmp_path / "mixed"), [*events, *imported, undone])
    without, with_undo = build_path(tmp_path, "without"), build_path(tmp_path, "with_undo")

    assert build_full(without, clean, as_of=AS_OF, tested=False).is_success
    assert build_full(with_undo, mixed, as_of=AS_OF, tested=False).is_success

    assert set(differences(without, with_undo)) == {"release_information"}


def test_a_build_on_a_file_that_ends_elsewhere_is_refused(tmp_path: Path) -> None:
    """The watermark: neither a gap nor an overlap, nor another day, can be built by mistake."""
    states = land(create_landing(tmp_path / "landing"), LearnedHistory(Random(5)).grow(60), [40])
    build = build_path(tmp_path, "build")
    assert build_full(build, states[0], as_of=AS_OF, tested=False).is_success

    gap = build_news(build, states[1], as_of=AS_OF, first=45)
    overlap = build_news(build, states[1], as_of=AS_OF, first=30)
    tomorrow = build_news(build, states[1], as_of=AS_OF.replace(day=16), first=40)
    partial = run_dbt(build, states[1], as_of=AS_OF, first=40, arguments=["run", "--full-refresh"])

    assert [run.is_success for run in (gap, overlap, tomorrow, partial)] == [False] * 4
    assert "40 entries" in "".join(gap.failures) and "new day" in "".join(tomorrow.failures)
    assert read(build, "select ledger_size from marts.release_information") == [(40,)]
