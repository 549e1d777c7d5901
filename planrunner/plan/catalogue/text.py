"""PR1xx: the text itself."""

from __future__ import annotations

from planrunner.plan.catalogue.entry import A_PLAN, Entry, Laid

ENTRIES: dict[str, Entry] = {
    "PR101": Entry(
        why="A plan is UTF-8 text, so that a name with an accent is the same name on every machine. This file was saved in "
        "another encoding, and planrunner would have to guess its letters. In most editors `Save as` offers UTF-8.",
        wrong="selection: Saint-Étienne   # saved as Windows-1252\n",
        right="selection: Saint-Étienne   # saved as UTF-8\n",
    ),
    "PR102": Entry(
        why="planrunner reads plans of at most 1 MiB, some four thousand orders: nobody can review more in one piece. Split "
        "the plan, or keep the rows in a table and repeat one order over it with `for_each`.",
        wrong="# ... and so on, until the file is larger than 1 MiB\n",
        right="# ... and the other orders in a plan of their own\n",
        laid=Laid.PLAN,
    ),
    "PR103": Entry(
        why="Some characters can't be seen: spaces of another kind, marks that turn the direction of the text, control "
        "characters. They come along when text is copied from a web page or a document, and a reviewer can't tell that a name "
        "is not the one it looks like. Type the word again by hand.",
        wrong="stake: 10.00\u00a0GBP   # a no-break space before GBP, copied from a web page\n",
        right="stake: 10.00 GBP\n",
    ),
    "PR104": Entry(
        why="A tab is as wide as each editor likes, so lines that look aligned in one are not in another, and which key "
        "belongs to which block would be a matter of taste. Plans are indented with spaces, two for each level; most editors "
        "can be told to write spaces for the tab key.",
        wrong="stake:\t10.00 GBP   # a tab after `stake:`\n",
        right="stake: 10.00 GBP\n",
    ),
    "PR105": Entry(
        why="A line is not YAML, so nobody can say what it means. Mostly a value holds a `: ` or begins with a sign that "
        "needs quotes, a quote was never closed, the space after a `:` is missing, or a line is indented differently from its "
        "neighbours. The message says which, and what to write.",
        wrong="event: Cup final: Arsenal v Chelsea\n",
        right='event: "Cup final: Arsenal v Chelsea"\n',
    ),
    "PR106": Entry(
        why="There is nothing in this file but blank lines and comments, and nothing checked is not a success. `planrunner "
        "new` writes a plan to start from.",
        wrong="# a plan will stand here one day\n",
        right=A_PLAN,
        laid=Laid.FILE,
    ),
    "PR107": Entry(
        why="YAML can name a value with `&` and repeat it elsewhere with `*`. A plan is read aloud in a review, line by line, "
        "and a value that stands somewhere else is a value that is missed; so plans write every value out. To use one value "
        "in many places, make it an input.",
        wrong="stake: &usual 10.00 GBP\n",
        right="stake: 10.00 GBP\n",
    ),
    "PR108": Entry(
        why="`!` begins a tag, with which YAML gives a value a type. In a plan the place of a value decides what it is, so "
        "there is nothing for a tag to say. A text that really begins with `!` goes in quotes.",
        wrong="odds: !!float 3.10\n",
        right="odds: 3.10\n",
    ),
    "PR109": Entry(
        why="`<<` copies the keys of another block into this one, so that what an order does would no longer stand at the "
        "order. Write the keys out, or repeat one order over a table with `for_each`.",
        wrong="<<: *usual\nstake: 10.00 GBP\n",
        right="stake: 10.00 GBP\n",
    ),
    "PR110": Entry(
        why="YAML can also write a block in braces, on one line. A plan has one way to write each thing: a key on each line, "
        "indented by two spaces. For a template it is a dollar sign and one pair of braces, `${stake}`, in a value.",
        wrong="limits: {max_loss: 10.00 GBP}\n",
        right="limits:\n  max_loss: 10.00 GBP\n",
        laid=Laid.PLAN,
    ),
    "PR111": Entry(
        why="`---` begins a second document in the same file, and a line that begins with `%` gives YAML a directive. One "
        "file holds one plan, so that what was checked and approved is the whole file.",
        wrong="---\n# and another plan in the same file\n",
        right="# and the other plan in a file of its own\n",
        laid=Laid.PLAN,
    ),
    "PR112": Entry(
        why="The same key stands twice in one block. YAML readers keep the last and drop the first without a word; here that "
        "could be a stake. Keep the one you mean.",
        wrong="stake: 10.00 GBP\nside: back\nstake: 20.00 GBP\n",
        right="stake: 20.00 GBP\nside: back\n",
    ),
    "PR113": Entry(
        why="A key stands without a value, or a list without an item. That may be forgotten or meant, and planrunner does not "
        "guess: write the value, or take the line out. What follows `#` is a comment, so a value that begins with `#` needs "
        "quotes.",
        wrong="selection:\n",
        right="selection: Arsenal\n",
    ),
    "PR114": Entry(
        why="YAML joins lines that are indented deeper into one value, so a key that lost its `:` would quietly become part "
        "of the name above it. Values stay on one line; only the texts of `alert` and `about` may be long, after `|` or `>`.",
        wrong="selection: Brighton\n  and Hove Albion\n",
        right="selection: Brighton and Hove Albion\n",
    ),
    "PR115": Entry(
        why="A `#` after a space begins a comment, and YAML drops it: this name would be cut off without a word. Put the "
        "whole value in quotes. A comment is written with a space after its sign, `# like this`.",
        wrong="selection: Trap #3\n",
        right='selection: "Trap #3"\n',
    ),
    "PR116": Entry(
        why="For YAML `true`, `false`, `null` and `~` are no texts but special values, and readers differ about them. A plan "
        "has none of them: yes and no are the words `yes` and `no`, what is absent is left out, and a horse that is called "
        "Null goes in quotes.",
        wrong="selection: null\n",
        right='selection: "null"\n',
    ),
    "PR117": Entry(
        why="Nothing in a plan is nested deeper than a few levels. Text this deep is an accident, or was made to keep a "
        "program busy; it is not read any further.",
        wrong="selection: [[[[[[[[[[[[[[[[[Arsenal]]]]]]]]]]]]]]]]]\n",
        right="selection: Arsenal\n",
    ),
    "PR118": Entry(
        why="Before the `:` stands one word, the key. Here stands a list, a block or nothing at all, and no key of a plan is "
        "called so.",
        wrong="[odds, stake]: 3.10\n",
        right="odds: 3.10\nstake: 10.00 GBP\n",
    ),
    "PR119": Entry(
        why="Keys that belong together begin in the same column; that is how YAML knows where a block ends. A line that is a "
        "step out of its column belongs to nothing, or to something else than it looks like.",
        wrong="side: back\n odds: 3.10\nstake: 10.00 GBP\n",
        right="side: back\nodds: 3.10\nstake: 10.00 GBP\n",
    ),
    "PR120": Entry(
        why="Other tools write a template as `{{ stake }}`, and some have statements, `{% for %}`. To YAML these are braces. "
        "planrunner's templates have a dollar sign and one pair of braces, `${stake}`; orders are repeated with `for_each`.",
        wrong="inputs:\n  stake:\n    type: money\n    default: 10.00 GBP\n"
        "orders:\n  - name: arsenal\n    stake: {{ stake }}\n    expires_after: 5m\n",
        right="inputs:\n  stake:\n    type: money\n    default: 10.00 GBP\n"
        "orders:\n  - name: arsenal\n    stake: ${stake}\n    expires_after: 5m\n",
        laid=Laid.PLAN,
    ),
    "PR121": Entry(
        why="Word processors turn straight quotes into curly ones. To YAML those are letters, so they would become part of "
        "the name, and no venue has a name with quotes in it. Write straight quotes, or none where none are needed.",
        wrong="selection: \u201cArsenal\u201d\n",
        right='selection: "Arsenal"\n',
    ),
    "PR122": Entry(
        why="Some letters of other alphabets look exactly like ours, and so do wide letters and digits. A name with one of "
        "them reads well in a review and is found nowhere; or it is found, and is another one than everybody thought. Type "
        "the word again on one keyboard.",
        wrong="selection: \u0410rsenal   # the A is Cyrillic\n",
        right="selection: Arsenal\n",
    ),
    "PR123": Entry(
        why="Lines end with a line feed. A carriage return alone also ends a line for YAML, but many programs show the two "
        "lines as one, so that what stands behind it is not seen in a review. Save the file with ordinary line ends.",
        wrong="selection: Arsenal   # a carriage return alone follows\rside: back\n",
        right="selection: Arsenal\nside: back\n",
    ),
}
