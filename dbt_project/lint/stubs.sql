{# Stand-ins for our macros when SQL is linted: sqlfluff renders without a connection, so there is no adapter to dispatch
   on. Each gives an expression of the right shape; what the real ones give is tested by building. #}
{% macro as_id(expression) %}cast({{ expression }} as uuid){% endmacro %}
{% macro utc_date(instant) %}cast({{ instant }} as date){% endmacro %}
{% macro add_days(day, count) %}({{ day }} + {{ count }}){% endmacro %}
{% macro days_between(first_day, last_day) %}({{ last_day }} - {{ first_day }}){% endmacro %}
{% macro month_start(day) %}cast({{ day }} as date){% endmacro %}
{% macro month_end(day) %}cast({{ day }} as date){% endmacro %}
{% macro add_months(day, count) %}({{ day }} + {{ count }}){% endmacro %}
{% macro median_value(expression) %}median({{ expression }}){% endmacro %}
{% macro as_of_on() %}cast('2026-01-01' as date){% endmacro %}
{% macro share(numerator, denominator) %}{{ numerator }} / nullif({{ denominator }}, 0){% endmacro %}
{% macro is_new(column='leaf_index') %}leaf_index >= 0{% endmacro %}
{% macro calendar_bits(held_from, held_until) %}cast({{ held_from }} as integer){% endmacro %}
{% macro both_bits(first_bits, second_bits) %}({{ first_bits }} & {{ second_bits }}){% endmacro %}
{% macro either_bits(first_bits, second_bits) %}({{ first_bits }} + {{ second_bits }}){% endmacro %}
{% macro bits_without(bits, excluded_bits) %}({{ bits }} - {{ excluded_bits }}){% endmacro %}
{% macro compliance_measures() %}max(leaf_index) as leaf_index{% endmacro %}
{% macro compliance_totals() %}max(leaf_index) as leaf_index{% endmacro %}
{% macro compliance_columns(measures, is_one_person=false) %}{{ measures }}.leaf_index{% endmacro %}
{% macro compliance_rate(completed, required, exempted) %}{{ completed }} / {{ required }}{% endmacro %}
{% macro pass_rate(passed, counted) %}{{ passed }} / {{ counted }}{% endmacro %}
{% macro completion_rate(completed, enrolled) %}{{ completed }} / {{ enrolled }}{% endmacro %}
{% macro counts_for_pass_rate(score, is_banked) %}({{ score }} is not null and not {{ is_banked }}){% endmacro %}
{% macro first_uncounted_on(expires_on, revoked_from) %}least({{ expires_on }}, {{ revoked_from }}){% endmacro %}
{% macro certificate_status(certificate) %}case when {{ certificate }}.is_withdrawn then 'revoked' else 'active' end{% endmacro %}
{% macro training_status(is_exempted, is_completed, due_on, is_in_progress) %}case when {{ is_exempted }} then 'exempted' when {{ is_completed }} then 'completed' when {{ due_on }} is null then 'overdue' when {{ is_in_progress }} then 'in_progress' end{% endmacro %}
{% macro ledger_entries(kind, fields) %}select * from {{ kind }}{% endmacro %}
{% macro subject_entries(kinds) %}select * from {{ kinds | first }}{% endmacro %}
{% macro parsed_body(body, fields) %}{{ body }}{% endmacro %}
{% macro body_field(parsed, field) %}{{ parsed }}{% endmacro %}
{% macro kpi_months() %}xy{% endmacro %}
{% macro reporting_days() %}xy{% endmacro %}
{% macro latest_entries(entries, key) %}select * from {{ entries }}{% endmacro %}
{% macro json_array_rows(document, key) %}unnest({{ document }}){% endmacro %}
{% macro json_text(value, path) %}cast({{ value }} as varchar){% endmacro %}
{% macro level_rank(level) %}case {{ level }} when 'enrolled' then 1 end{% endmacro %}
{% macro is_trained_level(level) %}{{ level }} in ('completed'){% endmacro %}
{% macro coverage_rate(trained, required) %}{{ trained }} / {{ required }}{% endmacro %}
{% macro reinforcement_window_days() %}30{% endmacro %}
{% macro reinforcement_taken_days() %}14{% endmacro %}
{% macro today_bit() %}8192{% endmacro %}
{% macro fewest_dues_for_a_pace() %}20{% endmacro %}
{% macro expected_renewals() %}pace.renewed_count{% endmacro %}
{% macro renewals_at_least() %}pace.renewed_count{% endmacro %}
{% macro renewals_at_most() %}pace.renewed_count{% endmacro %}
{% macro json_array_positions(document, key) %}unnest({{ document }}){% endmacro %}
{% macro json_under_one_key(value, list_keys, single_key, key) %}cast({{ value }} as varchar){% endmacro %}
{% macro deepest_crew_rule() %}{{ return(2) }}{% endmacro %}
{% macro model_key(model) %}lower({{ model }}){% endmacro %}
{% macro trend_days() %}{{ return(90) }}{% endmacro %}
{% macro fewest_compared_contractors() %}5{% endmacro %}
{% macro certificate_counts(certificate, day) %}({{ certificate }}.is_verified and {{ certificate }}.issued_on <= {{ day }}){% endmacro %}
{% macro acceptance_rate(accepted, requested, pending) %}{{ accepted }} / {{ requested }}{% endmacro %}
{% macro fewest_ratings_shown() %}5{% endmacro %}
{% macro mentor_load_days() %}90{% endmacro %}
{% macro word_rows(words) %}unnest({{ words }}){% endmacro %}
{% macro outcome_weights() %}{{ return({'incidents': '1'}) }}{% endmacro %}
{% macro better_direction(outcome_kind) %}case {{ outcome_kind }} when 'incidents' then -1 else 1 end{% endmacro %}
{% macro return_on(benefit, cost) %}{{ benefit }} / {{ cost }}{% endmacro %}
