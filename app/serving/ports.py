"""Whether the ports an installation needs are free, and who has them when they are not."""

import errno
import socket

import psutil

from operational_db.errors import ConflictError


def require_free_port(host: str, port: int, variable: str) -> None:
    """Refuse to go on when nobody could be served on this port; `variable` is the setting that moves it.

    Raises
    ------
    ConflictError
        When another program listens there, or we may not.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            advice = f"Choose another port: {variable}={port + 100} make up."
            if error.errno == errno.EADDRINUSE:
                raise ConflictError(
                    f"Port {port} is in use{_user_of(port)}. Stop that program, or: {advice}"
                ) from error
            raise ConflictError(f"Port {port} on {host} cannot be used ({error.strerror}). {advice}") from error


def free_port() -> int:
    """A port on the loopback address that nobody uses at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _user_of(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            is_listening = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr[1] == port
            if is_listening and connection.pid is not None:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        return ""
    return ""
