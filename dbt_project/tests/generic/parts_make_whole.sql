{# The parts add up to the whole in every row. #}
{% test parts_make_whole(model, whole, parts) %}
    select {{ whole }}, {{ parts | join(', ') }}
    from {{ model }}
    where {{ whole }} <> {{ parts | join(' + ') }}
{% endtest %}
