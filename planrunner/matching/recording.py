"""Recorded market streams as bytes: unpack, cut into lines, read each line as a message with numbers kept exact.

A recording is what Betfair's stream sent for one market, one JSON message per line, plain or gzip. Whatever is wrong with a file
is told with its line: a file that was cut off in the middle must never look like a market where nothing more happened.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, BinaryIO

from planrunner.model.errors import WrongUse

Number = int | str  # a JSON number: whole ones as int, others as their shortest text ("8.8"); the same number is the same value
Message = tuple[int, list[dict[str, Any]]]  # when (milliseconds), what changed in the market

_CHUNK = 1 << 16
_PIECE = 1 << 20  # of what is unpacked at a time
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS  # how zlib is told to expect gzip's header
_LARGEST = 10**12
# Longest line seen: 200 KiB. A packed file of a few KiB may unpack to one of many GiB.
_LONGEST_LINE = 1 << 26

# Displayed best offers say nothing new where the full depth is recorded, and are up to two thirds of a file. A quote can't stand
# unescaped inside a JSON text, so this never matches inside one.
_BEST_OFFERS = re.compile(rb'"bdat[bl]":\[(?:\[[^]]*\],?)+')
_UNREADABLE = (ValueError, ArithmeticError, RecursionError)


class BadRecording(WrongUse):
    """The recording is no use, or not from here on. `line` counts from 1; None: the file as a whole."""

    def __init__(self, line: int | None, what: str) -> None:
        super().__init__(what if line is None else f"line {line} of the recording {what}")
        self.line = line


def read_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a recording, unpacked if it is gzip (told by its first two bytes, not by its name)."""
    first = file.read(_CHUNK)
    if not first:
        raise BadRecording(None, "the recording is empty")
    number = 0
    for number, line in enumerate(_lines(_unpacked(file, first) if first.startswith(_GZIP) else _plain(file, first)), start=1):
        if line is None:
            raise BadRecording(number, "can't be unpacked: the file is cut off or damaged here; get it again")
        if len(line) > _LONGEST_LINE:
            raise BadRecording(number, f"is longer than {_LONGEST_LINE >> 20} MiB; no message of a stream is")
        yield line


def _plain(file: BinaryIO, chunk: bytes) -> Iterator[bytes]:
    while chunk:
        yield chunk
        chunk = file.read(_CHUNK)


def _unpacked(file: BinaryIO, chunk: bytes) -> Iterator[bytes | None]:
    """Unpacked pieces, then None where they break off. Several packed parts in a row are one file, as gzip has it."""
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    while chunk:
        piece = bytes(_PIECE)
        while len(piece) == _PIECE and not unpacker.eof:  # a full piece: more may be waiting, even where nothing is left to read
            try:
                piece = unpacker.decompress(chunk, _PIECE)
            except zlib.error:
                yield None
                return
            yield piece
            chunk = unpacker.unconsumed_tail
        if unpacker.eof:
            chunk = unpacker.unused_data or file.read(_CHUNK)
            if chunk:
                unpacker = zlib.decompressobj(_GZIP_WINDOW)
        else:
            chunk = file.read(_CHUNK)
    if not unpacker.eof:
        yield None


def _lines(pieces: Iterable[bytes | None]) -> Iterator[bytes | None]:
    rest = bytearray()
    for piece in pieces:
        if piece is None:
            yield None
            return
        first, *lines = piece.split(b"\n")
        rest += first
        if lines:
            yield bytes(rest)
            *whole, last = lines
            yield from whole
            rest = bytearray(last)
        elif len(rest) > _LONGEST_LINE:
            break
    if rest:
        yield bytes(rest)


def number(text: str) -> Number:
    """The exact value of a JSON number with a point or an exponent: `3.0` is 3, `8.80` is `8.8`, `2.5E1` is 25.

    The stream writes most numbers in their shortest form already. (Remembering each text costs more than looking at it: of the
    70,000 in a market of 18,500 lines 41,000 were different.)
    """
    if text[-1] != "0" and "e" not in text and "E" not in text:
        return text
    return shortest(Decimal(text))


def shortest(value: Decimal) -> Number:
    """A number the way every number of a recording is kept."""
    if not -_LARGEST < value < _LARGEST:
        raise ValueError(f"{value} is out of range")
    whole = value.to_integral_value()
    return int(whole) if whole == value else f"{value.normalize():f}"


class Reader:
    """The messages of one market's recording. `line` is the number of the line read last, `market` the market's id.

    `skip_best_offers` may be set once the full depth is known to be recorded; reading is then two to three times faster.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.line = 0
        self.market: str | None = None
        self.skip_best_offers = False
        self._lines = lines
        self._decode = json.JSONDecoder(parse_float=number, parse_constant=str).raw_decode

    def messages(self) -> Iterator[Message]:
        """Changes of the market with their time; lines without any (heartbeats) only pass. Time never goes back."""
        at, decode = 0, self._decode
        for line in self._lines:
            self.line += 1
            try:
                lean = self.skip_best_offers and b'"bdat' in line
                text = (_BEST_OFFERS.sub(b'"-":[', line) if lean else line).decode()
                message, end = decode(text)
            except _UNREADABLE:
                message, end = self._reread(line), len(text)
            if end != len(text) or not isinstance(message, dict) or message.get("op") != "mcm":
                message = self._reread(line)
            changes = message.get("mc")
            if changes:
                at = max(at, self._published(message))
                if "ct" in message:
                    self._mark_image(message)
                for change in changes:
                    if self.market is None or change.get("id") != self.market:
                        self._meet(change)
                yield at, changes

    def _reread(self, line: bytes) -> dict[str, Any]:
        """A line that is not plainly a message, with time to say what is wrong: the message, or nothing where it only passes."""
        text = b""
        try:
            text = line.strip()
            if not text:
                return {}
            message, end = self._decode(text.decode())
        except _UNREADABLE as error:
            where = f"after character {error.pos}" if isinstance(error, json.JSONDecodeError) else str(error)
            raise BadRecording(
                self.line, f"is not readable as a stream message, perhaps cut off in the middle ({where})"
            ) from error
        if end != len(text.decode()) or not isinstance(message, dict):
            raise BadRecording(self.line, "is not one stream message")
        return message if message.get("op") == "mcm" else self._pass_over(message)

    def _published(self, message: dict[str, Any]) -> int:
        at = message.get("pt")
        if not isinstance(at, int):
            raise BadRecording(self.line, "has no time (pt)")
        return at

    def _mark_image(self, message: dict[str, Any]) -> None:
        """The start of a whole picture replaces everything, whether or not it says so of the market itself."""
        if message["ct"] == "SUB_IMAGE" and message.get("segmentType") in {None, "SEG_START"}:
            message["mc"][0]["img"] = True

    def _pass_over(self, message: dict[str, Any]) -> dict[str, Any]:
        if message.get("op") in {"connection", "status"}:
            return {}
        raise BadRecording(self.line, "is not a message of a Betfair market stream (op mcm)")

    def _meet(self, change: dict[str, Any]) -> None:
        met = change.get("id")
        if not isinstance(met, str):
            raise BadRecording(self.line, "does not name its market")
        if self.market is not None:
            raise BadRecording(self.line, f"is about market {met} after {self.market}; a recording holds one market")
        self.market = met
