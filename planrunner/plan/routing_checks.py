"""Orders at a router: by its ids alone, spread over bookmakers, and nothing asked of it that it can't do."""

from __future__ import annotations

from planrunner.model.account import Account
from planrunner.model.odds import Side
from planrunner.model.plan import Now, OrderType, Reprice, Routing, ToHead
from planrunner.model.profile import VenueProfile
from planrunner.plan.decode import DraftOrder
from planrunner.plan.messages import meaning as say_meaning
from planrunner.plan.messages import routing as say
from planrunner.plan.moments import position
from planrunner.plan.nodes import Block, Listing, Scalar
from planrunner.plan.schema import Shape

# What an order elsewhere may say of where it goes, and which id says it here.
_INSTEAD = {
    "event": "event_id", "date": "event_id", "race": "event_id", "market": "selection_id", "market_id": "selection_id",
    "selection": "selection_id", "favourite": "selection_id", "line": "selection_id",
}  # fmt: skip
_EXAMPLES = {"event_id": "id1000009900000001", "selection_id": "101"}


def check_elsewhere(shape: Shape, order: DraftOrder, profile: VenueProfile) -> None:
    """What only a router has, at a venue that is none."""
    if "settings" in order.node.values:
        shape.complain(None, say.no_settings(order.node.keys["settings"], profile.title))
    if "player_id" in order.node.values:
        shape.complain(None, say.no_players(order.node.keys["player_id"], profile.title))


def check_target(shape: Shape, order: DraftOrder, profile: VenueProfile, *, has_market: bool) -> None:
    """By the venue's ids. A name would be looked up nowhere. `has_market`: the fixture is left to `for_each_market`."""
    node = order.node
    strays = [key for key in _INSTEAD if key in node.values]
    for key in strays:
        shape.complain(None, say.no_names(node.keys[key], profile.title, _INSTEAD[key]))
    meant = {*(_INSTEAD[key] for key in strays), *(["event_id"] if has_market else [])}
    for key, what in (("event_id", "fixture"), ("selection_id", "selection")):
        if key not in node.values and key not in meant and not shape.is_silent(node, key):
            is_step = "move_remainder_to" in node.values
            problem = say_meaning.says_not(node.span, what, f"`{key}`", f"{key}: {_EXAMPLES[key]}", is_step=is_step)
            shape.complain(None, problem)
    fixture = _scalar(shape, node, "event_id")
    if fixture is not None and not fixture.text.startswith("id"):
        shape.complain(fixture, say.no_fixture(fixture, profile.title))
    for key in ("selection_id", "player_id"):
        value = _scalar(shape, node, key)
        if value is not None and not value.text.isdecimal():
            shape.complain(value, say.no_number(value, key, profile.title))


def check_routing(shape: Shape, order: DraftOrder, profile: VenueProfile, account: Account) -> None:
    """Adds what is wrong with the settings, and with what they make of the order's odds, type, side and ending."""
    node = order.node
    _bookmakers(shape, node)
    settings = node.values.get("settings")
    if settings is None or (isinstance(settings, Block) and _is_read(shape, settings)):
        routing = order.routing or Routing()
        if _type(shape, order, routing):
            _average(shape, order, routing, profile)
    _lays(shape, order, profile, account)
    _ending(shape, order, profile)
    if "only_if" in node.values:
        shape.complain(None, say.looks_at_nothing(node.keys["only_if"], profile.title))
    for step in order.steps:
        if isinstance(step.action, Reprice) and isinstance(step.action.by, ToHead):
            value = step.node.scalar("reprice")
            shape.complain(value, say.no_queue(value, profile.title))


def _scalar(shape: Shape, node: Block, key: str) -> Scalar | None:
    value = node.values.get(key)
    return value if isinstance(value, Scalar) and id(value) not in shape.bad else None


def _is_read(shape: Shape, settings: Block) -> bool:
    listing = settings.values.get("bookmakers")
    items = listing.items if isinstance(listing, Listing) else []
    return not any(id(node) in shape.bad for node in (settings, *settings.values.values(), *items))


def _bookmakers(shape: Shape, node: Block) -> None:
    settings = node.values.get("settings")
    listing = settings.values.get("bookmakers") if isinstance(settings, Block) else None
    first: dict[str, Scalar] = {}
    for item in listing.items if isinstance(listing, Listing) else ():
        if isinstance(item, Scalar) and id(item) not in shape.bad:
            if item.text in first:
                shape.complain(item, say.same_bookmaker(item))
            first.setdefault(item.text, item)


def is_single(routing: Routing) -> bool:
    """Is it one bet at one bookmaker, of the whole stake or not at all? Then its odds keep the limit by themselves."""
    return len(routing.bookmakers) == 1 and not routing.partial


def _type(shape: Shape, order: DraftOrder, routing: Routing) -> bool:
    if order.type is OrderType.FILL_OR_KILL and not is_single(routing):
        shape.complain(None, say.not_all_or_nothing(order.node.scalar("type")))
        return False
    if order.type is OrderType.FILL_AND_KILL and not routing.partial:
        settings = order.node.values["settings"]
        assert isinstance(settings, Block)
        shape.complain(None, say.nothing_in_part(settings.keys["accept_partial"]))
        return False
    return True


def _average(shape: Shape, order: DraftOrder, routing: Routing, profile: VenueProfile) -> None:
    node, is_said = order.node, "odds_hold_for" in order.node.values
    if is_single(routing) and is_said:
        shape.complain(None, say.each_bet(node.keys["odds_hold_for"]))
    elif not is_single(routing) and not is_said and not shape.is_silent(node, "odds_hold_for"):
        at = node.keys["odds"].span if "odds" in node.keys else node.span
        shape.complain(None, say.average_only(at, profile.title))


def _lays(shape: Shape, order: DraftOrder, profile: VenueProfile, account: Account) -> None:
    """What the venue makes of a lay it does not say, so its owner must have found out."""
    if account.allow_lay:
        return
    if order.side is Side.LAY:
        shape.complain(None, say.lay_not_allowed(order.node.scalar("side").span, "a lay", profile.title, account.name))
    elif order.side is Side.BACK:
        for step in order.steps:
            if "hedge" in step.node.values:
                at = step.node.keys["hedge"].span
                shape.complain(None, say.lay_not_allowed(at, "the hedge of a back, which is a lay,", profile.title, account.name))


def _ending(shape: Shape, order: DraftOrder, profile: VenueProfile) -> None:
    """As far as it is known from which moment on it counts."""
    if profile.expires_within is None or order.place is None or len(order.endings) != 1:
        return
    key, ending = next(iter(order.endings.items()))
    if ending is None:
        return
    ends, placed = position(ending, order.place), position(Now(), order.place)
    if ends.axis == placed.axis and ends.at - placed.at > profile.expires_within:
        value = order.node.scalar(key)
        hours = int(profile.expires_within.total_seconds() // 3600)
        shape.complain(None, say.ends_too_late(value, key, profile.title, hours))
