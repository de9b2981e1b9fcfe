{# How many of m lapsing certificates are renewed when x of n were: a prediction interval for a binomial count from an
   earlier one (Nelson 1982, Applied Life Data Analysis, 6.5), with the adjusted share (x + z²/2) / (n + z²) of Agresti
   and Coull (1998) in the place of x / n, since x is often n. z is 1.96: 95 of 100 such intervals hold the count.
   The columns are pace.renewed_count (x), pace.due_count (n) and forecast_days.lapsing_count (m). #}

{# With fewer dues in the past year there is no pace to speak of. #}
{% macro fewest_dues_for_a_pace() -%}
    20
{%- endmacro %}

{% macro expected_renewals() -%}
    forecast_days.lapsing_count * {{ share('pace.renewed_count', 'pace.due_count') }}
{%- endmacro %}

{% macro adjusted_pace() -%}
    ((pace.renewed_count + 1.9208) / (pace.due_count + 3.8416))
{%- endmacro %}

{# Half the width of the interval, in renewals. #}
{% macro renewals_in_doubt() -%}
    1.96 * sqrt(
        forecast_days.lapsing_count * {{ adjusted_pace() }} * (1 - {{ adjusted_pace() }})
        * (1 + forecast_days.lapsing_count / (pace.due_count + 3.8416))
    )
{%- endmacro %}

{% macro renewals_at_least() -%}
    greatest(0, least(
        {{ expected_renewals() }},
        forecast_days.lapsing_count * {{ adjusted_pace() }} - {{ renewals_in_doubt() }}
    ))
{%- endmacro %}

{% macro renewals_at_most() -%}
    least(forecast_days.lapsing_count, greatest(
        {{ expected_renewals() }},
        forecast_days.lapsing_count * {{ adjusted_pace() }} + {{ renewals_in_doubt() }}
    ))
{%- endmacro %}
