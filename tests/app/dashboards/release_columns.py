"""The marts' columns as the dashboards rely on them; a test compares them with the contracts of the dbt project."""

_STATUS_COUNTS = (
    "as_of_on date, required_count bigint, exempted_count bigint, completed_count bigint, in_progress_count bigint, "
    "pending_count bigint, overdue_count bigint, compliance_rate double, due_14_days_count bigint, "
    "expiring_30_days_count bigint, expired_count bigint, people_count bigint, people_overdue_count bigint, "
    "leaf_index bigint"
)
_RATE = (
    "organization_id uuid, as_of_on date, required_count bigint, exempted_count bigint, completed_count bigint, "
    "compliance_rate double"
)

COLUMNS: dict[str, str] = {
    "dim_person": "person_id uuid, display_name varchar, is_simulated boolean, timezone varchar",
    "dim_organization": "organization_id uuid, name varchar, kind varchar, region varchar, timezone varchar, "
    "is_simulated boolean",
    "dim_team": "team_id uuid, organization_id uuid, name varchar",
    "dim_course": "course_id uuid, title varchar, slug varchar, provider_type varchar, provider_id uuid, "
    "provider_name varchar, category varchar, compliance_category varchar, trade varchar, level varchar, "
    "delivery_method varchar, estimated_hours double, certification_id uuid, ce_credits decimal(10, 2), "
    "session_starts_on date, status varchar, module_count bigint, published_at timestamptz",
    "dim_certification": "certification_id uuid, name varchar, code varchar, source varchar, "
    "issuing_organization varchar, category varchar, trade varchar, validity_period_months integer",
    "dim_membership": "membership_id uuid, person_id uuid, organization_id uuid, team_id uuid, role varchar, "
    "persona varchar, started_on date, ended_on date, is_current boolean, leaf_index bigint",
    "fct_enrollment": "enrollment_id uuid, person_id uuid, course_id uuid, organization_id uuid, "
    "cycle_number integer, status varchar, enrolled_at timestamptz, started_at timestamptz, ended_at timestamptz, "
    "enrolled_on date, ended_on date, days_to_end integer, completed_module_count integer, attempt_count integer, "
    "scored_attempt_count integer, passed_attempt_count integer, best_score double, final_score double, "
    "ce_credits decimal(10, 2), time_spent_minutes bigint, "
    "last_event_at timestamptz, leaf_index bigint",
    "fct_attempt": "attempt_id uuid, enrollment_id uuid, person_id uuid, course_id uuid, assessment_id uuid, "
    "organization_id uuid, attempt_number integer, submitted_at timestamptz, submitted_on date, score double, "
    "is_passed boolean, is_banked boolean, is_scored boolean, counts_for_pass_rate boolean, leaf_index bigint",
    "fct_certificate": "certificate_id uuid, person_id uuid, certification_id uuid, organization_id uuid, "
    "issued_on date, expires_on date, first_earned_on date, renews_id uuid, renewed_by_id uuid, "
    "earned_through varchar, is_verified boolean, revoked_from date, is_withdrawn boolean, status varchar, "
    "days_to_expiry integer, leaf_index bigint",
    "fct_assignment": "recipient_id uuid, assignment_id uuid, person_id uuid, organization_id uuid, course_id uuid, "
    "requirement_id uuid, category varchar, assigned_at timestamptz, due_on date, is_mandatory boolean, "
    "minimum_score double, status varchar, completed_at timestamptz, is_cancelled boolean, leaf_index bigint",
    "fct_required_training": "organization_id uuid, person_id uuid, required_training_id uuid, source varchar, "
    "category varchar, course_id uuid, certification_id uuid, team_id uuid, role varchar, due_on date, "
    "status varchar, completed_on date, valid_until date, lapsed_on date, days_overdue integer, leaf_index bigint",
    "compliance_by_person": f"organization_id uuid, person_id uuid, {_STATUS_COUNTS}",
    "compliance_by_team": f"organization_id uuid, team_id uuid, {_STATUS_COUNTS}",
    "compliance_by_category": f"organization_id uuid, category varchar, {_STATUS_COUNTS}",
    "compliance_by_organization": f"organization_id uuid, {_STATUS_COUNTS}",
    "compliance_trend": f"{_RATE}, overdue_count bigint, due_14_days_count bigint, expiring_30_days_count bigint, "
    "expired_count bigint",
    "compliance_forecast": f"{_RATE}, on_date date, horizon_days integer, lapsing_count bigint, pace_due_count bigint, "
    "pace_renewed_count bigint, renewal_pace double, expected_rate double, low double, high double",
    "school_progress": "organization_id uuid, course_id uuid, cohort_on date, enrolled_count bigint, "
    "active_count bigint, completed_count bigint, dropped_count bigint, failed_count bigint, "
    "completion_rate double, attempt_count bigint, passed_attempt_count bigint, pass_rate double, "
    "median_days_to_complete double, leaf_index bigint",
    "school_dropout_curve": "organization_id uuid, course_id uuid, cohort_on date, week_number integer, "
    "remaining_count bigint, enrolled_count bigint, remaining_rate double",
    "fct_engagement_month": "organization_id uuid, course_id uuid, month_on date, active_people_count bigint, "
    "session_count bigint, mobile_session_count bigint, minutes bigint, interaction_count bigint",
    "kpi_success_criteria": "criterion_code varchar, label varchar, unit varchar, target double, value double, "
    "is_met boolean, measured_from date, measured_to date, numerator double, denominator double, "
    "explanation varchar",
    "kpi_success_trend": "criterion_code varchar, month_on date, value double",
    "kpi_engagement_monthly": "month_on date, enrolled_count bigint, ended_count bigint, completed_count bigint, "
    "course_completion_rate double, session_count bigint, average_session_minutes double, "
    "active_people_count bigint, returning_people_count bigint, return_rate double, scored_attempt_count bigint, "
    "passed_attempt_count bigint, assessment_pass_rate double",
    "kpi_certification_monthly": "month_on date, new_certificate_count bigint, renewed_count bigint, "
    "due_for_renewal_count bigint, renewal_rate double, verification_request_count bigint",
    "release_information": "ledger_size bigint, root_hash varchar, as_of timestamptz, built_at timestamptz, "
    "is_simulated boolean",
    "import_history": "import_id uuid, importer varchar, format varchar, source varchar, organization_id uuid, "
    "state varchar, started_at timestamptz, finished_at timestamptz, undone_at timestamptz, read_count bigint, "
    "added_count bigint, changed_count bigint, unchanged_count bigint, refused_count bigint",
    "fct_proficiency": "evidence_id uuid, person_id uuid, organization_id uuid, scope varchar, track_id uuid, "
    "persona varchar, level varchar, lesson_id uuid, lesson_version varchar, attempt_id uuid, "
    "attempt_number integer, score double, achieved_at timestamptz, achieved_on date, recorded_at timestamptz, "
    "expires_on date, certified_until date, revoked_from date, revoked_at timestamptz, is_superseded boolean, "
    "is_in_date boolean, days_to_expiry integer, reached_leaf_index bigint, revoked_leaf_index bigint, "
    "leaf_index bigint",
    "fct_gate_decision": "decision_id uuid, person_id uuid, organization_id uuid, action varchar, resource varchar, "
    "rule_id uuid, rule_version integer, mode varchar, outcome varchar, reason varchar, evidence_ids varchar, "
    "decided_at timestamptz, decided_on date, leaf_index bigint",
    "gate_decision_daily": "organization_id uuid, on_date date, action varchar, mode varchar, outcome varchar, "
    "reason varchar, decision_count bigint, people_count bigint, leaf_index bigint",
    "fct_access": "access_id uuid, person_id uuid, organization_id uuid, action varchar, granted_on date, "
    "removed_on date, is_current boolean, leaf_index bigint",
    "training_exception": "organization_id uuid, person_id uuid, action varchar, reason varchar, since_on date, "
    "waived_through date, unmet_count bigint, leaf_index bigint",
    "training_by_person_track": "organization_id uuid, person_id uuid, persona varchar, tier varchar, "
    "track_id uuid, level varchar, first_trained_on date, valid_until date, is_trained boolean, "
    "days_to_expiry integer, leaf_index bigint",
    "coverage_by_persona_track": "organization_id uuid, persona varchar, tier varchar, track_id uuid, "
    "required_count bigint, trained_count bigint, coverage_rate double, lapsed_count bigint, "
    "expiring_30_days_count bigint, average_days_to_expiry double, leaf_index bigint",
    "fct_incident_person": "incident_id uuid, person_id uuid, organization_id uuid, scope varchar, "
    "happened_at timestamptz, happened_on date, was_known_certified boolean, was_certified boolean, "
    "evidence_count bigint, leaf_index bigint",
    "access_log": "leaf_index bigint, entry varchar, organization_id uuid, person_id uuid, approver_id uuid, "
    "action varchar, policy_id uuid, version varchar, mode varchar, holds_from date, holds_until date, "
    "bundle_scope varchar, record_count bigint, occurred_at timestamptz",
    "dim_lesson": "lesson_id uuid, organization_id uuid, code varchar, title varchar, lesson_type varchar, "
    "owner_id uuid, course_id uuid, published_version varchar, duration_minutes double, pass_threshold integer, "
    "scope_tags varchar, published_at timestamptz, refresh_due_on date, version_count bigint",
    "dim_policy": "policy_id uuid, organization_id uuid, code varchar, title varchar, is_critical boolean, "
    "latest_version varchar, latest_effective_on date, version_count bigint",
    "dim_track": "track_id uuid, organization_id uuid, persona varchar, tier varchar, title varchar, "
    "lesson_count bigint, required_lesson_count bigint",
    "dim_feature": "feature_id uuid, organization_id uuid, action varchar, title varchar, policy_id uuid, "
    "lesson_id uuid",
    "content_lifecycle": "lesson_version_id uuid, lesson_id uuid, organization_id uuid, lesson_version varchar, "
    "status varchar, published_on date, refresh_due_on date, is_refresh_due boolean, days_to_refresh integer, "
    "review_count bigint, open_review_count bigint, oldest_open_review_days integer, is_flagged boolean, "
    "flagged_on date, leaf_index bigint",
    "fct_lesson_attempt": "attempt_id uuid, person_id uuid, organization_id uuid, lesson_id uuid, "
    "lesson_version varchar, lesson_type varchar, persona varchar, track_id uuid, attempt_number integer, "
    "score double, is_passed boolean, seconds_taken integer, trigger varchar, scope_tags varchar, "
    "submitted_at timestamptz, submitted_on date, leaf_index bigint",
    "tip_daily": "organization_id uuid, on_date date, action varchar, feature_id uuid, shown_count bigint, "
    "dismissed_count bigint, people_count bigint, leaf_index bigint",
    "reinforcement_effect": "organization_id uuid, action varchar, lesson_id uuid, scheduled_count bigint, "
    "passed_count bigint, put_off_count bigint, taken_count bigint, taken_without_next_count bigint, "
    "left_count bigint, left_without_next_count bigint, taken_without_next_share double, "
    "left_without_next_share double, leaf_index bigint",
    # Credentials and building owners.
    "fct_certificate_event": "leaf_index bigint, event_kind varchar, certificate_id uuid, certification_id uuid, "
    "person_id uuid, organization_id uuid, occurred_at timestamptz, occurred_on date, issued_on date, "
    "expires_on date, revoked_from date, is_verified boolean, earned_through varchar, enrollment_id uuid, "
    "path_id uuid, track_id uuid, renews_id uuid, credits double, standing varchar",
    "certificate_status_period": "certificate_id uuid, person_id uuid, certification_id uuid, status varchar, "
    "from_on date, to_on date, learned_on date, leaf_index bigint",
    "renewal_monthly": "organization_id uuid, month date, due_count bigint, renewed_count bigint, "
    "renewed_in_time_count bigint, renewal_rate double, median_lead_days double",
    "verification_request_daily": "on_date date, channel varchar, document_format varchar, outcome varchar, "
    "request_count bigint, certificate_count bigint, leaf_index bigint",
    "skill_matrix": "organization_id uuid, team_id uuid, person_id uuid, certification_id uuid, certificate_id uuid, "
    "status varchar, expires_on date, days_to_expiry integer, is_required boolean, leaf_index bigint",
    "skill_depth": "organization_id uuid, certification_id uuid, holder_count bigint, is_one_deep boolean, "
    "required_count bigint, short_count bigint, expiring_90_days_count bigint, next_expiry_on date, leaf_index bigint",
    "expiry_calendar": "organization_id uuid, on_date date, certification_id uuid, expiring_count bigint, "
    "required_count bigint, leaf_index bigint",
    "dim_badge": "badge_id uuid, certificate_id uuid, person_id uuid, certification_id uuid, organization_id uuid, "
    "issued_at timestamptz, is_public boolean",
    "dim_building": "building_id uuid, owner_id uuid, name varchar, city varchar, district varchar, "
    "register_id varchar, latitude double, longitude double, timezone varchar, is_active boolean, unit_count bigint, "
    "active_unit_count bigint",
    "dim_equipment": "equipment_id uuid, building_id uuid, owner_id uuid, name varchar, equipment_type varchar, "
    "manufacturer_id uuid, model varchar, register_id varchar, status varchar, installed_on date, inspected_on date",
    "dim_manufacturer": "manufacturer_id uuid, name varchar, is_maker boolean",
    "dim_service_contract": "contract_id uuid, owner_id uuid, contractor_id uuid, building_id uuid, started_on date, "
    "ended_on date, is_current boolean",
    "fct_visit": "visit_id uuid, owner_id uuid, contractor_id uuid, contract_id uuid, building_id uuid, "
    "equipment_id uuid, planned_on date, status varchar, crew_size bigint, is_ahead boolean, leaf_index bigint",
    "fct_crew_decision": "decision_id uuid, owner_id uuid, contractor_id uuid, building_id uuid, equipment_id uuid, "
    "visit_id uuid, work_on date, outcome varchar, is_qualified boolean, crew_size integer, decided_at timestamptz, "
    "decided_on date, leaf_index bigint",
    "crew_decision_daily": "owner_id uuid, on_date date, contractor_id uuid, building_id uuid, outcome varchar, "
    "is_qualified boolean, decision_count bigint, leaf_index bigint",
    "owner_requirement_coverage": "owner_id uuid, building_id uuid, equipment_id uuid, rule_id uuid, mode varchar, "
    "is_covered boolean, contractor_count bigint, qualified_count bigint, is_one_deep boolean, next_visit_on date, "
    "is_covered_on_visit boolean, expires_before_visit_count bigint, leaf_index bigint",
    "contractor_requirement_coverage": "owner_id uuid, contractor_id uuid, rule_id uuid, unit_count bigint, "
    "is_covered boolean, covered_until date, qualified_count bigint, is_one_deep boolean, next_visit_on date, "
    "expires_before_visit_count bigint, leaf_index bigint",
    "contractor_scorecard": "owner_id uuid, contractor_id uuid, technician_count bigint, requirement_count bigint, "
    "covered_count bigint, requirement_coverage double, certificates_in_date_rate double, one_deep_count bigint, "
    "expiring_before_visit_count bigint, training_hours_per_technician double, training_spend_per_technician double, "
    "currency varchar, trend_requirement_coverage double, trend_certificates_in_date_rate double, "
    "trend_training_hours_per_technician double, trend_training_spend_per_technician double, "
    "quantile_requirement_coverage double, quantile_certificates_in_date_rate double, "
    "quantile_training_hours_per_technician double, quantile_training_spend_per_technician double",
    # What training cost and returned.
    "training_cost_monthly": "organization_id uuid, team_id uuid, course_id uuid, person_id uuid, month date, "
    "cost_kind varchar, currency varchar, amount decimal(18, 2), cost_count bigint, leaf_index bigint",
    "outcome_panel": "organization_id uuid, person_id uuid, team_id uuid, month date, month_version integer, "
    "job_count bigint, first_time_fix_count bigint, first_time_fix_known_count bigint, callback_count bigint, "
    "callback_known_count bigint, rework_count bigint, rework_known_count bigint, incident_count "
    "bigint, hours decimal(14, 2), hours_known_count bigint, units_maintained bigint, trained_on "
    "date, is_after_training boolean, leaf_index bigint",
    "roi_effect": "estimate_id uuid, organization_id uuid, course_id uuid, outcome_kind varchar, state varchar, "
    "effect double, low double, high double, exposure double, half_width double, without_training "
    "double, trained_count bigint, compared_count bigint, month_count bigint, pre_trend_p double, "
    "placebo_p double, reason varchar, what_would_change varchar, ledger_size bigint, estimated_at "
    "timestamptz, leaf_index bigint",
    "roi_event_study": "estimate_id uuid, organization_id uuid, course_id uuid, outcome_kind varchar, month_offset "
    "integer, effect double, low double, high double, trained_count bigint, leaf_index bigint",
    "roi_outcome": "organization_id uuid, course_id uuid, outcome_kind varchar, state varchar, is_counted boolean, "
    "exposure double, unit_value double, currency varchar, units double, benefit double, benefit_low "
    "double, benefit_high double, leaf_index bigint",
    "roi_company": "organization_id uuid, state varchar, training_hours double, cost double, benefit double, "
    "benefit_low double, benefit_high double, roi double, roi_low double, roi_high double, "
    "interval_kind varchar, currency varchar, valued_count bigint, counted_count bigint, leaf_index "
    "bigint",
    "roi_course": "organization_id uuid, course_id uuid, state varchar, training_hours double, cost double, benefit "
    "double, benefit_low double, benefit_high double, roi double, roi_low double, roi_high double, "
    "interval_kind varchar, currency varchar, valued_count bigint, counted_count bigint, leaf_index "
    "bigint",
    "roi_team": "organization_id uuid, team_id uuid, state varchar, training_hours double, cost double, benefit "
    "double, benefit_low double, benefit_high double, roi double, roi_low double, roi_high double, "
    "interval_kind varchar, currency varchar, valued_count bigint, counted_count bigint, leaf_index "
    "bigint",
    "income_context": "source varchar, trade varchar, jurisdiction varchar, cohort_year integer, "
    "years_from_certification integer, median_income double, currency varchar, person_count bigint",
    "fct_mentorship": "mentorship_id uuid, mentor_id uuid, mentee_id uuid, organization_id uuid, "
    "mentor_organization_id uuid, mentorship_type varchar, status varchar, requested_on date, "
    "started_on date, answered_on date, ended_on date, days_to_answer bigint, decline_reason "
    "varchar, end_reason varchar, ended_by varchar, session_count bigint, session_minutes bigint, "
    "last_session_on date, milestone_count bigint, mentee_rating integer, mentee_rated_on date, "
    "mentor_rating integer, mentor_rated_on date, is_from_list boolean, shown_rank integer, "
    "leaf_index bigint",
    "mentorship_funnel": "organization_id uuid, month date, shown_count bigint, requested_count bigint, "
    "requested_from_list_count bigint, pending_count bigint, accepted_count bigint, declined_count "
    "bigint, expired_count bigint, withdrawn_count bigint, active_count bigint, completed_count "
    "bigint, ended_early_count bigint, acceptance_rate double, completion_rate double, "
    "median_days_to_answer double, leaf_index bigint",
    "mentorship_satisfaction": "organization_id uuid, month date, side varchar, rating_count bigint, period_from date, "
    "period_rating_count bigint, average_rating double, leaf_index bigint",
    "mentor_load": "organization_id uuid, mentor_id uuid, capacity integer, is_accepting boolean, paused_until "
    "date, free_count integer, active_count bigint, pending_count bigint, completed_count bigint, "
    "ended_early_count bigint, request_count_90d bigint, declined_count_90d bigint, "
    "expired_count_90d bigint, session_minutes bigint, shown_count_90d bigint, last_session_on date, "
    "rating_count bigint, average_rating double, leaf_index bigint",
    "dim_learned_model": "model_id uuid, model_kind varchar, model_version integer, headline varchar, "
    "ledger_size bigint, trained_at timestamptz, promoted_at timestamptz, retired_at timestamptz, "
    "is_serving boolean",
    "learned_model_history": "leaf_index bigint, entry varchar, model_kind varchar, model_version integer, ledger_size "
    "bigint, occurred_at timestamptz",
}
