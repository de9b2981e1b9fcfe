"""Which step is owed on which day, when a message goes out, and when a failed one is tried again."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.notifications import rules
from operational_db.notifications.texts import body_of, line_of, subject_of
from operational_db.notifications.views import ItemView
from operational_db.types import ReminderSchedule, new_id

CERTIFICATE, SCOPE, ASSIGNMENT, COPY, VISIT, ANSWER, NEWS, PROPOSAL = ReminderSchedule
NEW_YORK = ZoneInfo("America/New_York")
DUE = date(2028, 2, 29)

days = st.dates(date(2024, 1, 1), date(2032, 12, 31))
zones = st.sampled_from(sorted(available_timezones() - {"localtime"}))


def step_on(schedule: ReminderSchedule, day: date, *told: int, owed_until: date | None = None) -> int | None:
    window = rules.window_of(schedule, day, owed_until or day - timedelta(days=1))
    owed = rules.owed_steps(schedule, DUE, today=day, told=told, window=window)
    return owed.step if owed else None


class TestSteps:
    @pytest.mark.parametrize(
        ("schedule", "steps"),
        [(CERTIFICATE, (90, 60, 30, 14, 7, 0)), (SCOPE, (14, 7, 1)), (ASSIGNMENT, (7, 3, -1)), (VISIT, (14, 7, 1))],
    )
    def test_a_schedule_speaks_on_its_days_and_on_no_other(
        self, schedule: ReminderSchedule, steps: tuple[int, ...]
    ) -> None:
        told: list[int] = []
        spoken = []
        for before in range(120, -40, -1):
            step = step_on(schedule, DUE - timedelta(days=before), *told)
            if step is not None:
                spoken.append((before, step))
                told.append(step)
        assert spoken == [(step, step) for step in steps]

    def test_after_an_outage_the_most_urgent_step_settles_the_earlier_ones(self) -> None:
        day = DUE - timedelta(days=1)
        window = rules.window_of(SCOPE, day, DUE - timedelta(days=20))
        owed = rules.owed_steps(SCOPE, DUE, today=day, told=(), window=window)
        assert owed == rules.Owed(1, (14, 7), is_sent=True)
        assert rules.owed_steps(SCOPE, DUE, today=day, told=(1,), window=window) is None

    @pytest.mark.parametrize("outage_days", [3, 30, 400])
    def test_no_outage_is_so_long_that_the_last_step_is_lost(self, outage_days: int) -> None:
        day = DUE + timedelta(days=outage_days)
        assert step_on(ASSIGNMENT, day, 7, 3, owed_until=DUE) == rules.OVERDUE

    def test_a_step_that_was_told_late_is_not_told_again_by_an_earlier_one(self) -> None:
        assert step_on(CERTIFICATE, DUE - timedelta(days=6), 90, 7) is None
        assert step_on(CERTIFICATE, DUE, 90, 7) == 0

    @pytest.mark.parametrize("schedule", list(ReminderSchedule))
    def test_a_date_learnt_of_late_is_announced_at_once_while_it_lies_ahead(self, schedule: ReminderSchedule) -> None:
        first = rules.STEPS[schedule][0]
        for before in range(first, -1, -1):
            assert step_on(schedule, DUE - timedelta(days=before)) is not None

    def test_what_is_long_past_is_never_told(self) -> None:
        assert step_on(ASSIGNMENT, DUE + timedelta(days=8)) == rules.OVERDUE
        assert step_on(ASSIGNMENT, DUE + timedelta(days=9)) is None
        assert step_on(CERTIFICATE, DUE + timedelta(days=31)) is None

    @pytest.mark.parametrize(("days_past", "is_sent"), [(0, True), (3, True), (4, False), (5, False)])
    def test_the_first_owing_settles_what_is_older_than_three_days(self, days_past: int, is_sent: bool) -> None:
        day = DUE - timedelta(days=7) + timedelta(days=days_past)
        window = rules.window_of(SCOPE, day, None)
        owed = rules.owed_steps(SCOPE, DUE, today=day, told=(), window=window)
        assert owed is not None
        assert owed.step == 7
        assert owed.is_sent is is_sent

    @pytest.mark.parametrize("days_past", range(7))
    def test_the_first_owing_keeps_nothing_back_of_visits_that_lie_ahead(self, days_past: int) -> None:
        day = DUE - timedelta(days=14) + timedelta(days=days_past)
        owed = rules.owed_steps(VISIT, DUE, today=day, told=(), window=rules.window_of(VISIT, day, None))
        assert owed == rules.Owed(14, (), is_sent=True)

    @given(
        schedule=st.sampled_from(list(ReminderSchedule)),
        due_on=days,
        runs=st.lists(st.integers(0, 150), min_size=1, max_size=40, unique=True),
    )
    def test_whatever_days_the_worker_ran_on_nothing_is_told_twice_and_urgency_only_grows(
        self, schedule: ReminderSchedule, due_on: date, runs: list[int]
    ) -> None:
        told: list[int] = []
        last: date | None = due_on - timedelta(days=200)
        for offset in sorted(runs):
            today = due_on + timedelta(days=offset - 120)
            window = rules.window_of(schedule, today, last)
            owed = rules.owed_steps(schedule, due_on, today=today, told=told, window=window)
            if owed is not None:
                assert owed.is_sent
                assert all(owed.step < before for before in told)
                told.append(owed.step)
            reached = [step for step in rules.STEPS[schedule] if due_on - timedelta(days=step) <= today]
            assert not reached or min(told) == min(reached)
            last = today


class TestHours:
    @given(day=days, zone=zones)
    def test_a_message_goes_out_in_the_morning_of_its_day_wherever_one_lives(self, day: date, zone: str) -> None:
        local = rules.deliver_at(day, ZoneInfo(zone)).astimezone(ZoneInfo(zone))
        assert (local.date(), local.time()) == (day, time(8))

    @pytest.mark.parametrize(
        ("day", "hour"),
        [(date(2026, 3, 7), 13), (date(2026, 3, 8), 12), (date(2026, 11, 1), 13), (date(2026, 10, 31), 12)],
    )
    def test_the_instant_moves_with_summer_time(self, day: date, hour: int) -> None:
        assert rules.deliver_at(day, NEW_YORK) == datetime(day.year, day.month, day.day, hour, tzinfo=UTC)

    @given(seconds=st.integers(1_704_000_000, 1_893_000_000), zone=zones)
    def test_nothing_rings_at_night_and_nothing_moves_back(self, seconds: int, zone: str) -> None:
        at = datetime.fromtimestamp(seconds, UTC)
        moved = rules.outside_quiet_hours(at, ZoneInfo(zone))
        assert moved >= at
        assert rules.QUIET_UNTIL <= moved.astimezone(ZoneInfo(zone)).time() < rules.QUIET_FROM
        assert moved - at < timedelta(hours=14)

    @pytest.mark.parametrize(("hour", "day"), [(0, 21), (19, 21), (20, 22), (23, 22)])
    def test_news_of_the_evening_go_into_the_next_days_message(self, hour: int, day: int) -> None:
        now = datetime(2026, 11, 21, hour, 30, tzinfo=NEW_YORK)
        assert rules.delivery_day(now, NEW_YORK) == date(2026, 11, day)

    def test_an_unknown_zone_is_utc(self) -> None:
        assert rules.zone_of("Atlantis/Harbour") == ZoneInfo("UTC")
        assert rules.zone_of("../etc/passwd") == ZoneInfo("UTC")


class TestRetry:
    def test_pauses_grow_and_end_after_a_week(self) -> None:
        start = now = datetime(2026, 11, 21, 9, tzinfo=UTC)
        pauses: list[timedelta] = []
        while (at := rules.next_attempt(len(pauses) + 1, now=now, due_at=start, zone=ZoneInfo("UTC"))) is not None:
            pauses.append(at - now)
            now = at
        assert pauses[:6] == [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120)]
        assert timedelta(days=7) <= now - start < timedelta(days=7, hours=14)
        assert len(pauses) < 60

    def test_a_worker_that_stood_still_for_longer_tries_every_pause_before_it_gives_up(self) -> None:
        start = datetime(2026, 11, 21, 9, tzinfo=UTC)
        now = start + timedelta(days=9)
        for attempt_count, pause in enumerate(rules.RETRY_AFTER, 1):
            assert rules.next_attempt(attempt_count, now=now, due_at=start, zone=ZoneInfo("UTC")) == now + pause
        assert rules.next_attempt(7, now=now, due_at=start, zone=ZoneInfo("UTC")) is None


def item(schedule: ReminderSchedule, due_on: date, title: str = "Crane safety") -> ItemView:
    return ItemView(schedule, new_id(), 7, due_on, None, title, "/me-training", False)


class TestTexts:
    TODAY = date(2026, 11, 21)

    @pytest.mark.parametrize(
        ("schedule", "days_ahead", "line"),
        [
            (CERTIFICATE, 7, "Your certificate “Crane safety” expires in 7 days (28 Nov 2026)."),
            (CERTIFICATE, 0, "Your certificate “Crane safety” expires today (21 Nov 2026)."),
            (CERTIFICATE, -2, "Your certificate “Crane safety” expired 2 days ago (19 Nov 2026)."),
            (SCOPE, 1, "Your certification for “Crane safety” expires in 1 day (22 Nov 2026)."),
            (ASSIGNMENT, 3, "“Crane safety” is due in 3 days (24 Nov 2026)."),
            (ASSIGNMENT, -1, "“Crane safety” was due 1 day ago (20 Nov 2026). It is overdue."),
            (VISIT, 1, "Nobody qualified can come to “Crane safety” in 1 day (22 Nov 2026), as things stand."),
            (VISIT, 0, "Nobody qualified can come to “Crane safety” today (21 Nov 2026), as things stand."),
            (
                ANSWER,
                3,
                "Crane safety waits for your answer about mentoring; the request expires in 3 days (24 Nov 2026).",
            ),
            (NEWS, -1, "Crane safety (20 Nov 2026)."),
            (PROPOSAL, 0, "Crane safety proposes a service contract to your company (21 Nov 2026)."),
        ],
    )
    def test_a_line_is_true_on_the_day_it_is_read(self, schedule: ReminderSchedule, days_ahead: int, line: str) -> None:
        assert line_of(item(schedule, self.TODAY + timedelta(days=days_ahead)), self.TODAY) == line

    def test_one_news_is_its_own_headline_and_several_are_counted(self) -> None:
        one, other = item(SCOPE, self.TODAY), item(ASSIGNMENT, self.TODAY)
        assert subject_of([one], self.TODAY) == line_of(one, self.TODAY)
        assert subject_of([one, other], self.TODAY) == "2 reminders about your training and certificates"
        body = body_of([one, other], self.TODAY, base_url="https://t.example", renewal_terms={})
        assert body.count("https://t.example/me-training\n") == 2
        assert body.endswith("https://t.example/me-notifications\n")
