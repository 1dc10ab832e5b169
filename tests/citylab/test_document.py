"""Mistakes in YAML are named where people made them."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from pydantic import Field

from citylab.document import Document, DocumentError, nearest, parse_document, read_text, read_yaml

HEAD = 'name: mill\nlabel: Mill\nsummary: "It\'s a mill"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('start: "2026\nseed: 1\ncity: kivuli\n', 4, "the quote that opens in this line is not closed"),
        ("start: '2026\nseed: 1\n---\ncity: kivuli\n", 4, "the quote that opens in this line is not closed"),
        ('start: "2026\nseed: 1\ncity: "kivuli"\n', 4, "the quote that opens in this line closes in line 6"),
        ("seed: 1\nevents: [1, 2\ncity: kivuli\n", 6, "not valid YAML"),
        ('seed: "a\n  b"\ncity: x\n  y: z\n', 7, "not valid YAML"),
        ('seed: 1\ncity: "\\q"\n', 5, "unknown escape"),
        ("seed: 1\n city: x\n", 5, "not valid YAML"),
    ],
)
def test_what_is_no_yaml_is_named_by_its_line(text, line, words):
    with pytest.raises(DocumentError) as caught:
        read_yaml(HEAD + text, "mill.yaml")
    (mistake,) = caught.value.mistakes
    assert (mistake.line, words in mistake.text) == (line, True), str(mistake)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("at: 12:30", "12:30"),
        ("at: 1:30:00", "1:30:00"),
        ("at: 010", "010"),
        ("at: 10", 10),
        ("at: -0x1F", -31),
        ("at: 1.5e+3", 1500.0),
        ("at: no", "no"),
        ("at: 2026-03-02", "2026-03-02"),
        ("at: true", True),
        ("at: ~", None),
        ("at: '<<'", "<<"),
        ("at: =", "="),
    ],
)
def test_words_stay_words(text, data):
    found = read_yaml(text, "mill.yaml")[0]["at"]
    assert (found, type(found)) == (data, type(data))


def test_few_aliases_are_fine_and_many_are_not():
    assert read_yaml("a: &a {x: 1}\nb: [*a, *a]\n", "mill.yaml")[0]["b"] == [{"x": 1}, {"x": 1}]
    rows = "\n".join(
        f"{name}: &{name} [{', '.join(f'*{before}' for _ in range(10))}]" for before, name in pairwise("abcdefg")
    )
    with pytest.raises(DocumentError, match=r"mill.yaml:6: aliases make more than 100,000 entries"):
        read_yaml(f"a: &a [1, 1]\n{rows}\n", "mill.yaml")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a: 1\nb: \xff\n", "mill.yaml:2: not UTF-8 text (byte 8)"),
        ("a: 1".encode("utf-16"), "mill.yaml:1: found UTF-16 text; save it as UTF-8"),
    ],
)
def test_files_that_are_no_text(tmp_path, content, says):
    path = tmp_path / "mill.yaml"
    path.write_bytes(content)
    with pytest.raises(DocumentError) as caught:
        read_text(path)
    assert str(caught.value).endswith(says)
    with pytest.raises(DocumentError, match="it is no file"):
        read_text(tmp_path)
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert read_yaml(read_text(path), "mill.yaml")[0] == {"a": 1}


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("East Market", 'did you mean "east-market"?'),
        ("EAST-MARKET", 'did you mean "east-market"?'),
        ("east-m\u0430rket", 'did you mean "east-market"? (the "\u0430" is CYRILLIC SMALL LETTER A)'),
        ("x", "expected one of: centre, east-market"),
    ],
)
def test_the_nearest_word(word, hint):
    assert nearest(word, ["east-market", "centre", "centre"]) == hint


class Mill(Document):
    """Something to make mistakes in."""

    name: str
    wheels: int = 1
    speed: float = 1.0
    parts: tuple[str, ...] = ()
    rates: Mapping[str, float] = Field(default_factory=dict)
    kind: str = Field("saw", pattern="^[a-z0-9_]+$")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: 5", "mill:1: name: found 5; input should be a text"),
        ("name:", "mill:1: name: found nothing; input should be a text"),
        ("name: a\nwheels: 1.5", "mill:2: wheels: found 1.5; input should be a whole number"),
        ("name: a\nspeed: 20 km/h", "mill:2: speed: found '20 km/h'; input should be a valid number alone, such as 20"),
        ("name: a\nspeed: 40 %", "such as 0.4"),
        ("name: a\nspeed: .inf", "mill:2: speed: found inf; input should be a finite number"),
        ("name: a\nparts: b", "mill:2: parts: found 'b'; input should be a list"),
        ("name: a\nrates: [1]", "mill:2: rates: found list; input should be keys and values"),
        (
            "name: a\nkind: Wind-Mill 2",
            "found 'Wind-Mill 2'; expected small letters a to z, digits and _, such as \"wind_mill_2\"",
        ),
        ('name: a\nwheels: "x\\e[31m"', "found 'x\\x1b[31m'"),
        (f"name: a\nwheels: {'x' * 999}", "xxx...; input should be a whole number"),
    ],
)
def test_mistakes_are_in_the_words_of_those_who_write(text, says):
    with pytest.raises(DocumentError) as caught:
        parse_document(Mill, text, "mill")
    assert says in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200
