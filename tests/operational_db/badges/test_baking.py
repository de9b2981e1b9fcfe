"""Baking and unbaking: what goes in comes out, and nothing hostile gets through."""

import io
import json
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from operational_db.badges.baking import (
    KEYWORD,
    KEYWORD_V2,
    MOST_IMAGE_BYTES,
    PNG_SIGNATURE,
    bake_png,
    bake_svg,
    unbake_png,
    unbake_svg,
)
from operational_db.badges.images import Picture, draw_png, draw_svg
from operational_db.errors import InvalidInputError

PNG = draw_png(Picture("Elevator Safety", "Example Safety Board"))
SVG = draw_svg(Picture("Elevator Safety", "Example Safety Board"))
HEAD = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0">'
CREDENTIAL = b"<openbadges:credential>{}</openbadges:credential>"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text("abcde]>&<\"'", max_size=8), children),
    max_leaves=12,
)
objects = st.dictionaries(st.text("abc", max_size=5), json_values, max_size=5)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(data: bytes) -> bytes:
    """The picture with an iTXt chunk of our own making behind its header."""
    end_of_header = len(PNG_SIGNATURE) + 25
    return PNG[:end_of_header] + chunk(b"iTXt", data) + PNG[end_of_header:]


class TestRoundTrip:
    @pytest.mark.requirement("BDG-03")
    @given(objects)
    def test_json_comes_back_from_png_and_svg(self, value: dict[str, object]) -> None:
        text = json.dumps(value, ensure_ascii=False)
        assert unbake_png(bake_png(PNG, text)) == text
        assert json.loads(unbake_svg(bake_svg(SVG, text))) == value

    @given(st.lists(st.text("abcXYZ019-_", min_size=1, max_size=60), min_size=3, max_size=3))
    def test_tokens_come_back(self, parts: list[str]) -> None:
        token = ".".join(parts)
        assert unbake_png(bake_png(PNG, token)) == token
        baked = bake_svg(SVG, token)
        assert unbake_svg(baked) == token
        assert f'verify="{token}"'.encode() in baked

    @given(st.binary(max_size=200))
    @settings(max_examples=200)
    def test_noise_is_refused_not_fatal(self, noise: bytes) -> None:
        for content in (noise, PNG_SIGNATURE + noise, PNG[: len(noise) * 20] + noise):
            with pytest.raises(InvalidInputError):
                unbake_png(content)
        with pytest.raises(InvalidInputError):
            unbake_svg(noise)

    def test_the_picture_stays_a_picture_and_is_baked_once(self) -> None:
        twice = bake_png(bake_png(PNG, '{"a":1}'), '{"a":2}')
        assert unbake_png(twice) == '{"a":2}'
        with Image.open(io.BytesIO(twice)) as image:
            image.load()
            assert image.size == (600, 600)
            assert image.info["openbadgecredential"] == '{"a":2}'

    def test_the_older_chunk_is_read_when_there_is_no_newer(self) -> None:
        assert unbake_png(bake_png(PNG, '{"v":2}', keyword=KEYWORD_V2)) == '{"v":2}'

    def test_compressed_text_of_others_is_read(self) -> None:
        packed = KEYWORD + b"\0\1\0\0\0" + zlib.compress(b'{"a":1}')
        assert unbake_png(with_chunk(packed)) == '{"a":1}'


class TestHostilePng:
    def test_every_truncation_is_noticed(self) -> None:
        baked = bake_png(PNG, '{"a":1}')
        for length in (*range(0, 200, 7), len(baked) - 1, len(baked) - 12):
            with pytest.raises(InvalidInputError):
                unbake_png(baked[:length])

    def test_a_broken_chunk_is_noticed(self) -> None:
        baked = bytearray(bake_png(PNG, '{"a":1}'))
        place = baked.index(b'{"a":1}')
        baked[place + 5] ^= 1
        with pytest.raises(InvalidInputError, match="checksum"):
            unbake_png(bytes(baked))

    def test_a_decompression_bomb_is_not_unpacked(self) -> None:
        bomb = KEYWORD + b"\0\1\0\0\0" + zlib.compress(b"0" * 50_000_000, 9)
        with pytest.raises(InvalidInputError, match="larger"):
            unbake_png(with_chunk(bomb))

    @pytest.mark.parametrize(
        "data",
        [KEYWORD, KEYWORD + b"\0", KEYWORD + b"\0\2\0\0\0x", KEYWORD + b"\0\0\0en", KEYWORD + b"\0\1\0\0\0no zlib",
         KEYWORD + b"\0\0\0\0\0\xff\xfe", KEYWORD + b"\0\1\0\0\0" + zlib.compress(b"cut off")[:-3]],
    )  # fmt: skip
    def test_a_malformed_chunk_is_refused(self, data: bytes) -> None:
        with pytest.raises(InvalidInputError):
            unbake_png(with_chunk(data))

    def test_two_badges_in_one_picture_are_refused(self) -> None:
        once = with_chunk(KEYWORD + b"\0\0\0\0\0{}")
        end_of_header = len(PNG_SIGNATURE) + 25
        twice = once[:end_of_header] + chunk(b"iTXt", KEYWORD + b"\0\0\0\0\0[]") + once[end_of_header:]
        with pytest.raises(InvalidInputError, match="several"):
            unbake_png(twice)

    def test_an_oversized_picture_is_refused(self) -> None:
        with pytest.raises(InvalidInputError, match="larger"):
            unbake_png(PNG + b"0" * MOST_IMAGE_BYTES)

    def test_a_length_beyond_the_end_is_refused(self) -> None:
        with pytest.raises(InvalidInputError):
            unbake_png(PNG_SIGNATURE + struct.pack(">I", 0xFFFFFFFF) + b"IHDR" + b"0" * 40)


class TestHostileSvg:
    @pytest.mark.parametrize(
        "source",
        [
            HEAD + CREDENTIAL + b"<script>alert(1)</script></svg>",
            HEAD + CREDENTIAL + b"<g><SCRIPT/></g></svg>",
            HEAD.replace(b"<svg", b'<svg onload="alert(1)"') + CREDENTIAL + b"</svg>",
            HEAD + CREDENTIAL + b'<a href="javascript:alert(1)"/></svg>',
            HEAD + CREDENTIAL + b"<foreignObject/></svg>",
            b'<!DOCTYPE svg [<!ENTITY a "b">]>' + HEAD + CREDENTIAL + b"</svg>",
            b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + HEAD + CREDENTIAL + b"&a;</svg>",
            b'<!DOCTYPE svg SYSTEM "https://example.com/x.dtd">' + HEAD + CREDENTIAL + b"</svg>",
        ],
    )
    def test_scripts_and_entities_are_refused(self, source: bytes) -> None:
        with pytest.raises(InvalidInputError):
            unbake_svg(source)

    def test_entities_that_explode_are_refused(self) -> None:
        entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
        source = f'<!DOCTYPE svg [<!ENTITY e0 "ha">{entities}]>'.encode() + HEAD + b"&e9;" + CREDENTIAL + b"</svg>"
        with pytest.raises(InvalidInputError):
            unbake_svg(source)

    @pytest.mark.parametrize(
        "source",
        [b"", b"<svg", HEAD, HEAD + b"</svg>", b"<html/>", b"<svg>" + CREDENTIAL + b"</svg>",
         HEAD + b"<openbadges:credential/></svg>", HEAD + b'<openbadges:credential verify=""/></svg>'],
    )  # fmt: skip
    def test_what_carries_no_badge_is_refused(self, source: bytes) -> None:
        with pytest.raises(InvalidInputError):
            unbake_svg(source)


class TestPictures:
    def test_the_same_facts_give_the_same_bytes(self) -> None:
        picture = Picture("Elevator Safety", "Example Safety Board")
        draw_png.cache_clear()
        assert draw_png(picture) == PNG
        assert draw_svg(picture) == SVG

    def test_title_and_description_are_there_for_those_who_do_not_see_it(self) -> None:
        source = SVG.decode()
        assert '<title id="badge-title">Badge: Elevator Safety</title>' in source
        assert 'role="img" aria-labelledby="badge-title badge-description"' in source

    @pytest.mark.parametrize(
        "name", ['</text><script>alert("x")</script>', "A & B <C>", "\x00\x07\u202e", "", "x" * 900]
    )
    def test_names_cannot_break_out(self, name: str) -> None:
        picture = Picture(name, name)
        assert unbake_svg(bake_svg(draw_svg(picture), "{}")) == "{}"
        assert unbake_png(bake_png(draw_png(picture), "{}")) == "{}"
        assert b"<script" not in draw_svg(picture)

    def test_letters_with_marks_are_drawn_without_them(self) -> None:
        """The font of the PNG has no others; the SVG leaves them to the reader's fonts."""
        assert draw_png(Picture("Sécurité", "Žižkov")) == draw_png(Picture("Securite", "Zizkov"))
        assert "Sécurité" in draw_svg(Picture("Sécurité", "Žižkov")).decode()
