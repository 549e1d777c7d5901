"""A signal begins a run only if it proves itself, comes in time, for the first time, and not too often; and whoever doesn't prove
to know the secret learns nothing from the answer."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.model.account import SignalTerms
from planrunner.model.errors import JournalTrouble, Refused
from planrunner.runtime.clock import VirtualClock, run_on
from planrunner.web.office import Bounds
from planrunner.web.signals import LARGEST, Gate, Passed, Sent, Turned, Why
from tests.web.service import SECRET, SIGNALS, START, Desk, Service

AT = str(int(START.timestamp()))
BODY = b'{"stake": "3.10 GBP", "lowest": 2.50}'


def signed(body: bytes = BODY, *, name: str = "signed", time: str = AT, nonce: str = "n-1", secret: str = SECRET) -> Sent:
    """As a sender signs."""
    told = hmac.new(secret.encode(), f"{time}.{nonce}.".encode() + body, hashlib.sha256).hexdigest()
    return Sent(name=name, raw=body, time=time, nonce=nonce, signature=f"sha256={told}")


def shared(**fields: Any) -> Sent:
    """As a sender that can't sign."""
    return Sent(
        name="shared", raw=json.dumps({"token": SECRET, "at": "2026-12-05T11:00:00Z", "stake": "3.10 GBP"} | fields).encode()
    )


def gate(clock: VirtualClock | None = None, **terms: Any) -> Gate:
    found = {name: replace(one, **terms) for name, one in SIGNALS.items()}
    return Gate(lambda: found, {"signed": SECRET, "shared": SECRET}, clock or VirtualClock(START))


def why(judged: Passed | Turned) -> Why:
    assert isinstance(judged, Turned), judged
    return judged.why


# --- judged


def test_what_is_signed_passes_with_its_inputs_as_written() -> None:
    assert gate().judge(signed()) == Passed(key="n-1", values={"stake": "3.10 GBP", "lowest": "2.50"})
    assert gate().judge(signed(time="2026-12-05T12:00:00+01:00")) == gate().judge(signed())


def test_what_holds_the_token_passes_without_it() -> None:
    assert gate().judge(shared(id="close:42")) == Passed(key="close:42", values={"stake": "3.10 GBP"})
    by_body = gate().judge(shared())
    assert by_body == Passed(key=hashlib.sha256(shared().raw).hexdigest(), values={"stake": "3.10 GBP"})


@given(st.data())
def test_nothing_that_differs_from_what_was_signed_passes(data: st.DataObject) -> None:
    """One letter anywhere, or the same letters cut at another place."""
    sent = signed()
    field = data.draw(st.sampled_from(["name", "raw", "time", "nonce", "signature"]))
    before = getattr(sent, field)
    text = before.decode() if isinstance(before, bytes) else before
    at = data.draw(st.integers(0, len(text)))
    letter = data.draw(st.sampled_from(["", "0", "1", "a", "f", ".", " ", '"', "}", "\xe9"]))
    after = data.draw(st.sampled_from([text[:at] + letter + text[at + 1 :], text[:at] + letter + text[at:], ""]))
    changed = replace(sent, **{field: after.encode() if isinstance(before, bytes) else after})
    if changed == sent or changed.signature == sent.signature.upper():
        return
    judged = gate().judge(changed)
    assert isinstance(judged, Turned)
    assert not judged.is_proven


@given(st.integers(0, 200), st.integers(0, 200), st.sampled_from([AT, "2026-12-05T11:00:00Z", "2026-12-05T11:00:00.25Z"]))
def test_what_was_signed_can_not_be_cut_another_way(first: int, second: int, time: str) -> None:
    """Time, nonce and body stand in the signed text one behind the other; with other ends they would be another signal."""
    sent = signed(b'{"lowest": 2.50, "stake": "3.10 GBP"}', time=time)
    whole = f"{sent.time}.{sent.nonce}.".encode() + sent.raw
    dots = [at for at, letter in enumerate(whole) if letter == ord(".")]
    one, other = dots[first % len(dots)], dots[second % len(dots)]
    if one >= other:
        return
    cut = replace(sent, time=whole[:one].decode(), nonce=whole[one + 1 : other].decode(), raw=whole[other + 1 :])
    assert cut == sent or not isinstance(gate().judge(cut), Passed)


@given(st.integers(-300, 300), st.sampled_from([signed, shared]))
def test_it_is_taken_within_its_time_in_both_directions(seconds: int, make: Any) -> None:
    at = (START + timedelta(seconds=seconds)).isoformat()
    judged = gate().judge(signed(time=at) if make is signed else shared(at=at))
    if abs(seconds) <= 60:
        assert isinstance(judged, Passed)
    else:
        assert judged == Turned(why=Why.LATE if seconds < 0 else Why.EARLY, is_proven=True)


@pytest.mark.parametrize("time", ["", "now", "2026-12-05T11:00:00", "9" * 30, "-1", "1e9", "٣", "9999-12-31T23:59:59-23:59"])
def test_a_time_that_is_none_is_none(time: str) -> None:
    assert why(gate().judge(signed(time=time))) in (Why.NO_TIME, Why.EARLY)
    assert why(gate().judge(shared(at=time))) in (Why.NO_TIME, Why.EARLY)


def test_the_same_signal_again_is_seen_for_as_long_as_its_time_would_fit() -> None:
    clock = VirtualClock(START)
    door = gate(clock, at_most_per_minute=100)
    early = signed(time=str(int(AT) + 60))
    for sent in (early, shared(id="1")):
        assert isinstance(door.judge(sent), Passed)
        assert why(door.judge(sent)) is Why.SEEN
    clock.jump(119)
    assert why(door.judge(early)) is Why.SEEN
    clock.jump(2)
    assert why(door.judge(early)) is Why.LATE
    assert isinstance(door.judge(signed(nonce="n-2", time=str(int(AT) + 121))), Passed)


def test_another_name_has_its_own_nonces() -> None:
    door = gate()
    assert isinstance(door.judge(signed(nonce="1")), Passed)
    assert isinstance(door.judge(shared(id="1")), Passed)


@pytest.mark.parametrize("nonce", ["", "a.b", "a b", "x" * 65, "ä"])
def test_a_nonce_that_could_be_something_else_is_none(nonce: str) -> None:
    assert why(gate().judge(signed(nonce=nonce))) is Why.NO_NONCE


def test_so_many_a_minute_and_strangers_do_not_count() -> None:
    clock = VirtualClock(START)
    door = gate(clock)
    for number in range(200):
        assert why(door.judge(signed(nonce=f"f{number}", secret="guessed"))) is Why.FORGED
    for number in range(3):
        assert isinstance(door.judge(signed(nonce=f"n{number}")), Passed)
    assert why(door.judge(signed(nonce="n3"))) is Why.TOO_MANY
    assert isinstance(door.judge(shared()), Passed), "each name has its own"
    clock.jump(60)
    assert isinstance(door.judge(signed(nonce="n3")), Passed), "what was too many may come again"


FLAT = st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]{0,39}", fullmatch=True), st.text(st.characters(codec="utf-8")), max_size=5)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5,
)  # fmt: skip


@given(FLAT, ANY_JSON)
def test_inputs_are_texts_and_numbers_and_nothing_else(flat: dict[str, str], other: Any) -> None:
    assert gate().judge(signed(json.dumps(flat).encode())) == Passed(key="n-1", values=flat)
    is_fit = isinstance(other, str) or (
        isinstance(other, int | float) and not isinstance(other, bool) and abs(other) < float("inf")
    )
    try:
        str(other).encode()
    except UnicodeEncodeError:
        is_fit = False
    raw = json.dumps(flat | {"one_more": other}).encode()
    assert isinstance(gate().judge(signed(raw)), Passed) == is_fit


@given(st.binary(max_size=200))
def test_whatever_was_signed_is_a_signal_or_is_none(body: bytes) -> None:
    judged = gate().judge(signed(body))
    assert isinstance(judged, Passed) or judged == Turned(why=Why.NO_OBJECT, is_proven=True)


@pytest.mark.parametrize(
    "body",
    [b'{"lowest": 3.10, "lowest": 9}', b"[" * 16_000, b'{"x": ' * 3_000, b'{"lowest": NaN}', b'{"Stake": "1"}', b'{"a b": "1"}',
     b'{"lowest": "\\ud800"}', b"\xef\xbb\xbf{}", b""],
)  # fmt: skip
def test_what_says_a_thing_twice_or_nothing_is_no_signal(body: bytes) -> None:
    assert why(gate().judge(signed(body))) is Why.NO_OBJECT


def test_a_signal_whose_secret_is_not_set_is_unknown() -> None:
    assert why(gate().judge(signed(name="keyless", secret=""))) is Why.UNKNOWN
    empty = Gate(lambda: {"x": SignalTerms(name="x")}, {"x": ""}, VirtualClock(START))
    assert why(empty.judge(signed(name="x", secret=""))) is Why.UNKNOWN


# --- over HTTP


async def _send(desk: Desk, sent: Sent, *, host: str = "192.0.2.1", **more: Any) -> httpx.Response:
    headers = {"X-Planrunner-Time": sent.time, "X-Planrunner-Nonce": sent.nonce, "X-Planrunner-Signature": sent.signature}
    async with desk.client(host=host) as client:
        response: httpx.Response = await client.post(
            f"/api/v1/signals/{sent.name}", content=sent.raw, headers={k: v for k, v in headers.items() if v}, **more
        )
    return response


def test_a_signal_begins_its_run_once(desk: Desk) -> None:
    first = asyncio.run(_send(desk, signed()))
    assert (first.status_code, first.json()) == (202, {"runs": ["20261205-1100-run0"]})
    assert desk.service.values == [{"stake": "3.10 GBP", "lowest": "2.50"}]
    again = asyncio.run(_send(desk, signed()))
    assert (again.status_code, again.json()) == (409, {"code": "seen before"})
    restarted = Desk(desk.service)
    assert asyncio.run(_send(restarted, signed())).json() == {"runs": []}, "the journal knows it after a restart, too"
    assert restarted.log[0]["outcome"] == "began nothing"
    assert len(desk.service.began) == 1
    assert (desk.log[0]["outcome"], desk.log[0]["runs"], desk.log[0]["key"]) == ("taken", ["20261205-1100-run0"], "n-1")
    assert asyncio.run(_send(desk, shared())).status_code == 202


def test_whoever_does_not_prove_themselves_gets_the_same_answer_whatever_is_wrong(desk: Desk) -> None:
    async def ask() -> None:
        strangers = [
            signed(secret="guessed"), signed(name="nobodys"), signed(name="keyless"), replace(signed(), signature=""),
            Sent(name="signed", raw=b""), signed(b"x" * (LARGEST + 1)), signed(b"x" * (LARGEST + 1), secret="guessed"),
            shared(token="guessed"), shared(token=None), replace(signed(time="1"), signature="sha256=0"),
            Sent(name="shared", raw=b"[" * 9_000),
        ]  # fmt: skip
        answers = [await _send(desk, sent, host=f"192.0.2.{number}") for number, sent in enumerate(strangers)]
        assert {(one.status_code, one.content, tuple(one.headers.items())) for one in answers} == {
            (404, b"", tuple(answers[0].headers.items()))
        }
        async with desk.client(host="192.0.2.99") as client:
            for method, path in (
                ("GET", "signed"),
                ("PUT", "nobodys"),
                ("POST", "signed/x"),
                ("OPTIONS", "signed"),
                ("POST", ""),
            ):
                other = await client.request(method, f"/api/v1/signals/{path}")
                assert (other.status_code, other.content) == (404, b""), path
        assert not desk.service.began
        reasons = [line["outcome"] for line in desk.log if "outcome" in line]
        assert reasons[:3] == ["wrong proof", "unknown name", "unknown name"]
        assert reasons.count("too large") == 2
        told = "".join(desk.lines)
        assert SECRET not in told
        assert "guessed" not in told

    asyncio.run(ask())


def test_a_stranger_can_not_use_up_what_the_sender_may(desk: Desk) -> None:
    async def ask() -> None:
        for number in range(60):
            assert (await _send(desk, signed(nonce=f"f{number}", secret="guessed"), host="198.51.100.9")).status_code == 404
        assert (await _send(desk, signed(), host="198.51.100.9")).status_code == 404, (
            "the stranger's address is not read any more"
        )
        assert (await _send(desk, signed())).status_code == 202
        assert len(desk.lines) < 45, "nor is the log filled"

    asyncio.run(ask())


def test_a_proxy_of_this_machine_is_never_shut_out_by_who_comes_through_it(desk: Desk) -> None:
    async def ask() -> None:
        for number in range(60):
            await _send(desk, signed(nonce=f"f{number}", secret="guessed"), host="127.0.0.1")
        assert (await _send(desk, signed(), host="127.0.0.1")).status_code == 202

    asyncio.run(ask())


def test_whoever_sends_a_byte_a_second_holds_up_nobody_else(desk: Desk) -> None:
    slow = Desk(Service(desk.service.folder), options={"bounds": Bounds(signals=6, per_client=2)})

    async def drip() -> Any:
        for _ in range(100):
            await asyncio.sleep(1)
            yield b" "

    async def ask(_: Any) -> None:
        async def hold(number: int) -> int:
            async with slow.client(host="198.51.100.9") as client:
                return (await client.post("/api/v1/signals/signed", content=drip())).status_code

        held = [asyncio.ensure_future(hold(number)) for number in range(10)]
        await asyncio.sleep(2)
        at = str(int(slow.clock.now().timestamp()))
        assert (await _send(slow, signed(time=at))).status_code == 202
        assert (await slow.get("/api/v1/plans")).status_code == 200
        assert await asyncio.gather(*held) == [404] * 10
        assert slow.clock.age() < 10

    run_on(slow.clock, ask)


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (signed(time=str(int(AT) - 61)), 400, "late"),
        (signed(time=str(int(AT) + 61)), 400, "early"),
        (signed(time=""), 400, "no time"),
        (signed(nonce="a.b"), 400, "no nonce"),
        (signed(b"[]"), 422, "no flat JSON object"),
        (signed(b'{"stake": "10.01 GBP"}'), 422, "not for the plan"),
        (signed(b'{"stake": 3}'), 422, "not for the plan"),
        (signed(b'{"amount": "3.00 GBP"}'), 422, "not for the plan"),
    ],
)
def test_the_sender_gets_a_code_and_the_owner_the_reason(desk: Desk, sent: Sent, status: int, code: str) -> None:
    answer = asyncio.run(_send(desk, sent))
    assert (answer.status_code, answer.json()) == (status, {"code": code})
    assert not desk.service.began
    [line] = desk.log
    assert (line["signal"], line["outcome"]) == ("signed", code)
    if code == "not for the plan":
        assert "PR" in line["because"]


def test_what_could_not_be_carried_out_may_come_again(desk: Desk) -> None:
    for trouble, status in ((JournalTrouble("the disk is full"), 503), (Refused("stopped"), 409)):
        desk.service.trouble = trouble
        answer = asyncio.run(_send(desk, signed()))
        assert answer.status_code == status
        assert str(trouble) not in answer.text
        assert desk.log[-1]["because"] == str(trouble)
    desk.service.trouble = None
    assert asyncio.run(_send(desk, signed())).status_code == 202


def test_signals_are_counted_by_what_became_of_them(desk: Desk) -> None:
    async def ask() -> str:
        await _send(desk, signed())
        await _send(desk, signed())
        for name in ("made-up", "made-up-too"):
            await _send(desk, signed(name=name))
        return (await desk.get("/metrics", None)).text

    text = asyncio.run(ask())
    for name, outcome, count in (("signed", "taken", 1), ("signed", "seen before", 1), ("", "unknown name", 2)):
        assert f'planrunner_signals_total{{name="{name}",outcome="{outcome}"}} {count}.0' in text
    assert "made-up" not in text, "names that strangers make up are no labels"
