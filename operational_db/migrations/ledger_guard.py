"""Hand-written SQL of the ledger: the queue trigger, the refusal of changes, the application's role, the entry's bytes.

Revisions execute these statements; autogeneration knows nothing of them.
"""

PROTECTED_TABLES = ("ledger_events", "ledger_leaves", "ledger_checkpoints")

# The role belongs to the whole server; another database of the same server may have created it, and on a hosted server
# we may not be allowed to: then the triggers alone protect the ledger.
CREATE_ROLE = """
do $$
begin
    if not exists (select from pg_roles where rolname = 'sitesync_app') then
        create role sitesync_app nologin;
    end if;
exception
    when duplicate_object or unique_violation or insufficient_privilege then null;
end
$$
"""

GRANTS = """
do $$
begin
    if not exists (select from pg_roles where rolname = 'sitesync_app') then
        return;
    end if;
    begin
        execute format('grant sitesync_app to %I', current_user);
    exception
        -- Not ours to give on this server; an administrator may have given it, which the connections find out.
        when insufficient_privilege then null;
    end;
    grant usage on schema public to sitesync_app;
    grant select, insert, update, delete on all tables in schema public to sitesync_app;
    alter default privileges in schema public grant select, insert, update, delete on tables to sitesync_app;
    revoke update, delete on ledger_events, ledger_leaves, ledger_checkpoints from sitesync_app;
    -- Only the trigger fills the queue, only the sequencer takes from it.
    revoke insert, update on ledger_pending from sitesync_app;
    revoke insert, update, delete on alembic_version from sitesync_app;
end
$$
"""

REVOKES = """
do $$
begin
    if exists (select from pg_roles where rolname = 'sitesync_app') then
        alter default privileges in schema public revoke all on tables from sitesync_app;
        drop owned by sitesync_app;
    end if;
end
$$
"""

REFUSE_CHANGE = """
create function refuse_ledger_change() returns trigger
language plpgsql as $$
begin
    raise exception 'The ledger is append-only: % on % is refused.', lower(tg_op), tg_table_name
        using errcode = 'restrict_violation';
end
$$
"""

REFUSE_CHANGE_TRIGGER = """
create trigger refuse_change before update or delete or truncate on {table}
for each statement execute function refuse_ledger_change()
"""

# Runs with the owner's rights, because the application itself may not insert into the queue.
QUEUE_EVENTS = """
create function queue_ledger_events() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into ledger_pending (event_id) select id from appended;
    return null;
end
$$
"""

QUEUE_EVENTS_TRIGGER = """
create trigger queue_events after insert on ledger_events
referencing new table as appended
for each statement execute function queue_ledger_events()
"""

# The same bytes as operational_db.ledger.canonical.entry_bytes; a property test holds the two together.
ENTRY_BYTES = """
create function ledger_entry_bytes(
    id uuid, kind text, version smallint, subject_id uuid, organization_id uuid,
    occurred_at timestamptz, recorded_at timestamptz, body text
) returns bytea
language sql stable parallel safe as $$
    select convert_to(
        '{"body":' || body
        || ',"id":"' || id
        || '","kind":' || to_json(kind)
        || ',"occurred_at":"' || to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        || '","organization":' || coalesce('"' || organization_id || '"', 'null')
        || ',"recorded_at":"' || to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        || '","subject":' || coalesce('"' || subject_id || '"', 'null')
        || ',"version":' || version || '}',
        'UTF8'
    )
$$
"""

INSTALL = (
    CREATE_ROLE,
    GRANTS,
    REFUSE_CHANGE,
    *(REFUSE_CHANGE_TRIGGER.format(table=table) for table in PROTECTED_TABLES),
    QUEUE_EVENTS,
    QUEUE_EVENTS_TRIGGER,
    ENTRY_BYTES,
)

# The tables of the published log came with the second revision.
PUBLISHED_TABLES = ("ledger_tiles", "ledger_signatures")

REVOKE_PUBLISHED = """
do $$
begin
    if exists (select from pg_roles where rolname = 'sitesync_app') then
        revoke update, delete on ledger_tiles, ledger_signatures from sitesync_app;
    end if;
end
$$
"""

# Hashes do not get smaller: PostgreSQL need not try.
STORE_TILES_AS_THEY_ARE = "alter table ledger_tiles alter column hashes set storage external"

INSTALL_PUBLISHED = (
    REVOKE_PUBLISHED,
    STORE_TILES_AS_THEY_ARE,
    *(REFUSE_CHANGE_TRIGGER.format(table=table) for table in PUBLISHED_TABLES),
)

REMOVE_BEFORE_TABLES = (REVOKES,)

REMOVE_AFTER_TABLES = (
    "drop function ledger_entry_bytes",
    "drop function queue_ledger_events",
    "drop function refuse_ledger_change",
)
