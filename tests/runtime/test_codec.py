"""The journal's text: what was written is what is read, and the same value is always the same bytes."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.model.errors import JournalTrouble
from planrunner.model.events import RunStarted, StopRequested
from planrunner.model.journal import Body, Exchange, RunInfo
from planrunner.runtime.codec import VERSION, decode, decode_info, encode, encode_info
from tests.laws import law

from .strategies import bodies, values


@given(body=bodies)
@law(200, share=60)
def test_every_body_comes_back_as_it_was(body):
    kind, text = encode(body)
    assert decode(kind, text) == body
    assert encode(decode(kind, text)) == (kind, text)
    assert text.isascii()


@pytest.mark.parametrize("type_", get_args(Body), ids=lambda type_: type_.__name__)
@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_no_kind_is_forgotten(type_, data):
    body = data.draw(values(type_))
    assert decode(*encode(body)) == body


@given(info=values(RunInfo))
@settings(max_examples=30, deadline=None)
def test_what_is_known_of_a_run_comes_back_as_it_was(info):
    assert decode_info(encode_info(info)) == info


@given(program=values(RunStarted))
@settings(max_examples=30, deadline=None)
def test_the_order_in_which_a_mapping_was_filled_changes_no_byte(program):
    backwards = type(program.program)(
        **{
            name: dict(reversed(value.items())) if isinstance(value := getattr(program.program, name), dict) else value
            for name in type(program.program).__slots__
        }
    )
    assert encode(RunStarted(at=program.at, program=backwards)) == encode(program)


def test_amounts_keep_their_places_and_exchanges_their_exact_numbers():
    at = datetime(2026, 12, 5, tzinfo=UTC)
    sent = Exchange(title="place", method="POST", url="http://x", request={"size": Decimal("10.00"), "price": 3.1}, sent_at=at)
    back = decode(*encode(sent))
    assert repr(back.request) == "{'size': Decimal('10.00'), 'price': 3.1}"


def test_whatever_a_venue_sends_can_be_written_down():
    at = datetime(2026, 12, 5, tzinfo=UTC)
    sent = Exchange(title="place", method="POST", url="http://x", request=None, sent_at=at, answer={"\ud800": "\x00\u2028"})
    assert decode(*encode(sent)) == sent


def test_times_are_written_in_utc_and_never_without_a_zone():
    here = datetime(2026, 12, 5, 15, tzinfo=timezone(timedelta(hours=1)))
    assert "2026-12-05T14:00:00+00:00" in encode(StopRequested(at=here, text=""))[1]
    with pytest.raises(ValueError, match="no zone"):
        encode(StopRequested(at=datetime(2026, 12, 5), text=""))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"at":"2026-12-05T14:00:00+00:00"}', '{"at":"yesterday","text":""}', '{"at":1,"text":""}',
     '{"at":"2026-12-05T14:00:00+00:00","text":"","more":1}'],
)  # fmt: skip
def test_damaged_text_is_named_never_guessed(text):
    with pytest.raises(JournalTrouble, match="StopRequested"):
        decode("StopRequested", text)


def test_what_a_newer_planrunner_wrote_is_refused():
    kind, text = encode(StopRequested(at=datetime(2026, 12, 5, tzinfo=UTC), text=""))
    with pytest.raises(JournalTrouble, match="update planrunner"):
        decode(kind, text, VERSION + 1)
    with pytest.raises(JournalTrouble, match="update planrunner"):
        decode("SomethingNew", text)
