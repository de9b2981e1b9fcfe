"""How often one client may ask: a token bucket for each, with room for so many clients and no more. In memory.

Several processes each keep their own buckets, so that together they allow as many times the rate.
"""

import ipaddress
import math
import threading
from collections import OrderedDict
from dataclasses import dataclass

# Each takes about 200 bytes; the bucket that was used longest ago makes room, which only ever errs on the kind side.
MOST_CLIENTS = 50_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """`per_minute` requests a client, as many at once; refilled steadily. Safe to use from several threads."""

    def __init__(self, per_minute: int, *, most_clients: int = MOST_CLIENTS) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60
        self._most_clients = most_clients
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def seconds_to_wait(self, client: str, *, at: float) -> int:
        """0 when the client may ask now, which is then counted; else whole seconds until it may.

        Parameters
        ----------
        at
            Seconds of a clock that never goes back.
        """
        key = client_key(client)
        with self._lock:
            bucket = self._buckets.pop(key, None) or _Bucket(self._capacity, at)
            bucket.tokens = min(self._capacity, bucket.tokens + max(0.0, at - bucket.at) * self._per_second)
            bucket.at = at
            self._buckets[key] = bucket
            if len(self._buckets) > self._most_clients:
                self._buckets.popitem(last=False)
            if bucket.tokens >= 1:
                bucket.tokens -= 1
                return 0
            return math.ceil((1 - bucket.tokens) / self._per_second)

    @property
    def client_count(self) -> int:
        return len(self._buckets)


def client_key(client: str) -> str:
    """Who counts as one: an IPv4 address, or a whole IPv6 /64, which a single subscriber has."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
