"""Reading recordings: packed or plain, exact numbers, and clear words for files that are no use."""

import gzip
import io

import pytest

from planrunner.matching.recorded import BadRecording, read_lines, survey
from planrunner.matching.recording import Reader
from planrunner.matching.shown import pence
from tests.matching.support import LADDERS, REDS, T, definition, line

PLAIN = REDS.read_bytes()
LINES = PLAIN.splitlines()


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace(b"\n", b"\r\n"),
        PLAIN[:-1],
        gzip.compress(PLAIN),
        gzip.compress(PLAIN[:1000]) + gzip.compress(PLAIN[1000:]),
    ],
    ids=["plain", "crlf", "no newline at the end", "gzip", "gzip in two parts"],
)
def test_packed_or_not_the_lines_are_the_same(content):
    assert [text.rstrip() for text in read_lines(io.BytesIO(content))] == LINES
    assert survey(read_lines(io.BytesIO(content)), LADDERS).closed


def opening(*lines):
    return b"\n".join([line(T, marketDefinition=definition(), img=True), *lines])


@pytest.mark.parametrize(
    ("content", "number", "words"),
    [
        (b"", None, "empty"),
        (PLAIN[:2_000], 7, "cut off"),
        (gzip.compress(PLAIN)[:600], None, "cut off"),
        (gzip.compress(PLAIN)[:-3], 13, "cut off"),
        (b"\x1f\x8bnonsense", 1, "cut off"),
        (b"name,odds\nReds,3.05\n", 1, "not readable"),
        (b"\xff\xfe\x00", 1, "not readable"),
        (b"[" * 100_000, 1, "not readable"),
        (b"[1, 2]", 1, "not one stream message"),
        (b'{"op":"ocm","pt":1}', 1, "op mcm"),
        (b'{"op":"mcm","pt":1,"mc":[{"id":"1.1","rc":[]}]}', None, "never says what market"),
        (PLAIN.replace(b'"id":"1.', b'"di":"1.'), 1, "does not name its market"),
        (opening(b'{"op":"mcm","mc":[{"id":"1.1"}]}'), 2, "no time"),
        (opening(b'{"op":"mcm","pt":2000000,"mc":[{"id":"1.2"}]}'), 2, "market 1.2 after 1.1"),
        (opening(b"", line(T + 1, {"id": 11, "atb": [[3]]})), 3, "does not make sense"),
        (opening(line(T + 1, {"atb": [[3, 1]]})), 2, "does not make sense"),
        (opening(line(T + 1, marketDefinition={"status": "OPEN"})), 2, "definition"),
        (opening(line(T + 1, {"id": 11, "atb": [[3.03, 5]]})), None, "3.03"),
        (opening(b'{"op":"mcm","pt":2000000,"mc":[{"id":"1.1","tv":1e999}]}'), 2, "out of range"),
    ],
)
def test_a_file_that_is_no_use_says_why_and_where(content, number, words):
    with pytest.raises(BadRecording, match=words) as caught:
        survey(read_lines(io.BytesIO(content)), LADDERS)
    if number is not None:
        assert caught.value.line == number
        assert f"line {number} " in str(caught.value)


def test_numbers_stay_exact_and_one_number_is_one_value():
    text = b'{"op":"mcm","pt":1,"mc":[{"id":"1.1","x":[8.8,8.80,8,8.0,880e-2,0.0,2.3000000000000003,"NaN",NaN]}]}'
    ((_, (change,)),) = Reader([text]).messages()
    assert change["x"] == ["8.8", "8.8", 8, 8, "8.8", 0, "2.3000000000000003", "NaN", "NaN"]


@pytest.mark.parametrize(
    ("recorded", "amount"),
    [
        (7, 700),
        ("7.5", 750),
        ("7.05", 705),
        ("0.01", 1),
        ("-0.05", -5),
        ("2.3000000000000003", 230),
        ("2.299999999999", 230),
        ("0.005", 0),
    ],
)
def test_money_is_told_in_pence_and_noise_below_the_penny_is_rounded_away(recorded, amount):
    assert pence(recorded) == amount


def test_best_offers_are_skipped_without_a_trace_on_anything_else():
    runner = b'{"bdatl":[],"atb":[[3,1]],"bdatb":[[0,3,1],[1,2.98,2]]}'
    last = b'{"op":"mcm","pt":1,"mc":[{"id":"1.1","rc":[%b],"n":"a\\"batb\\":[[1]]"}]}' % runner
    reader = Reader([last, last])
    reader.skip_best_offers = True
    for _, (change,) in reader.messages():
        assert change["rc"][0]["atb"] == [[3, 1]]
        assert "bdatb" not in change["rc"][0]
        assert change["n"] == 'a"batb":[[1]]'


def test_connection_messages_and_heartbeats_pass_and_time_never_goes_back():
    reader = Reader([
        b'{"op":"connection","connectionId":"1"}', b'{"op":"mcm","pt":5,"ct":"HEARTBEAT"}',
        b'{"op":"mcm","pt":7,"mc":[{"id":"1.1"}]}', b'{"op":"mcm","pt":6,"mc":[{"id":"1.1"}]}',
    ])  # fmt: skip
    assert [at for at, _ in reader.messages()] == [7, 7]
