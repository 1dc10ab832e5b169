"""Mistakes in YAML are named where people made them."""

import pytest

from citylab.document import DocumentError, read_yaml

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
