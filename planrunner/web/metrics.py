"""Figures for Prometheus: what was asked of the API, and how the service and its journal stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily

from planrunner.app.lookout import Figures

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_OCCURRENCES = "occurrences_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How everything stands at one moment. `why_not`: why no plans run, empty where they do."""

    at: datetime
    counts: Mapping[str, int]
    why_not: str
    figures: Figures


@dataclass(slots=True)
class Meters:
    """What the API counts by itself, since it was started."""

    requests: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # route, method, status
    signals: Counter[tuple[str, str]] = field(default_factory=Counter)  # name, and what became of it
    seconds: float = 0.0  # all answers together
    listeners: int = 0

    def text(self, look: Look) -> bytes:
        """All of it and how everything stands, as Prometheus reads it."""
        registry = CollectorRegistry()  # of its own: whoever else counts in this process is not told of here
        registry.register(_Collected([*self._families(), *_families(look)]))
        return generate_latest(registry)

    def _families(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "planrunner_http_requests", "Requests answered", labels=("route", "method", "status")
        )  # fmt: skip
        for key, count in self.requests.items():
            requests.add_metric(key, count)
        signals = CounterMetricFamily(
            "planrunner_signals", "Signals by what became of them; of names that nobody knows together",
            labels=("name", "outcome"),
        )  # fmt: skip
        for name, count in self.signals.items():
            signals.add_metric(name, count)
        answered = self.requests.total()
        yield from (requests, signals)
        yield SummaryMetricFamily(
            "planrunner_http_request_seconds", "Until a request was answered", count_value=answered, sum_value=self.seconds
        )  # fmt: skip
        yield GaugeMetricFamily("planrunner_event_listeners", "Who waits for a run's records now", value=self.listeners)


class _Collected:
    """What prometheus_client asks of a collector."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


def _families(look: Look) -> Iterator[Metric]:
    yield GaugeMetricFamily("planrunner_ready", "1 where plans run", value=not look.why_not)
    yield from _of_service(look.counts)
    figures = look.figures
    yield _by("planrunner_runs", "Runs in the journal", "state", {state.value: n for state, n in figures.runs.items()})
    yield _by("planrunner_occurrences", "Moments at which plans were due", "outcome", figures.occurrences)
    yield GaugeMetricFamily("planrunner_notices_waiting", "Notices that somebody is still to get", value=figures.notices)
    if figures.oldest_beat is not None:
        silence = (look.at - figures.oldest_beat).total_seconds()
        yield GaugeMetricFamily("planrunner_longest_silence_seconds", "Since the run at work that is silent for longest beat",
                                value=max(0.0, silence))  # fmt: skip
    labels = ("account", "mode", "currency")
    open_exposure = GaugeMetricFamily("planrunner_open_exposure", "What open bets can lose", labels=labels)
    limit = GaugeMetricFamily("planrunner_open_exposure_limit", "The most that they may", labels=labels)
    for one in figures.exposures:
        at = (one.account, one.mode, one.currency)
        open_exposure.add_metric(at, float(one.used))
        if one.allowed is not None:
            limit.add_metric(at, float(one.allowed))
    yield from (open_exposure, limit)


def _of_service(counts: Mapping[str, int]) -> Iterator[Metric]:
    """Since it was started; the journal's own stand beside them."""
    outcomes = {key.removeprefix(_OCCURRENCES): n for key, n in counts.items() if key.startswith(_OCCURRENCES)}
    yield _by("planrunner_service_occurrences", "Occurrences since the start of the service", "outcome", outcomes)
    for key, count in counts.items():
        if _NAME.fullmatch(key) and not key.startswith(_OCCURRENCES):
            yield GaugeMetricFamily(f"planrunner_service_{key}", "As the service counts it", value=count)


def _by(name: str, told: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=(label,))
    for key, count in counts.items():
        family.add_metric((key,), count)
    return family
