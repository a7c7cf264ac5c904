"""The words of argparse on the command line in Japanese: an office's operator reads usage and errors."""

from __future__ import annotations

import argparse

WORDS = {
    "usage: ": "使い方: ",
    "positional arguments": "引数",
    "options": "オプション",
    "show this help message and exit": "この説明を表示して終わる",
    "%(prog)s: error: %(message)s\n": "%(prog)s: %(message)s\n",
    "the following arguments are required: %s": "次の引数が足りません: %s",
    "unrecognized arguments: %s": "使えない引数です: %s",
    "argument %(argument_name)s: %(message)s": "引数 %(argument_name)s: %(message)s",
    "expected one argument": "値を1つ付けてください。",
    "invalid choice: %(value)r (choose from %(choices)s)": (
        "%(value)rは使えません。%(choices)sから選んでください。"
    ),
    "invalid %(type)s value: %(value)r": "%(value)rは使えません。",
    "ambiguous option: %(option)s could match %(matches)s": (
        "%(option)sは、%(matches)sのどれか分かりません。略さずに書いてください。"
    ),
    "ignored explicit argument %r": "値%rは付けられません。",
}


def speak_japanese() -> None:
    """Let argparse take its words from WORDS; what is not there stays as it is.

    Its gettext would ask the operator's locale for a catalogue, and a server's is often C.
    """
    argparse._ = lambda words: WORDS.get(words, words)  # type: ignore[attr-defined]
