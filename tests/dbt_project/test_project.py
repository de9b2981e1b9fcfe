"""What the warehouse promises about itself: everything described, every key tested, every page named, no misspelt key.

dbt checks the keys of its YAML files for some hosted engines only, so a misspelt one would go unnoticed here.
"""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with dbt, without types

from operational_db.ledger.events import EVENT_TYPES
from tests.dbt_project.warehouse import DBT_PROJECT, parsed_project

PAGES = {
    "company_overview",
    "company_people",
    "company_certificates",
    "company_assignments",
    "school_overview",
    "school_programmes",
    "product_kpis",
    "platform",
    "security_coverage",
    "security_exceptions",
    "security_gates",
    "security_incidents",
    "security_content",
    "auditor_evidence",
    "evidence_access_log",
    "me_certificates",
    "company_skills",
    "owner_buildings",
    "owner_contractors",
    "visits",
    "company_mentoring",
    "school_mentoring",
    "company_roi",
    "platform_models",
}

ALLOWED_KEYS = {
    "file": {"version", "models", "sources", "exposures", "unit_tests"},
    "models": {"name", "description", "columns", "data_tests", "config"},
    "columns": {"name", "description", "data_type", "data_tests", "constraints"},
    "sources": {"name", "description", "schema", "tables"},
    "tables": {"name", "description", "columns", "config"},
    "exposures": {"name", "label", "type", "maturity", "description", "owner", "depends_on"},
    "unit_tests": {"name", "model", "description", "given", "expect", "overrides"},
    "data_tests": {"arguments", "config"},
    "config": {"meta", "where"},
}
KNOWN_TESTS = {
    "unique", "not_null", "relationships", "accepted_values", "unique_together", "is_share", "parts_make_whole",
    "not_before", "is_sound",
}  # fmt: skip

# What is required is a requirement or a recipient, depending on its source; acts of assigning have no table.
NOT_KEYS = {"required_training_id", "assignment_id"}
# Rows of the trust marts name tries, rules, reviews and incidents, which have no table of their own either.
NOT_KEYS |= {"attempt_id", "rule_id", "incident_id"}
# The release has people's enrollments and the tracks, but no learning paths.
# A register's own numbers lead nowhere here.
NOT_KEYS |= {"path_id", "register_id"}


def yaml_files() -> list[Path]:
    return sorted((DBT_PROJECT / "models").rglob("*.yml"))


def models(schema: str | None = None) -> list[Any]:
    nodes = [node for node in parsed_project().nodes.values() if node.resource_type == "model"]
    return [node for node in nodes if schema is None or node.schema == schema]


def column_checks() -> dict[tuple[str, str], set[str]]:
    """Names of the generic tests on each model's columns."""
    found: dict[tuple[str, str], set[str]] = {}
    for node in parsed_project().nodes.values():
        if node.resource_type == "test" and node.column_name:
            model = node.attached_node.split(".")[-1]
            found.setdefault((model, node.column_name), set()).add(node.test_metadata.name)
    for model, promised in sound_models().items():
        if len(promised["key"]) == 1:
            found.setdefault((model, promised["key"][0]), set()).update({"unique", "not_null"})
        for reference in promised.get("references", []):
            found.setdefault((model, reference["column"]), set()).add("relationships")
        for column in promised.get("values", {}):
            found.setdefault((model, column), set()).add("accepted_values")
    return found


def sound_models() -> dict[str, dict[str, Any]]:
    """What the models that are tested by one query promise: key, references, values."""
    return {
        node.attached_node.split(".")[-1]: node.test_metadata.kwargs
        for node in parsed_project().nodes.values()
        if node.resource_type == "test" and node.test_metadata.name == "is_sound"
    }


class TestDescriptions:
    def test_every_model_says_its_grain_first(self) -> None:
        missing = [m.name for m in models() if not m.description.startswith("One row")]
        assert missing == []

    def test_every_column_is_described(self) -> None:
        missing = [f"{m.name}.{c.name}" for m in models() for c in m.columns.values() if not c.description.strip()]
        assert missing == []
        assert all(m.columns for m in models())

    def test_every_source_and_its_columns_are_described(self) -> None:
        missing = [s.name for s in parsed_project().sources.values() if not s.description]
        missing += [
            f"{s.name}.{c.name}"
            for s in parsed_project().sources.values()
            for c in s.columns.values()
            if not c.description
        ]
        assert missing == []

    def test_every_exposure_is_a_page(self) -> None:
        assert {e.name for e in parsed_project().exposures.values()} == PAGES
        for exposure in parsed_project().exposures.values():
            assert exposure.description and exposure.depends_on.nodes


class TestContracts:
    def test_every_mart_is_a_table_with_an_enforced_contract(self) -> None:
        marts = models("marts")
        assert len(marts) >= 26
        assert [m.name for m in marts if not m.contract.enforced or m.config.materialized == "view"] == []
        assert [f"{m.name}.{c.name}" for m in marts for c in m.columns.values() if not c.data_type] == []

    def test_layers_have_their_schema(self) -> None:
        assert {m.schema for m in models()} == {"staging", "intermediate", "marts"}
        assert [m.name for m in models("staging") if m.config.materialized != "view"] == []

    def test_every_fact_row_carries_its_leaf_index(self) -> None:
        facts = {"fct_enrollment", "fct_attempt", "fct_certificate", "fct_assignment", "fct_required_training"}
        found = {m.name for m in models("marts") if "leaf_index" in m.columns}
        assert facts <= found


class TestKeys:
    def test_every_mart_has_a_tested_key(self) -> None:
        tested = {model for (model, _), names in column_checks().items() if {"unique", "not_null"} <= names}
        for node in parsed_project().nodes.values():
            if node.resource_type == "test" and node.test_metadata.name == "unique_together":
                tested.add(node.attached_node.split(".")[-1])
        assert {m.name for m in models("marts")} - tested - sound_models().keys() == set()

    def test_keys_tested_by_one_query_are_never_null(self) -> None:
        """A contract refuses null where the table is written; only what a row need not have may lack in a key."""
        for model in models("marts"):
            for column in sound_models().get(model.name, {}).get("key", []):
                constraints = {c.type.value for c in model.columns[column].constraints}
                # A crew may be asked about without a contractor; a cost may be of no course, person or team.
                may_be_absent = column in {"organization_id", "contractor_id", "course_id", "person_id", "team_id"}
                assert "not_null" in constraints or may_be_absent, (model.name, column)

    def test_every_reference_is_tested(self) -> None:
        tests = column_checks()
        missing = [
            f"{m.name}.{c.name}"
            for m in models("marts")
            for c in m.columns.values()
            if c.name.endswith("_id")
            and c.name not in NOT_KEYS
            and not tests.get((m.name, c.name), set()) & {"unique", "relationships"}
        ]
        assert missing == []

    def test_every_status_has_accepted_values(self) -> None:
        names = {"status", "state", "role", "source", "category", "kind", "provider_type", "compliance_category"}
        tests = column_checks()
        missing = [
            f"{m.name}.{c.name}"
            for m in models("marts")
            for c in m.columns.values()
            if c.name in names
            and "accepted_values" not in tests.get((m.name, c.name), set())
            and (m.name, c.name) not in {("import_history", "source"), ("income_context", "source")}
        ]
        assert missing == []


def staging_of_kinds() -> dict[str, list[str]]:
    """The staging views that read each kind; a view may read the kinds of one subject together."""
    sources = {
        s.unique_id: s.config.meta["kind"] for s in parsed_project().sources.values() if s.source_name == "ledger"
    }
    found: dict[str, list[str]] = {kind: [] for kind in sources.values()}
    for model in models("staging"):
        for parent in set(model.depends_on.nodes) & sources.keys():
            found[sources[parent]].append(model.name)
    return found


class TestStaging:
    def test_every_event_kind_has_its_view(self) -> None:
        assert staging_of_kinds().keys() == EVENT_TYPES.keys()
        assert {kind: names for kind, names in staging_of_kinds().items() if len(names) != 1} == {}

    def test_every_field_of_a_kind_is_read(self) -> None:
        """A field added to an event fails here until its staging view carries it."""
        renamed = {"passed": "is_passed", "superseded": "is_superseded", "undone_import_id": "undone_import_text"}
        envelope = {"subject_id", "organization_id", "occurred_at", "import_id"}
        columns = {m.name: set(m.columns) for m in models("staging")}
        missing = [
            f"{kind}.{name}"
            for kind, event in EVENT_TYPES.items()
            for name in (field.name for field in fields(event))
            if name not in envelope and renamed.get(name, name) not in columns[staging_of_kinds()[kind][0]]
        ]
        assert missing == []


class TestUnitTests:
    def test_every_mart_that_decides_has_unit_tests(self) -> None:
        tested = {u.model for u in parsed_project().unit_tests.values()}
        copies = {"dim_person", "dim_organization", "dim_team", "dim_certification", "release_information"}
        copies |= {"import_history", "kpi_success_trend", "fct_engagement_month"}
        copies |= {"fct_certificate_event", "fct_crew_decision", "dim_building", "dim_equipment", "dim_manufacturer"}
        copies |= {"dim_policy", "dim_track", "dim_feature", "fct_lesson_attempt", "fct_gate_decision"}
        # One kind of subject each of `int_roi`, which is tested, and what stands beside estimates.
        copies |= {"roi_company", "roi_course", "roi_team", "roi_outcome", "roi_event_study", "income_context"}
        copies |= {"dim_learned_model", "learned_model_history"}
        assert {m.name for m in models("marts")} - tested - copies == set()
        assert len(parsed_project().unit_tests) >= 45


def walk(found: Any, where: str) -> Iterator[tuple[str, str]]:
    """Keys that no part of a properties file has, as (place, key)."""
    for section in ("models", "sources", "exposures", "unit_tests", "tables", "columns"):
        for item in found.get(section, []):
            yield from ((f"{where}/{item.get('name')}", key) for key in item if key not in ALLOWED_KEYS[section])
            yield from walk(item, f"{where}/{item.get('name')}")
    for test in found.get("data_tests", []):
        name, body = (test, {}) if isinstance(test, str) else next(iter(test.items()))
        if name not in KNOWN_TESTS:
            yield where, name
        yield from ((f"{where}/{name}", key) for key in body if key not in ALLOWED_KEYS["data_tests"])
        yield from walk(body, f"{where}/{name}")
    if "config" in found:
        yield from ((where, key) for key in found["config"] if key not in ALLOWED_KEYS["config"])


class TestSpelling:
    @pytest.mark.parametrize("path", yaml_files(), ids=lambda path: str(path.relative_to(DBT_PROJECT)))
    def test_no_key_is_misspelt(self, path: Path) -> None:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert [key for key in document if key not in ALLOWED_KEYS["file"]] == []
        assert list(walk(document, path.name)) == []

    def test_a_misspelt_key_would_be_found(self) -> None:
        document = {"models": [{"name": "x", "columns": [{"name": "y", "descripton": "z", "data_tests": ["uniqe"]}]}]}
        assert list(walk(document, "f")) == [("f/x/y", "descripton"), ("f/x/y", "uniqe")]

    def test_every_described_column_exists_in_its_staging_view(self) -> None:
        """Marts have contracts; a view's description of a column that is not there would go unnoticed."""
        for model in models("staging"):
            sql = (DBT_PROJECT / model.original_file_path).read_text(encoding="utf-8")
            assert [c for c in model.columns if c not in sql] == [], model.name
