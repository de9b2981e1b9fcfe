"""Who mentors and who wants to be mentored in the demo: their profiles, from when they are in the programme.

Every profile keeps the rules of `mentorship.profile_rules`. What becomes of two of them is in `mentorship`.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from operational_db.demo.batch import Batch
from operational_db.demo.chance import Chance
from operational_db.demo.industry import DemoCompany, DemoPerson, Industry, at_nine
from operational_db.ledger.events import MentoringReachSet, MentorProfileSet
from operational_db.mentorship.profile_rules import Window, hours_per_week, minutes_of, to_windows
from operational_db.tables.mentorship import MenteeProfile, MentoringPolicy, MentorProfile
from operational_db.types import MeetingFormat, MenteeLevel, MentoringReach
from operational_db.types import Specialization as Field

MENTOR_SHARE = 0.17
MENTEE_SHARE = 0.52
# Half of the people in the programme came with its start, the others over the two years.
PROGRAMME_START_DAYS = 45
REACH_OF_COMPANY = {7: MentoringReach.OWN_PEOPLE, 41: MentoringReach.OWN_PEOPLE, 83: MentoringReach.NOBODY}


@dataclass(frozen=True, slots=True)
class City:
    """Where a company works from; coordinates in degrees."""

    name: str
    region: str
    latitude: float
    longitude: float
    timezone: str


CITIES = (
    City("Boston", "MA", 42.36, -71.06, "America/New_York"),
    City("New York", "NY", 40.71, -74.01, "America/New_York"),
    City("Philadelphia", "PA", 39.95, -75.17, "America/New_York"),
    City("Pittsburgh", "PA", 40.44, -79.99, "America/New_York"),
    City("Atlanta", "GA", 33.75, -84.39, "America/New_York"),
    City("Charlotte", "NC", 35.23, -80.84, "America/New_York"),
    City("Columbus", "OH", 39.96, -83.00, "America/New_York"),
    City("Chicago", "IL", 41.88, -87.63, "America/Chicago"),
    City("Milwaukee", "WI", 43.04, -87.91, "America/Chicago"),
    City("Minneapolis", "MN", 44.98, -93.27, "America/Chicago"),
    City("Dallas", "TX", 32.78, -96.80, "America/Chicago"),
    City("Fort Worth", "TX", 32.76, -97.33, "America/Chicago"),
    City("Houston", "TX", 29.76, -95.37, "America/Chicago"),
    City("Denver", "CO", 39.74, -104.99, "America/Denver"),
    City("Salt Lake City", "UT", 40.76, -111.89, "America/Denver"),
    City("Los Angeles", "CA", 34.05, -118.24, "America/Los_Angeles"),
    City("San Diego", "CA", 32.72, -117.16, "America/Los_Angeles"),
    City("Seattle", "WA", 47.61, -122.33, "America/Los_Angeles"),
)  # fmt: skip
FIELDS_OF_TRADE = {
    "elevators": (
        Field.TRACTION_ELEVATORS, Field.HYDRAULIC_ELEVATORS, Field.ESCALATORS, Field.ELEVATOR_CONTROLS,
        Field.ELEVATOR_MODERNIZATION, Field.ELEVATOR_INSPECTION,
    ),
    "hvac": (
        Field.COMMERCIAL_HVAC, Field.RESIDENTIAL_HVAC, Field.REFRIGERATION, Field.BOILERS, Field.BUILDING_AUTOMATION,
    ),
    "electrical": (
        Field.COMMERCIAL_ELECTRICAL, Field.RESIDENTIAL_ELECTRICAL, Field.INDUSTRIAL_ELECTRICAL, Field.FIRE_ALARM,
        Field.SOLAR,
    ),
}  # fmt: skip
COMMON_FIELDS = (Field.SAFETY, Field.CREW_LEADERSHIP)
EQUIPMENT_OF_TRADE = {
    "elevators": ("elevator", "escalator"),
    "hvac": ("chiller", "boiler"),
    "electrical": ("switchgear", "drive"),
}
TIMES_OF_WEEK = ("evenings", "weekends", "mornings", "lunchtimes", "weekdays")
TIME_WEIGHTS = (34, 24, 16, 12, 14)
CAREER_GOALS = (
    "Lead a crew of my own",
    "Work on my own on every unit of the route",
    "Pass the mechanic's exam",
    "Move from installation to modernisation",
    "Become an inspector",
    "Run commissioning jobs",
)
SKILLS = (
    "Reading schematics", "Fault finding", "Talking to tenants", "Planning a day", "Writing job reports",
    "Drive parameters", "Handing over work", "Safe rigging",
)  # fmt: skip
ABOUT = (
    "I like to work through real faults together, on site or over a picture.",
    "Twenty minutes on the phone after a shift settle more than a long mail.",
    "Bring your questions in writing; we go through them one by one.",
    "I take people along on jobs where something is to be learned.",
    "",
)


@dataclass(slots=True)
class Profiled:
    """What both sides of the programme have in a demo profile."""

    person: DemoPerson
    company: DemoCompany
    reach: MentoringReach
    years: float
    fields: list[str]
    formats: list[str]
    windows: list[Window]
    hours_per_month: int | None
    city: City
    latitude: float
    longitude: float
    is_remote: bool
    joined_at: datetime


@dataclass(slots=True)
class DemoMentor(Profiled):
    levels: list[str]
    capacity: int
    # From then on she takes nobody new.
    stops_at: datetime | None


@dataclass(slots=True)
class DemoMentee(Profiled):
    level: MenteeLevel


class MentoringPeople:
    """Draws profiles of technicians who are still there, and writes them with their events."""

    def __init__(self, chance: Chance, batch: Batch, industry: Industry, now: datetime) -> None:
        self.chance = chance
        self.batch = batch
        self.industry = industry
        self.now = now
        self.mentors: list[DemoMentor] = []
        self.mentees: list[DemoMentee] = []

    def build(self) -> None:
        """Fill `mentors` and `mentees`."""
        for index, company in enumerate(self.industry.companies):
            reach = self._reach(index, company)
            # Three in ten crews work away from the company's home town.
            home = self.chance.choice(CITIES)
            for person in company.people:
                if person.ended_on is not None or person.started_on > self.industry.today - timedelta(days=25):
                    continue
                city = home if self.chance.happens(0.72) else self.chance.choice(CITIES)
                drawn = self.chance.random()
                if drawn < MENTOR_SHARE:
                    self._add_mentor(company, person, reach, city)
                elif drawn < MENTOR_SHARE + MENTEE_SHARE:
                    self._add_mentee(company, person, reach, city)

    def _reach(self, index: int, company: DemoCompany) -> MentoringReach:
        reach = REACH_OF_COMPANY.get(index, MentoringReach.EVERYONE)
        if reach is not MentoringReach.EVERYONE:
            at = at_nine(company.joined_on) + timedelta(hours=1)
            self.batch.add(MentoringPolicy, company.id, reach)
            event = MentoringReachSet(subject_id=None, organization_id=company.id, occurred_at=at, reach=reach)
            self.batch.events.append(event)
        return reach

    def _joined_at(self, person: DemoPerson, *, early: float) -> datetime:
        first = person.started_on + timedelta(days=2)
        last = self.industry.today - timedelta(days=15)
        if self.chance.happens(early):
            last = min(last, first + timedelta(days=PROGRAMME_START_DAYS))
        return self.chance.during_work(self.chance.day_between(first, max(first, last)))

    def _week(self, *, count: int) -> list[dict[str, object]]:
        words = set(self.chance.choices(TIMES_OF_WEEK, TIME_WEIGHTS, k=count))
        windows = to_windows((), sorted(words))
        # Nobody is free in every one of them.
        return [window for window in windows if self.chance.happens(0.55)] or windows[:1]

    def _formats(self) -> list[str]:
        weights = {
            MeetingFormat.IN_PERSON: 0.62,
            MeetingFormat.VIDEO: 0.6,
            MeetingFormat.PHONE: 0.5,
            MeetingFormat.TEXT: 0.42,
        }
        chosen = [str(each) for each, weight in weights.items() if self.chance.happens(weight)]
        return chosen or [str(MeetingFormat.PHONE)]

    def _fields(self, company: DemoCompany, count: int) -> list[str]:
        own = self.chance.some(FIELDS_OF_TRADE[company.trade], count)
        if self.chance.happens(0.3):
            own.append(self.chance.choice(COMMON_FIELDS))
        return [str(each) for each in own]

    def _place(self, city: City) -> tuple[float, float]:
        jitter = self.chance.gauss
        return round(city.latitude + jitter(0, 0.12), 4), round(city.longitude + jitter(0, 0.15), 4)

    def _is_remote(self, formats: list[str], share: float) -> bool:
        return formats != [MeetingFormat.IN_PERSON] and self.chance.happens(share)

    def _hours(self, windows: list[Window], most: int) -> int | None:
        if self.chance.happens(0.12):
            return None
        return max(1, min(self.chance.randrange(most // 4, most), int(hours_per_week(windows) * 52 / 12)))

    def _add_mentor(self, company: DemoCompany, person: DemoPerson, reach: MentoringReach, city: City) -> None:
        chance = self.chance
        years = round(min(38.0, max(4.0, chance.gauss(13, 7))), 1)
        formats, availability = self._formats(), self._week(count=chance.choice((1, 2, 2)))
        windows = minutes_of(availability)
        hours = self._hours(windows, 10)
        latitude, longitude = self._place(city)
        capacity = chance.choice((1, 2, 2, 3, 3, 4))
        if hours is not None:
            capacity = min(capacity, 2 * hours)
        joined_at = self._joined_at(person, early=0.6)
        span = (self.now - joined_at).days
        stops_at = joined_at + timedelta(days=chance.randrange(5, span)) if chance.happens(0.06) and span > 40 else None
        mentor = DemoMentor(
            person, company, reach, years, self._fields(company, chance.choice((2, 2, 3, 3, 4))), formats, windows,
            hours, city, latitude, longitude, self._is_remote(formats, 0.55), joined_at,
            [str(each) for each in MenteeLevel if chance.happens(0.55)], capacity, stops_at,
        )  # fmt: skip
        self.mentors.append(mentor)
        is_paused = stops_at is None and chance.happens(0.03)
        paused_until = self.industry.today + timedelta(days=chance.randrange(10, 90)) if is_paused else None
        if is_paused:
            mentor.stops_at = self.now - timedelta(days=chance.randrange(1, 20))
        self.batch.add(
            MentorProfile,
            person.id,
            mentor.fields,
            list(EQUIPMENT_OF_TRADE[company.trade]),
            stops_at is None,
            capacity,
            mentor.levels,
            mentor.is_remote,
            chance.choice(ABOUT),
            *self._common(mentor, availability),
            paused_until,
        )
        self._tell(mentor, joined_at, is_accepting=True)
        if mentor.stops_at is not None and mentor.stops_at < self.now:
            self._tell(mentor, mentor.stops_at, is_accepting=False, paused_until=paused_until)

    def _tell(self, mentor: DemoMentor, at: datetime, *, is_accepting: bool, paused_until: date | None = None) -> None:
        self.batch.events.append(
            MentorProfileSet(
                subject_id=mentor.person.id,
                organization_id=mentor.company.id,
                occurred_at=at,
                max_mentees=mentor.capacity,
                is_accepting=is_accepting,
                paused_until=paused_until,
            )
        )

    def _add_mentee(self, company: DemoCompany, person: DemoPerson, reach: MentoringReach, city: City) -> None:
        chance = self.chance
        years = round(max(0.0, chance.expovariate(1 / 3.2)), 1)
        level = self._level(years)
        formats, availability = self._formats(), self._week(count=chance.choice((1, 1, 2)))
        windows = minutes_of(availability)
        latitude, longitude = self._place(city)
        mentee = DemoMentee(
            person, company, reach, years, self._fields(company, chance.choice((1, 1, 2, 2, 3))), formats, windows,
            self._hours(windows, 20), city, latitude, longitude, self._is_remote(formats, 0.55),
            self._joined_at(person, early=0.3), level,
        )  # fmt: skip
        self.mentees.append(mentee)
        self.batch.add(
            MenteeProfile,
            person.id,
            level,
            chance.choice(CAREER_GOALS),
            mentee.fields,
            chance.some(SKILLS, chance.randrange(1, 4)),
            chance.choice((3, 6, 6, 9, 12)),
            mentee.is_remote,
            *self._common(mentee, availability),
            None,
        )

    def _level(self, years: float) -> MenteeLevel:
        if years > 10:
            return MenteeLevel.TRANSITIONING if self.chance.happens(0.5) else MenteeLevel.MID
        if years > 5:
            return MenteeLevel.MID
        if years > 2:
            return MenteeLevel.JUNIOR
        return MenteeLevel.TRANSITIONING if self.chance.happens(0.15) else MenteeLevel.APPRENTICE

    @staticmethod
    def _common(profile: Profiled, availability: list[dict[str, object]]) -> tuple[object, ...]:
        return (
            profile.years,
            profile.formats,
            profile.hours_per_month,
            availability,
            profile.city.timezone,
            profile.city.name,
            profile.city.region,
            profile.latitude,
            profile.longitude,
            profile.joined_at,
        )
