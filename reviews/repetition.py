"""Text that was carried over from last year: the same sentences, which somebody should look at again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .last_year import LastYear
    from .sheet import PhaseBlock

# Shorter ones (なし。, 同上。) are the same for good reasons.
SHORTEST = 8
_PIECE = re.compile(r"\n|[^\n。！？]*[。！？]|[^\n。！？]+")
_INVISIBLE = re.compile(r"[\s\u3000\u200b]+")
_BULLET = re.compile(r"\A[・○〇●\-*]+")


def same_sentences(text: str, earlier: str) -> list[str]:
    """List the sentences of a text that stood word for word in the earlier one, in order, each once.

    A sentence ends at 。 or at the end of its line. White space and a leading bullet do not count.
    """
    before = {_bare(sentence) for sentence in _sentences(earlier)}
    found = {
        bare: sentence
        for sentence in _sentences(text)
        if len(bare := _bare(sentence)) >= SHORTEST and bare in before
    }
    return list(found.values())


def repeated_texts(texts: Mapping[str, str], earlier: Mapping[str, str]) -> list[str]:
    """List the repeated sentences of all texts, each field compared with the same field of last year."""
    return [
        sentence
        for key, text in texts.items()
        if key in earlier
        for sentence in same_sentences(text, earlier[key])
    ]


def repeated_since(last_year: LastYear | None, block: PhaseBlock | None) -> tuple[str, ...]:
    """List the sentences of a phase that stood in the same field last year; none for who may not read it."""
    before = last_year.block(block.phase.key) if last_year and block and block.readable else None
    return tuple(repeated_texts(block.texts, before.texts)) if block and before else ()


def marked_parts(text: str, sentences: Iterable[str]) -> list[tuple[str, bool]]:
    """Split a text into pieces, those that say one of the sentences marked True. Nothing is changed."""
    repeated = {_bare(sentence) for sentence in sentences}
    return [(piece, _bare(piece) in repeated) for piece in _PIECE.findall(text)]


def _sentences(text: str) -> list[str]:
    return [piece.strip() for piece in _PIECE.findall(text) if piece.strip()]


def _bare(sentence: str) -> str:
    return _BULLET.sub("", _INVISIBLE.sub("", sentence))
