"""Our own record beside the venue's: what differs is told, and what is ours is taken over into the run it belongs to."""

from __future__ import annotations

import asyncio
import json
import signal
import urllib.request
from decimal import Decimal
from typing import Any

from planrunner.app.differences import Difference, Found, Kind, Look
from planrunner.app.standing import stand
from planrunner.model.account import Site
from planrunner.model.events import OrderReported
from planrunner.model.journal import RunState
from planrunner.model.market import RunId
from planrunner.runtime.desk import Desk as JournalDesk
from tests.app.test_stop import end_unresolved
from tests.app.verbs import Desk
from tests.forked import Begun


class ByHand:
    """Somebody else at the same account."""

    def __init__(self, url: str) -> None:
        self._url = url
        answer = self._post("api/login", b"username=practice&password=practice", {"X-Application": "practice"})
        self._token = answer["token"]

    def call(self, method: str, **params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "method": f"SportsAPING/v1.0/{method}", "params": params, "id": 1}).encode()
        headers = {"X-Application": "practice", "X-Authentication": self._token, "Content-Type": "application/json"}
        return self._post("exchange/betting/json-rpc/v1", body, headers)["result"]

    def place(self, market: str, **more: Any) -> None:
        """On the second selection: of what rests on the first the venue's crowd takes a part."""
        selection = self.call("listMarketBook", marketIds=[market])[0]["runners"][1]["selectionId"]
        limit = {"size": 4.0, "price": 20.0, "persistenceType": "LAPSE"}
        one = {"orderType": "LIMIT", "selectionId": selection, "handicap": 0, "side": "BACK", "limitOrder": limit, **more}
        assert self.call("placeOrders", marketId=market, instructions=[one])["status"] == "SUCCESS"

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(f"{self._url}/{path}", data=body, headers={"Accept": "application/json", **headers})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())


def market_of(desk: Desk) -> str:
    return str(json.loads(desk.slot.call("fixtures"))[0]["market_id"])


def kinds(ended: Any) -> list[str]:
    return [one["kind"] for account in ended.json["accounts"] for one in account["differences"]]


def exposure(desk: Desk) -> Decimal:
    return JournalDesk(desk.state / "planrunner.db", patience=5).ledger(Site(accounts={})).open_exposure("sandbox", "betfair")  # type: ignore[arg-type]


def fault(desk: Desk, **words: object) -> None:
    """The venue's next."""
    data = json.dumps(words).encode()
    request = urllib.request.Request(f"{desk.slot.url}/sandbox/faults", data=data, method="POST")
    urllib.request.urlopen(request, timeout=10).close()


def listing(desk: Desk, seconds: int) -> Begun:
    """A `reconcile --adopt` that knows what is open at the venue, and waits so long for the rest of the list."""
    fault(desk, call="listClearedOrders", trouble="reply delayed", seconds=seconds)
    before = delays(desk)
    process = desk._process("reconcile", "--json", "--adopt")
    desk.until(lambda: delays(desk) > before)
    return process


def delays(desk: Desk) -> int:
    """In the log of the whole sandbox, which a reset keeps."""
    return desk.slot.call("log?kind=fault").count('"call": "listClearedOrders"')


def lost_answer(desk: Desk) -> str:
    """A run that was killed before it heard that its bet was taken."""
    fault(desk, call="placeOrders", trouble="reply lost after landing")
    return desk.kill(desk.begin())


def test_a_bet_whose_answer_was_lost_is_found_and_taken_over(desk: Desk) -> None:
    run = lost_answer(desk)
    found = desk.process("reconcile", "--json")
    assert found.code == 5, found
    [difference] = found.json["accounts"][0]["differences"]
    assert (difference["kind"], difference["run"], difference["reference"]) == ("lost", run, next(iter(desk.bets())))
    assert "2.00 matched, 3.00 remaining" in difference["text"]
    with desk.journal() as journal:
        before = stand(journal, journal.info(run))
        assert not before.left[0].is_certain

    adopted = desk.verb("reconcile", "--adopt", "--json")
    assert adopted.code == 0, adopted
    assert [one["kind"] for one in adopted.json["accounts"][0]["adopted"]] == ["lost"]
    with desk.journal() as journal:
        after = stand(journal, journal.info(run))
        journal.verify(run)
    [left] = after.left
    assert (left.is_certain, left.remaining) == (True, 3)
    assert after.lease.epoch == before.lease.epoch + 1, "under its lease"
    assert after.lease.beat is None, "and given back"
    report = json.loads((desk.folder / "runs" / run / "report.json").read_text())
    assert report["total"]["matched"] == "2.00 GBP"
    assert desk.verb("reconcile").code == 0
    assert "stop" in desk.verb("stop").out
    assert desk.parts() == [{"fill": 2.0, "cancel": 3.0}], "it goes on from there"


def test_sizes_that_changed_behind_a_silent_run_are_taken_over_and_its_room_under_limits_is_right_again(desk: Desk) -> None:
    run = desk.killed()
    assert desk.verb("reconcile").code == 0
    ByHand(desk.slot.url).call("cancelOrders", marketId=market_of(desk))
    found = desk.verb("reconcile")
    assert found.code == 5
    assert "3.00 cancelled" in found.out
    assert "its run believes 2.00 matched, 3.00 remaining" in found.out
    assert exposure(desk) == 5
    assert desk.verb("reconcile", "betfair", "--adopt").code == 0
    assert exposure(desk) == 2
    with desk.journal() as journal:
        assert stand(journal, journal.info(run)).left == ()


def test_bets_of_others_are_noted_and_one_that_looks_like_ours_is_looked_at(desk: Desk) -> None:
    desk.killed()
    by_hand, market = ByHand(desk.slot.url), market_of(desk)
    by_hand.place(market)
    assert [desk.verb("reconcile").code, kinds(desk.verb("reconcile", "--json"))] == [0, ["foreign"]]
    by_hand.place(market, customerOrderRef="abcdefgh" * 4)
    found = desk.verb("reconcile", "--adopt", "--json")
    assert found.code == 5
    assert sorted(kinds(found)) == ["foreign", "stray"]
    assert found.json["accounts"][0]["adopted"] == []


def test_a_bet_that_the_venue_does_not_have_is_told_and_never_forgotten(desk: Desk) -> None:
    run = desk.killed()
    desk.slot.reset()  # another world, which knows nothing
    for _ in range(2):
        found = desk.verb("reconcile", "--adopt", "--json")
        assert (found.code, kinds(found)) == (5, ["missing"])
    with desk.journal() as journal:
        assert [left.remaining for left in stand(journal, journal.info(run)).left] == [3]


def test_what_is_alone_at_the_venue_is_told_until_it_is_taken_back(desk: Desk) -> None:
    run = desk.killed()
    asyncio.run(end_unresolved(desk, run))
    assert kinds(desk.verb("reconcile", "--adopt", "--json")) == ["alone"]
    assert desk.verb("stop", "--run", run).code == 0
    assert desk.verb("reconcile").code == 0


def test_results_that_nobody_listened_for_are_taken_over(desk: Desk) -> None:
    desk.killed()
    urllib.request.urlopen(
        urllib.request.Request(f"{desk.slot.url}/sandbox/advance", data=b'{"seconds": 21600}', method="POST"), timeout=10
    ).close()
    found = desk.verb("reconcile", "--json")
    assert set(kinds(found)) == {"sizes", "result"}, "the rest lapsed, and the match was won"
    assert desk.verb("reconcile", "--adopt").code == 0
    [past] = desk.verb("runs", "--json").json["runs"]
    assert past["result"] is not None
    assert exposure(desk) == 0


def test_a_run_at_work_learns_by_itself(desk: Desk) -> None:
    process = desk.begin()
    desk.until(lambda: b"OrderAccepted" in desk.kinds())
    with desk.journal() as journal:
        epoch = journal.lease(journal.runs()[0].run).epoch
    ByHand(desk.slot.url).call("cancelOrders", marketId=market_of(desk))
    assert desk.verb("reconcile", "--adopt").code == 0
    assert desk.end(process).code == 4
    with desk.journal() as journal:
        [info] = journal.runs()
        assert journal.lease(info.run).epoch == epoch, "nobody took it away"
        assert info.state is not RunState.RUNNING


def test_a_run_that_ends_while_the_venue_is_asked_differs_in_nothing(desk: Desk) -> None:
    """The venue's list has what its run takes back right after."""
    run = desk.begin()
    desk.until(lambda: b"OrderAccepted" in desk.kinds())
    asked = listing(desk, 7)
    run.send_signal(signal.SIGTERM)
    assert desk.end(run).code != 0
    assert asked.poll() is None, "it waits for the list"
    records = desk.records()
    told = desk.end(asked)
    assert (told.code, kinds(told), told.json["troubles"]) == (0, [], []), told
    assert [account["adopted"] for account in told.json["accounts"]] == [[]]
    assert desk.records() == records


def test_what_is_taken_over_is_as_it_is_under_the_lease_and_not_as_it_was_when_it_was_found(desk: Desk) -> None:
    lost_answer(desk)
    asked = listing(desk, 3)
    ByHand(desk.slot.url).call("cancelOrders", marketId=market_of(desk))
    told = desk.end(asked)
    assert (told.code, kinds(told), told.json["troubles"]) == (0, [], []), told
    [adopted] = told.json["accounts"][0]["adopted"]
    assert adopted["kind"] == "lost"
    assert "2.00 matched, 3.00 cancelled" in adopted["text"]
    with desk.journal() as journal:
        [info] = journal.runs()
        assert stand(journal, info).left == ()
    assert [body.sizes.cancelled for body in desk.records() if isinstance(body, OrderReported)] == [3]


# --- looks


def difference(kind: Kind, run: str | None = "a", *, at_work: bool = False) -> Difference:
    return Difference(kind=kind, text="", run=None if run is None else RunId(run), at_work=at_work)


def looked(found: Found, *differences: Difference, moved: str = "") -> Found:
    found.add(Look(bets=0, differences=differences, moved=[RunId(run) for run in moved]))
    return found


def test_a_difference_of_a_run_that_moves_counts_at_no_look_however_often_it_is_there() -> None:
    found, lost, foreign = Found(), difference(Kind.LOST), difference(Kind.FOREIGN, None)
    for _ in range(9):
        assert looked(found, lost, difference(Kind.SIZES, "b"), foreign, moved="a").unsettled == {"a"}
        assert found.differences == (difference(Kind.SIZES, "b"), foreign)
    assert looked(found, lost).unsettled == set()
    assert found.differences == (lost,)
    assert looked(found, moved="a").differences == (), "it moved, and both say the same"


def test_of_a_run_at_work_only_what_is_so_at_three_looks_that_count_is_told() -> None:
    found, lost, sizes = Found(), difference(Kind.LOST, at_work=True), difference(Kind.SIZES, at_work=True)
    for moved in "", "a", "":
        assert looked(found, lost, sizes, moved=moved).unsettled == {"a"}
    assert looked(found, sizes).unsettled == set()
    assert found.differences == (sizes,)
    over = difference(Kind.LOST)
    assert looked(found, over).differences == (over,), "once it is over its record stands still"


def test_an_account_that_nobody_knows_is_wrong_use(desk: Desk) -> None:
    desk.make_journal()
    assert "did you mean `betfair`?" in desk.verb("reconcile", "betfiar").err
    assert "nothing to compare" in desk.verb("reconcile", "betfair").err
    assert desk.verb("reconcile").code == 0
