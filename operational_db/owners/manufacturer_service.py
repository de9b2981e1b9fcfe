"""The manufacturers kept and the spellings that lead to them: find or add them for texts of a source, list them.

What a text names is decided in `manufacturers`. Manufacturers belong to no organization and stay when an import that
first named them is taken back.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, text
from sqlalchemy.orm import Session

from operational_db.owners.manufacturers import MakerName, MakerOrigin, read_maker
from operational_db.paging import Page, PageRequest
from operational_db.tables.owners import Manufacturer, ManufacturerAlias
from operational_db.types import new_id

# Two imports at once wait for each other here, in one order, instead of in each other's way.
_ADD_NAMES = text(
    """
    insert into manufacturers (id, name, is_maker)
    select * from unnest(cast(:ids as uuid[]), cast(:names as text[]), cast(:is_maker as boolean[])) as n (id, name, m)
    order by name
    on conflict (name) do nothing
    """
)
_ADD_ALIASES = text(
    """
    insert into manufacturer_aliases (alias, manufacturer_id, origin)
    select new.alias, manufacturers.id, new.origin
    from unnest(cast(:aliases as text[]), cast(:names as text[]), cast(:origins as text[])) as new (alias, name, origin)
    join manufacturers on manufacturers.name = new.name
    order by new.alias
    on conflict (alias) do update set manufacturer_id = excluded.manufacturer_id, origin = excluded.origin
        where excluded.origin = 'table'
            and (manufacturer_aliases.origin, manufacturer_aliases.manufacturer_id)
            is distinct from (excluded.origin, excluded.manufacturer_id)
    """
)


@dataclass(frozen=True, slots=True)
class ManufacturerView:
    """A manufacturer and its spellings, each with its origin; not `is_maker`: an owner, a use, a note."""

    id: UUID
    name: str
    is_maker: bool
    aliases: tuple[tuple[str, str], ...]


def known_manufacturers(session: Session) -> dict[str, UUID]:
    """Ids of the manufacturers kept, by name."""
    return {row.name: row.id for row in session.execute(select(Manufacturer.name, Manufacturer.id))}


def resolve_manufacturers(session: Session, texts: Collection[str]) -> dict[str, UUID | None]:
    """The manufacturer of each text as a source spells it, added where new; None where the text names no maker.

    Spellings are kept with their origin: in the table, the same but for its form, or seen for the first time.
    """
    read = {spelling: read_maker(spelling) for spelling in texts}
    named = [maker for maker in read.values() if maker is not None]
    if not named:
        return dict.fromkeys(texts)
    known = known_manufacturers(session)
    names = {maker.name: maker.is_maker for maker in named if maker.name not in known}
    if names:
        values = {"ids": [new_id() for _ in names], "names": list(names), "is_maker": list(names.values())}
        session.execute(_ADD_NAMES, values)
    origins = alias_origins(named, known.keys())
    by_alias = {maker.alias: maker for maker in named}
    session.execute(
        _ADD_ALIASES,
        {
            "aliases": list(by_alias),
            "names": [maker.name for maker in by_alias.values()],
            "origins": [origins[alias].value for alias in by_alias],
        },
    )
    ids = known_manufacturers(session)
    return {
        spelling: ids[maker.name] if maker is not None and maker.is_maker else None for spelling, maker in read.items()
    }


def alias_origins(named: Collection[MakerName], known_names: Collection[str]) -> dict[str, MakerOrigin]:
    """How each spelling came to its maker; the first one of a maker that nobody knew is new, others are spellings."""
    seen = set(known_names)
    origins: dict[str, MakerOrigin] = {}
    for maker in sorted(named, key=lambda maker: (maker.name, maker.alias)):
        if maker.alias in origins:
            continue
        if maker.is_curated:
            origins[maker.alias] = MakerOrigin.TABLE
        else:
            origins[maker.alias] = MakerOrigin.SPELLING if maker.name in seen else MakerOrigin.NEW
        seen.add(maker.name)
    return origins


@dataclass(frozen=True)
class Normalised:
    """What was done with the manufacturers' names of one file, for its report."""

    report: Mapping[str, object]
    new_names: tuple[str, ...]
    read_count: int


def normalised(counts: Mapping[str, int], known_names: Collection[str], *, listed: int) -> Normalised:
    """Summary of the texts of a file, each with the number of rows that bear it; the most frequent are listed."""
    read = {spelling: read_maker(spelling) for spelling in counts}
    named = [maker for maker in read.values() if maker is not None]
    origins = alias_origins(named, known_names)
    rows_by: Counter[str] = Counter()
    per_maker: dict[str, Counter[str]] = {}
    for spelling, count in counts.items():
        maker = read[spelling]
        if maker is None:
            rows_by["no_name"] += count
            continue
        rows_by["not_a_maker" if not maker.is_maker else origins[maker.alias].value] += count
        per_maker.setdefault(maker.name, Counter())[maker.alias] += count
    makers = sorted(per_maker.items(), key=lambda item: (-item[1].total(), item[0]))
    is_maker = {maker.name: maker.is_maker for maker in named}
    report = {
        "spellings": len(counts),
        "names": len(per_maker),
        "rows": {name: rows_by[name] for name in ("table", "spelling", "new", "not_a_maker", "no_name")},
        "listed": [
            {
                "name": name,
                "is_maker": is_maker[name],
                "count": aliases.total(),
                "spellings": [alias for alias, _ in aliases.most_common(8)],
            }
            for name, aliases in makers[:listed]
        ],
    }
    new_names = tuple(sorted(name for name in per_maker if name not in known_names))
    return Normalised(report, new_names, len(per_maker))


def list_manufacturers(session: Session, *, search: str | None, page: PageRequest) -> Page[ManufacturerView]:
    """Everybody may see how names are brought together: by name, found by name or by a spelling."""
    conditions: list[ColumnElement[bool]] = []
    if search:
        spelled = select(ManufacturerAlias.manufacturer_id).where(
            ManufacturerAlias.alias.icontains(search, autoescape=True)
        )
        conditions.append(or_(Manufacturer.name.icontains(search, autoescape=True), Manufacturer.id.in_(spelled)))
    total = session.scalar(select(func.count()).select_from(Manufacturer).where(*conditions)) or 0
    found = session.scalars(
        select(Manufacturer)
        .where(*conditions)
        .order_by(Manufacturer.name, Manufacturer.id)
        .limit(page.size)
        .offset(page.offset)
    ).all()
    ids = [manufacturer.id for manufacturer in found]
    aliases: dict[UUID, list[tuple[str, str]]] = {}
    spellings = select(ManufacturerAlias).where(ManufacturerAlias.manufacturer_id.in_(ids))
    for row in session.scalars(spellings.order_by(ManufacturerAlias.alias)):
        aliases.setdefault(row.manufacturer_id, []).append((row.alias, row.origin))
    views = [ManufacturerView(m.id, m.name, m.is_maker, tuple(aliases.get(m.id, ()))) for m in found]
    return Page(views, total, page.number, page.size)
