{# The day or instant is never before the other; null means not yet. #}
{% test not_before(model, column_name, earlier) %}
    select {{ earlier }}, {{ column_name }}
    from {{ model }}
    where {{ column_name }} < {{ earlier }}
{% endtest %}
