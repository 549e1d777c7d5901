"""The site file to values: what every plan on this machine must stay within."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from planrunner.model.account import Account, AccountLimits, AccountMode, Site, SiteLimits
from planrunner.model.calendar import Calendar
from planrunner.model.market import AccountName
from planrunner.model.money import Money
from planrunner.model.profile import VenueProfile
from planrunner.plan import scalars
from planrunner.plan.decode import Reading
from planrunner.plan.messages import routing as say_routing
from planrunner.plan.messages import shape as say_shape
from planrunner.plan.messages import site as say
from planrunner.plan.messages import venue as say_venue
from planrunner.plan.nodes import Block, Listing, Scalar
from planrunner.plan.schema import Shape

_OF_ALL = ("max_stake_per_order", "max_open_exposure", "max_exposure_per_market")
_OF_ACCOUNT = (*_OF_ALL, "max_loss_per_day")


def default_site(profiles: Mapping[str, VenueProfile]) -> Site:
    """Without a site file every known venue is an account of its own name, on the embedded sandbox."""
    accounts = {
        AccountName(name): Account(name=AccountName(name), venue=name, currency=profile.usual_currency)
        for name, profile in profiles.items()
    }
    return Site(accounts=accounts)


def decode(root: Block, shape: Shape, profiles: Mapping[str, VenueProfile], *, file: str) -> Site:
    """What could be read; accounts with problems are left out. `file` is its name in messages about plans."""
    reading = Reading(shape, root)
    zone = _zone(reading, root) or "UTC"
    accounts: dict[AccountName, Account] = {}
    listed = list(_blocks(root, "accounts"))
    for name, node in listed:
        account = _account(reading, AccountName(name), node, profiles, zone)
        if account is not None:
            accounts[account.name] = account
    return Site(
        accounts=accounts,
        limits=_site_limits(reading, root, accounts, is_whole=len(accounts) == len(listed) > 0),
        calendars=dict(_calendars(reading, root)),
        **_policy(reading, root, accounts, is_whole=len(accounts) == len(listed) > 0),
        **_service(reading, root),
        file=file,
        lines=dict(_lines(root)),
    )


def _policy(reading: Reading, root: Block, accounts: Mapping[AccountName, Account], *, is_whole: bool) -> dict[str, Any]:
    """What must be so before real money moves; many files say nothing of it."""
    node = root.values.get("policy")
    if not isinstance(node, Block):
        return {}
    from planrunner.plan import policy_file

    return policy_file.read_policy(reading, node, {one.currency for one in accounts.values()} if is_whole else set())


def _service(reading: Reading, root: Block) -> dict[str, Any]:
    """Of what `planrunner serve` does; most files say nothing of it."""
    if not {"service", "notify", "mail"} & root.values.keys():
        return {}
    from planrunner.plan import service_file

    return {
        "service": service_file.read_service(reading, root),
        "notify": service_file.read_notices(reading, root),
        "mail": service_file.read_mail(reading, root),
    }


def _blocks(root: Block, key: str) -> Iterator[tuple[str, Block]]:
    node = root.values.get(key)
    for name, value in node.values.items() if isinstance(node, Block) else ():
        if isinstance(value, Block):
            yield name, value


def _zone(reading: Reading, node: Block) -> str | None:
    value = reading.scalar(node, "time_zone")
    if value is None:
        return None
    if scalars.zone(value.text) is None:
        reading.shape.complain(value, say_shape.not_a_zone(value))
        return None
    return value.text


def _account(reading: Reading, name: AccountName, node: Block, profiles: Mapping[str, VenueProfile], zone: str) -> Account | None:
    venue = reading.scalar(node, "venue")
    if venue is None:
        return None
    profile = profiles.get(venue.text)
    if profile is None:
        reading.shape.complain(venue, say_venue.unknown_venue(venue, list(profiles)))
        return None
    given = reading.scalar(node, "currency")
    currency = given.text if given is not None else profile.usual_currency
    if given is not None and currency not in profile.minimums:
        reading.shape.complain(given, say_venue.no_such_accounts(given, profile.title, list(profile.minimums)))
        return None
    if "currency" in node.values and given is None:
        return None  # complained about; its limits can't be compared with anything
    mode = reading.text(node, "mode")
    if "allow_lay" in node.values and not profile.routes:
        reading.shape.complain(
            None, say_routing.no_lay_to_allow(node.keys["allow_lay"], profile.title, has_lays=bool(profile.sides))
        )
    return Account(
        name=name,
        venue=venue.text,
        currency=currency,
        mode=AccountMode(mode) if mode is not None else AccountMode.SANDBOX,
        credentials=reading.text(node, "credentials") or "env",
        time_zone=_zone(reading, node) or zone,
        limits=_limits(reading, node, currency),
        allow_lay=reading.text(node, "allow_lay") == "yes",
    )


def _limits(reading: Reading, account: Block, currency: str) -> AccountLimits:
    node = account.values.get("limits")
    if not isinstance(node, Block):
        return AccountLimits()
    found: dict[str, Money] = {}
    for key, value, money in _amounts(reading, node, _OF_ACCOUNT):
        if money.currency != currency:
            reading.shape.complain(value, say_venue.limit_currency(value, key=key, currency=currency))
        else:
            found[key] = money
    count = reading.text(node, "max_orders_per_minute")
    return AccountLimits(
        max_stake_per_order=found.get("max_stake_per_order"),
        max_open_exposure=found.get("max_open_exposure"),
        max_exposure_per_market=found.get("max_exposure_per_market"),
        max_loss_per_day=found.get("max_loss_per_day"),
        max_orders_per_minute=scalars.count(count) if count is not None else None,
    )


def _site_limits(reading: Reading, root: Block, accounts: Mapping[AccountName, Account], *, is_whole: bool) -> SiteLimits:
    """Each says by its amount for which currency it is; one that is for no account would be a limit that only looks like one."""
    node = root.values.get("limits")
    if not isinstance(node, Block):
        return SiteLimits()
    currencies = sorted({account.currency for account in accounts.values()})
    found: dict[str, Money] = {}
    for key, value, money in _amounts(reading, node, _OF_ALL):
        if is_whole and money.currency not in currencies:
            reading.shape.complain(value, say.no_account_in(value, key, money.currency, currencies))
        else:
            found[key] = money
    return SiteLimits(**found)


def _amounts(reading: Reading, node: Block, keys: tuple[str, ...]) -> Iterator[tuple[str, Scalar, Money]]:
    for key in keys:
        if (money := reading.money(node, key)) is not None:
            value = node.scalar(key)
            yield key, value, money


def _calendars(reading: Reading, root: Block) -> Iterator[tuple[str, Calendar]]:
    node = root.values.get("calendars")
    for name, listing in node.values.items() if isinstance(node, Block) else ():
        if isinstance(listing, Listing) and id(listing) not in reading.shape.bad:
            yield name, Calendar(name=name, days=tuple(sorted(_days(reading.shape, name, listing))))


def _days(shape: Shape, calendar: str, listing: Listing) -> dict[date, Scalar]:
    found: dict[date, Scalar] = {}
    for item in listing.items:
        if not isinstance(item, Scalar) or id(item) in shape.bad:
            continue
        day = scalars.day(item.text)
        if day is None:
            shape.complain(item, say.no_such_day(item))
        elif day in found:
            shape.complain(item, say.same_day(item, calendar, found[day]))
        else:
            found[day] = item
    return found


def _lines(root: Block) -> Iterator[tuple[str, int]]:
    """Where each limit is written, by its path."""
    for prefix, node in [("", root), *((f"accounts.{name}.", node) for name, node in _blocks(root, "accounts"))]:
        limits = node.values.get("limits")
        for key, value in limits.values.items() if isinstance(limits, Block) else ():
            yield f"{prefix}limits.{key}", value.span.line
