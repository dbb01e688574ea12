"""SPARQL text as tokens: enough to see keywords and brackets for what they are, without parsing.

A string, an IRI, a comment, a variable or a prefixed name never counts as a keyword. It works in one pass, in linear
time, on any text; what is not SPARQL is left to the engine's parser to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_HEX = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_LOCAL = r"(?:[\w:.\-·]|%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%])*+"

_TOKEN = re.compile(
    rf"""
      (?P<blank>   (?: [ \t\r\n]++ | \#[^\r\n]*+ )++ )
    | (?P<string>  \"\"\" (?: (?:"|"")? (?: [^"\\] | \\. ) )*+ \"\"\"
                 | '''    (?: (?:'|'')? (?: [^'\\] | \\. ) )*+ '''
                 | "(?: [^"\\\r\n] | \\. )*+"  |  '(?: [^'\\\r\n] | \\. )*+' )
    | (?P<iri>     <(?: [^<>"{{}}|^`\\\x00-\x20] | {_HEX} )*+> )
    | (?P<variable> [?$]\w++ )
    | (?P<language> @[A-Za-z]++(?:-[A-Za-z0-9]++)*+ )
    | (?P<number>  (?: \d++ (?:\.\d*+)? | \.\d++ ) (?: [eE][+-]?\d++ )?+ )
    | (?P<name>    (?: [^\W\d_] [\w.\-·]*+ | _ )? : {_LOCAL} )
    | (?P<word>    [A-Za-z_] \w*+ )
    | (?P<open>    [(\[{{] )
    | (?P<close>   [)\]}}] )
    | (?P<other>   . )
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPE = re.compile(_HEX)


class Token(NamedTuple):
    """A piece of the query: what kind of thing it is, its text, and where it stands (offsets into the text)."""

    kind: str
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords, in any case."""
        return self.kind == "word" and self.text.upper() in words


def tokens(text: str, *, quote_in_iri: bool = True) -> Iterator[Token]:
    """The tokens without blanks and comments.

    `?a<'>'` can be read as an IRI followed by a quote or as a comparison with a string, and only a parser knows.
    With `quote_in_iri=False` the second reading is taken; who looks for forbidden words looks at both.
    """
    position, length = 0, len(text)
    while position < length:
        match = _TOKEN.match(text, position)
        assert match is not None  # `other` takes any character
        assert match.lastgroup is not None
        kind, end = match.lastgroup, match.end()
        if kind == "iri" and not quote_in_iri and "'" in match.group():
            kind, end = "other", position + 1
        if kind != "blank":
            yield Token(kind, text[position:end], position, end)
        position = end


def readings(text: str, watch: Callable[[Iterator[Token]], Iterator[Token]] = iter) -> list[list[Token]]:
    """Every way in which the text can fall into tokens: one, or two where an IRI holds a quotation mark.

    `watch` sees the tokens as they are found and may raise, so that the rest is not read.
    """
    first = list(watch(tokens(text)))
    if any(each.kind == "iri" and "'" in each.text for each in first):
        return [first, list(tokens(text, quote_in_iri=False))]
    return [first]


def decode_escapes(text: str) -> str:
    r"""The text with `\u0053` spelled out wherever it stands for a character of a name or keyword (SPARQL 1.1 §19.2).

    Inside strings and IRIs escapes are left alone: the engine decodes them there, and decoding twice would change them.
    """
    if "\\" not in text:
        return text
    pieces: list[str] = []
    position = 0
    while position < len(text):
        escape = _ESCAPE.match(text, position)
        if escape is not None:
            code = int(escape.group()[2:], 16)
            character = chr(code) if code <= 0x10FFFF else ""
            pieces.append(character if character.isalnum() or character in "_:-." else escape.group())
            position = escape.end()
            continue
        match = _TOKEN.match(text, position)
        assert match is not None
        pieces.append(match.group())
        position = match.end()
    return "".join(pieces)
