"""The page on which people read and try the API: Swagger UI, sent from this installation and from nowhere else."""

from importlib.resources import files

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

FILES_PATH = "/docs/files"


def add_reading_page(api: FastAPI) -> None:
    """Serve the page at `/docs`; its script and style come from the package `fastapi-offline`."""

    @api.get("/docs", include_in_schema=False)
    def read_api(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            openapi_url=f"{root}{api.openapi_url}",
            title=api.title,
            swagger_js_url=f"{root}{FILES_PATH}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{FILES_PATH}/swagger-ui.css",
            swagger_favicon_url="/favicon.png",
        )

    api.mount(FILES_PATH, StaticFiles(directory=str(files("fastapi_offline") / "static")))
