"""Lines and who wins: the documented perms, places, dead heats, and laws over every finish."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.matching.finishes import Kind, Line, Rule, count, lines, places, surviving, through, winning

WIN, PLACE = Rule(kind=Kind.WIN), Rule(kind=Kind.PLACE)
EXACTA, TRIFECTA = Rule(kind=Kind.ORDERED, size=2), Rule(kind=Kind.ORDERED, size=3)
QUINELLA, TRIO = Rule(kind=Kind.UNORDERED, size=2), Rule(kind=Kind.UNORDERED, size=3)
SWINGER = Rule(kind=Kind.SWINGER, size=2)
DOUBLE, PLACEPOT = Rule(kind=Kind.ALL_WIN, size=2), Rule(kind=Kind.ALL_PLACED, size=6)
ON_ONE_RACE = (WIN, PLACE, EXACTA, TRIFECTA, QUINELLA, TRIO, SWINGER)


@st.composite
def finishes(draw: st.DrawFn) -> list[frozenset[int]]:
    """Three to nine runners, with dead heats."""
    order = draw(st.permutations(range(1, draw(st.integers(3, 9)) + 1)))
    finish: list[frozenset[int]] = []
    while order:
        size = draw(st.sampled_from([1, 1, 1, 2, 3]))
        finish.append(frozenset(order[:size]))
        order = order[size:]
    return finish


@pytest.mark.parametrize(
    ("rule", "picks", "number"),
    [
        (EXACTA, [[3, 5], [3, 5]], 2),
        (EXACTA, [[1, 2, 3], [1, 2, 3]], 6),
        (TRIFECTA, [[1, 2, 3, 4]] * 3, 24),
        (TRIFECTA, [[1], [2, 3, 4], [2, 3, 4]], 6),
        (EXACTA, [[7], [7]], 0),
        (WIN, [[1, 4]], 2),
        (QUINELLA, [[1, 2, 3, 4]], 6),
        (SWINGER, [[1, 2, 3]], 3),
        (TRIO, [[1, 2, 3, 4]], 4),
        (TRIO, [[1, 2]], 0),
        (DOUBLE, [[1, 2], [3, 4, 5]], 6),
        (PLACEPOT, [[1], [2, 3], [1], [4, 5], [6], [7]], 4),
    ],
)
def test_how_many_lines_a_perm_has(rule: Rule, picks: list[list[int]], number: int) -> None:
    assert count(rule, picks) == number
    if not rule.is_over_races:
        assert len(set(lines(rule, picks))) == number


@pytest.mark.parametrize(
    ("runners", "handicap", "placed"),
    [(2, False, 1), (4, True, 1), (5, False, 2), (7, True, 2), (8, False, 3), (15, True, 3), (16, True, 4), (16, False, 3)],
)
def test_places_go_by_the_number_of_runners(runners: int, handicap: bool, placed: int) -> None:
    assert places(runners, handicap=handicap) == placed


def parts(rule: Rule, *finish: set[int], placed: int = 1) -> dict[Line, Fraction]:
    return {line: one.part for line, one in winning(rule, finish, placed=placed).items()}


def test_a_dead_heat_shares_what_it_is_about() -> None:
    half, third, sixth = Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)
    assert parts(WIN, {4, 7}, {1}) == {(4,): half, (7,): half}
    assert parts(PLACE, {4, 7}, {1}, placed=2) == {(4,): half, (7,): half}
    assert parts(PLACE, {4}, {7}, {1, 2}, placed=3) == {(4,): third, (7,): third, (1,): sixth, (2,): sixth}
    assert parts(EXACTA, {4, 7}, {1}) == {(4, 7): half, (7, 4): half}
    assert parts(QUINELLA, {4, 7}, {1}) == {(4, 7): Fraction(1)}
    assert parts(TRIFECTA, {4}, {7}, {1, 2}) == {(4, 7, 1): half, (4, 7, 2): half}


def test_only_what_a_dead_heat_makes_smaller_is_tied() -> None:
    tied = {line: one.tied for line, one in winning(PLACE, [{4}, {7}, {1, 2}], placed=3).items()}
    assert tied == {(4,): False, (7,): False, (1,): True, (2,): True}
    assert not any(one.tied for one in winning(PLACE, [{4, 7}, {1}], placed=2).values())


def test_a_swinger_pays_three_pairs_with_six_runners_and_one_with_fewer() -> None:
    six = [{runner} for runner in (5, 2, 6, 1, 3, 4)]
    assert parts(SWINGER, *six) == {(2, 5): Fraction(1, 3), (5, 6): Fraction(1, 3), (2, 6): Fraction(1, 3)}
    assert parts(SWINGER, *six[:5]) == {(2, 5): Fraction(1)}


def test_nobody_wins_what_too_few_finished_for() -> None:
    assert parts(TRIFECTA, {4}, {7}) == {}
    assert parts(QUINELLA, {4}) == {}


def test_lines_over_races_survive_with_the_winner_or_with_the_placed() -> None:
    finish = [{4}, {7, 2}, {1}, {3}]
    assert through(DOUBLE, finish) == {4}
    assert through(PLACEPOT, finish, placed=2) == {4, 7, 2}
    assert surviving([[4, 7], [1, 5, 1]], [{4}, {1}]) == 2  # a favourite that also stands in counts twice
    assert surviving([[4], [5]], [{4}, {1}]) == 0


@given(finish=finishes(), rule=st.sampled_from(ON_ONE_RACE), placed=st.integers(1, 3))
def test_winning_lines_take_the_whole_pool(finish: list[frozenset[int]], rule: Rule, placed: int) -> None:
    won = winning(rule, finish, placed=placed)
    assert sum(one.part for one in won.values()) == 1
    assert all(line in lines(rule, _everybody(rule, finish)) for line in won)


@given(finish=finishes(), rule=st.sampled_from(ON_ONE_RACE))
def test_without_a_dead_heat_every_winning_line_has_the_same_part(finish: list[frozenset[int]], rule: Rule) -> None:
    apart = [frozenset([runner]) for group in finish for runner in sorted(group)]
    won = winning(rule, apart, placed=2)
    assert len({one.part for one in won.values()}) == 1
    assert not any(one.tied for one in won.values())


@given(picks=st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True), min_size=2, max_size=4))
def test_every_line_of_an_ordered_perm_names_different_runners_in_their_positions(picks: list[list[int]]) -> None:
    rule = Rule(kind=Kind.ORDERED, size=len(picks))
    made = lines(rule, picks)
    assert len(made) == len(set(made)) == count(rule, picks)
    assert all(len(set(line)) == len(picks) and all(a in b for a, b in zip(line, picks, strict=True)) for line in made)


def _everybody(rule: Rule, finish: list[frozenset[int]]) -> list[list[int]]:
    runners = sorted(runner for group in finish for runner in group)
    return [runners] * (rule.size if rule.is_ordered else 1)


def test_an_ordered_perm_of_everybody_holds_every_finish() -> None:
    assert set(lines(TRIFECTA, [[1, 2, 3, 4]] * 3)) == set(permutations([1, 2, 3, 4], 3))
