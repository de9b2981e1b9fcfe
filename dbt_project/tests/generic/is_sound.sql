{# All that a mart promises about single rows, in one query instead of one for each promise: a key that is whole and
   unique, references that lead somewhere, columns that hold known values, shares from 0 to 1, counts from 0.
   Each row that comes back names a broken promise and how many rows break it. #}
{% test is_sound(model, key, references=[], values={}, shares=[], counts=[]) %}
    {% set key_columns = key | join(', ') %}
    select 'key {{ key_columns }} is not unique' as broken_promise, count(*) as row_count
    from (select {{ key_columns }} from {{ model }} group by {{ key_columns }} having count(*) > 1) as repeated
    having count(*) > 0
    {% for reference in references %}
    union all
    select '{{ reference.column }} leads nowhere' as broken_promise, count(*) as row_count
    from (select distinct {{ reference.column }} as id from {{ model }}) as referring
    left join {{ reference.to }} as referred
        on referring.id = referred.{{ reference.get('field', reference.column) }}
    where referring.id is not null and referred.{{ reference.get('field', reference.column) }} is null
    having count(*) > 0
    {% endfor %}
    {% for column, known in values.items() %}
    union all
    select '{{ column }} has an unknown value' as broken_promise, count(*) as row_count
    from {{ model }}
    where {{ column }} not in ('{{ known | join("', '") }}')
    having count(*) > 0
    {% endfor %}
    {% for column in shares %}
    union all
    select '{{ column }} is no share' as broken_promise, count(*) as row_count
    from {{ model }}
    where {{ column }} < 0 or {{ column }} > 1
    having count(*) > 0
    {% endfor %}
    {% for column in counts %}
    union all
    select '{{ column }} is negative' as broken_promise, count(*) as row_count
    from {{ model }}
    where {{ column }} < 0
    having count(*) > 0
    {% endfor %}
{% endtest %}
