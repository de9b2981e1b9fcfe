"""Facts come first, each with its date or name; what may not be put up never is."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl
import pytest

from models.recommending.learned import CoCompletion
from models.recommending.person import (
    COURSES_SCHEMA,
    LAPSES_SCHEMA,
    NEEDS_SCHEMA,
    STEPS_SCHEMA,
    WISHES_SCHEMA,
    Person,
)
from models.recommending.ranking import ReasonKind, Recommendation, recommend
from models.recommending.records import MEMBERS_SCHEMA, TAKEN_SCHEMA, InvalidRecordsError, Records

TODAY = date(2026, 11, 2)
DONE = {"completed_on": date(2026, 5, 1)}


def course(course_id: str, **fields: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "course_id": course_id,
        "title": f"Course {course_id}",
        "subject": "elevators",
        "certification_id": None,
        "is_open": True,
        "missing_course_ids": [],
        "missing_certification_ids": [],
        "completed_on": None,
        "is_told": True,
        "is_running": False,
        "is_dismissed": False,
        "needs_sponsor": False,
        "recent_count": 0,
        "phrases": [],
    }
    return {**defaults, **fields}


def need(course_id: str | None = None, *, certification_id: str | None = None, **fields: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "course_id": course_id,
        "certification_id": certification_id,
        "name": "Fall protection",
        "required_by": "Acme",
        "due_on": date(2026, 11, 14),
        "is_overdue": False,
    }
    return {**defaults, **fields}


def lapse(course_id: str, expires_on: date, *, is_for_credits: bool = False) -> dict[str, Any]:
    return {"name": "First aid", "expires_on": expires_on, "course_id": course_id, "is_for_credits": is_for_credits}


def path(*course_ids: str, title: str = "Inspector path", phrases: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    return [
        {
            "path_id": title,
            "path_title": title,
            "phrases": list(phrases),
            "course_id": course_id,
            "order_index": index,
            "is_required": True,
        }
        for index, course_id in enumerate(course_ids)
    ]


def person(*courses: dict[str, Any], contexts: tuple[str, ...] = (), **rows: list[dict[str, Any]]) -> Person:
    def frame(name: str, schema: Mapping[str, Any]) -> pl.DataFrame:
        return pl.DataFrame(rows.get(name, []), schema=dict(schema), orient="row")

    return Person.from_frames(
        courses=pl.DataFrame(list(courses), schema=dict(COURSES_SCHEMA), orient="row"),
        needs=frame("needs", NEEDS_SCHEMA),
        lapses=frame("lapses", LAPSES_SCHEMA),
        steps=frame("steps", STEPS_SCHEMA),
        wishes=frame("wishes", WISHES_SCHEMA),
        contexts=contexts,
        organization_names={"acme": "Acme"},
    )


def ids(found: list[Recommendation]) -> list[str]:
    return [each.course_id for each in found]


def kinds(found: list[Recommendation]) -> list[ReasonKind]:
    return [each.reasons[0].kind for each in found]


def learned(count: int = 30) -> CoCompletion:
    """`count` people of Acme completed `done` and later `next`."""
    rows = [
        (f"person {n}", course_id, on, on)
        for n in range(count)
        for course_id, on in (("done", date(2026, 1, 1)), ("next", date(2026, 2, 1)))
    ]
    rows += [(f"other {n}", "popular", date(2026, 3, 1), date(2026, 3, 1)) for n in range(2 * count)]
    members = [(f"person {n}", "acme", "technician", date(2025, 1, 1), None) for n in range(count)]
    records = Records.from_frames(
        pl.DataFrame(rows, schema=dict(TAKEN_SCHEMA), orient="row"),
        members=pl.DataFrame(members, schema=dict(MEMBERS_SCHEMA), orient="row"),
    )
    return CoCompletion().fit(records, TODAY)


class TestOrder:
    @pytest.mark.requirement("LMS-05")
    def test_facts_come_first_each_with_its_date_or_name(self) -> None:
        found = recommend(
            person(
                course("popular", recent_count=400),
                course("goal", phrases=["Elevator inspector"]),
                course("step 2"),
                course("step 1", **DONE),
                course("lapsing"),
                course("required"),
                course("overdue"),
                needs=[need("required"), need("overdue", is_overdue=True, due_on=date(2026, 10, 1))],
                lapses=[lapse("lapsing", date(2026, 11, 9))],
                steps=path("step 1", "step 2"),
                wishes=[{"kind": "goal", "text": "Become an elevator inspector"}],
            ),
            today=TODAY,
        )
        assert [(each.course_id, each.reasons[0].text) for each in found] == [
            ("overdue", "Required by Acme, overdue since 1 Oct 2026 (32 days ago)."),
            ("lapsing", "Your First aid lapses on 9 Nov 2026 (in 7 days); this renews it."),
            ("required", "Required by Acme, due 14 Nov 2026 (in 12 days)."),
            ("step 2", "Next in “Inspector path”: 1 of 2 courses done."),
            ("goal", "Leads toward your goal “Become an elevator inspector”."),
            ("popular", "Popular: 400 people completed it within the last year."),
        ]

    def test_every_reason_of_a_course_is_kept_the_weightiest_first(self) -> None:
        found = recommend(
            person(
                course("a", **DONE),
                course("b"),
                needs=[need("b")],
                steps=path("a", "b", phrases=("Inspector",)),
                wishes=[{"kind": "goal", "text": "inspector"}],
            ),
            today=TODAY,
        )
        assert [reason.kind for reason in found[0].reasons] == ["required", "next_in_path", "goal"]

    def test_the_path_furthest_along_comes_first(self) -> None:
        courses = [course("a", **DONE), course("b", **DONE), course("c"), course("d")]
        found = recommend(
            person(*courses, steps=[*path("a", "d", "x", title="Far"), *path("a", "b", "c", title="Near")]), today=TODAY
        )
        assert ids(found) == ["c", "d"]

    def test_few_interests_do_not_crowd_out_the_rest(self) -> None:
        many = [course(f"hydraulic {n}", phrases=["Hydraulics"]) for n in range(9)]
        found = recommend(
            person(*many, course("z", recent_count=9), wishes=[{"kind": "interest", "text": "hydraulics"}]), today=TODAY
        )
        assert kinds(found).count(ReasonKind.INTEREST) == 3
        assert ids(found)[-1] == "z"

    def test_no_more_than_asked_for_and_always_the_same(self) -> None:
        someone = person(*(course(f"{n:02}", recent_count=50) for n in range(30)))
        first, second = (recommend(someone, today=TODAY, top=5) for _ in range(2))
        assert first == second
        assert ids(first) == ["00", "01", "02", "03", "04"]


class TestNever:
    @pytest.mark.requirement("LMS-05")
    @pytest.mark.parametrize(
        "fields",
        [
            DONE,
            {**DONE, "is_told": False},
            {"is_open": False},
            {"is_running": True},
            {"is_dismissed": True},
            {"missing_certification_ids": ["unknown"]},
            {"recent_count": 4},
        ],
        ids=["completed", "completed elsewhere", "closed or full", "running", "put away", "out of reach", "few people"],
    )
    @pytest.mark.parametrize("is_learned", [True, False])
    def test_such_a_course_is_not_put_up_for_what_others_did(self, fields: dict[str, Any], is_learned: bool) -> None:
        someone = person(course("popular", **{"recent_count": 400, **fields}))
        assert recommend(someone, today=TODAY, learned=learned() if is_learned else None) == []

    def test_one_that_she_may_not_find_is_not_put_up(self) -> None:
        someone = person(course("done", **DONE), contexts=("member:acme",))
        assert recommend(someone, today=TODAY, learned=learned()) == []

    @pytest.mark.parametrize("fields", [{"is_open": False}, {"is_running": True}])
    def test_not_even_a_required_one_that_cannot_be_taken(self, fields: dict[str, Any]) -> None:
        assert recommend(person(course("a", **fields), needs=[need("a")]), today=TODAY) == []

    @pytest.mark.parametrize("fields", [DONE, {"is_dismissed": True}])
    def test_a_requirement_brings_back_what_was_completed_or_put_away(self, fields: dict[str, Any]) -> None:
        assert ids(recommend(person(course("a", **fields), needs=[need("a")]), today=TODAY)) == ["a"]


class TestPrerequisites:
    def test_what_has_to_come_first_is_put_up_and_says_for_what(self) -> None:
        found = recommend(
            person(
                course("c", missing_course_ids=["b"]),
                course("b", missing_certification_ids=["k"]),
                course("a", certification_id="k"),
                needs=[need("c")],
            ),
            today=TODAY,
        )
        assert ids(found) == ["a"]
        assert found[0].reasons[0].text == ("Needed before “Course c”. Required by Acme, due 14 Nov 2026 (in 12 days).")

    def test_a_circle_ends(self) -> None:
        someone = person(
            course("a", missing_course_ids=["b"]), course("b", missing_course_ids=["a"]), needs=[need("a")]
        )
        assert recommend(someone, today=TODAY) == []


class TestNeeds:
    def test_one_course_of_several_that_lead_to_a_certificate(self) -> None:
        found = recommend(
            person(
                course("full", certification_id="k", recent_count=90, is_open=False),
                course("rare", certification_id="k", recent_count=5),
                course("usual", certification_id="k", recent_count=50, is_dismissed=True),
                needs=[need(certification_id="k", due_on=None)],
            ),
            today=TODAY,
        )
        assert ids(found)[0] == "usual"
        assert found[0].reasons[0].text == "Required by Acme. It leads to “Fall protection”."
        assert kinds(found) == [ReasonKind.REQUIRED, ReasonKind.POPULAR]

    def test_who_is_on_the_way_is_left_in_peace(self) -> None:
        courses = [course("a", certification_id="k", is_running=True), course("b", certification_id="k")]
        assert recommend(person(*courses, needs=[need(certification_id="k")]), today=TODAY) == []

    def test_credits_are_said_to_be_credits(self) -> None:
        found = recommend(person(course("a"), lapses=[lapse("a", date(2026, 11, 3), is_for_credits=True)]), today=TODAY)
        assert found[0].reasons[0].text == (
            "Your First aid lapses on 3 Nov 2026 (tomorrow); this gives credits toward renewing it."
        )


class TestPaths:
    def test_a_path_nobody_began_is_no_reason_unless_it_leads_to_her_goal(self) -> None:
        courses, steps = [course("a"), course("b")], path("a", "b", phrases=("elevator inspector",))
        assert recommend(person(*courses, steps=steps), today=TODAY) == []
        found = recommend(
            person(*courses, steps=steps, wishes=[{"kind": "goal", "text": "elevator inspector"}]), today=TODAY
        )
        assert [(each.course_id, each.reasons[0].text) for each in found] == [
            ("a", "First step of “Inspector path”, which leads to your goal “elevator inspector”.")
        ]

    def test_a_finished_path_asks_for_nothing(self) -> None:
        assert recommend(person(course("a", **DONE), steps=path("a")), today=TODAY) == []


class TestLearned:
    @pytest.mark.requirement("LMS-05")
    def test_people_alike_are_counted_and_named_by_what_they_share(self) -> None:
        someone = person(course("done", **DONE), course("next"), course("popular", recent_count=60))
        found = recommend(someone, today=TODAY, learned=learned())
        assert [(each.course_id, each.reasons[0].text) for each in found] == [
            ("next", "30 people who took “Course done” completed it later."),
            ("popular", "Popular: 60 people completed it within the last year."),
        ]
        assert not found[0].reasons[0].is_fact

    @pytest.mark.parametrize(
        ("context", "said"),
        [
            ("role:technician", "30 people in your role (technician) completed it."),
            ("member:acme", "30 people of Acme completed it."),
        ],
    )
    def test_colleagues_speak_where_nothing_was_completed_yet(self, context: str, said: str) -> None:
        found = recommend(person(course("next"), contexts=(context,)), today=TODAY, learned=learned())
        assert found[0].reasons[0].text == said

    def test_what_she_did_where_the_asker_may_not_look_gives_no_reason(self) -> None:
        someone = person(course("done", **{**DONE, "is_told": False}), course("next"))
        assert recommend(someone, today=TODAY, learned=learned()) == []

    def test_without_the_learned_part_what_is_popular_is_named_as_such(self) -> None:
        someone = person(
            course("done", **DONE),
            course("next", recent_count=20),
            course("other", recent_count=90, subject="hvac"),
        )
        found = recommend(someone, today=TODAY)
        assert ids(found) == ["next", "other"]
        assert set(kinds(found)) == {ReasonKind.POPULAR}


def test_frames_of_another_form_are_refused() -> None:
    with pytest.raises(InvalidRecordsError, match=r"courses\.title: the column is missing"):
        Person.from_frames(
            courses=pl.DataFrame(schema={k: v for k, v in COURSES_SCHEMA.items() if k != "title"}),
            needs=pl.DataFrame(schema=dict(NEEDS_SCHEMA)),
            lapses=pl.DataFrame(schema=dict(LAPSES_SCHEMA)),
            steps=pl.DataFrame(schema=dict(STEPS_SCHEMA)),
            wishes=pl.DataFrame(schema=dict(WISHES_SCHEMA)),
            contexts=(),
            organization_names={},
        )
