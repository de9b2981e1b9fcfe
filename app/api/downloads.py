"""Files on their way out: always as an attachment, never guessed at by a browser, never kept by a cache."""

from urllib.parse import quote

from fastapi.responses import FileResponse, Response, StreamingResponse

from operational_db.documents.store import FileStore

HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "sandbox",
    "X-Content-Type-Options": "nosniff",
}


def to_download(store: FileStore, sha256: bytes, file_name: str, media_type: str) -> Response:
    """A stored file; one in a folder of this machine can be asked for in parts, as players of videos do."""
    path = store.local_path(sha256)
    if path is not None:
        return FileResponse(
            path,
            media_type=media_type,
            filename=file_name,
            content_disposition_type="attachment",
            headers=HEADERS,
        )
    headers = {**HEADERS, "Content-Disposition": attachment(file_name)}
    return StreamingResponse(store.blocks(sha256), media_type=media_type, headers=headers)


def attachment(file_name: str) -> str:
    """The header that makes a browser save the file under this name (RFC 6266; any character by RFC 8187)."""
    return f"attachment; filename*=UTF-8''{quote(file_name, safe='')}"
