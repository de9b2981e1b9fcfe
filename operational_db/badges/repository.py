"""Queries on badges, their certificates and their status lists. Nothing here decides who may see what."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational_db.badges.credential import BadgeFacts, CertificationFacts
from operational_db.tables.badges import Badge, StatusList
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Person
from operational_db.tables.ledger import LedgerEvent, LedgerLeaf
from operational_db.types import VerificationStatus, new_id

# As the partial index on certificates has it, so that a list is found without reading all of them.
_MAY_NOT_COUNT = or_(
    Certificate.revoked_at.is_not(None),
    Certificate.withdrawn_at.is_not(None),
    Certificate.verification_status != VerificationStatus.VERIFIED,
)


@dataclass(frozen=True, slots=True)
class BadgeRecord:
    """A badge with the certificate, the certification and the person it is about."""

    badge: Badge
    certificate: Certificate
    certification: Certification
    person: Person
    list_number: int


class BadgesRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def by_public_id(self, public_id: str) -> BadgeRecord | None:
        return self._record(Badge.public_id == public_id)

    def by_certificate(self, certificate_id: UUID) -> BadgeRecord | None:
        return self._record(Badge.certificate_id == certificate_id)

    def certificate(self, certificate_id: UUID) -> Certificate | None:
        return self.session.get(Certificate, certificate_id)

    def lock_certificates(self, certificate_ids: Collection[UUID]) -> list[tuple[Certificate, Certification, Person]]:
        """The certificates in the order of their ids, locked: a badge of each is issued by one writer at a time."""
        statement = (
            select(Certificate, Certification, Person)
            .join(Certification, Certification.id == Certificate.certification_id)
            .join(Person, Person.id == Certificate.person_id)
            .where(Certificate.id.in_(certificate_ids))
            .order_by(Certificate.id)
            .with_for_update(of=Certificate, key_share=True)
            .execution_options(populate_existing=True)
        )
        return [(row[0], row[1], row[2]) for row in self.session.execute(statement)]

    def badges_of(self, certificate_ids: Collection[UUID]) -> dict[UUID, Badge]:
        badges = self.session.scalars(select(Badge).where(Badge.certificate_id.in_(certificate_ids)))
        return {badge.certificate_id: badge for badge in badges}

    def badges_of_person(self, person_id: UUID) -> list[Badge]:
        statement = select(Badge).join(Certificate, Certificate.id == Badge.certificate_id)
        return list(self.session.scalars(statement.where(Certificate.person_id == person_id)))

    def events_of(self, certificates: Sequence[Certificate]) -> dict[UUID, UUID]:
        """The event that recorded each certificate in the ledger."""
        wanted = {certificate.id for certificate in certificates}
        statement = select(LedgerEvent.id, LedgerEvent.body).where(
            LedgerEvent.subject_id.in_({certificate.person_id for certificate in certificates}),
            LedgerEvent.kind.in_(("certificate.issued", "certificate.renewed")),
        )
        found = {}
        for event_id, body in self.session.execute(statement):
            certificate_id = UUID(json.loads(body)["certificate_id"])
            if certificate_id in wanted:
                found[certificate_id] = event_id
        return found

    def draw_places(self, count: int) -> Iterator[tuple[StatusList, int]]:
        """The next free places of the status lists; a full list is followed by another.

        The list is locked until the transaction ends, so that no place is given out twice.
        """
        status_list = self._last_list()
        for _ in range(count):
            if status_list.next_index >= status_list.capacity:
                self.session.flush()
                status_list = self._last_list(after=status_list.list_number)
            index = status_list.next_index
            status_list.next_index = index + 1
            yield status_list, index

    def _last_list(self, *, after: int = 0) -> StatusList:
        last = select(func.max(StatusList.list_number))
        number = max(self.session.scalar(last) or 1, after + 1)
        # Of two who find no list, both go on with the one that was inserted first.
        self.session.execute(
            insert(StatusList).values(id=new_id(), list_number=number, next_index=0).on_conflict_do_nothing()
        )
        statement = select(StatusList).where(StatusList.list_number == number).with_for_update()
        return self.session.scalars(statement.execution_options(populate_existing=True)).one()

    def status_list(self, list_number: int, *, lock: bool = False) -> StatusList | None:
        statement = select(StatusList).where(StatusList.list_number == list_number)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return self.session.scalar(statement)

    def list_numbers(self) -> list[int]:
        return list(self.session.scalars(select(StatusList.list_number).order_by(StatusList.list_number)))

    def revoked_indexes(self, status_list_id: UUID, *, on: date) -> list[int]:
        """Places of badges whose certificate no longer stands on the day, or whose holder was erased.

        Expiry is no revocation: the credential itself says until when it is valid.
        """
        not_standing = (
            select(Badge.status_index)
            .join(Certificate, Certificate.id == Badge.certificate_id)
            .where(
                Badge.status_list_id == status_list_id,
                _MAY_NOT_COUNT,
                or_(
                    Certificate.revoked_from <= on,
                    Certificate.withdrawn_at.is_not(None),
                    Certificate.verification_status != VerificationStatus.VERIFIED,
                ),
            )
        )
        erased = select(Badge.status_index).where(Badge.status_list_id == status_list_id, Badge.salt == "")
        return list(self.session.scalars(not_standing.union(erased)))

    def without_badge(self, *, limit: int, after: UUID | None = None) -> list[UUID]:
        """Verified, standing certificates of living records that have no badge yet, in the order of their ids."""
        statement = (
            select(Certificate.id)
            .join(Person, Person.id == Certificate.person_id)
            .outerjoin(Badge, Badge.certificate_id == Certificate.id)
            .where(~_MAY_NOT_COUNT, Badge.id.is_(None), Person.erased_at.is_(None))
            .order_by(Certificate.id)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(Certificate.id > after)
        return list(self.session.scalars(statement))

    def count_without_badge(self) -> int:
        statement = (
            select(func.count())
            .select_from(Certificate)
            .join(Person, Person.id == Certificate.person_id)
            .outerjoin(Badge, Badge.certificate_id == Certificate.id)
            .where(~_MAY_NOT_COUNT, Badge.id.is_(None), Person.erased_at.is_(None))
        )
        return self.session.scalar(statement) or 0

    def signed_otherwise(self, *, key_id: str, address: str) -> list[UUID]:
        """Standing certificates whose badge names another key, or lies under another address."""
        statement = (
            select(Badge.certificate_id)
            .join(Certificate, Certificate.id == Badge.certificate_id)
            .where(
                ~_MAY_NOT_COUNT,
                Badge.salt != "",
                or_(Badge.key_id != key_id, ~Badge.credential.contains(f'"id":"{address}/', autoescape=True)),
            )
            .order_by(Badge.certificate_id)
        )
        return list(self.session.scalars(statement))

    def certification(self, certification_id: UUID) -> Certification | None:
        return self.session.get(Certification, certification_id)

    def certificates_numbered(self, number: str) -> list[tuple[Certificate, Certification, Person]]:
        """Public certificates with this number; two issuers may have given the same one."""
        statement = (
            select(Certificate, Certification, Person)
            .join(Certification, Certification.id == Certificate.certification_id)
            .join(Person, Person.id == Certificate.person_id)
            .where(
                Certificate.certificate_number == number,
                Certificate.is_public,
                Person.erased_at.is_(None),
            )
            .order_by(Certificate.issued_on.desc(), Certificate.id.desc())
            .limit(20)
        )
        return [(row[0], row[1], row[2]) for row in self.session.execute(statement)]

    def leaf_of(self, event_id: UUID) -> int | None:
        """Place of an event in the ledger; None while it waits for one."""
        return self.session.scalar(select(LedgerLeaf.leaf_index).where(LedgerLeaf.event_id == event_id))

    def _record(self, condition: ColumnElement[bool]) -> BadgeRecord | None:
        row = self.session.execute(_records().where(condition)).one_or_none()
        return None if row is None else BadgeRecord(*row)


def _records() -> Select[Badge, Certificate, Certification, Person, int]:
    return (
        select(Badge, Certificate, Certification, Person, StatusList.list_number)
        .join(Certificate, Certificate.id == Badge.certificate_id)
        .join(Certification, Certification.id == Certificate.certification_id)
        .join(Person, Person.id == Certificate.person_id)
        .join(StatusList, StatusList.id == Badge.status_list_id)
    )


def to_certification_facts(certification: Certification) -> CertificationFacts:
    """What badges say about a kind of certificate."""
    return CertificationFacts(
        certification_id=certification.id,
        certification_name=certification.name,
        certification_code=certification.code,
        description=certification.description,
        issuing_organization=certification.issuing_organization,
        trade=certification.trade,
        category=str(certification.category),
        training_required=certification.training_required,
        experience_required=certification.experience_required,
        exam_required=certification.exam_required,
        renewal_requirements=certification.renewal_requirements,
        verification_url=certification.verification_url,
    )


def to_facts(
    badge: Badge, certificate: Certificate, certification: Certification, person: Person, list_number: int
) -> BadgeFacts:
    """All that badges are made from."""
    return BadgeFacts(
        **asdict(to_certification_facts(certification)),
        badge_id=badge.id,
        public_id=badge.public_id,
        certificate_id=certificate.id,
        person_id=person.id,
        email=person.email,
        salt=badge.salt,
        issued_on=certificate.issued_on,
        expires_on=certificate.expires_on,
        list_number=list_number,
        status_index=badge.status_index,
        event_id=badge.event_id,
    )
