"""The Tote's and ABP's adapters and whatever may answer them and push: any bytes, any JSON, and true words with parts changed.

What is told is a fact, a refusal, or that nothing is known, and not at any length; a socket that says nonsense, closes or never
opens is in nobody's way.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import strategies as st

from planrunner.runtime.clock import VirtualClock, run_virtual
from planrunner.runtime.codec import decode, encode
from planrunner.venues import exact_json
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.oddspapi_abp import frames as abp_frames
from planrunner.venues.oddspapi_abp import wire as abp_wire
from planrunner.venues.tote import frames as tote_frames
from planrunner.venues.tote import wire as tote_wire
from tests.fuzz.laws import NUMBERS, RAW, STEPS, Law, changed, written
from tests.fuzz.talks import Heard, Liar, Lies, abp_talk, lies, talk_to_abp, talk_to_tote, tote_talk
from tests.sandbox import client, tote

LONGEST = 400  # characters of what a person is told; a venue's own words are not told at any length
OF_TOTE = ("Echo", "Meetings", "Products", "PlaceTicket", "Bets", "Pools", "Dividends")
OF_ABP = ("accounts", "status", "betslip", "orders", "bets", "place-orders", "cancel-orders")


def can_be_kept(heard: Heard) -> None:
    """What was told can be written down and read again, and is not endless."""
    for answer in heard.answers:
        for exchange in answer.exchanges:
            decode(*encode(exchange))
    for event in (*heard.events, *(event for answer in heard.answers for event in answer.events)):
        assert decode(*encode(event)) == event
        texts = {field.name: getattr(event, field.name) for field in fields(event) if field.name in ("text", "reason")}
        assert all(len(text) <= LONGEST for text in texts.values()), texts
    assert all(len(text) <= LONGEST for text in heard.refusals), heard.refusals


def any_answers_of_the_tote_are_survived(told: Lies) -> None:
    talk, card = tote_talk()

    async def main(clock: VirtualClock) -> Heard:
        heard, _ = await talk_to_tote(clock, Liar(talk, told), card)
        return heard

    can_be_kept(run_virtual(main, start=tote.BEGIN))


def any_answers_of_abp_are_survived(told: Lies) -> None:
    can_be_kept(run_virtual(lambda clock: talk_to_abp(clock, Liar(abp_talk(), told)), start=client.BEGIN))


def any_frame_is_read_or_unreadable(example: tuple[int, list[Any], bytes | None]) -> None:
    which, steps, raw = example
    pushed = [*tote_talk()[0].pushed, *abp_talk().pushed]
    text = (raw if raw is not None else written(changed(pushed[which % len(pushed)], steps))).decode("utf-8", "surrogatepass")
    readers: list[Callable[[], Any]] = [lambda: tote_frames.read(text), lambda: abp_frames.frame(text)]
    for read in readers:
        with suppress(Unreadable):
            found = read()
            if isinstance(found, abp_frames.Data):
                abp_frames.hint(found.payload)
                abp_frames.emergency(found.payload)


def any_bytes_are_an_answer_or_not(example: tuple[int, bytes, str]) -> None:
    status, content, wait = example
    try:
        value = exact_json.decode(content)
    except Unreadable:
        value = None
    assert tote_wire.open_envelope(status, value) is not None
    assert abp_wire.open_envelope(status, value, wait) is not None


TEXT = RAW.filter(lambda raw: _is_text(raw))
STATUS = st.sampled_from([200, 201, 204, 301, 400, 401, 403, 404, 409, 422, 429, 500, 501, 503])
NUMBER_INSIDE = NUMBERS.map(lambda number: b'{"detail":{"a":' + number + b'},"retry_after":' + number + b"}")


def _is_text(raw: bytes) -> bool:
    with suppress(UnicodeDecodeError):
        return bool(raw.decode("utf-8", "surrogatepass") or True)
    return False


LAWS = {
    "any answers of the Tote are survived": Law(of=any_answers_of_the_tote_are_survived, examples=lies(OF_TOTE), share=12),
    "any answers of ABP are survived": Law(of=any_answers_of_abp_are_survived, examples=lies(OF_ABP), share=15),
    "any frame is read or unreadable": Law(
        of=any_frame_is_read_or_unreadable, examples=st.tuples(st.integers(0, 500), STEPS, st.none() | st.none() | TEXT),
        share=400,
    ),
    "any bytes are an answer or not": Law(
        of=any_bytes_are_an_answer_or_not,
        examples=st.tuples(STATUS, RAW | NUMBER_INSIDE, st.text(max_size=8) | st.sampled_from(["1", "-1", "1e999999999", "NaN"])),
        share=300,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAWS)
def test_a_share(name: str) -> None:
    LAWS[name].holds_for_a_share()


@pytest.mark.storm
@pytest.mark.parametrize("name", LAWS)
def test_ten_minutes(name: str) -> None:
    print(f"{name}: {LAWS[name].holds_in_a_storm()} examples")


def test_everything_that_the_adapters_ask_is_lied_about() -> None:
    assert {one.name for one in tote_talk()[0].asked} == {*OF_TOTE}
    assert {one.name for one in abp_talk().asked} == {*OF_ABP}


@pytest.mark.parametrize("of_tote", [True, False])
def test_who_lets_us_in_and_hangs_up_at_once_is_called_less_and_less_often(*, of_tote: bool) -> None:
    """Five hours of it, with everything that is open looked up after each."""
    talk, card = tote_talk() if of_tote else (abp_talk(), ())
    rude = Lies(replies={}, frames=[(0.0, 0, [], None)], dialect=2 if of_tote else 0, closes=(1012, ""), denies=None)
    liar = Liar(talk, rude)

    async def main(clock: VirtualClock) -> None:
        await (talk_to_tote(clock, liar, card) if of_tote else talk_to_abp(clock, liar))

    run_virtual(main, start=tote.BEGIN if of_tote else client.BEGIN)
    assert 5 < liar.connected < 600
