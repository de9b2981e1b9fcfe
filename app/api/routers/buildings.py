"""Buildings, units, service contracts, visits and crew rules of an owner, and what its contractors see of them."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from app.api.dependencies import CurrentPrincipal, ReadSession, WriteSession
from app.api.pagination import PageResponse, Paging, to_page_response
from app.api.schemas.buildings import (
    BuildingBody,
    BuildingChangeRequest,
    BuildingRequest,
    ContractBody,
    ContractRequest,
    CrewRuleBody,
    CrewRulePreviewBody,
    CrewRuleRequest,
    EndContractRequest,
    EndCrewRuleRequest,
    EquipmentBody,
    EquipmentRequest,
    MoveVisitRequest,
    PreviewCrewRuleRequest,
    SettleVisitRequest,
    VisitBody,
    VisitRequest,
)
from operational_db import clock
from operational_db.gates.crew_requirements import to_document
from operational_db.owners import contracts, crew_preview, crew_rules, service, visits
from operational_db.owners.views import ContractView, CrewRuleView, EquipmentView
from operational_db.tables.owners import ServiceContract
from operational_db.types import VisitStatus

router = APIRouter(tags=["buildings"])

Organization = Annotated[UUID, Query(description="The owner, or the contractor.")]


@router.get("/buildings", summary="List buildings")
def list_buildings(
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    organization_id: Organization,
    search: Annotated[str | None, Query(max_length=200)] = None,
    has_inactive: bool = False,
) -> PageResponse[BuildingBody]:
    """An owner's buildings; for a contractor those of its contracts."""
    page = service.list_buildings(
        session,
        principal,
        organization_id=organization_id,
        search=search,
        is_active=None if has_inactive else True,
        page=paging,
        on=clock.today(),
    )
    return to_page_response(page, BuildingBody.model_validate)


@router.post("/buildings", status_code=status.HTTP_201_CREATED, summary="Add a building")
def add_building(body: BuildingRequest, session: WriteSession, principal: CurrentPrincipal) -> BuildingBody:
    building = service.add_building(session, principal, **body.model_dump(), now=clock.now())
    return _building(session, principal, building.id)


@router.get("/buildings/{building_id}", summary="See a building")
def building_of(building_id: UUID, session: ReadSession, principal: CurrentPrincipal) -> BuildingBody:
    return _building(session, principal, building_id)


@router.put("/buildings/{building_id}", summary="Change a building")
def change_building(
    building_id: UUID, body: BuildingChangeRequest, session: WriteSession, principal: CurrentPrincipal
) -> BuildingBody:
    service.change_building(session, principal, building_id=building_id, **body.model_dump(), now=clock.now())
    return _building(session, principal, building_id)


@router.delete("/buildings/{building_id}", summary="Take a building out of use")
def deactivate_building(building_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> BuildingBody:
    """Nothing is deleted: what was decided and visited there stays on record."""
    service.deactivate_building(session, principal, building_id=building_id, now=clock.now())
    return _building(session, principal, building_id)


@router.get("/buildings/{building_id}/equipment", summary="List the units of a building")
def list_equipment(
    building_id: UUID, session: ReadSession, principal: CurrentPrincipal, has_dismantled: bool = False
) -> list[EquipmentBody]:
    units = service.list_equipment(
        session, principal, building_id=building_id, has_dismantled=has_dismantled, on=clock.today()
    )
    return [EquipmentBody.model_validate(unit) for unit in units]


@router.post("/buildings/{building_id}/equipment", status_code=status.HTTP_201_CREATED, summary="Add a unit")
def add_equipment(
    building_id: UUID, body: EquipmentRequest, session: WriteSession, principal: CurrentPrincipal
) -> EquipmentBody:
    unit = service.add_equipment(session, principal, building_id=building_id, **body.model_dump(), now=clock.now())
    return _unit(session, principal, building_id, unit.id)


@router.put("/equipment/{equipment_id}", summary="Change a unit")
def change_equipment(
    equipment_id: UUID, body: EquipmentRequest, session: WriteSession, principal: CurrentPrincipal
) -> EquipmentBody:
    unit = service.change_equipment(session, principal, equipment_id=equipment_id, **body.model_dump(), now=clock.now())
    return _unit(session, principal, unit.building_id, unit.id)


@router.delete("/equipment/{equipment_id}", summary="Note that a unit was dismantled")
def deactivate_equipment(equipment_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> EquipmentBody:
    unit = service.deactivate_equipment(session, principal, equipment_id=equipment_id, now=clock.now())
    return _unit(session, principal, unit.building_id, unit.id)


@router.get("/buildings/{building_id}/crew-rules", summary="See what is required in a building")
def rules_for_building(
    building_id: UUID, session: ReadSession, principal: CurrentPrincipal, on: date | None = None
) -> list[CrewRuleBody]:
    """The rules that apply to the building or a unit in it on a day; for contractors who service it too."""
    views = crew_rules.rules_for_building(session, principal, building_id=building_id, on=on or clock.today())
    return [_rule(view) for view in views]


@router.get("/equipment/{equipment_id}/crew-rules", summary="See what is required for a unit")
def rules_for_unit(
    equipment_id: UUID, session: ReadSession, principal: CurrentPrincipal, on: date | None = None
) -> list[CrewRuleBody]:
    views = crew_rules.rules_for_unit(session, principal, equipment_id=equipment_id, on=on or clock.today())
    return [_rule(view) for view in views]


@router.get("/crew-rules", summary="List an owner's crew rules")
def list_rules(session: ReadSession, principal: CurrentPrincipal, organization_id: UUID) -> list[CrewRuleBody]:
    """Every version; `is_in_effect` marks those that decide about work of today."""
    views = crew_rules.crew_rules_of(session, principal, organization_id=organization_id, on=clock.today())
    return [_rule(view) for view in views]


@router.post("/crew-rules", status_code=status.HTTP_201_CREATED, summary="Set a crew rule")
def set_rule(body: CrewRuleRequest, session: WriteSession, principal: CurrentPrincipal) -> CrewRuleBody:
    """The next version of what is required on a target; preview it first."""
    rule = crew_rules.set_crew_rule(session, principal, **body.model_dump(), now=clock.now())
    views = crew_rules.crew_rules_of(session, principal, organization_id=body.organization_id, on=clock.today())
    return _rule(next(view for view in views if view.rule_id == rule.id))


@router.post("/crew-rules/end", summary="End a crew rule")
def end_rule(body: EndCrewRuleRequest, session: WriteSession, principal: CurrentPrincipal) -> list[CrewRuleBody]:
    ended = {rule.id for rule in crew_rules.end_crew_rule(session, principal, **body.model_dump(), now=clock.now())}
    views = crew_rules.crew_rules_of(session, principal, organization_id=body.organization_id, on=clock.today())
    return [_rule(view) for view in views if view.rule_id in ended]


@router.post("/crew-rules/preview", summary="Preview a crew rule")
def preview_rule(
    body: PreviewCrewRuleRequest, session: ReadSession, principal: CurrentPrincipal
) -> CrewRulePreviewBody:
    """Which planned visits and which of the last days' checks would come out otherwise."""
    found = crew_preview.preview_crew_rule(session, principal, **body.model_dump(), now=clock.now())
    return CrewRulePreviewBody.model_validate(found)


@router.get("/contracts", summary="List service contracts")
def list_contracts(
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    organization_id: Organization,
    has_ended: bool = False,
) -> PageResponse[ContractBody]:
    """Proposals that wait for an answer are among them; `has_ended` adds what is over, declined or withdrawn."""
    page = contracts.list_contracts(
        session, principal, organization_id=organization_id, on=None if has_ended else clock.today(), page=paging
    )
    return to_page_response(page, ContractBody.model_validate)


@router.post("/contracts", status_code=status.HTTP_201_CREATED, summary="Propose a service contract")
def propose_contract(body: ContractRequest, session: WriteSession, principal: CurrentPrincipal) -> ContractBody:
    """The owner proposes; the contract counts for nothing until the contractor accepts it."""
    contract = contracts.propose_contract(session, principal, **body.model_dump(), now=clock.now())
    return _contract(session, principal, contract)


@router.post("/contracts/{contract_id}/accept", summary="Accept a proposed contract")
def accept_contract(contract_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> ContractBody:
    """The contractor's consent: the owner may then ask about its people who serve the buildings."""
    contract = contracts.accept_contract(session, principal, contract_id=contract_id, now=clock.now())
    return _contract(session, principal, contract)


@router.post("/contracts/{contract_id}/decline", summary="Decline a proposed contract")
def decline_contract(contract_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> ContractBody:
    contract = contracts.decline_contract(session, principal, contract_id=contract_id, now=clock.now())
    return _contract(session, principal, contract)


@router.post("/contracts/{contract_id}/end", summary="End a service contract")
def end_contract(
    contract_id: UUID, body: EndContractRequest, session: WriteSession, principal: CurrentPrincipal
) -> ContractBody:
    """Visits planned for later are called off. A proposal is withdrawn by the owner, declined by the contractor."""
    contract = contracts.end_contract(
        session, principal, contract_id=contract_id, ended_on=body.ended_on, now=clock.now()
    )
    return _contract(session, principal, contract)


@router.get("/visits", summary="List visits")
def list_visits(
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    organization_id: Organization,
    building_id: UUID | None = None,
    from_on: date | None = None,
    to_on: date | None = None,
    visit_status: Annotated[VisitStatus | None, Query(alias="status")] = None,
) -> PageResponse[VisitBody]:
    page = visits.list_visits(
        session,
        principal,
        organization_id=organization_id,
        building_id=building_id,
        from_on=from_on,
        to_on=to_on,
        status=visit_status,
        page=paging,
    )
    return to_page_response(page, VisitBody.model_validate)


@router.post("/visits", status_code=status.HTTP_201_CREATED, summary="Plan a visit")
def plan_visit(body: VisitRequest, session: WriteSession, principal: CurrentPrincipal) -> VisitBody:
    visit = visits.plan_visit(session, principal, **body.model_dump(), now=clock.now())
    return VisitBody.model_validate(visits.visit_of(session, principal, visit_id=visit.id))


@router.get("/visits/{visit_id}", summary="See a visit")
def visit_of(visit_id: UUID, session: ReadSession, principal: CurrentPrincipal) -> VisitBody:
    return VisitBody.model_validate(visits.visit_of(session, principal, visit_id=visit_id))


@router.patch("/visits/{visit_id}", summary="Move a visit")
def move_visit(visit_id: UUID, body: MoveVisitRequest, session: WriteSession, principal: CurrentPrincipal) -> VisitBody:
    visits.move_visit(session, principal, visit_id=visit_id, **body.model_dump(), now=clock.now())
    return VisitBody.model_validate(visits.visit_of(session, principal, visit_id=visit_id))


@router.post("/visits/{visit_id}/settle", summary="Settle a visit")
def settle_visit(
    visit_id: UUID, body: SettleVisitRequest, session: WriteSession, principal: CurrentPrincipal
) -> VisitBody:
    visits.settle_visit(session, principal, visit_id=visit_id, is_done=body.is_done, now=clock.now())
    return VisitBody.model_validate(visits.visit_of(session, principal, visit_id=visit_id))


def _building(session: ReadSession, principal: CurrentPrincipal, building_id: UUID) -> BuildingBody:
    found = service.building_of(session, principal, building_id=building_id, on=clock.today())
    return BuildingBody.model_validate(found)


def _unit(session: ReadSession, principal: CurrentPrincipal, building_id: UUID, equipment_id: UUID) -> EquipmentBody:
    units: list[EquipmentView] = service.list_equipment(
        session, principal, building_id=building_id, has_dismantled=True, on=clock.today()
    )
    return EquipmentBody.model_validate(next(unit for unit in units if unit.equipment_id == equipment_id))


def _contract(session: ReadSession, principal: CurrentPrincipal, contract: ServiceContract) -> ContractBody:
    view: ContractView = contracts.contract_of(session, principal, contract_id=contract.id)
    return ContractBody.model_validate(view)


def _rule(view: CrewRuleView) -> CrewRuleBody:
    terms = view.terms
    return CrewRuleBody(
        rule_id=view.rule_id,
        organization_id=terms.organization_id,
        target=terms.target,
        target_key=terms.target_key,
        target_name=view.target_name,
        version=terms.version or 0,
        mode=terms.mode,
        requirement=to_document(terms.requirement),
        text=view.text,
        effective_from=terms.effective_from,
        ended_on=view.ended_on,
        set_at=view.set_at,
        is_in_effect=view.is_in_effect,
    )
