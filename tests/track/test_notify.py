"""Messages arrive, and addresses are never shown."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from kpilab.core.finding import CLEAR_REST, BridgeRow
from kpilab.core.values import Effect, Message
from kpilab.errors import BadInput
from kpilab.track.notify import ENVIRONMENT, NotSent, addresses, notify, short
from kpilab.track.store import Store
from tests.report.reviews import nothing, story


@pytest.fixture
def receiver():
    """A web server on this machine that keeps what it gets and answers with `status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((self.path, json.loads(body)))
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.status = [], 200
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def url(server, secret="tok3n"):
    return f"json://user:{secret}@127.0.0.1:{server.server_port}/hook/{secret}"


def test_a_message_arrives_everywhere(receiver, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, f"{url(receiver)}\n {url(receiver, 'other')}")
    assert notify("title", "body 订单") == 2
    assert [(p, m["title"], m["message"]) for p, m in receiver.got] == [
        ("/hook/tok3n", "title", "body 订单"),
        ("/hook/other", "title", "body 订单"),
    ]


def test_a_refusal_is_told_without_the_address(receiver, capfd):
    receiver.status = 500
    with pytest.raises(NotSent) as told:
        notify("t", "b", to=[url(receiver)])
    assert str(told.value) == "the message did not reach address 1 (json://…) of 1"
    assert "tok3n" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("address", ["nonsense://tok3n", "tok3n", "slack://tok3n"])
def test_an_address_that_is_none_is_told_without_it(address, monkeypatch, capfd):
    monkeypatch.setenv(ENVIRONMENT, address)
    with pytest.raises(BadInput, match="address 1") as told:
        notify("t", "b")
    assert "tok3n" not in str(told.value) + "".join(capfd.readouterr())


def test_addresses_may_stand_in_the_keyring(monkeypatch):
    keyring = ModuleType("keyring")
    keyring.__spec__ = ModuleSpec("keyring", None)
    keyring.get_password = lambda service, name: f"json://{service}/{name} json://b"
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert addresses() == ("json://kpilab/notify_urls", "json://b")
    monkeypatch.setenv(ENVIRONMENT, "json://c")
    assert addresses() == ("json://c",)


def test_without_an_address_it_says_where_to_put_one(monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    with pytest.raises(BadInput, match=ENVIRONMENT):
        notify("t", "b")


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("Unmonitored leak: Pay rate", "−5,200", "93 % sure")),
        ("zh", ("支付率", "−5,200", "把握 93%")),
    ],
)
def test_the_verdict_is_short_and_in_both_languages(tmp_path, lang, words):
    with Store.open(tmp_path) as store:
        title, body = short(store.review(store.save(story())), lang)
    assert story().title in title
    assert all(word in body for word in words)
    assert len(body.splitlines()) == 3


def test_when_nothing_is_wrong_it_says_so(tmp_path):
    with Store.open(tmp_path) as store:
        assert (
            "Nothing is wrong beyond noise." in short(store.review(store.save(nothing())), "en")[1]
        )


def test_what_a_gain_hides_is_told(tmp_path):
    rest = BridgeRow(Message(CLEAR_REST), -4000.0, -6000.0, -2000.0)
    gain = replace(story().causes[0], effect=Effect(5000.0))
    hides = replace(
        nothing(), bridge=(*nothing().bridge[:-1], rest), gains=(gain,), answer="cannot_tell"
    )
    with Store.open(tmp_path) as store:
        said = short(store.review(store.save(hides)), "en")[1]
    assert "A gain hides a loss" in said
