with organizations as (
    select * from {{ ref('dim_organization') }}
),

people as (
    select * from {{ ref('dim_person') }}
),

simulated as (
    select
        (select coalesce(bool_or(is_simulated), false) from organizations)
        or (select coalesce(bool_or(is_simulated), false) from people) as is_simulated
)

select
    cast({{ var('to_leaf_index') }} as bigint) as ledger_size,
    '{{ var("root_hash") }}' as root_hash,
    cast('{{ var("as_of") }}' as timestamp with time zone) as as_of,
    cast('{{ var("built_at") or var("as_of") }}' as timestamp with time zone) as built_at,
    is_simulated
from simulated
