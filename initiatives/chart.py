"""The picture of an indicator through the years: targets and actuals as coordinates, for an inline SVG.

Pure geometry: `draw` turns the years' figures into numbers and words, the template writes them as attributes.
Pixels, y downwards. What has no room is left out of the picture; the table beside it carries every figure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import groupby

from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import format_number, with_unit

MINUS = "−"

# Room around the plot: figures stand above and below the points, the years beneath.
TOP, RIGHT, PLOT = 56, 24, 250
ABOVE, BELOW, SECOND = 16, 25, 22
YEAR_WIDTH, SHORT_YEAR_WIDTH = 92, 52
WIDE, MIDDLE, NARROW = 1152.0, 640.0, 358.0
BAND = 48
DIAMOND = 8
SQUARE = 6
RADIUS = 7


@dataclass(frozen=True)
class YearFigures:
    """What is known of one year. `met` None: nobody can say. `label` are the target's words on the chart."""

    fiscal_year: FiscalYear
    target: Decimal | None = None
    actual: Decimal | None = None
    met: bool | None = None
    label: str = ""


@dataclass(frozen=True)
class Text:
    """Words centred on x, standing on y."""

    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Point:
    """A figure's place; `shape` is target, met, not-met or open (an actual without outcome)."""

    x: float
    y: float
    shape: str

    @property
    def path(self) -> str:
        """Draw the hollow diamond of a target around the point."""
        return (
            f"M{self.x} {self.y - DIAMOND:.1f}l{DIAMOND} {DIAMOND} -{DIAMOND} {DIAMOND} "
            f"-{DIAMOND} -{DIAMOND}z"
        )

    @property
    def corner(self) -> tuple[float, float]:
        return round(self.x - SQUARE, 1), round(self.y - SQUARE, 1)


@dataclass(frozen=True)
class Band:
    """The hatched stretch from an actual that missed its target to the target."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Break:
    """A line between two years whose figures mean something else; `mark` leads to its footnote."""

    x: float
    mark: str


@dataclass(frozen=True)
class YearLabel:
    """A year under the axis, in both eras; 令和2 instead of 令和2年度 where there is little room."""

    x: float
    era: str
    western: str


@dataclass(frozen=True)
class Chart:
    """Everything to draw, in pixels of a box of width x height."""

    width: float
    height: float
    left: float
    right: float
    bottom: float
    grid: tuple[Text, ...]
    starts_at: str
    years: tuple[YearLabel, ...]
    year_line: float
    is_short: bool
    """The years' names are short: 年度 stands once, before them."""
    since: FiscalYear | None
    """The first year in the picture when earlier ones had no room."""
    target_lines: tuple[str, ...]
    actual_lines: tuple[str, ...]
    bands: tuple[Band, ...]
    targets: tuple[Point, ...]
    actuals: tuple[Point, ...]
    target_figures: tuple[Text, ...]
    actual_figures: tuple[Text, ...]
    gap_figures: tuple[Text, ...]
    breaks: tuple[Break, ...]
    description: str

    @property
    def shapes(self) -> set[str]:
        """Name what the legend has to explain."""
        found = {point.shape for point in self.targets + self.actuals}
        found |= {"gap"} if self.bands else set()
        return found | {"change"} if self.breaks else found


@dataclass(frozen=True)
class Axis:
    """The vertical scale: from `low` to `high` in equal steps."""

    low: Decimal
    high: Decimal
    step: Decimal

    @property
    def ticks(self) -> list[Decimal]:
        count = int((self.high - self.low) / self.step)
        return [self.low + self.step * place for place in range(count + 1)]

    def place(self, value: Decimal) -> float:
        """Give the y of a value: the high end at the top of the plot, the low end at its bottom."""
        return round(TOP + PLOT * float((self.high - value) / (self.high - self.low)), 1)


def draw(
    figures: Iterable[YearFigures],
    unit: str,
    width: float = WIDE,
    breaks: Mapping[FiscalYear, str] | None = None,
) -> Chart | None:
    """Draw the years from the first to the last known figure; None when there is no figure at all.

    A year in between of which nothing is known keeps its place, and the actuals' line breaks there. A box
    narrower than WIDE has short names of the years and only as many of the newest as have room: nobody has
    to push it sideways. `breaks` are the years from which the figures mean something else, with the marks of
    their footnotes: both lines break before them.
    """
    every_known = sorted((one for one in figures if _values(one)), key=lambda one: one.fiscal_year)
    if not every_known:
        return None
    is_short = width < WIDE
    year_width = SHORT_YEAR_WIDTH if is_short else YEAR_WIDTH
    known = _with_room(every_known, unit, width) if is_short else every_known
    axis = scale([value for one in known for value in _values(one)])
    places = max(_places(value) for one in known for value in _values(one))
    grid_words = _grid_words(axis, unit)
    left = _left(grid_words)
    span = int(known[-1].fiscal_year) - int(known[0].fiscal_year) + 1
    box = max(width, round(left + RIGHT + year_width, 1))
    gap = (box - left - RIGHT) / span
    xs = {
        one.fiscal_year: round(left + gap * (int(one.fiscal_year) - int(known[0].fiscal_year) + 0.5), 1)
        for one in known
    }
    every = range(int(known[0].fiscal_year), int(known[-1].fiscal_year) + 1)
    inside = {year: mark for year, mark in (breaks or {}).items() if int(year) in every[1:]}
    drawing = _Drawing(axis, xs, known, places, gap, box)
    lowest = max([TOP + PLOT, *(text.y for text in drawing.texts)])
    year_line = round(max(TOP + PLOT + 42, lowest + 24), 1)
    return Chart(
        width=box,
        height=year_line + 28,
        left=left,
        right=box - RIGHT,
        bottom=TOP + PLOT,
        grid=tuple(
            Text(left - 10, axis.place(tick), words)
            for tick, words in zip(axis.ticks, grid_words, strict=True)
        ),
        starts_at="" if axis.low == 0 else f"縦軸は{grid_words[0]}から",
        years=tuple(
            YearLabel(round(left + gap * (place + 0.5), 1), _year_words(year, is_short), str(year))
            for place, year in enumerate(every)
            if (len(every) - 1 - place) % _stride(year_width, gap) == 0
        ),
        year_line=year_line,
        is_short=is_short,
        since=known[0].fiscal_year if len(known) < len(every_known) else None,
        target_lines=_lines(known, xs, axis, "target", inside),
        actual_lines=_lines(known, xs, axis, "actual", inside),
        bands=tuple(drawing.bands()),
        targets=tuple(
            Point(xs[one.fiscal_year], axis.place(one.target), "target")
            for one in known
            if one.target is not None
        ),
        actuals=tuple(
            Point(xs[one.fiscal_year], axis.place(one.actual), _shape(one.met))
            for one in known
            if one.actual is not None
        ),
        target_figures=tuple(drawing.target_figures),
        actual_figures=tuple(drawing.actual_figures),
        gap_figures=tuple(drawing.gap_figures),
        breaks=tuple(
            Break(round(left + gap * (int(year) - every[0]), 1), mark)
            for year, mark in sorted(inside.items())
        ),
        description=describe(known, unit, inside),
    )


def _with_room(known: list[YearFigures], unit: str, width: float) -> list[YearFigures]:
    """Keep the newest years that have room in a narrow box; fewer of them may change the scale."""
    while True:
        left = _left(_grid_words(scale([value for one in known for value in _values(one)]), unit))
        room = max(1, int((width - left - RIGHT) // SHORT_YEAR_WIDTH))
        newest = [one for one in known if int(one.fiscal_year) > int(known[-1].fiscal_year) - room]
        if newest == known:
            return known
        known = newest


def _grid_words(axis: Axis, unit: str) -> list[str]:
    return [with_unit(tick, unit).replace("-", MINUS) for tick in axis.ticks]


def _left(grid_words: Iterable[str]) -> float:
    """Leave room for the words of the scale."""
    return round(24 + max(_wide(words, 14) for words in grid_words), 1)


def _year_words(year: int, is_short: bool) -> str:
    label = FiscalYear(year).label
    return label.removesuffix("年度") if is_short else label


def scale(values: Sequence[Decimal]) -> Axis:
    """Choose a vertical scale of three to eight steps of 1, 2 or 5 that holds all values.

    It starts at 0 unless the values lie far from 0 beside what they differ: then small changes would vanish.
    Whole numbers get whole steps.
    """
    low, high = min(values), max(values)
    spread = high - low
    if spread == 0 or (low >= 0 and low <= spread * 2) or (high <= 0 and -high <= spread * 2):
        low, high = min(low, Decimal(0)), max(high, Decimal(0))
    if low == high:
        return Axis(Decimal(0), Decimal(1), Decimal(1))
    whole = all(value == value.to_integral_value() for value in values)
    step = nice_step((high - low) / 5, whole=whole)
    # The words beneath the lowest point need room above an axis that is not the ground.
    if low != 0 and high != 0:
        low -= step * Decimal("0.75")
    bottom = (low / step).to_integral_value(ROUND_FLOOR) * step
    top = (high / step).to_integral_value(ROUND_CEILING) * step
    if bottom < 0 <= min(values):
        bottom = Decimal(0)
    return Axis(bottom, top, step)


def nice_step(rough: Decimal, *, whole: bool) -> Decimal:
    """Round a step up to 1, 2 or 5 times a power of ten; whole numbers never get a smaller step than 1."""
    power = Decimal(1).scaleb(rough.adjusted())
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    return max(step, Decimal(1)) if whole else step


def difference(actual: Decimal, target: Decimal) -> str:
    """Write how far an actual lies from its target: +0.7, −0.8, 0."""
    gap = actual - target
    sign = "+" if gap > 0 else MINUS if gap < 0 else ""
    return sign + format_number(abs(gap), thousands=True)


def describe(known: Sequence[YearFigures], unit: str, breaks: Iterable[FiscalYear] = ()) -> str:
    """Say the picture in one paragraph, for those who hear it."""
    sentences = [_sentence(one, unit) for one in known]
    sentences += [f"{year}から定義が変わっています" for year in sorted(breaks)]
    return "。".join(sentences) + "。"


def _sentence(one: YearFigures, unit: str) -> str:
    target = one.label or (with_unit(one.target, unit) if one.target is not None else "")
    parts = [f"{one.fiscal_year}は"]
    parts += [f"目標{target}、"] if target else []
    parts.append(f"実績{with_unit(one.actual, unit)}" if one.actual is not None else "実績は未判明")
    if one.met is not None and one.actual is not None:
        parts.append("で達成" if one.met else "で未達成")
    return "".join(parts)


def _values(one: YearFigures) -> list[Decimal]:
    return [value for value in (one.target, one.actual) if value is not None]


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _wide(words: str, size: float) -> float:
    """Estimate the width of words in pixels: ASCII is a good half of its size, everything else all of it."""
    return sum(0.62 * size if character.isascii() else size for character in words)


def _stride(wanted: float, gap: float) -> int:
    """Tell that only each nth of many neighbours has room for `wanted` pixels."""
    return max(1, -int(-wanted // gap))


def _shape(met: bool | None) -> str:
    return "open" if met is None else "met" if met else "not-met"


def _lines(
    known: Sequence[YearFigures],
    xs: dict[FiscalYear, float],
    axis: Axis,
    name: str,
    breaks: Iterable[FiscalYear],
) -> tuple[str, ...]:
    """Join neighbouring years; a year without its figure breaks the line, and so does another definition.

    Targets are joined across years for which none was set: they promise a way, actuals tell what was.
    """
    having = [one for one in known if getattr(one, name) is not None]
    changed = sorted(breaks)

    def run_of(pair: tuple[int, YearFigures]) -> tuple[int, int]:
        place, one = pair
        missing = int(one.fiscal_year) - place if name == "actual" else 0
        return bisect_right(changed, one.fiscal_year), missing

    runs = [[one for _, one in run] for _, run in groupby(enumerate(having), key=run_of)]
    return tuple(
        " ".join(f"{xs[one.fiscal_year]},{axis.place(getattr(one, name))}" for one in run)
        for run in runs
        if len(run) > 1
    )


class _Drawing:
    """Place the words and bands at the points: the upper figure above, the lower one below."""

    def __init__(
        self,
        axis: Axis,
        xs: dict[FiscalYear, float],
        known: Sequence[YearFigures],
        places: int,
        gap: float,
        width: float,
    ) -> None:
        self.axis, self.xs, self.places, self.gap, self.width = axis, xs, places, gap, width
        self.known = known
        self.target_figures: list[Text] = []
        self.actual_figures: list[Text] = []
        self.gap_figures: list[Text] = []
        widest = max(_wide(self._words(value), 17) for one in known for value in _values(one))
        stride = _stride(widest + 8, gap)
        last = int(known[-1].fiscal_year)
        for one in known:
            if (last - int(one.fiscal_year)) % stride == 0:
                self._place(one)

    @property
    def texts(self) -> list[Text]:
        return self.target_figures + self.actual_figures + self.gap_figures

    def _words(self, value: Decimal) -> str:
        """Write a figure with as many decimals as the others: 40.0 beside 41.6."""
        words = f"{value:,.{self.places}f}".replace("-", MINUS)
        return words if value else words.lstrip(MINUS)

    def _place(self, one: YearFigures) -> None:
        x = self.xs[one.fiscal_year]
        actual_above = one.actual is not None and (one.target is None or one.actual >= one.target)
        if one.actual is not None:
            y = self.axis.place(one.actual)
            self.actual_figures.append(
                self._text(x, y - ABOVE if actual_above else y + BELOW, self._words(one.actual), 17)
            )
            if one.met is False and one.target is not None:
                self._place_gap(one, y, above=actual_above)
        if one.target is not None:
            y = self.axis.place(one.target)
            above = one.actual is not None and not actual_above
            words = one.label or self._words(one.target)
            # A target alone stands below its point, out of the way of the actuals' line.
            self.target_figures.append(self._text(x, y - ABOVE if above else y + BELOW, words, 14))

    def _place_gap(self, one: YearFigures, y: float, *, above: bool) -> None:
        assert one.actual is not None and one.target is not None
        words = difference(one.actual, one.target)
        if _wide(f"未達成 {words}", 14) + 6 <= self.gap:
            words = f"未達成 {words}"
        beyond = y - ABOVE - SECOND if above else y + BELOW + SECOND
        self.gap_figures.append(self._text(self.xs[one.fiscal_year], beyond, words, 14))

    def _text(self, x: float, y: float, words: str, size: float) -> Text:
        half = min(_wide(words, size) / 2, self.width / 2)
        return Text(round(min(max(x, half), self.width - half), 1), round(y, 1), words)

    def bands(self) -> Iterable[Band]:
        width = round(min(BAND, self.gap * 0.6), 1)
        for one in self.known:
            if one.met is False and one.actual is not None and one.target is not None:
                one_end, other_end = self.axis.place(one.actual), self.axis.place(one.target)
                if one_end != other_end:
                    yield Band(
                        round(self.xs[one.fiscal_year] - width / 2, 1),
                        min(one_end, other_end),
                        width,
                        round(abs(one_end - other_end), 1),
                    )
