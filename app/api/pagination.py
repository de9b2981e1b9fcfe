"""Pages of a list over HTTP: `page` from 1, `page_size` up to 200, and the total for the client to know how far."""

from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

from operational_db.paging import LARGEST_PAGE_SIZE, Page, PageRequest

Item = TypeVar("Item")
Row = TypeVar("Row")


class PageResponse(BaseModel, Generic[Item]):
    items: list[Item]
    page: int
    page_size: int
    page_count: int
    total_count: int


def page_request(
    page: Annotated[int, Query(ge=1, le=1_000_000, description="Page number, from 1.")] = 1,
    page_size: Annotated[int, Query(ge=1, le=LARGEST_PAGE_SIZE, description="Items on a page.")] = 25,
) -> PageRequest:
    return PageRequest(number=page, size=page_size)


Paging = Annotated[PageRequest, Depends(page_request)]


def to_page_response(page: Page[Row], convert: Callable[[Row], Item]) -> PageResponse[Item]:
    """A page of the core as the API shows it."""
    return PageResponse(
        items=[convert(item) for item in page.items],
        page=page.number,
        page_size=page.size,
        page_count=page.page_count,
        total_count=page.total,
    )
