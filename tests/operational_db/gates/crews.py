"""Crews, certificates and rules for the tests of the crew engine, and hypothesis strategies over them."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from operational_db.credentials.rules import CertificateFacts
from operational_db.gates.crew import CrewFacts, CrewPerson, CrewTerms, CrewUnit
from operational_db.gates.crew_requirements import DEEPEST, AllOf, AnyOf, AtLeast, Certified, CrewRequirement
from operational_db.types import CrewRuleTarget, EquipmentType, GateMode

NOW = datetime(2028, 2, 20, 9, 0, tzinfo=UTC)
DAY = date(2028, 2, 29)
OWNER, BUILDING, CONTRACTOR = UUID(int=1), UUID(int=2), UUID(int=3)
KINDS = tuple(UUID(int=100 + number) for number in range(4))
MAKERS = (UUID(int=50), UUID(int=51))
MODELS = ("Alpha 1", "Beta 2")


def person_id(number: int) -> UUID:
    return UUID(int=1_000 + number)


def certificate(
    number: int,
    person: int,
    kind: int = 0,
    *,
    issued_on: date = date(2027, 3, 1),
    expires_on: date | None = date(2029, 2, 28),
    revoked_from: date | None = None,
    is_withdrawn: bool = False,
    is_verified: bool = True,
) -> CertificateFacts:
    return CertificateFacts(
        UUID(int=10_000 + number), person_id(person), KINDS[kind], issued_on, expires_on, revoked_from, is_withdrawn,
        is_verified,
    )  # fmt: skip


def crew_of(*held: CertificateFacts, people: int = 0) -> tuple[CrewPerson, ...]:
    """The holders of the certificates, and as many people as are wanted in all."""
    ids = {each.person_id for each in held} | {person_id(number) for number in range(people)}
    return tuple(CrewPerson(each, tuple(c for c in held if c.person_id == each)) for each in sorted(ids))


def rule(
    requirement: CrewRequirement,
    target: CrewRuleTarget = CrewRuleTarget.OWNER,
    key: object = "",
    *,
    mode: GateMode = GateMode.ENFORCE,
    number: int = 1,
) -> CrewTerms:
    return CrewTerms(OWNER, target, str(key), mode, requirement, date(2027, 1, 1), UUID(int=500 + number), 1)


def facts(people: tuple[CrewPerson, ...], *units: CrewUnit, on: date = DAY, **fields: object) -> CrewFacts:
    given: dict[str, object] = {
        "organization_id": OWNER,
        "building_id": BUILDING,
        "work_on": on,
        "known_at": NOW,
        "units": units or (CrewUnit(UUID(int=9), EquipmentType.PASSENGER_ELEVATOR, MAKERS[0], MODELS[0]),),
        "people": people,
        "contractor_id": CONTRACTOR,
        **fields,
    }
    return CrewFacts(**given)  # type: ignore[arg-type]


_leaves = st.sampled_from(KINDS).map(Certified)


def _joined(parts: st.SearchStrategy[CrewRequirement]) -> st.SearchStrategy[CrewRequirement]:
    lists = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.one_of(lists.map(AllOf), lists.map(AnyOf))


of_one: st.SearchStrategy[CrewRequirement] = st.recursive(_leaves, _joined, max_leaves=4)
requirements: st.SearchStrategy[CrewRequirement] = st.recursive(
    st.one_of(_leaves, st.builds(AtLeast, st.integers(1, 3), of_one)), _joined, max_leaves=5
)


def _depth(requirement: CrewRequirement) -> int:
    match requirement:
        case Certified():
            return 1
        case AllOf(parts) | AnyOf(parts):
            return 1 + max(map(_depth, parts))
        case AtLeast(_, of_crew):
            return 1 + _depth(of_crew)


requirements = requirements.filter(lambda requirement: _depth(requirement) <= DEEPEST)

_days = st.dates(DAY - timedelta(days=3), DAY + timedelta(days=3))


@st.composite
def certificates(draw: st.DrawFn) -> list[CertificateFacts]:
    """Certificates whose dates lie about the day of work, so that every boundary is met often."""
    found = []
    for number in range(draw(st.integers(0, 10))):
        issued_on = draw(st.one_of(st.just(date(2027, 3, 1)), _days))
        expires_on = draw(st.one_of(st.none(), _days))
        found.append(
            certificate(
                number,
                draw(st.integers(0, 3)),
                draw(st.integers(0, 3)),
                issued_on=issued_on,
                expires_on=None if expires_on is None else max(issued_on, expires_on),
                revoked_from=draw(st.one_of(st.none(), st.none(), _days)),
                is_withdrawn=draw(st.integers(0, 5)) == 0,
                is_verified=draw(st.integers(0, 5)) > 0,
            )
        )
    return found


units = st.lists(
    st.builds(
        CrewUnit,
        st.integers(20, 24).map(lambda number: UUID(int=number)),
        st.sampled_from(list(EquipmentType)[:3]),
        st.one_of(st.none(), st.sampled_from(MAKERS)),
        st.one_of(st.none(), st.sampled_from(MODELS)),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda unit: unit.id,
).map(tuple)


@st.composite
def rules(draw: st.DrawFn) -> list[CrewTerms]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        target = draw(st.sampled_from(list(CrewRuleTarget)))
        key = {
            CrewRuleTarget.OWNER: "",
            CrewRuleTarget.BUILDING: str(BUILDING),
            CrewRuleTarget.EQUIPMENT_TYPE: EquipmentType.PASSENGER_ELEVATOR.value,
            CrewRuleTarget.MANUFACTURER: str(MAKERS[0]),
            CrewRuleTarget.MODEL: MODELS[0].casefold(),
            CrewRuleTarget.UNIT: str(UUID(int=20)),
        }[target]
        mode = draw(st.sampled_from(list(GateMode)))
        found.append(rule(draw(requirements), target, key, mode=mode, number=number))
    return found
