-- An average is told of so many ratings that nobody's own can be told from it. Months with fewer wait: a period closes
-- with the month that brings it to that number, and its average is told there. Periods never overlap, so that no
-- difference of two averages tells a rating either.
with recursive months as (
    select
        *,
        row_number() over (partition by organization_id, side order by month) as place
    from {{ ref('int_ratings_by_month') }}
),

periods as (
    select
        organization_id,
        side,
        month,
        place,
        rating_count,
        leaf_index,
        month as period_from,
        rating_count as period_rating_count,
        rating_sum as period_rating_sum
    from months
    where place = 1
    union all
    select
        months.organization_id,
        months.side,
        months.month,
        months.place,
        months.rating_count,
        months.leaf_index,
        case
            when periods.period_rating_count >= {{ fewest_ratings_shown() }} then months.month
            else periods.period_from
        end as period_from,
        months.rating_count
        + case
            when periods.period_rating_count >= {{ fewest_ratings_shown() }} then 0 else periods.period_rating_count
        end as period_rating_count,
        months.rating_sum
        + case
            when periods.period_rating_count >= {{ fewest_ratings_shown() }} then 0 else periods.period_rating_sum
        end as period_rating_sum
    from periods
    inner join months
        on
            periods.organization_id is not distinct from months.organization_id
            and periods.side = months.side
            and periods.place + 1 = months.place
)

select
    organization_id,
    month,
    side,
    rating_count,
    period_from,
    period_rating_count,
    case
        when period_rating_count >= {{ fewest_ratings_shown() }}
            then {{ share('period_rating_sum', 'period_rating_count') }}
    end as average_rating,
    leaf_index
from periods
