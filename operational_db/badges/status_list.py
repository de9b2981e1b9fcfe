"""Bitstring Status Lists (W3C VC Bitstring Status List 1.0): the bits, their encoding, and the credential around them.

A set bit means revoked; index 0 is the most significant bit of the first byte. Which badges are revoked is found in
`repository`, publishing is in `lists`.
"""

import base64
import gzip
import zlib
from collections.abc import Iterable
from datetime import datetime

from operational_db.badges.json_ld import CREDENTIALS_V2, JsonObject
from operational_db.badges.proofs import instant_in_badge
from operational_db.errors import InvalidInputError

# The least the standard allows, so that a single holder disappears among many.
SHORTEST = 131_072
PURPOSE = "revocation"
# Nobody needs a longer list than this; a small file may unpack to a very large one.
LONGEST = 16 * 1024 * 1024 * 8
ENTRY_TYPE = "BitstringStatusListEntry"
LIST_TYPE = "BitstringStatusList"
CREDENTIAL_TYPE = "BitstringStatusListCredential"


def make_bits(indexes: Iterable[int], *, length: int = SHORTEST) -> bytes:
    """`length` bits, those at the indexes set.

    Raises
    ------
    InvalidInputError
        When an index is beyond the list.
    """
    if length % 8 or length < SHORTEST:
        raise InvalidInputError(f"A status list has at least {SHORTEST:,} entries, in whole bytes.")
    bits = bytearray(length // 8)
    for index in indexes:
        if not 0 <= index < length:
            raise InvalidInputError(f"The list has no entry {index}.")
        bits[index >> 3] |= 0x80 >> (index & 7)
    return bytes(bits)


def is_set(bits: bytes, index: int) -> bool:
    """Whether the bit at the index is set.

    Raises
    ------
    InvalidInputError
        When the index is beyond the list.
    """
    if not 0 <= index < len(bits) * 8:
        raise InvalidInputError(f"The status list has no entry {index}.")
    return bool(bits[index >> 3] & (0x80 >> (index & 7)))


def encode_bits(bits: bytes) -> str:
    """GZIP, then base64url without padding behind the multibase prefix `u`; the same bits give the same text."""
    return "u" + base64.urlsafe_b64encode(gzip.compress(bits, mtime=0)).rstrip(b"=").decode()


def decode_bits(text: object) -> bytes:
    """The bits of an `encodedList`.

    Raises
    ------
    InvalidInputError
        When it is none, is shorter than the standard allows, or unpacks to more than anybody needs.
    """
    if not isinstance(text, str) or not text.startswith("u"):
        raise InvalidInputError("The status list is not encoded as base64url with the prefix u.")
    body = text[1:]
    try:
        packed = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        unpacker = zlib.decompressobj(wbits=31)
        bits = unpacker.decompress(packed, LONGEST // 8 + 1)
    except (ValueError, zlib.error) as error:
        raise InvalidInputError("The status list cannot be unpacked.") from error
    if len(bits) > LONGEST // 8 or not unpacker.eof:
        raise InvalidInputError("The status list is cut off, or unpacks to more than any list needs.")
    if len(bits) * 8 < SHORTEST:
        raise InvalidInputError(f"The status list has fewer than {SHORTEST:,} entries.")
    return bits


def status_entry(list_address: str, index: int) -> JsonObject:
    """`credentialStatus` of a credential."""
    return {
        "id": f"{list_address}#{index}",
        "type": ENTRY_TYPE,
        "statusPurpose": PURPOSE,
        "statusListIndex": str(index),
        "statusListCredential": list_address,
    }


def list_credential(bits: bytes, *, address: str, issuer: str, built_at: datetime) -> JsonObject:
    """The list as an unsigned credential, to be signed as it is to be published."""
    return {
        "@context": [CREDENTIALS_V2],
        "id": address,
        "type": ["VerifiableCredential", CREDENTIAL_TYPE],
        "issuer": issuer,
        "validFrom": instant_in_badge(built_at),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": LIST_TYPE,
            "statusPurpose": PURPOSE,
            "encodedList": encode_bits(bits),
        },
    }
