select
    model_id,
    model_kind,
    model_version,
    headline,
    ledger_size,
    trained_at,
    promoted_at,
    retired_at,
    promoted_at is not null and retired_at is null as is_serving
from {{ ref('stg_learned_models') }}
