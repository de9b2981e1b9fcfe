"""Which courses to put before a person, in which order, and why: facts first, then what was learned.

Order: overdue, required or about to lapse by date, next in a path she is on, her goal, and last the learned part or,
where that did not earn its place, what is popular. A course that is completed, running, put away, closed, full or not
visible to her is never among them; one completed or put away comes back only when a requirement or a lapsing
certificate asks for it. A course with missing prerequisites gives way to the first of them that she can take.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import numpy as np

from models.recommending.goals import means, means_any
from models.recommending.learned import SMALLEST_GROUP, CoCompletion, Evidence
from models.recommending.person import Person

DEEPEST_PREREQUISITE = 4
MOST_BY_INTEREST = 3


class ReasonKind(StrEnum):
    """In order of weight."""

    OVERDUE = "overdue"
    REQUIRED = "required"
    EXPIRING = "expiring"
    NEXT_IN_PATH = "next_in_path"
    GOAL = "goal"
    INTEREST = "interest"
    PEOPLE_ALIKE = "people_alike"
    POPULAR = "popular"


# Required and expiring share a place: between them the earlier date counts.
_TIERS = {
    ReasonKind.OVERDUE: 0,
    ReasonKind.REQUIRED: 1,
    ReasonKind.EXPIRING: 1,
    ReasonKind.NEXT_IN_PATH: 2,
    ReasonKind.GOAL: 3,
    ReasonKind.INTEREST: 4,
    ReasonKind.PEOPLE_ALIKE: 5,
    ReasonKind.POPULAR: 5,
}
# These ask for a course again that was completed before.
_ASK_AGAIN = frozenset({ReasonKind.OVERDUE, ReasonKind.REQUIRED, ReasonKind.EXPIRING})


@dataclass(frozen=True, slots=True)
class Reason:
    """One stated reason. `on` is its date; `weight` orders reasons of the same kind and day, higher first."""

    kind: ReasonKind
    text: str
    on: date | None = None
    weight: float = 0.0

    @property
    def is_fact(self) -> bool:
        """Whether it rests on a record or the person's own words, not on what other people did."""
        return self.kind not in {ReasonKind.PEOPLE_ALIKE, ReasonKind.POPULAR}

    @property
    def order(self) -> tuple[int, date, float]:
        return (_TIERS[self.kind], self.on or date.max, -self.weight)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A course with its reasons, the weightiest first."""

    course_id: str
    title: str
    reasons: tuple[Reason, ...]
    needs_sponsor: bool


@dataclass(frozen=True, slots=True)
class _Course:
    course_id: str
    title: str
    subject: str | None
    certification_id: str | None
    is_open: bool
    missing_course_ids: Sequence[str]
    missing_certification_ids: Sequence[str]
    completed_on: date | None
    is_told: bool
    is_running: bool
    is_dismissed: bool
    needs_sponsor: bool
    recent_count: int
    phrases: Sequence[str]

    @property
    def is_done(self) -> bool:
        return self.completed_on is not None and self.is_told

    def is_takeable(self, *, again: bool) -> bool:
        return (
            self.is_open
            and not self.is_running
            and (again or (self.completed_on is None and not self.is_dismissed))
            and not self.missing_course_ids
            and not self.missing_certification_ids
        )


def recommend(
    person: Person, *, today: date, learned: CoCompletion | None = None, top: int = 8
) -> list[Recommendation]:
    """At most `top` courses with their reasons, in order; the same input gives the same list.

    Parameters
    ----------
    learned
        The learned part, where it earned its place; None shows what is popular instead.
    """
    catalogue = _Catalogue(person)
    found: dict[str, list[Reason]] = {}
    for course, reason in _facts(person, catalogue, today):
        for target, why in catalogue.takeable(course, reason):
            found.setdefault(target.course_id, []).append(why)
    by_interest = 0
    ranked: list[Recommendation] = []
    for course_id, reasons in sorted(found.items(), key=lambda item: (min(r.order for r in item[1]), item[0])):
        ordered = tuple(sorted(dict.fromkeys(reasons), key=lambda reason: reason.order))
        if ordered[0].kind is ReasonKind.INTEREST:
            by_interest += 1
            if by_interest > MOST_BY_INTEREST:
                continue
        ranked.append(catalogue.recommendation(course_id, ordered))
    others = _learned(person, catalogue, learned) if learned is not None else _popular(catalogue)
    for course, reason in others:
        if len(ranked) >= top:
            break
        if course.course_id not in found and course.is_takeable(again=False):
            ranked.append(catalogue.recommendation(course.course_id, (reason,)))
    return ranked[:top]


class _Catalogue:
    """The courses of one person, looked up by id and by the certification they lead to."""

    def __init__(self, person: Person) -> None:
        self.courses = {row["course_id"]: _Course(**row) for row in person.courses.iter_rows(named=True)}
        self.own_subjects = {c.subject for c in self.courses.values() if c.completed_on or c.is_running}

    def leading_to(self, certification_id: str | None) -> list[_Course]:
        """Courses that lead to it; the one she knows first, then the most taken."""
        found = [c for c in self.courses.values() if certification_id and c.certification_id == certification_id]
        return sorted(found, key=lambda c: (c.completed_on is None, -c.recent_count, c.title, c.course_id))

    def takeable(self, course: _Course, reason: Reason) -> Iterator[tuple[_Course, Reason]]:
        """The course itself when she can take it, else what she has to take first, saying for what."""
        if course.is_running:
            return
        if course.is_takeable(again=reason.kind in _ASK_AGAIN):
            yield course, reason
            return
        if not course.is_open or (course.completed_on is not None and reason.kind not in _ASK_AGAIN):
            return
        first = self._first_step(course, {course.course_id})
        if first is not None:
            text = f"Needed before “{course.title}”. {reason.text}"
            yield first, replace(reason, text=text)

    def _first_step(self, course: _Course, seen: set[str]) -> _Course | None:
        if len(seen) > DEEPEST_PREREQUISITE:
            return None
        options = [self.courses[each] for each in course.missing_course_ids if each in self.courses]
        for certification_id in course.missing_certification_ids:
            options.extend(self.leading_to(certification_id))
        for option in options:
            if option.course_id in seen or option.is_running:
                continue
            if option.is_takeable(again=True):
                return option
            deeper = self._first_step(option, seen | {option.course_id})
            if deeper is not None:
                return deeper
        return None

    def recommendation(self, course_id: str, reasons: tuple[Reason, ...]) -> Recommendation:
        course = self.courses[course_id]
        return Recommendation(course_id, course.title, reasons, course.needs_sponsor)


def _facts(person: Person, catalogue: _Catalogue, today: date) -> Iterator[tuple[_Course, Reason]]:
    yield from _needs(person, catalogue, today)
    yield from _lapses(person, catalogue, today)
    yield from _paths(person, catalogue)
    yield from _wishes(person, catalogue)


def _needs(person: Person, catalogue: _Catalogue, today: date) -> Iterator[tuple[_Course, Reason]]:
    for need in person.needs.iter_rows(named=True):
        due_on, by = need["due_on"], need["required_by"]
        if need["is_overdue"] and due_on is not None:
            reason = Reason(ReasonKind.OVERDUE, f"Required by {by}, overdue since {_day(due_on, today)}.", due_on)
        elif due_on is not None:
            reason = Reason(ReasonKind.REQUIRED, f"Required by {by}, due {_day(due_on, today)}.", due_on)
        else:
            reason = Reason(ReasonKind.REQUIRED, f"Required by {by}.")
        if need["course_id"] is not None:
            options = [catalogue.courses[need["course_id"]]] if need["course_id"] in catalogue.courses else []
        else:
            options = catalogue.leading_to(need["certification_id"])
        for option, why in _one_of(catalogue, options, reason):
            is_said = need["course_id"] is not None or need["name"].casefold() in option.title.casefold()
            yield option, why if is_said else replace(why, text=f"{why.text} It leads to “{need['name']}”.")


def _lapses(person: Person, catalogue: _Catalogue, today: date) -> Iterator[tuple[_Course, Reason]]:
    for lapse in person.lapses.iter_rows(named=True):
        course = catalogue.courses.get(lapse["course_id"])
        if course is None:
            continue
        what = "gives credits toward renewing it" if lapse["is_for_credits"] else "renews it"
        text = f"Your {lapse['name']} lapses on {_day(lapse['expires_on'], today)}; this {what}."
        yield course, Reason(ReasonKind.EXPIRING, text, lapse["expires_on"])


def _paths(person: Person, catalogue: _Catalogue) -> Iterator[tuple[_Course, Reason]]:
    """The next step of every path that was begun, and the first of one that leads to her goal."""
    goal = next((wish["text"] for wish in person.wishes.iter_rows(named=True) if wish["kind"] == "goal"), None)
    for steps in person.steps.partition_by("path_id", maintain_order=True):
        rows = steps.sort("order_index").to_dicts()
        counted = [row for row in rows if row["is_required"]] or rows
        courses = [catalogue.courses.get(row["course_id"]) for row in counted]
        known = [course for course in courses if course is not None]
        done = sum(course.is_done for course in known)
        following = next((course for course in known if course.completed_on is None), None)
        if following is None:
            continue
        title = counted[0]["path_title"]
        is_begun = done > 0 or any(course.is_running for course in known)
        if is_begun:
            text = f"Next in “{title}”: {done} of {len(counted)} courses done."
            yield following, Reason(ReasonKind.NEXT_IN_PATH, text, weight=done / len(counted))
        if goal is not None and means_any(goal, [title, *counted[0]["phrases"]]):
            which = "Next" if is_begun else "First"
            text = f"{which} step of “{title}”, which leads to your goal “{goal}”."
            yield following, Reason(ReasonKind.GOAL, text, weight=1.0 + done / len(counted))


def _wishes(person: Person, catalogue: _Catalogue) -> Iterator[tuple[_Course, Reason]]:
    """Courses that her goal or her interests name."""
    for wish in person.wishes.iter_rows(named=True):
        for course in catalogue.courses.values():
            named = next((phrase for phrase in course.phrases if means(wish["text"], phrase)), None)
            if named is None:
                continue
            weight = min(course.recent_count / 1_000_000, 0.5)
            if wish["kind"] == "goal":
                yield course, Reason(ReasonKind.GOAL, f"Leads toward your goal “{wish['text']}”.", weight=weight)
            else:
                yield course, Reason(ReasonKind.INTEREST, f"Teaches “{wish['text']}”, your interest.", weight=weight)


def _one_of(catalogue: _Catalogue, options: Sequence[_Course], reason: Reason) -> Iterator[tuple[_Course, Reason]]:
    """The first of several courses that meet the same need, unless she is taking one of them already."""
    if any(option.is_running for option in options):
        return
    for option in options:
        if next(catalogue.takeable(option, reason), None) is not None:
            yield option, reason
            return


def _learned(person: Person, catalogue: _Catalogue, model: CoCompletion) -> Iterator[tuple[_Course, Reason]]:
    """By the model's score; a course that no group of at least five people speaks for is not put up."""
    done = np.array([_is_done(catalogue.courses.get(course_id)) for course_id in model.course_ids_], dtype=np.bool_)
    contexts = list(person.contexts)
    scores = model.scores(done[np.newaxis, :], [contexts])[0]
    for index in np.argsort(-scores, kind="stable"):
        course = catalogue.courses.get(model.course_ids_[int(index)])
        if course is None:
            continue
        evidence = model.explain(done, contexts, int(index))
        if evidence is not None:
            text = _evidence_text(evidence, catalogue, person)
            yield course, Reason(ReasonKind.PEOPLE_ALIKE, text)
        elif course.recent_count >= SMALLEST_GROUP:
            yield course, _popular_reason(course)


def _is_done(course: _Course | None) -> bool:
    return course is not None and course.is_done


def _evidence_text(evidence: Evidence, catalogue: _Catalogue, person: Person) -> str:
    kind, _, name = evidence.condition.partition(":")
    if kind == "role" and name:
        return f"{evidence.count:,} people in your role ({name.replace('_', ' ')}) completed it."
    if kind == "member" and name:
        return f"{evidence.count:,} people of {person.organization_names.get(name, 'your organization')} completed it."
    return f"{evidence.count:,} people who took “{catalogue.courses[evidence.condition].title}” completed it later."


def _popular(catalogue: _Catalogue) -> Iterator[tuple[_Course, Reason]]:
    """By completions within a year, courses of the subjects she learns in first; few people are not told of."""
    order = sorted(
        catalogue.courses.values(),
        key=lambda c: (c.subject not in catalogue.own_subjects, -c.recent_count, c.title, c.course_id),
    )
    for course in order:
        if course.recent_count >= SMALLEST_GROUP:
            yield course, _popular_reason(course)


def _popular_reason(course: _Course) -> Reason:
    return Reason(ReasonKind.POPULAR, f"Popular: {course.recent_count:,} people completed it within the last year.")


def _day(on: date, today: date) -> str:
    days = (on - today).days
    when = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days)
    near = when or (f"in {days} days" if days > 0 else f"{-days} days ago")
    return f"{on.day} {on:%b %Y} ({near})"
