"""One page of a longer list, with the total; every list that a person or a client pages through uses it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from operational_db.errors import InvalidInputError

T = TypeVar("T")
U = TypeVar("U")

LARGEST_PAGE_SIZE = 200


@dataclass(frozen=True)
class PageRequest:
    """Which page is wanted, counted from 1.

    Raises
    ------
    InvalidInputError
        When the number is below 1 or the size not between 1 and 200.
    """

    number: int = 1
    size: int = 25

    def __post_init__(self) -> None:
        if self.number < 1:
            raise InvalidInputError("Pages are counted from 1; ask for page 1 or later.")
        if not 1 <= self.size <= LARGEST_PAGE_SIZE:
            raise InvalidInputError(f"A page holds 1 to {LARGEST_PAGE_SIZE} entries; choose a size in between.")

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size


@dataclass(frozen=True)
class Page(Generic[T]):
    """The entries of one page and how many there are in all."""

    items: Sequence[T]
    total: int
    number: int
    size: int

    @property
    def page_count(self) -> int:
        return -(-self.total // self.size)

    def map(self, convert: Callable[[T], U]) -> "Page[U]":
        """The same page with every entry converted."""
        return Page([convert(item) for item in self.items], self.total, self.number, self.size)


def every_item(read: Callable[[PageRequest], Page[T]]) -> list[T]:
    """All entries of a list, read page by page, for a download or a whole that is handed on."""
    page = read(PageRequest(size=LARGEST_PAGE_SIZE))
    items = list(page.items)
    for number in range(2, page.page_count + 1):
        items += read(PageRequest(number, LARGEST_PAGE_SIZE)).items
    return items
