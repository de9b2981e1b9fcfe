{# Each measure is defined here once; marts at every grain group these over rows they choose.

   Macros rather than a semantic layer: DuckDB has no server that answers metric queries, and the marts need the
   expression itself. #}

{# -- Compliance, over rows of fct_required_training ----------------------------------------------------------------- #}

{% macro compliance_measures() -%}
    cast(count(*) as bigint) as required_count,
    cast(count(*) filter (where status = 'exempted') as bigint) as exempted_count,
    cast(count(*) filter (where status = 'completed') as bigint) as completed_count,
    cast(count(*) filter (where status = 'in_progress') as bigint) as in_progress_count,
    cast(count(*) filter (where status = 'pending') as bigint) as pending_count,
    cast(count(*) filter (where status = 'overdue') as bigint) as overdue_count,
    cast(count(*) filter (where {{ is_due_soon() }}) as bigint) as due_14_days_count,
    cast(count(*) filter (where {{ is_expiring_soon() }}) as bigint) as expiring_30_days_count,
    cast(count(*) filter (where {{ is_lapsed() }}) as bigint) as expired_count,
    max(leaf_index) as leaf_index
{%- endmacro %}

{# The same, added up over rows that hold one person each: people need no counting apart then. #}
{% macro compliance_totals() -%}
    {% for measure in ['required', 'exempted', 'completed', 'in_progress', 'pending', 'overdue', 'due_14_days',
        'expiring_30_days', 'expired'] -%}
        cast(sum({{ measure }}_count) as bigint) as {{ measure }}_count,
    {% endfor -%}
    cast(count(*) filter (where required_count > 0) as bigint) as people_count,
    cast(count(*) filter (where overdue_count > 0) as bigint) as people_overdue_count,
    max(leaf_index) as leaf_index
{%- endmacro %}

{# The columns every compliance mart shows, from those measures; a group without a required training has zeros. #}
{% macro compliance_columns(measures, is_one_person=false) -%}
    {{ as_of_on() }} as as_of_on,
    {% for measure in ['required', 'exempted', 'completed', 'in_progress', 'pending', 'overdue'] -%}
        coalesce({{ measures }}.{{ measure }}_count, 0) as {{ measure }}_count,
    {% endfor -%}
    {{ compliance_rate(measures ~ '.completed_count', measures ~ '.required_count', measures ~ '.exempted_count') }} as compliance_rate,
    {% for measure in ['due_14_days', 'expiring_30_days', 'expired'] -%}
        coalesce({{ measures }}.{{ measure }}_count, 0) as {{ measure }}_count,
    {% endfor -%}
    {% if is_one_person -%}
        cast(case when {{ measures }}.required_count > 0 then 1 else 0 end as bigint) as people_count,
        cast(case when {{ measures }}.overdue_count > 0 then 1 else 0 end as bigint) as people_overdue_count,
    {%- else -%}
        coalesce({{ measures }}.people_count, 0) as people_count,
        coalesce({{ measures }}.people_overdue_count, 0) as people_overdue_count,
    {%- endif %}
    {{ measures }}.leaf_index
{%- endmacro %}

{# completed / (required - exempted); null when nothing is required. #}
{% macro compliance_rate(completed, required, exempted) -%}
    {{ share(completed, '(' ~ required ~ ' - ' ~ exempted ~ ')') }}
{%- endmacro %}

{# Not met yet and due today or within 14 days. #}
{% macro is_due_soon() -%}
    status in ('pending', 'in_progress') and due_on between {{ as_of_on() }} and {{ add_days(as_of_on(), 14) }}
{%- endmacro %}

{# Met by a certificate whose last day is today or within 30 days. #}
{% macro is_expiring_soon() -%}
    status = 'completed' and valid_until between {{ as_of_on() }} and {{ add_days(as_of_on(), 30) }}
{%- endmacro %}

{# Met once, and no longer. #}
{% macro is_lapsed() -%}
    lapsed_on is not null and status not in ('completed', 'exempted')
{%- endmacro %}

{# -- Learning ------------------------------------------------------------------------------------------------------- #}

{# Scored attempts count for pass rates; banked (carried over) and unscored ones do not. #}
{% macro counts_for_pass_rate(score, is_banked) -%}
    ({{ score }} is not null and not {{ is_banked }})
{%- endmacro %}

{% macro pass_rate(passed, counted) -%}
    {{ share(passed, counted) }}
{%- endmacro %}

{% macro completion_rate(completed, enrolled) -%}
    {{ share(completed, enrolled) }}
{%- endmacro %}

{# -- Certificates --------------------------------------------------------------------------------------------------- #}

{# First day a certificate no longer counts: the day after its last, or the day it is revoked from; null when never. #}
{% macro first_uncounted_on(expires_on, revoked_from) -%}
    least({{ add_days(expires_on, 1) }}, {{ revoked_from }})
{%- endmacro %}

{# Whether a certificate counts on a day: issued, not past its last day, not revoked by then, proven, not withdrawn. #}
{% macro certificate_counts(certificate, day) -%}
    (
        {{ certificate }}.is_verified
        and not {{ certificate }}.is_withdrawn
        and {{ certificate }}.issued_on <= {{ day }}
        and ({{ certificate }}.expires_on is null or {{ certificate }}.expires_on >= {{ day }})
        and ({{ certificate }}.revoked_from is null or {{ certificate }}.revoked_from > {{ day }})
    )
{%- endmacro %}

{# The seed's status on the release's day; precedence revoked (withdrawn too), expired, pending verification, active. #}
{% macro certificate_status(certificate) -%}
    case
        when {{ certificate }}.is_withdrawn or {{ certificate }}.revoked_from <= {{ as_of_on() }} then 'revoked'
        when {{ certificate }}.expires_on < {{ as_of_on() }} then 'expired'
        when {{ certificate_counts(certificate, as_of_on()) }} then 'active'
        else 'pending_verification'
    end
{%- endmacro %}

{# Where a person stands on one training; precedence exempted, completed, overdue, in progress, pending. Overdue starts
   the day after the due date; without a due date nothing is ever overdue. #}
{% macro training_status(is_exempted, is_completed, due_on, is_in_progress) -%}
    case
        when {{ is_exempted }} then 'exempted'
        when {{ is_completed }} then 'completed'
        when {{ due_on }} < {{ as_of_on() }} then 'overdue'
        when {{ is_in_progress }} then 'in_progress'
        else 'pending'
    end
{%- endmacro %}

{# -- Trust ---------------------------------------------------------------------------------------------------------- #}

{# A reinforcement counts as taken when it is passed within so many days after near-misses earned it. #}
{% macro reinforcement_taken_days() -%}
    14
{%- endmacro %}

{# After those days, next near-misses are counted for so many. #}
{% macro reinforcement_window_days() -%}
    30
{%- endmacro %}

{# Levels from which on a person counts as trained: completed or higher (embedded-training seed, coverage). #}
{% macro is_trained_level(level) -%}
    {{ level }} in ('completed', 'proficient', 'certified')
{%- endmacro %}

{# People trained of people who must be. #}
{% macro coverage_rate(trained, required) -%}
    {{ share(trained, required) }}
{%- endmacro %}

{# Place of a level in the order of the seed: enrolled < completed < proficient < certified. #}
{% macro level_rank(level) -%}
    case {{ level }} when 'enrolled' then 1 when 'completed' then 2 when 'proficient' then 3 when 'certified' then 4 end
{%- endmacro %}
