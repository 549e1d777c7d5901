"""The site file to values: what every plan on this machine must stay within."""

from __future__ import annotations

from collections.abc import Mapping

from planrunner.model.account import Account, AccountLimits, AccountMode, Site
from planrunner.model.market import AccountName
from planrunner.model.money import Money
from planrunner.model.profile import VenueProfile
from planrunner.plan.decode import Reading
from planrunner.plan.messages import venue as say
from planrunner.plan.nodes import Block, Scalar
from planrunner.plan.schema import Shape

_LIMITS = ("max_stake_per_order", "max_open_exposure", "max_exposure_per_market")


def default_site(profiles: Mapping[str, VenueProfile]) -> Site:
    """Without a site file every known venue is an account of its own name, on the embedded sandbox."""
    accounts = {
        AccountName(name): Account(name=AccountName(name), venue=name, currency=profile.usual_currency)
        for name, profile in profiles.items()
    }
    return Site(accounts=accounts)


def decode(root: Block, shape: Shape, profiles: Mapping[str, VenueProfile]) -> Site:
    """What could be read; accounts with problems are left out."""
    reading = Reading(shape, root)
    accounts: dict[AccountName, Account] = {}
    listed = root.values.get("accounts")
    for name, node in listed.values.items() if isinstance(listed, Block) else ():
        account = _account(reading, AccountName(name), node, profiles) if isinstance(node, Block) else None
        if account is not None:
            accounts[account.name] = account
    policy = root.values.get("policy")
    approval = reading.text(policy, "live_needs_approval") if isinstance(policy, Block) else None
    return Site(accounts=accounts, live_needs_approval=approval != "no")


def _account(reading: Reading, name: AccountName, node: Block, profiles: Mapping[str, VenueProfile]) -> Account | None:
    venue = reading.scalar(node, "venue")
    if venue is None:
        return None
    profile = profiles.get(venue.text)
    if profile is None:
        reading.shape.complain(venue, say.unknown_venue(venue, list(profiles)))
        return None
    given = reading.scalar(node, "currency")
    currency = given.text if given is not None else profile.usual_currency
    if given is not None and currency not in profile.minimums:
        reading.shape.complain(given, say.no_such_accounts(given, profile.title, list(profile.minimums)))
        return None
    if "currency" in node.values and given is None:
        return None  # complained about; its limits can't be compared with anything
    mode = reading.text(node, "mode")
    return Account(
        name=name,
        venue=venue.text,
        currency=currency,
        mode=AccountMode(mode) if mode is not None else AccountMode.SANDBOX,
        credentials=reading.text(node, "credentials") or "env",
        limits=_limits(reading, node, currency),
    )


def _limits(reading: Reading, account: Block, currency: str) -> AccountLimits:
    node = account.values.get("limits")
    found: dict[str, Money] = {}
    for key in _LIMITS if isinstance(node, Block) else ():
        assert isinstance(node, Block)
        money = reading.money(node, key)
        if money is None:
            continue
        value = node.values[key]
        assert isinstance(value, Scalar)
        if money.currency != currency:
            reading.shape.complain(value, say.limit_currency(value, key=key, currency=currency))
        else:
            found[key] = money
    return AccountLimits(**found)
