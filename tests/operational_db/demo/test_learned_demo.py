"""Mentoring and returns of the demo: enough of both, by the rules, as known at the time, and the truth written nowhere.

One load of the whole demo serves the module.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import erf, sqrt, tanh
from uuid import UUID

import numpy as np
import orjson
import polars as pl
import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from app.learned.demo import match_scorer
from models.matching.candidates import ADDITIVE, FORMULA, Candidate, LearnedAdditive, WrittenFormula
from models.matching.evaluation import evaluate
from models.matching.factors import FEATURE_NAMES
from models.matching.formula import formula_score
from models.roi.company import estimate_outcomes
from operational_db.database import create_database_engine
from operational_db.demo import mentoring_truth
from operational_db.demo.batch import Batch
from operational_db.demo.chance import Chance
from operational_db.demo.industry import IndustryBuilder
from operational_db.demo.load import load_demo
from operational_db.demo.mentoring_people import DemoMentee, DemoMentor
from operational_db.demo.mentoring_truth import HiddenTruth
from operational_db.demo.mentorship import MentorshipBuilder
from operational_db.demo.roi import CASES, KNOWN_EFFECTS, CaseKind, Studied, choose_companies
from operational_db.mentorship.matching import training_history
from operational_db.mentorship.profile_rules import (
    minutes_of,
    require_capacity,
    require_formats,
    require_hours,
    require_level,
    require_place,
    require_years,
)
from operational_db.roi.estimates import CompanyResults
from operational_db.roi.repository import RoiRepository
from operational_db.tables.ledger import LedgerEvent
from operational_db.tables.mentorship import MenteeProfile, MentorProfile, Mentorship, ShownMentor
from operational_db.tables.roi import JobOutcome, OutcomeMonth, TrainingCost
from operational_db.types import MentorshipStatus, OutcomeKind
from tests.databases import UrlOf, copied_database

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SEED = 11


@dataclass
class Loaded:
    """The database with the demo in it, and what the truth drew for itself while it was made."""

    engine: Engine
    secrets: list[float]
    studied: list[Studied]
    # Everybody ever listed to somebody, by their ids, and the truth that knows what they come to.
    listed: dict[tuple[str, str], tuple[DemoMentee, DemoMentor]]
    truths: list[HiddenTruth]


@pytest.fixture(scope="module")
def loaded(server_url_of: UrlOf, template_database: str) -> Iterator[Loaded]:
    secrets: list[float] = []
    studied: list[Studied] = []
    listed: dict[tuple[str, str], tuple[DemoMentee, DemoMentor]] = {}
    truths: list[HiddenTruth] = []
    with copied_database(server_url_of, template_database) as url, pytest.MonkeyPatch.context() as patch:
        merit = HiddenTruth.merit

        def overheard(self: HiddenTruth, pair: mentoring_truth.Pair) -> float:
            found = merit(self, pair)
            secrets.extend((pair.patience, pair.resolve, found, mentoring_truth.chance_of(found)))
            return found

        asking = MentorshipBuilder._ask

        def watched(
            self: MentorshipBuilder,
            mentee: DemoMentee,
            shown: Sequence[tuple[DemoMentor, dict[str, float] | None]],
            shown_at: datetime,
            showing_id: UUID | None,
        ) -> None:
            truths[:] = [self.truth]
            for mentor, _ in shown:
                listed[str(mentee.person.id), str(mentor.person.id)] = mentee, mentor
            asking(self, mentee, shown, shown_at, showing_id)

        def chosen(*given: object) -> list[Studied]:
            studied.extend(choose_companies(*given))  # type: ignore[arg-type]
            return studied

        patch.setattr(HiddenTruth, "merit", overheard)
        patch.setattr(MentorshipBuilder, "_ask", watched)
        patch.setattr("operational_db.demo.history.choose_companies", chosen)
        engine = create_database_engine(url)
        load_demo(engine, seed=SEED, now=NOW, match_scorer=match_scorer())
        yield Loaded(engine, secrets, studied, listed, truths)
        engine.dispose()


@pytest.fixture
def session(loaded: Loaded) -> Iterator[Session]:
    with Session(loaded.engine) as session:
        yield session
        session.rollback()


class TestMentoring:
    def test_is_as_large_as_promised(self, session: Session) -> None:
        """Decision D10 and the product's own criterion: 500 mentorships under way."""
        counts = session.execute(select(Mentorship.status, func.count()).group_by(Mentorship.status))
        statuses = {status: count for status, count in counts}
        assert statuses[MentorshipStatus.ACTIVE] >= 500
        assert statuses[MentorshipStatus.COMPLETED] >= 400
        others = set(MentorshipStatus) - {MentorshipStatus.ACTIVE, MentorshipStatus.COMPLETED}
        assert min(statuses[each] for each in others) >= 10
        assert session.scalar(select(func.count()).select_from(ShownMentor)) >= 15_000  # type: ignore[operator]

    @pytest.mark.requirement("MEN-01")
    def test_every_profile_keeps_the_rules_of_profiles(self, session: Session) -> None:
        profiles: list[MentorProfile | MenteeProfile] = [
            *session.scalars(select(MentorProfile)), *session.scalars(select(MenteeProfile))
        ]  # fmt: skip
        assert len(profiles) > 1_000
        for profile in profiles[::10]:
            windows = minutes_of(profile.availability)
            require_years(profile.years_experience)
            require_hours(profile.hours_per_month, windows)
            require_place(profile.latitude, profile.longitude, profile.timezone, on=NOW.date())
            require_formats(profile.communication_preferences, is_remote_welcome=profile.is_remote_welcome)
            if isinstance(profile, MenteeProfile):
                require_level(profile.current_level, profile.years_experience)
            else:
                hours = profile.hours_per_month
                require_capacity(profile.max_mentees, is_accepting=profile.is_accepting_mentees, hours_per_month=hours)

    def test_no_mentor_ever_has_more_mentees_than_places(self, session: Session) -> None:
        profiles = session.execute(select(MentorProfile.person_id, MentorProfile.max_mentees))
        places = {person_id: most for person_id, most in profiles}
        changes: dict[UUID, list[tuple[datetime, int]]] = {}
        for row in session.scalars(select(Mentorship).where(Mentorship.started_at.is_not(None))):
            changes.setdefault(row.mentor_id, []).append((row.started_at, 1))  # type: ignore[arg-type]
            if row.ended_at is not None:
                changes[row.mentor_id].append((row.ended_at, -1))
        for mentor_id, steps in changes.items():
            running = np.cumsum([step for _, step in sorted(steps)])
            assert running.max() <= places[mentor_id]

    def test_lists_have_the_formulas_order_but_for_those_explored(self, session: Session) -> None:
        rows = session.execute(
            select(ShownMentor.showing_id, ShownMentor.rank, ShownMentor.score, ShownMentor.propensity)
            .order_by(ShownMentor.showing_id, ShownMentor.rank)
            .limit(5_000)
        ).all()
        lists: dict[UUID, list[tuple[float, float]]] = {}
        for showing_id, rank, score, propensity in rows:
            lists.setdefault(showing_id, []).append((score, propensity))
            assert rank == len(lists[showing_id])
        plain = [each for each in lists.values() if all(propensity > 0.5 for _, propensity in each)]
        assert 0.6 < len(plain) / len(lists) < 0.8
        assert all(one[0] >= other[0] for each in plain for one, other in pairwise(each))

    def test_scores_are_the_formula_of_the_features_kept(self, session: Session) -> None:
        rows = session.execute(select(ShownMentor.features, ShownMentor.formula_score).limit(500)).all()
        features = np.array([[features[name] for name in FEATURE_NAMES] for features, _ in rows])
        assert formula_score(features) == pytest.approx([score for _, score in rows], abs=0.001)

    @pytest.mark.requirement("MEN-03")
    def test_records_in_features_are_those_of_the_moment(self, session: Session) -> None:
        """What a mentor's earlier mentorships came to counts from their end on, and not a day earlier."""
        history = training_history(session, until=NOW, feature_names=FEATURE_NAMES)
        ended = history.filter(pl.col("ended_at").is_not_null()).select("mentor_id", "ended_at")
        first_end = ended.group_by("mentor_id").agg(pl.col("ended_at").min())
        shown = history.filter(pl.col("shown_at").is_not_null()).join(first_end, on="mentor_id", how="left")
        is_new = (pl.col("ended_at_right") >= pl.col("shown_at")).fill_null(True)
        wrong = shown.filter((pl.col("is_new_mentor") > 0.5) != is_new)
        assert wrong.is_empty()
        assert 0.1 < shown["is_new_mentor"].mean() < 0.9  # type: ignore[operator]

    @pytest.mark.requirement("MEN-03")
    def test_shifting_time_changes_no_feature_and_only_hides_outcomes(self, session: Session) -> None:
        cut = NOW - timedelta(days=200)
        then = training_history(session, until=cut, feature_names=FEATURE_NAMES)
        today = training_history(session, until=NOW, feature_names=FEATURE_NAMES).filter(pl.col("shown_at") < cut)
        keys = ["showing_id", "mentor_id"]
        assert then.select(*keys, *FEATURE_NAMES).equals(today.select(*keys, *FEATURE_NAMES))
        assert then["is_completed"].count() < today["is_completed"].count()
        known = then.filter(pl.col("is_completed").is_not_null())
        assert known.join(today, on=[*keys, "is_completed", "rating"], nulls_equal=True).height == known.height

    def test_the_truth_is_in_no_table(self, loaded: Loaded, session: Session) -> None:
        """Neither people's natures nor a pair's merit can be read from anything that was written."""
        assert len(loaded.secrets) > 4_000
        columns = set(session.scalars(text("select column_name from information_schema.columns")))
        assert not columns & {"patience", "resolve", "merit", "nature"}
        written: set[float] = set()
        for score, features in session.execute(select(ShownMentor.score, ShownMentor.features)):
            assert set(features) == set(FEATURE_NAMES)
            written.update(round(value, 6) for value in (score, *features.values()))
        # A few numbers of six digits meet by chance.
        assert sum(round(secret, 6) in written for secret in loaded.secrets) < 0.03 * len(loaded.secrets)


@pytest.mark.requirement("CMP-06")
class TestReturns:
    def test_a_dozen_companies_have_costs_wages_and_jobs(self, session: Session, loaded: Loaded) -> None:
        assert [each.case for each in loaded.studied] == list(CASES)
        for entity in (JobOutcome, OutcomeMonth, TrainingCost):
            found = session.scalars(select(entity.organization_id).distinct()).all()
            assert set(found) == {each.company.id for each in loaded.studied}
        count = session.scalar(select(func.count()).select_from(JobOutcome)) or 0
        assert 20_000 < count < 90_000
        assert session.scalar(select(func.max(JobOutcome.finished_on))) < NOW.date()  # type: ignore[operator]

    def test_months_are_those_the_service_would_sum(self, session: Session, loaded: Loaded) -> None:
        organization_id = loaded.studied[0].company.id
        months = session.execute(
            select(OutcomeMonth.person_id, OutcomeMonth.month).where(OutcomeMonth.organization_id == organization_id)
        ).all()  # fmt: skip
        events = session.execute(
            select(LedgerEvent.subject_id, LedgerEvent.body).where(
                LedgerEvent.kind == "outcome.month_recorded", LedgerEvent.organization_id == organization_id
            )
        )
        told = {(subject_id, orjson.loads(body)["month"]): orjson.loads(body) for subject_id, body in events}
        assert len(told) == len(months) > 300
        for row in RoiRepository(session).write_months(organization_id, [(one, other) for one, other in months]):
            body = told[(row.person_id, row.month.isoformat())]
            assert body["jobs_sha256"] == row.jobs_sha256
            assert (body["job_count"], body["callback_count"]) == (row.job_count, row.callback_count)
            assert (float(body["hours"]), body["units_maintained"]) == (float(row.hours), row.units_maintained)

    def test_estimates_find_what_is_known_to_be_there(self, session: Session, loaded: Loaded) -> None:
        """Most companies show the effect that is there, none shows one where there is none in hours, nor the small."""
        states: dict[CaseKind, Counter[str]] = {kind: Counter() for kind in CaseKind}
        covered = []
        for each in loaded.studied:
            results = CompanyResults(session, each.company.id, before=NOW.date().replace(day=1))
            kinds = (OutcomeKind.FIRST_TIME_FIX_RATE, OutcomeKind.HOURS_PER_JOB)
            found = estimate_outcomes({kind.value: results.panel(kind) for kind in kinds})
            for kind in kinds:
                effect = found[kind.value]
                states[each.case.kind][effect.state] += 1
                if each.case.kind is CaseKind.HELPS and effect.low is not None and effect.high is not None:
                    covered.append(effect.low <= each.case.strength * KNOWN_EFFECTS[kind] <= effect.high)
        assert states[CaseKind.HELPS]["effect"] >= 9
        assert sum(covered) >= 0.8 * len(covered)
        assert states[CaseKind.CHANGES_NOTHING]["effect"] <= 1
        assert states[CaseKind.TOO_SMALL] == {"not_enough_data": 2}
        assert states[CaseKind.HAD_A_TREND]["pre_trends_differ"] >= 1

    def test_paid_hours_are_at_the_wage_of_the_day(self, session: Session) -> None:
        wrong = session.scalar(
            text(
                """
                select count(*) from training_costs as cost
                where cost.cost_kind = 'paid_hours' and cost.amount <> (
                    select round(wage.amount * cost.minutes / 60, 2) from hourly_wages as wage
                    where wage.person_id = cost.person_id and wage.organization_id = cost.organization_id
                        and wage.starts_on <= cost.incurred_on
                    order by wage.starts_on desc limit 1
                )
                """
            )
        )
        assert wrong == 0


def test_the_same_seed_gives_the_same_programme_with_its_lists() -> None:
    """Of a part of the industry: ids, features, ranks, answers and ends, all of it."""

    def live() -> Batch:
        batch = Batch()
        industry = IndustryBuilder(Chance(SEED), Chance("personas"), batch, NOW.date()).build()
        industry.companies = industry.companies[:14]
        MentorshipBuilder(Chance("mentoring"), batch, industry, NOW, match_scorer()).build()
        return batch

    one, other = live(), live()
    assert len(one.rows[ShownMentor]) > 500
    assert one.rows == other.rows
    assert one.events == other.events


def _true_chance(truth: HiddenTruth, mentee: DemoMentee, mentor: DemoMentor) -> float:
    """That a request is accepted with half the places free, completed, and rated with four stars or more."""
    pair = truth.pair(mentee, mentor)
    way = 0.0 if pair.is_remote else -1.4 * (1 - pair.closeness)
    accepts = mentoring_truth.chance_of(
        0.2 + 1.5 * pair.likes_level + 0.55 + 1.0 * pair.time_share + way + 0.3 * pair.patience
    )
    merit = truth.merit(pair)
    completes = mentoring_truth.chance_of(merit + 0.7)
    is_well_rated = (1 + erf((1.1 * tanh(merit / 2) + 0.45) / 0.55 / sqrt(2))) / 2
    return accepts * completes * is_well_rated


@pytest.mark.slow
@pytest.mark.requirement("MEN-03")
def test_the_learned_match_takes_a_share_of_what_perfect_knowledge_would_gain(loaded: Loaded, session: Session) -> None:
    """Of all lists of the newest quarter, by the truth that the match never saw; other candidates have their tests."""
    (truth,) = loaded.truths
    history = training_history(session, until=NOW, feature_names=FEATURE_NAMES)
    pairs = history.select("mentee_id", "mentor_id").rows()
    known = [pair in loaded.listed for pair in pairs]
    history = history.filter(pl.Series(known))
    chances = [_true_chance(truth, *loaded.listed[pair]) for pair in pairs if pair in loaded.listed]
    candidates: dict[str, Candidate] = {ADDITIVE: LearnedAdditive(), FORMULA: WrittenFormula()}
    found = evaluate(history, candidates, chance=np.array(chances), until=NOW)
    assert found.oracle is not None
    share = found.oracle.filter(pl.col("candidate") == ADDITIVE)["oracle_share"].item()
    assert 0.25 < share < 1
