"""Tables as spreadsheets write them, and what a row that is wrong makes of a plan."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.plan import table
from tests.laws import law
from tests.plan.checking import check

PLAN = """\
planrunner: 1
plan: Picks of the week
limits:
  max_loss: 100000.00 GBP
  max_orders: 10000
for_each: picks.csv
orders:
  - name: pick
    venue: betfair
    event: ${row.event}
    market: Match Odds
    selection: ${row.selection}
    side: back
    odds: ${row.odds}
    stake: ${row.stake}
    expires_before_start: 1m
"""
HEAD = "Event,Selection,Odds,Stake\n"
ROW = "Arsenal v Chelsea,Arsenal,3.10,2.00 GBP\n"


def checked(data: str | bytes, plan: str = PLAN):
    return check(plan, files={"picks.csv": data})


def picks(data: str | bytes) -> list[tuple[str | None, str | None, str, str]]:
    plan = checked(data).plan
    assert plan is not None
    return [(one.target.event, one.target.selection, str(one.odds), str(one.stake)) for one in plan.orders]


@pytest.mark.parametrize(
    "data",
    [
        HEAD + ROW, "\ufeff" + HEAD + ROW, (HEAD + ROW).replace("\n", "\r\n"), (HEAD + ROW).replace("\n", "\r"),
        (HEAD + ROW).strip(),
        (HEAD + ROW).replace(",", ";"), (HEAD + ROW).replace(",", "\t"), "sep=;\n" + (HEAD + ROW).replace(",", ";"),
        "\n\n" + HEAD + "\n" + ROW + "\n\n",
        HEAD + ROW + ",,,\n", HEAD.upper() + ROW,
        ' "Event" ,"Selection", Odds,Stake\n' + '"Arsenal v Chelsea" , "Arsenal",3.10,"2.00 GBP"\n',
        HEAD.strip() + ",,\n" + ROW.strip() + ",,\n",
        HEAD.strip() + ',"Note, if any"\n' + ROW.strip() + ',"so ""long"" a\nnote, with ${x}"\n',
    ],
)  # fmt: skip
def test_every_dress_of_a_spreadsheet(data: str) -> None:
    assert picks(data) == [("Arsenal v Chelsea", "Arsenal", "3.10", "2.00 GBP")]


def test_headers_become_words() -> None:
    assert [table.column_name(one) for one in ("Each-way Price", " Stake (GBP) ", "Größe", "1st")] == [
        "each_way_price", "stake_gbp", "größe", "1st",
    ]  # fmt: skip
    text = PLAN.replace("${row.event}", "A v B").replace("row.selection", "row.team_name")
    text = text.replace("row.odds", 'row["odds_now"]').replace("${row.stake}", "2.00 GBP")
    plan = checked("Team name;Odds now\nArsenal;3.10\n", text).plan
    assert plan is not None
    assert plan.orders[0].target.selection == "Arsenal"


CELLS = st.text(st.sampled_from('aB1 .,;\t"\n\r£é'), max_size=6)


@law(300, share=80)
@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=5), st.sampled_from(",;\t"), st.booleans())
def test_cells_hold_what_python_reads_and_stand_where_they_say(rows: list[list[str]], delimiter: str, is_quoted: bool) -> None:
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if is_quoted else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, quoting=quoting).writerows([["a", "b"], *rows])
    found = table.read(out.getvalue().encode(), "picks.csv")
    expected = [
        [cell.strip() for cell in row] for row in csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter)
    ][1:]
    expected = [row for row in expected if any(row)]
    made = [[cell.text for cell in row.values()] for row in found.rows if row is not None]
    if expected:
        assert (made, found.problems) == (expected, [])
    if any(end in cell for row in rows for cell in row for end in "\r\n"):
        return
    for cell in [cell for row in found.rows if row is not None for cell in row.values() if cell.text]:
        line = found.lines[cell.line - 1][cell.column - 1 :]
        is_quoted_cell = line.startswith('"')
        inside = line[1:].lstrip() if is_quoted_cell else line
        assert inside.startswith(cell.text.replace('"', '""') if is_quoted_cell else cell.text)


@law(300, share=80)
@given(st.text(st.sampled_from('ab1,;\t" \n\r${}=#'), max_size=40) | st.binary(max_size=30))
def test_any_bytes_make_a_table_or_a_message(data: str | bytes) -> None:
    found = table.read(data if isinstance(data, bytes) else data.encode(), "picks.csv")
    assert found.problems or (found.columns and found.rows)
    assert all(one.file == "picks.csv" and one.code == "PR221" for one in found.problems)
    assert all(row is None or tuple(row) == found.columns for row in found.rows)


@pytest.mark.parametrize(
    ("data", "places"),
    [
        (b"", [(1, 1)]), (HEAD.encode(), [(1, 1)]), (b"\xff\xfea\x00", [(1, 1)]), (HEAD.encode() + b"M\xfcller,,,\n", [(2, 1)]),
        (b",,\n1,2,3\n", [(1, 1)]), (b"Odds,odds \n1,2\n", [(1, 6)]), (b"Odds,,Stake\n1,2,3\n", [(1, 6)]),
        (b"a,b\n1\n", [(2, 1)]),
        (b"a,b\n1,2,3\n1,2,,\n", [(2, 5)]), (b'a,b\n"1,2\n3,4\n', [(2, 1)]), (b'a,b\n1,"2"3\n', [(2, 6)]),
        (b"a\n" + b"1\n" * 10_001, [(10_002, 1)]), (b"a\n" + b"1" * (1 << 20), [(1, 1)]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_told_at_its_place(data: bytes, places: list[tuple[int, int]]) -> None:
    assert [(one.line, one.column) for one in table.read(data, "picks.csv").problems] == places


# In a plan


def test_a_bad_cell_is_told_by_file_line_and_column() -> None:
    found = checked(HEAD + ROW + "Arsenal v Chelsea,Arsenal,5/2,2.00 quid\n").problems
    assert [(one.file, one.line, one.column, one.code, one.did_you_mean) for one in found] == [
        ("picks.csv", 3, 27, "PR206", "3.50"), ("picks.csv", 3, 31, "PR207", "2.00 GBP"),
    ]  # fmt: skip


CAUSES = [
    ("row.stake", "row.stkae", "PR326"), ("${row.stake}", "${row.stake / 3}", "PR328"), ("side: back", "side: bcak", "PR205"),
    ("${row.odds}", "3.11", "PR402"), ("${row.odds}", "${row.odds * 1.1}", "PR402"),
    ("venue: betfair", "venue: betfiar", "PR401"),
    ("    side", "    lne: 3\n    side", "PR201"), ("${row.selection}", "${row.selection", "PR218"),
    ("    side: back\n", "", "PR202"),
    ("name: pick", "name: pick/one", "PR213"), ("expires_before_start: 1m", "expires_before_start: 1 min", "PR208"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code"), CAUSES)
def test_one_cause_is_told_once_over_500_rows(old: str, new: str, code: str) -> None:
    found = checked(HEAD + ROW * 500, PLAN.replace(old, new)).problems
    assert [one.code for one in found] == [code]


def test_the_orders_of_a_table_are_numbered_by_their_rows() -> None:
    plan = checked(HEAD + ROW + "\n" + ROW).plan
    assert plan is not None
    assert [one.name for one in plan.orders] == ["pick#1", "pick#2"]


def test_an_empty_cell_leaves_its_key_out() -> None:
    with_line = PLAN.replace(
        "    side", "    min_fill: ${row.at_least}\n    type: fill_or_kill\n    odds_hold_for: average\n    side"
    )
    with_line = with_line.replace("    expires_before_start: 1m\n", "")
    head, row = HEAD.strip() + ",At least\n", ROW.strip()
    plan = checked(head + row + ",\n" + row + ",1.00 GBP\n", with_line).plan
    assert plan is not None
    assert [str(one.min_fill) for one in plan.orders] == ["None", "1.00 GBP"]


def test_the_orders_of_a_large_table_are_counted_before_they_are_made() -> None:
    two = PLAN + PLAN.split("orders:\n")[1].replace("name: pick", "name: again")
    found = checked(HEAD + ROW * 5_001, two).problems
    assert [one.code for one in found] == ["PR332"]
    assert "10,002 orders" in found[0].message


@pytest.mark.parametrize("cell", ["${row.event}", "${", "x${1}", "a\u202eb", "a\xa0b", '"a\nb"', "a\x1b[2Jb"])
def test_no_cell_is_a_template_or_hides_anything(cell: str) -> None:
    (told,) = checked(HEAD + f"Arsenal v Chelsea,{cell},3.10,2.00 GBP\n").problems
    assert (told.file, told.line, told.column, told.code) == ("picks.csv", 2, 19, "PR220" if "${" in cell else "PR103")


def test_a_cell_that_looks_like_code_is_a_name() -> None:
    assert picks(HEAD + "=cmd|' /C calc'!A0,{{ x }},3.10,2.00 GBP\n")[0][:2] == ("=cmd|' /C calc'!A0", "{{ x }}")


def test_an_empty_cell_is_told_once_however_often_it_is_used() -> None:
    found = checked(HEAD + ROW + "Arsenal v Chelsea,,3.10,2.00 GBP\n", PLAN.replace("name: pick", "name: ${row.selection}"))
    assert [(one.file, one.line, one.column, one.code, one.note) for one in found.problems] == [("picks.csv", 3, 19, "PR333", "")]
