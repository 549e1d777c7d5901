"""A scenario file becomes a Scenario, or all its problems at once, each with its place and what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from planrunner.model.odds import Ladder, Side
from planrunner.sandbox.bookmakers import Bookmaking
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.ladders import LADDERS
from planrunner.sandbox.located import Located, Path, ScenarioProblem, ScenarioWrong, read, validate
from planrunner.sandbox.pools import Pools
from planrunner.sandbox.scenario import (
    HOUR,
    MINUTE,
    SECOND,
    Abandon,
    AccountTerms,
    Base,
    Close,
    Due,
    FixtureScript,
    Happening,
    MarketScript,
    Moment,
    MoveStart,
    Offer,
    Reaction,
    Remove,
    Reopen,
    Runner,
    Scenario,
    SettleAgain,
    ShareOf,
    ShowOffers,
    Start,
    Suspend,
    TurnInPlay,
    VoidMatched,
    When,
)

UNITS = (("ms", 1), ("s", SECOND), ("m", MINUTE), ("h", HOUR))
# Names people know -> the venue's code and how many win.
KNOWN_MARKETS = {
    "Match Odds": "MATCH_ODDS",
    "Over/Under 2.5 Goals": "OVER_UNDER_25",
    "Both teams to Score?": "BOTH_TEAMS_TO_SCORE",
    "Win": "WIN",
    "Place": "PLACE",
}
RACING = ("Horse Racing", "Greyhound Racing")
T = TypeVar("T")


def read_scenario(file: str, content: bytes, schema: Mapping[str, object]) -> Scenario:
    """Raises ScenarioWrong with every problem of the file."""
    problems = validate(read(file, content), schema)
    if problems:
        raise ScenarioWrong(problems)
    return decode(file, content)


def decode(file: str, content: bytes) -> Scenario:
    """A file whose shape is known to be right, as those that ship. Raises ScenarioWrong."""
    located = read(file, content)
    reader = _Decoder(located)
    scenario = reader.scenario(Part(located.tree, ()))
    if reader.problems:
        raise ScenarioWrong(reader.problems)
    return scenario


class Part:
    """A group of keys of a valid file, and its path."""

    __slots__ = ("_keys", "path")

    def __init__(self, keys: Any, path: Path) -> None:
        self._keys: dict[str, Any] = keys
        self.path = path

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def at(self, key: str) -> Path:
        return (*self.path, key)

    def text(self, key: str, default: str = "") -> str:
        return str(self._keys.get(key, default))

    def maybe(self, key: str, read: Callable[[str], T]) -> T | None:
        return read(self._keys[key]) if key in self._keys else None

    def value(self, key: str, read: Callable[[str], T], default: T) -> T:
        return read(self._keys[key]) if key in self._keys else default

    def parts(self, key: str) -> list[Part]:
        return [Part(keys, (*self.path, key, place)) for place, keys in enumerate(self._keys.get(key, []))]

    def part(self, key: str) -> Part:
        return Part(self._keys.get(key, {}), self.at(key))

    def texts(self, key: str) -> list[str]:
        value = self._keys.get(key, [])
        return [value] if isinstance(value, str) else value


class _Decoder:
    """Notes problems as it goes and reads on, so that all of them are told together."""

    def __init__(self, located: Located) -> None:
        self._located = located
        self.problems: list[ScenarioProblem] = []

    def scenario(self, part: Part) -> Scenario:
        seeded = part.text("other_punters") == "seeded"
        fixtures = tuple(self._fixture(one, seeded) for one in part.parts("fixtures"))
        self._unequal(part, "fixtures", "event")
        begins_on, begins_at = self._begins(part)
        return Scenario(
            name=part.text("scenario"),
            fixtures=fixtures,
            time_zone=self._zone(part),
            begins_on=begins_on,
            begins_at=begins_at,
            account=_account(part.part("account")),
            punters=seeded,
            others_take_ours=part.text("others_take_ours", "yes") == "yes",
            reactions=tuple(self._reaction(one, fixtures) for one in part.parts("reactions")),
            faults=tuple(_fault(one) for one in part.parts("faults")),
            pools=self._pools(part.part("pools")) if "pools" in part else None,
            bookmakers=self._bookmakers(part.part("bookmakers"), fixtures) if "bookmakers" in part else None,
        )

    def _bookmakers(self, part: Part, fixtures: tuple[FixtureScript, ...]) -> Bookmaking:
        from planrunner.sandbox.bookmakers_file import bookmakers  # it reads with what stands here

        return bookmakers(part, fixtures, self._complain)

    def _pools(self, part: Part) -> Pools:
        from planrunner.sandbox.pools_file import pools  # it reads with what stands here

        return pools(part, self._start, self._complain)

    def _zone(self, part: Part) -> str:
        zone = part.text("time_zone", "Europe/London")
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            self._complain(part.at("time_zone"), f"`{zone}` is no time zone; it looks like `Europe/London`")
            return "UTC"
        return zone

    def _begins(self, part: Part) -> tuple[date | None, time | None]:
        if "begins" not in part:
            return None, None
        return self._day_and_time(part, "begins")

    def _day_and_time(self, part: Part, key: str) -> tuple[date | None, time | None]:
        day, _, hour = part.text(key).rpartition(" ")
        try:
            return date.fromisoformat(day) if day else None, time.fromisoformat(hour)
        except ValueError:
            self._complain(part.at(key), f"`{part.text(key)}` is no date and time that exists")
            return None, time(12, 0)

    def _fixture(self, part: Part, seeded: bool) -> FixtureScript:
        sport = part.text("sport", "Football")
        racing = sport in RACING
        self._unequal(part, "markets", "market", "start")
        return FixtureScript(
            name=part.text("event"),
            sport=sport,
            start=self._start(part),
            lasts=part.value("lasts", duration, 2 * MINUTE if racing else 2 * HOUR),
            markets=tuple(self._market(one, SECOND if racing else 5 * SECOND, seeded) for one in part.parts("markets")),
            id=part.maybe("id", str),
            competition=part.maybe("competition", str),
            country=part.text("country", "GB"),
            meeting=part.maybe("meeting", str),
        )

    def _start(self, part: Part) -> Start:
        text = part.text("start")
        if text.startswith("in "):
            return Start(after=duration(text.removeprefix("in ")))
        on, at = self._day_and_time(part, "start")
        return Start(on=on, at=at)

    def _market(self, part: Part, delay: int, seeded: bool) -> MarketScript:
        name = part.text("market")
        runners = tuple(_runner(one) for one in part.parts("selections"))
        ladder = LADDERS[part.text("ladder", "CLASSIC")]
        self._unequal(part, "selections", "selection")
        if seeded and any(runner.fair is None for runner in runners) and any(runner.fair is not None for runner in runners):
            self._complain(part.at("selections"), "give `fair_odds` to all selections, or to none")
        return MarketScript(
            name=name,
            type=part.text("type") or KNOWN_MARKETS.get(name, name.upper().replace(" ", "_")),
            runners=runners,
            id=part.maybe("id", str),
            start=self._start(part) if "start" in part else None,
            winners=part.value("winners", int, 1),
            turns_in_play=part.text("turns_in_play", "yes") == "yes",
            bet_delay=part.value("bet_delay", duration, delay),
            commission=part.value("commission", percent, Decimal("0.05")),
            ladder=ladder.name,
            happenings=(*self._books(part, runners, ladder), *self._happenings(part, runners)),
            result=self._result(part, runners),
        )

    def _books(self, part: Part, runners: tuple[Runner, ...], ladder: Ladder) -> Iterator[Due]:
        for book in part.parts("books"):
            self._known(book, "selection", [runner.name for runner in runners])
            offers = {key: self._offers(book, key, ladder) for key in ("to_back", "to_lay")}
            best_back = max((odds for odds, _ in offers["to_back"]), default=None)
            best_lay = min((odds for odds, _ in offers["to_lay"]), default=None)
            if best_back is not None and best_lay is not None and best_back >= best_lay:
                self._complain(book.path, f"these offers meet each other: {best_back} to back, {best_lay} to lay")
            yield Due(moment=moment(book), happening=ShowOffers(selection=book.text("selection"), **offers))

    def _offers(self, book: Part, key: str, ladder: Ladder) -> tuple[Offer, ...]:
        offers = []
        for place, text in enumerate(book.texts(key)):
            odds_text, _, size = text.partition(" x ")
            odds = Decimal(odds_text)
            if ladder.tick(odds) is None:
                below, above = ladder.around(odds)
                self._complain((*book.at(key), place), f"{odds} is not on the {ladder.name} ladder; {below} and {above} are")
            offers.append((odds, minor(size)))
        return tuple(offers)

    def _happenings(self, part: Part, runners: tuple[Runner, ...]) -> Iterator[Due]:
        for one in part.parts("happenings"):
            yield Due(moment=moment(one), happening=self._happening(one, runners))

    def _selection(self, part: Part, runners: tuple[Runner, ...]) -> str:
        if "selection" not in part:
            self._complain(part.path, f"`{part.text('do')}` takes `selection`")
        self._known(part, "selection", [runner.name for runner in runners])
        return part.text("selection")

    def _happening(self, part: Part, runners: tuple[Runner, ...]) -> Happening:
        match part.text("do"):
            case "suspend":
                return Suspend()
            case "reopen":
                return Reopen()
            case "turn in-play":
                return TurnInPlay()
            case "close":
                return Close()
            case "remove selection":
                return Remove(selection=self._selection(part, runners), factor=part.value("reduction", _per_cent, Decimal(0)))
            case "void bets":
                return VoidMatched(selection=self._selection(part, runners) if "selection" in part else None)
            case "abandon":
                return Abandon()
            case "settle again":
                return SettleAgain(result=self._result(part, runners) or ())
            case _:
                if ("later_by" in part) == ("earlier_by" in part):
                    self._complain(part.path, "`move start` takes `later_by` or `earlier_by`")
                return MoveStart(by=part.value("later_by", duration, 0) - part.value("earlier_by", duration, 0))

    def _result(self, part: Part, runners: tuple[Runner, ...]) -> tuple[str, ...] | None:
        if "result" not in part:
            return None
        names = part.texts("result")
        for name in names:
            self._known(part, "result", [runner.name for runner in runners], name)
        if len(names) < part.value("winners", int, 1):  # more of them share the last place: a dead heat
            self._complain(part.at("result"), f"the market has {part.text('winners', '1')} winners, `result` names {len(names)}")
        return tuple(names)

    def _reaction(self, part: Part, fixtures: tuple[FixtureScript, ...]) -> Reaction:
        markets = [market for fixture in fixtures for market in fixture.markets]
        self._known(part, "market", [name for market in markets for name in (market.name, market.id) if name])
        self._known(part, "selection", [runner.name for market in markets for runner in market.runners])
        return Reaction(
            when=When(part.text("when")),
            share=percent(part.text("fill")),
            of=ShareOf(part.text("of", "order")),
            after=part.value("after", duration, 0),
            market=part.maybe("market", str),
            selection=part.maybe("selection", str),
            side=part.maybe("side", Side),
            odds_at_least=part.maybe("odds_at_least", Decimal),
            odds_at_most=part.maybe("odds_at_most", Decimal),
            times=part.maybe("times", int),
        )

    def _known(self, part: Part, key: str, names: list[str], name: str | None = None) -> None:
        """A name that stands elsewhere in the file, or the nearest one that does."""
        asked = name if name is not None else part.text(key)
        if key not in part or asked in names:
            return
        near = get_close_matches(asked, names, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(dict.fromkeys(names))}"
        self._complain(part.at(key), f"there is no {key} `{asked}`; {hint}")

    def _unequal(self, part: Part, key: str, name: str, besides: str = "") -> None:
        """No two of a list have the same name; or the same name and the same `besides`."""
        seen: set[tuple[str, str]] = set()
        for one in part.parts(key):
            both = (one.text(name), one.text(besides))
            if both in seen:
                self._complain(one.at(name), f"`{one.text(name)}` stands in `{key}` twice")
            seen.add(both)

    def _complain(self, path: Path, text: str) -> None:
        self.problems.append(self._located.problem(path, text))


def moment(part: Part) -> Moment:
    if "before_start" in part:
        return Moment(base=Base.START, delay=-duration(part.text("before_start")))
    if "after_start" in part:
        return Moment(base=Base.START, delay=duration(part.text("after_start")))
    if "after_first_order" in part:
        return Moment(base=Base.ORDER, delay=duration(part.text("after_first_order")))
    return Moment(base=Base.BEGIN, delay=duration(part.text("at")))


def duration(text: str) -> int:
    """`1.5h` in milliseconds."""
    for unit, length in UNITS:
        number = text.removesuffix(unit)
        if number != text and not number[-1].isalpha():
            return int(Decimal(number) * length)
    raise ValueError(f"{text} has no unit")


def percent(text: str) -> Decimal:
    """`50%` as a fraction."""
    return Decimal(text.removesuffix("%")).scaleb(-2)


def _per_cent(text: str) -> Decimal:
    return Decimal(text.removesuffix("%"))


def minor(text: str) -> int:
    """`50.00` or `50.00 GBP` in minor units."""
    return int(Decimal(text.split(" ")[0]).scaleb(2))


def _runner(part: Part) -> Runner:
    return Runner(name=part.text("selection"), id=part.maybe("id", int), fair=part.maybe("fair_odds", Decimal))


def _account(part: Part) -> AccountTerms:
    return AccountTerms(
        balance=part.value("balance", minor, AccountTerms().balance),
        username=part.maybe("username", str),
        password=part.maybe("password", str),
        app_key=part.maybe("app_key", str),
        session_life=part.value("session_life", duration, 12 * HOUR),
    )


def _fault(part: Part) -> Fault:
    return Fault(
        call=part.text("call"),
        trouble=Trouble(part.text("trouble")),
        number=part.value("number", int, 1),
        times=part.value("times", int, 1),
        chance=part.maybe("chance", lambda text: int(text.removesuffix("%"))),
        seconds=part.value("delay", duration, 5 * SECOND) // SECOND,
        code=part.text("code"),
        lands=part.text("lands") == "yes",
    )
