"""A plan file's text to its content: is it a plan file at all?"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

from .problems import PlanErrors, Problem


def read_plan_text(text: str | bytes) -> dict[str, Any]:
    """Read the JSON text of a plan file. What it says is not checked here; see `check_plan`.

    UTF-8, with or without BOM. Numbers stay as they are written (Decimal, never float). Raises PlanErrors
    with line and column when the text is broken off, in another encoding, or names a key twice.
    """
    if isinstance(text, bytes):
        text = decode(text)
    try:
        content = json.loads(
            text.removeprefix("\ufeff"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_refuse_repeated_keys,
        )
    except json.JSONDecodeError as error:
        raise _unreadable(
            f"{error.lineno}行目の{error.colno}文字目で、JSONとして読み取れなくなりました。"
            '途中で切れていないか、「,」や「"」が抜けていないかを確かめてください。'
        ) from error
    except RecursionError as error:
        raise _unreadable("入れ子が深すぎます。計画ファイルかどうかを確かめてください。") from error
    except ValueError as error:
        # Python refuses to read whole numbers of more than 4,300 digits.
        raise _unreadable("桁の多すぎる数値があります。計画ファイルかどうかを確かめてください。") from error
    if not isinstance(content, dict):
        raise _unreadable("計画ファイルではありません。全体を{ }で囲んだJSONにしてください。")
    return content


def decode(text: bytes) -> str:
    """Read bytes as UTF-8. Raises PlanErrors with the line where they are in another encoding."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise _unreadable(
            f"{line}行目の文字コードがUTF-8ではありません(Shift_JISなど)。UTF-8で保存し直してください。"
        ) from error


def _refuse_constant(name: str) -> NoReturn:
    raise _unreadable(f"{name}は数値として使えません。分からない実績はnullにしてください。")


def _refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _unreadable(f"同じ{{ }}の中に「{twice}」が2回あります。どちらかを消してください。")
    return record


def _unreadable(sentence: str) -> PlanErrors:
    return PlanErrors([Problem("", sentence)])
