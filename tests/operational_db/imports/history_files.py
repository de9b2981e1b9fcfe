"""Small history files for the tests of the importers, written afresh by each test, and the import of them."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.imports.report import ImportResult
from operational_db.imports.service import HistoryRequest, run_history_import

COURSES = "course_id,title,starts_on,length_days\nC1,Hoist safety 2025,2025-02-01,100\nC2,Wiring basics,,\n"
MODULES = "module_id,course_id,title,position\nM1,C1,Ropes,1\nM2,C1,Brakes,2\n"
ASSESSMENTS = (
    "assessment_id,course_id,title,type,passing_score\nA1,C1,Rope test,quiz,40\nA2,C1,Final exam,exam,\n"
    "A3,C2,Wire test,quiz,70\n"
)
LEARNERS = (
    "learner_id,display_name,email\n"
    "L1,Learner one,one@example.org\nL2,Learner two,\nL3,Zoë Learner,\nL4,Learner four,\n"
)
ENROLLMENTS = (
    "learner_id,course_id,cycle_number,status,enrolled_on,ended_on,final_score\n"
    "L1,C1,1,completed,2025-01-10,2025-05-12,81.5\n"
    "L2,C1,1,failed,2025-01-11,2025-05-12,\n"
    "L2,C1,2,enrolled,2025-06-01,,\n"
    "L3,C1,,dropped,2025-01-12,2025-03-01,\n"
    "L4,C2,,enrolled,2025-04-01,,\n"
)
ATTEMPTS = (
    "learner_id,assessment_id,cycle_number,attempt_number,submitted_on,score,is_banked\n"
    "L1,A1,,,2025-02-20,40,\n"
    "L1,A2,,,2025-05-01,83.5,\n"
    "L2,A1,1,,2025-02-20,39.99,\n"
    "L2,A1,2,,2025-01-20,70,true\n"
    "L3,A1,,,2025-02-21,,\n"
)
ACTIVITY = (
    "learner_id,course_id,on_date,interactions,minutes\n"
    "L1,C1,2025-02-03,5,\nL1,C1,2025-02-03,7,\nL1,C1,2025-02-04,1,30\nL4,C2,2025-04-02,2,\n"
)
FILES = {
    "courses": COURSES,
    "modules": MODULES,
    "assessments": ASSESSMENTS,
    "learners": LEARNERS,
    "enrollments": ENROLLMENTS,
    "attempts": ATTEMPTS,
    "activity": ACTIVITY,
}


def write_history(folder: Path, **texts: str | bytes | None) -> Path:
    """A folder with the small history; a keyword replaces a file, None leaves it out."""
    folder.mkdir(exist_ok=True)
    for kind, text in {**FILES, **texts}.items():
        path = folder / f"{kind}.csv"
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def run(
    engine: Engine,
    folder: Path,
    now: datetime,
    *,
    is_dry_run: bool = False,
    principal: Principal = SYSTEM_PRINCIPAL,
    **options: object,
) -> ImportResult:
    values: dict[str, object] = {"organization_slug": "hoist-school", "organization_name": "Hoist School", **options}
    request = HistoryRequest(folder=folder, **values)  # type: ignore[arg-type]  # the options' types are the request's
    return run_history_import(engine, principal, request, is_dry_run=is_dry_run, now=now)
