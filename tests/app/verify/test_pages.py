"""The public verification page, end to end: words, days, limits, and what it does not give away."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.context import AppContext
from app.verify.rate_limit import RateLimit, client_key
from app.verify.routes import MOST_BODY_BYTES, verify_routes
from operational_db import clock
from operational_db.badges.baking import bake_png
from operational_db.badges.images import Picture, draw_png
from operational_db.badges.keys import load_or_create_badge_signer
from operational_db.badges.service import issue_badge
from operational_db.database import read_only_session, unit_of_work
from operational_db.settings import Settings
from operational_db.tables.badges import Badge
from operational_db.tables.credentials import Certificate
from operational_db.tables.ledger import LedgerEvent
from tests.builders import create_certificate, create_certification, create_person


class Page(HTMLParser):
    """What a reader of the page meets: its words, and the labels of its fields."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._is_hidden = False
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._is_hidden = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._is_hidden = False

    def handle_data(self, data: str) -> None:
        if not self._is_hidden:
            self.text += " " + " ".join(data.split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


class Site:
    """A page's installation with one badge, valid from a year ago for another year."""

    def __init__(self, engine: Engine, home: Path, **settings: object) -> None:
        self.engine = engine
        self.settings = Settings.model_validate({"home": home, "public_url": "https://training.example", **settings})
        self.client = TestClient(Starlette(routes=verify_routes(AppContext(self.settings, engine))))
        with unit_of_work(engine) as session:
            person = create_person(session, display_name="Ada <Holder>", email="ada@example.com")
            certificate = create_certificate(
                session,
                person,
                create_certification(session, name="Safety & <b>Lifts</b>"),
                issued_on=clock.today() - timedelta(days=365),
                expires_on=clock.today() + timedelta(days=365),
                certificate_number="LIFT-7",
            )
            signer = load_or_create_badge_signer(self.settings)
            badge = issue_badge(session, signer, certificate_id=certificate.id, now=clock.now())
            self.certificate_id, self.public_id, self.credential = certificate.id, badge.public_id, badge.credential

    def change(self, **fields: object) -> None:
        with unit_of_work(self.engine) as session:
            certificate = session.get_one(Certificate, self.certificate_id)
            for name, value in fields.items():
                setattr(certificate, name, value)

    def request_count(self) -> int:
        with read_only_session(self.engine) as session:
            counted = select(func.count()).select_from(LedgerEvent).where(LedgerEvent.kind == "verification.requested")
            return session.scalar(counted) or 0

    def page(self, public_id: str | None = None, **query: str) -> Page:
        return Page(self.client.get(f"/verify/{public_id or self.public_id}", params=query).text)


@pytest.fixture
def site(committed_engine: Engine, tmp_path: Path) -> Iterator[Site]:
    yield Site(committed_engine, tmp_path / "home")


class TestLink:
    @pytest.mark.requirement("BDG-03", "CRT-04", "KPI-03")
    def test_it_says_in_words_that_it_is_valid_and_what_was_checked(self, site: Site) -> None:
        text = site.page().text
        today = clock.today()
        assert f"This certificate is valid on {today.day} {today:%B %Y}." in text
        for name in ("Signature", "Issuer", "Status", "Expiry", "Entry in the ledger"):
            assert f"{name}:" in text
        assert site.request_count() == 1

    @pytest.mark.requirement("BDG-04")
    @pytest.mark.parametrize(
        ("days", "words"),
        [(365, "is valid on"), (366, "is expired on"), (-366, "does not count on")],
    )
    def test_another_day_is_answered_for_that_day(self, site: Site, days: int, words: str) -> None:
        today = clock.today()
        on = today + timedelta(days=days)
        text = site.page(on=on.isoformat()).text
        assert f"{words} {on.day} {on:%B %Y}" in text
        assert f"As of today, {today.day} {today:%B %Y}: valid." in text

    def test_a_revoked_one_is_revoked_at_once(self, site: Site) -> None:
        site.page()
        site.change(revoked_at=clock.now(), revoked_from=clock.today())
        assert "This certificate is revoked on" in site.page().text
        assert "is valid on" in site.page(on=(clock.today() - timedelta(days=1)).isoformat()).text

    def test_names_are_escaped_and_shown_only_when_the_holder_wants(self, site: Site) -> None:
        answer = site.client.get(f"/verify/{site.public_id}").text
        assert "Ada" not in answer
        assert "<b>" not in answer and "Safety &amp; &lt;b&gt;Lifts&lt;/b&gt;" in answer
        with unit_of_work(site.engine) as session:
            session.scalars(select(Badge)).one().shows_name = True
        assert "Ada &lt;Holder&gt;" in site.client.get(f"/verify/{site.public_id}").text

    def test_unknown_hidden_and_malformed_ids_are_answered_alike(self, site: Site) -> None:
        site.change(is_public=False)
        ids = [site.public_id, "x" * 22, "a", "%27%3B--", "%00", "a" * 500]
        answers = [site.client.get(f"/verify/{public_id}") for public_id in ids]
        bodies = {
            answer.text.replace(f'action="/verify/{public_id}"', 'action="/verify/ID"')
            for answer, public_id in zip(answers, ids, strict=True)
        }
        assert {answer.status_code for answer in answers} == {404}
        assert len(bodies) == 1
        headers = [{name: v for name, v in answer.headers.items() if name != "content-length"} for answer in answers]
        assert all(item == headers[0] for item in headers)
        assert site.request_count() == len(ids)

    @pytest.mark.parametrize("on", ["yesterday", "2026-02-30", "20261102", "2026-11-2", "0000-01-01"])
    def test_a_day_that_is_none_is_said_so(self, site: Site, on: str) -> None:
        answer = site.client.get(f"/verify/{site.public_id}", params={"on": on})
        assert answer.status_code == 422
        assert "year-month-day" in answer.text

    def test_the_extremes_of_the_calendar_are_days(self, site: Site) -> None:
        for on in ("0001-01-01", "9999-12-31"):
            assert site.client.get(f"/verify/{site.public_id}", params={"on": on}).status_code == 200

    def test_head_asks_nothing(self, site: Site) -> None:
        assert site.client.head(f"/verify/{site.public_id}").status_code == 200
        assert site.request_count() == 0

    def test_the_qr_code_is_of_the_page(self, site: Site) -> None:
        answer = site.client.get(f"/verify/{site.public_id}/qr.svg")
        assert answer.headers["Content-Type"] == "image/svg+xml"
        assert f"QR code of https://training.example/verify/{site.public_id}" in answer.text

    def test_did_json_is_served_at_both_places(self, site: Site) -> None:
        for path in ("/.well-known/did.json", "/did.json"):
            answer = site.client.get(path)
            assert answer.json()["id"] == "did:web:training.example"
            assert answer.headers["Content-Type"] == "application/did+json"


class TestForm:
    @pytest.mark.requirement("CRT-04")
    def test_number_link_text_and_file_are_taken(self, site: Site) -> None:
        picture = bake_png(draw_png(Picture("a", "b")), site.credential)
        sent: list[dict[str, object]] = [
            {"data": {"presented": " LIFT-7 "}},
            {"data": {"presented": f"https://training.example/verify/{site.public_id}"}},
            {"data": {"presented": site.credential}},
            {"files": {"file": ("badge.png", picture, "image/png")}},
            {"files": {"file": ("badge.json", site.credential.encode(), "text/html")}},
        ]
        for fields in sent:
            answer = site.client.post("/verify", **fields)  # type: ignore[arg-type]
            assert (answer.status_code, "is valid on" in answer.text) == (200, True), fields
        past = {"presented": site.credential, "on": (clock.today() - timedelta(days=400)).isoformat()}
        assert "does not count on" in site.client.post("/verify", data=past).text
        assert site.request_count() == len(sent) + 1

    def test_a_forged_credential_is_not_confirmed(self, site: Site) -> None:
        forged = json.loads(site.credential)
        forged["name"] = "Another"
        answer = site.client.post("/verify", data={"presented": json.dumps(forged)})
        assert "Do not rely on it" in answer.text
        assert "forged or changed" in answer.text

    def test_what_is_pasted_cannot_write_into_the_page(self, site: Site) -> None:
        for text in ("<script>alert(1)</script>", '{"issuer":"<script>alert(1)</script>"}'):
            assert "<script" not in site.client.post("/verify", data={"presented": text}).text

    def test_nothing_and_too_much_are_refused(self, site: Site) -> None:
        assert site.client.post("/verify", data={"presented": ""}).status_code == 422
        large = {"file": ("badge.png", b"x" * (MOST_BODY_BYTES + 1), "image/png")}
        assert site.client.post("/verify", files=large).status_code == 413
        assert site.client.post("/verify", data={"presented": "x" * (MOST_BODY_BYTES + 1)}).status_code == 413

    def test_a_broken_form_is_refused(self, site: Site) -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        assert site.client.post("/verify", content=b"--b\r\nnonsense", headers=headers).status_code in {413, 422}


class TestAccessibility:
    def test_every_field_has_a_label_and_every_picture_a_text(self, site: Site) -> None:
        for page in (site.page(), Page(site.client.get("/verify").text)):
            labels = {label["for"] for label in page.all("label")}
            fields = [*page.all("input"), *page.all("textarea")]
            assert fields and all(field["id"] in labels for field in fields)
            assert all(image.get("alt") for image in page.all("img"))
            assert page.all("html") == [{"lang": "en"}]
            assert len(page.all("h1")) == len(page.all("main")) == 1
            assert page.all("script") == []

    def test_headings_do_not_skip_a_level(self, site: Site) -> None:
        levels = [int(tag[1]) for tag, _ in site.page().tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))

    def test_the_policy_allows_no_script(self, site: Site) -> None:
        policy = site.client.get("/verify").headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'") and "script" not in policy and "unsafe" not in policy


class TestRateLimit:
    def test_a_client_that_asks_too_often_waits(self, committed_engine: Engine, tmp_path: Path) -> None:
        site = Site(committed_engine, tmp_path / "home", verify_requests_per_minute=3)
        answers = [site.client.get(f"/verify/{site.public_id}") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert 1 <= int(answers[3].headers["Retry-After"]) <= 20
        assert site.client.post("/verify", data={"presented": "LIFT-7"}).status_code == 429
        assert site.request_count() == 3

    def test_tokens_come_back_steadily_and_not_beyond_the_rate(self) -> None:
        limit = RateLimit(60)
        assert [limit.seconds_to_wait("192.0.2.1", at=0.0) for _ in range(61)] == [0] * 60 + [1]
        assert limit.seconds_to_wait("192.0.2.1", at=1.0) == 0
        assert limit.seconds_to_wait("192.0.2.1", at=1.0) == 1
        assert [limit.seconds_to_wait("192.0.2.1", at=10_000.0) for _ in range(61)][-1] == 1
        assert limit.seconds_to_wait("192.0.2.2", at=0.0) == 0

    def test_memory_is_bounded(self) -> None:
        limit = RateLimit(1, most_clients=100)
        for number in range(1_000):
            limit.seconds_to_wait(f"client-{number}", at=0.0)
        assert limit.client_count == 100

    @pytest.mark.parametrize(
        ("one", "other", "is_same"),
        [
            ("2001:db8::1", "2001:db8::2", True),
            ("2001:db8::1", "2001:db8:0:1::1", False),
            ("::ffff:192.0.2.1", "192.0.2.1", True),
            ("192.0.2.1", "192.0.2.2", False),
        ],
    )
    def test_who_counts_as_one_client(self, one: str, other: str, is_same: bool) -> None:
        assert (client_key(one) == client_key(other)) is is_same
