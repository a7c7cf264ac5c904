"""From a target line to what it seems to say."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from initiatives.wording.names import UNPLEASANT, subject_of, unit_of_name
from initiatives.wording.promises import Promise, read_promise
from initiatives.wording.quotes import find_quote, quoted_unit, quoted_years
from initiatives.wording.structure import Baselines, Doubt, TargetReading, UnreadableWording
from initiatives.wording.years import (
    Mention,
    find_brackets,
    find_mentions,
    plain,
    quote_source,
    refuse_damaged,
)
from wardplan.fiscal_year import FiscalYear
from wardplan.text import quote

_BULLETS = "○●◎・•◇◆■□▪"
_NEXT_ITEM = re.compile(r"(?:(?<=[\s)。])|\A)[○●◎](?![○●◎])")
_ENDS_OF_PIECE = " 、,;/。"
# What makes a year the base of a comparison: 令和元年度件数の実績から, 前年度比, 令和元年度実績以上.
_BASE = re.compile(
    r"(?:末|の)*[^0-9、。:()%]{0,30}?(?:から|より|比(?!較)|に比べ|と比べ|と比較|に対し|並み?|水準|と同|を維持"
    r"|を(?:上|下)回|を超|以上|以下|未満|超|(?:実績値?|値|件数|人数|回数)の(?= *(?:約? *[0-9]|半)))"
)
_PAST = re.compile(r"(?:の)?実績値? *[::]? *(?:約 *)?(?:[0-9]|\Z)")
_SURVEY_NEXT = re.compile(r"[^\s0-9:、。]")
_NAMED_YEAR = re.compile(r"(?:末|中)?(?:までに|まで|に)?(?:の?目標値?)? *[::=は]? *")


@dataclass(frozen=True)
class _Piece:
    """A promise with the place it was cut from. `opening` is the year as written, which the wording keeps."""

    heading: str
    opening: str
    promise: str
    year: Mention | None
    extra: tuple[Doubt, ...] = ()
    lead: str = ""


def read_targets(line: str, plan_fiscal_year: FiscalYear | int) -> list[TargetReading]:
    """Read a target line as a list of proposals, one for each year that it promises something for.

    Years without era, and no year at all, are settled by the plan's year and marked as inferred. What is
    not certain stays empty and is named in `unsure`. An empty line gives an empty list. Takes time in
    proportion to the length of the line.

    Raises UnreadableWording (a ValueError) with a sentence for the user when figures and years ran together
    or a year does not exist: such a line is refused instead of being guessed at.
    """
    plan = FiscalYear(int(plan_fiscal_year))
    readings: list[TargetReading] = []
    for item in _items(line):
        try:
            refuse_damaged(plain(item), item)
            readings += _read_item(item, plan)
        except UnreadableWording as error:
            if error.source:
                raise
            raise UnreadableWording(f"{error.sentence}(読み取った文: {quote_source(item)})", item) from error
    return readings


def _items(line: str) -> list[str]:
    starts = [found.start() for found in _NEXT_ITEM.finditer(line)]
    edges = [0, *[start for start in starts if start], len(line)]
    items = (line[start:end].strip() for start, end in zip(edges, edges[1:], strict=False))
    return [item for item in items if item.strip(_BULLETS).strip()]


def _read_item(source: str, plan: FiscalYear) -> list[TargetReading]:
    if source[0] in _BULLETS:
        source = source[1:].strip()
    text = plain(source)
    brackets = find_brackets(text, plan)
    pieces = _cut_at_brackets(source, brackets) if brackets else _cut_at_years(source, text, plan)
    return [_read_piece(piece, plan) for piece in pieces]


def _cut_at_brackets(source: str, brackets: list[Mention]) -> list[_Piece]:
    heading = source[: brackets[0].start].strip()
    ends = [bracket.start for bracket in brackets[1:]] + [len(source)]
    return [
        _Piece(heading, bracket.text, source[bracket.start : end], bracket)
        for bracket, end in zip(brackets, ends, strict=True)
    ]


def _cut_at_years(source: str, text: str, plan: FiscalYear) -> list[_Piece]:
    """Cut a line without 【 】 at the years that it promises something for; quoted and base years stay."""
    outside = _outside_brackets(text)
    mentions = [mention for mention in find_mentions(text, plan) if outside[mention.start] == "1"]
    targets: list[Mention] = []
    starts = [mention.start for mention in mentions[1:]] + [len(text)]
    for mention, next_start in zip(mentions, starts, strict=False):
        rest = text[mention.end : min(next_start, mention.end + 80)]
        is_base = mention.offset in (-1, -2) or _BASE.match(rest)
        # 「令和2年度 令和元年度実績から…」: nothing stands between a target's year and its base year.
        if is_base or _PAST.match(rest):
            continue
        targets.append(mention)
    if not targets:
        return [_Piece("", "", source, None)]

    heading = source[: targets[0].start].strip()
    # 「平成30年度実績 38.6% 令和2年度目標 41.6%」: the past comes first.
    lead = heading if quoted_years(plain(heading), plan) else ""
    heading = "" if lead else heading
    ends = [mention.start for mention in targets[1:]] + [len(source)]
    pieces = []
    for mention, end in zip(targets, ends, strict=True):
        words = source[mention.start : end].strip().rstrip(_ENDS_OF_PIECE)
        if _SURVEY_NEXT.match(text, mention.end) and not _NAMED_YEAR.match(text, mention.end).group().strip():  # type: ignore[union-attr]
            extra = (
                Doubt(
                    "fiscal_year",
                    f"「{mention.text.strip()}」は目標の年度か、調査などの年度か確かめてください。",
                ),
            )
            whole = f"{heading}{words}" if len(targets) == 1 else words
            pieces.append(_Piece("", "", whole, replace(mention, inferred=True), extra))
        else:
            pieces.append(_Piece(heading, mention.text, words, mention, lead=lead))
    return pieces


def _outside_brackets(text: str) -> str:
    depth, marks = 0, []
    for character in text:
        depth = depth + 1 if character == "(" else max(0, depth - 1) if character == ")" else depth
        marks.append("0" if depth else "1")
    return "".join(marks)


def _read_piece(piece: _Piece, plan: FiscalYear) -> TargetReading:
    year, first, inferred, doubts = _year_of(piece, plan)
    wording, quoted, baselines, promise_text = _split_quote(piece, plan, year)
    opening = len(wording) - len(wording.lstrip()) + len(piece.opening)
    body = promise_text[opening:]
    if named := _NAMED_YEAR.match(body) if piece.opening else None:
        body = body[named.end() :]

    promise = read_promise(body, plan, year, heading=piece.heading, span=first is not None)
    heading = piece.heading
    if promise.name_end and not heading:
        if piece.opening:
            subject, heading = subject_of(promise.name), ""
        else:
            heading, wording = wording[: promise.name_end].strip(), wording[promise.name_end :].strip()
            subject = subject_of(heading)
    else:
        subject = subject_of(heading)
    reading = TargetReading(
        subject=subject,
        heading="" if heading == subject else heading,
        wording=wording.strip(" \t\n\u3000、") or wording.strip(),
        quote=quoted,
        kind=promise.kind,
        comparator=promise.comparator,
        comparator_proposed=promise.comparator_proposed,
        value=promise.value,
        value_max=promise.value_max,
        unit=promise.unit,
        fiscal_year=year,
        fiscal_year_inferred=inferred,
        from_fiscal_year=first if promise.kind == "cumulative" else None,
        base_fiscal_year=promise.base_fiscal_year,
        change=promise.change,
        change_unit=promise.change_unit,
        milestone=promise.milestone,
        baselines=baselines,
    )
    return _with_doubts(reading, promise, [*doubts, *piece.extra, *promise.doubts], first, quoted)


def _year_of(
    piece: _Piece, plan: FiscalYear
) -> tuple[FiscalYear | None, FiscalYear | None, bool, list[Doubt]]:
    """Settle the target's year, the first one of a span, whether it is inferred, and what is in doubt."""
    mention = piece.year
    if mention is None:
        return plan, None, True, [_inferred_year(plan)]
    if mention.last is None:
        return (
            None,
            None,
            False,
            [
                Doubt(
                    "fiscal_year", f"{quote(piece.opening)}がどの年度か分かりません。年度を入力してください。"
                )
            ],
        )
    first = mention.year if mention.until is not None else None
    if first is not None and mention.until is not None and first > mention.until:
        return (
            None,
            None,
            False,
            [Doubt("fiscal_year", f"{quote(piece.opening)}の初めと終わりが逆です。年度を入力してください。")],
        )
    doubts = [_inferred_year(mention.last)] if mention.inferred and not piece.extra else []
    return mention.last, first, mention.inferred, doubts


def _inferred_year(year: FiscalYear) -> Doubt:
    return Doubt(
        "fiscal_year", f"元号のついた年度が書かれていないため、{year}と読みました。年度を確かめてください。"
    )


def _split_quote(piece: _Piece, plan: FiscalYear, year: FiscalYear | None) -> tuple[str, str, Baselines, str]:
    """Take the quoted past years off a promise: the wording, the quote as written, its years, and the text.

    A quote in the middle of a promise stays in the wording and is only blanked out of the text to be read.
    """
    source = piece.promise
    text = plain(source)
    if piece.lead:
        return source, piece.lead, quoted_years(plain(piece.lead), plan) or (), text
    if place := find_quote(text, plan):
        start, end = place
        baselines = quoted_years(text[start:end], plan) or _several(text[start:end], plan)
        if text[end:].strip(_ENDS_OF_PIECE):
            blanked = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
            return source, "", baselines, blanked
        return source[:start], source[start:end].strip(), baselines, text[:start]

    for mention in find_mentions(text, plan):
        if mention.start < len(piece.opening) or mention.year is None or year is None or mention.year >= year:
            continue
        baselines_at_end = quoted_years(text[mention.start :].rstrip(_ENDS_OF_PIECE), plan)
        if baselines_at_end and text[: mention.start].strip():
            return (
                source[: mention.start],
                source[mention.start :].strip(),
                baselines_at_end,
                text[: mention.start],
            )
        break
    return source, "", (), text


def _several(text: str, plan: FiscalYear) -> Baselines:
    """Read quotes that stand in brackets one after the other."""
    found: dict[FiscalYear, Decimal | None] = {}
    for part in re.findall(r"\([^()]*(?:\([^()]*\)[^()]*)*\)", text):
        found.update(quoted_years(part, plan) or ())
    return tuple(found.items())


def _with_doubts(
    reading: TargetReading, promise: Promise, doubts: list[Doubt], first: FiscalYear | None, quoted: str
) -> TargetReading:
    """Propose what the promise itself leaves open, and say why a person has to look at it."""
    name = reading.printed_heading
    if not reading.unit and reading.kind in ("relative", "absolute", "range", "cumulative"):
        if unit := quoted_unit(plain(quoted)):
            reading = replace(reading, unit=unit)
        elif unit := unit_of_name(name or promise.name):
            reading = replace(reading, unit=unit)
            doubts.append(Doubt("unit", f"単位が書かれていないため、指標名から「{unit}」と読みました。"))
        elif reading.change_unit == "percent" and reading.base_fiscal_year is None and reading.change:
            reading = replace(reading, unit="%")
            doubts.append(Doubt("unit", "指標の単位が書かれていません。単位を確かめてください。"))
        elif reading.kind != "relative":
            doubts.append(Doubt("unit", "単位が書かれていません。単位を入力してください。"))
    if reading.comparator_proposed == "ge" and reading.kind == "absolute" and UNPLEASANT.search(name):
        reading = replace(reading, comparator_proposed="")
        doubts = [doubt for doubt in doubts if doubt.field != "comparator_proposed"]
        doubts.append(
            Doubt(
                "comparator_proposed",
                "多いほどよいか、少ないほどよいか分かりません。よい方向を選んでください。",
            )
        )
    if first is not None and reading.kind not in ("cumulative", "milestone", "none"):
        doubts.append(
            Doubt("kind", "複数の年度が書かれています。合計の目標か、毎年の目標かを確かめてください。")
        )
    if reading.kind == "cumulative" and reading.from_fiscal_year is None:
        doubts.append(Doubt("from_fiscal_year", "合計の初年度が書かれていません。初年度を入力してください。"))
    return replace(reading, unsure=tuple(dict.fromkeys(doubts)))
