import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initiatives.form import FormMark, FormPhase, FormQuestion
from reviews.answers import (
    Field,
    advice,
    assemble,
    every_field,
    fields_of,
    merge,
    pick,
    problems,
    put,
    same,
    unchanged,
)

WORDS = "課題と改善策"
REQUIRED = "②を選んだときは、課題と改善策を記入してください。"


def mark_question(key, label, symbols, **more):
    marks = tuple(
        FormMark(position, symbol, f"{label}{position}", **(more if position == 2 else {}))
        for position, symbol in enumerate(symbols, start=1)
    )
    return FormQuestion("midyear", key, label, "mark", required=True, marks=marks)


MIDYEAR = FormPhase(
    "midyear",
    "中間振り返り",
    (
        mark_question("implementation", "取組内容の実施見込み", ("(i)", "(ii)"), advises="issues"),
        mark_question("outlook", "目標の達成見込み", ("①", "②"), requires="issues"),
        FormQuestion("midyear", "issues", WORDS, "text", limit=4000),
    ),
)
EVALUATION = FormPhase(
    "self_evaluation",
    "自己評価",
    (
        FormQuestion("self_evaluation", "figure", "実績値", "figure", scope="target", final=True),
        FormQuestion("self_evaluation", "results", "取組実績", "text", required=True, limit=4000),
    ),
)


def midyear(**changes):
    answers = {"implementation": 1, "outlook": 1, "issues": "改善する。", **changes}
    return {key: value for key, value in answers.items() if value is not None}


# ---- the edition's rules -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "blank",
    [None, "", " ", "\u3000", "\u200b", "\ufeff", "\u2060", "\n\n", "\u200b\u3000\n\t"],
    ids=ascii,
)
def test_second_mark_without_issues_is_refused_in_the_papers_words(blank):
    assert problems(MIDYEAR, midyear(outlook=2, issues=blank), []) == {"issues": REQUIRED}


@pytest.mark.parametrize("text", ["改善する。", "なし", "―", "\u3000改善"])
def test_second_mark_with_issues_is_complete(text):
    assert problems(MIDYEAR, midyear(outlook=2, issues=text), []) == {}


def test_first_marks_need_no_issues():
    assert problems(MIDYEAR, midyear(issues=None), []) == {}


def test_second_roman_mark_advises_and_does_not_refuse():
    answers = midyear(implementation=2, issues="\u3000")
    assert problems(MIDYEAR, answers, []) == {}
    assert list(advice(MIDYEAR, answers, [])) == ["issues"]
    assert advice(MIDYEAR, midyear(implementation=2), []) == {}
    assert advice(MIDYEAR, midyear(issues=None), []) == {}


def test_mark_of_each_target_advises_its_own_text_or_the_sheet_s():
    marks = (FormMark(1, "A", "達成", "met"), FormMark(2, "B", "未達成", "not_met", advises="why"))
    mark = FormQuestion("end", "mark", "評価", "mark", scope="target", marks=marks)
    for scope, expected in [("target", ["why_a2"]), ("sheet", ["why"])]:
        phase = FormPhase("end", "年度末", (mark, FormQuestion("end", "why", "課題", "text", scope=scope)))
        answers = {"mark": {"a1": 1, "a2": 2}}
        found = advice(phase, answers, ["a1", "a2"])
        assert list(found) == expected
        assert found[expected[0]].startswith("目標2でBを選んだときは、課題も")
        written = {**answers, "why": {"a2": "場所がない"} if scope == "target" else "場所がない"}
        assert advice(phase, written, ["a1", "a2"]) == {}


def test_nothing_chosen_is_refused_question_by_question_in_form_order():
    assert list(problems(MIDYEAR, {}, []).items()) == [
        ("implementation", "取組内容の実施見込みを選んでください。"),
        ("outlook", "目標の達成見込みを選んでください。"),
    ]


@pytest.mark.parametrize("forged", [0, 3, -1, "2", "②", 1.5, [1]], ids=repr)
def test_mark_that_the_form_lacks_is_no_answer(forged):
    assert problems(MIDYEAR, midyear(outlook=forged), []) == {"outlook": "目標の達成見込みを選んでください。"}


def test_limit_is_the_last_length_that_is_taken():
    assert problems(MIDYEAR, midyear(issues="字" * 4000), []) == {}
    assert problems(MIDYEAR, midyear(issues="字" * 4001), []) == {
        "issues": "課題と改善策は4,000字以内で書いてください。いま4,001字で、1字多くなっています。"
    }


def test_newline_counts_as_one_character():
    assert problems(MIDYEAR, midyear(issues="字" * 3990 + "\r\n" * 10), []) == {}
    assert problems(MIDYEAR, midyear(issues="字" * 3990 + "\n" * 11), []).keys() == {"issues"}


def test_character_outside_the_first_plane_counts_as_one():
    assert problems(MIDYEAR, midyear(issues="𠮟" * 4000), []) == {}


def test_figure_is_asked_for_each_target():
    fields = fields_of(EVALUATION, ["a1", "a2"])
    assert [field.name for field in fields] == ["figure_a1", "figure_a2", "results"]
    assert problems(EVALUATION, {"results": "行った。"}, ["a1", "a2"]) == {}
    assert problems(EVALUATION, {}, ["a1"]) == {"results": "取組実績を記入してください。"}


def test_required_figure_is_missed_at_the_target_that_lacks_it():
    question = FormQuestion("p", "figure", "実績値", "figure", scope="target", required=True)
    phase = FormPhase("p", "評価", (question,))
    answers = {"figure": {"a1": {"value": "0"}}}
    assert problems(phase, answers, ["a1", "a2"]) == {"figure_a2": "実績値を記入してください。"}


def test_mark_of_a_target_requires_the_text_of_that_target_only():
    phase = FormPhase(
        "p",
        "評価",
        (
            FormQuestion(
                "p",
                "mark",
                "達成状況",
                "mark",
                scope="target",
                required=True,
                marks=(FormMark(1, "①", "達成"), FormMark(2, "②", "未達成", requires="why")),
            ),
            FormQuestion("p", "why", "理由", "text", scope="target"),
        ),
    )
    answers = {"mark": {"a1": 1, "a2": 2}}
    assert problems(phase, answers, ["a1", "a2"]) == {"why_a2": "②を選んだときは、理由を記入してください。"}


def test_mark_of_a_target_requires_the_text_of_the_sheet():
    question = FormQuestion(
        "p", "mark", "達成状況", "mark", scope="target", marks=(FormMark(1, "①", "未達成", requires="why"),)
    )
    phase = FormPhase("p", "評価", (question, FormQuestion("p", "why", "理由", "text")))
    assert problems(phase, {"mark": {"a2": 1}}, ["a1", "a2"]) == {
        "why": "①を選んだときは、理由を記入してください。"
    }


# ---- building and comparing ----------------------------------------------------------------------------


def test_assemble_leaves_blanks_out_and_keeps_zero():
    figure, results = EVALUATION.questions
    answers = assemble(
        {
            Field(figure, "a1"): {"value": "0", "as_of": None, "source": ""},
            Field(figure, "a2"): {"value": "", "note": ""},
            Field(results): "",
        }
    )
    assert answers == {"figure": {"a1": {"value": "0"}}}


def test_text_is_stored_as_it_was_typed():
    typed = "①②㈱ か\u3099 \u3000行末 \n\n"
    assert assemble({Field(MIDYEAR.questions[2]): typed}) == {"issues": typed}


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("改善する。", "改善する。\n", True),
        ("改善する。\n\n", "改善する。", True),
        ("一\r\n二", "一\n二", True),
        ("\n", None, True),
        ("", None, True),
        ("改善する。", "改善する。 ", False),
        ("改善する。", "\n改善する。", False),
        ("①", "1", False),
        (1, 1, True),
        (1, 2, False),
        (1, None, False),
        ({"value": "9", "source": "調べ\n"}, {"value": "9", "source": "調べ"}, True),
        ({"value": "9"}, {"value": "9", "source": ""}, True),
        ({"value": "9"}, {"value": "0"}, False),
    ],
    ids=repr,
)
def test_same_answers(mine, theirs, expected):
    assert same(mine, theirs) is expected
    assert same(theirs, mine) is expected


# ---- merging -------------------------------------------------------------------------------------------

texts = st.text("ab\n②", max_size=4)
figures = st.dictionaries(st.sampled_from(["value", "source"]), st.sampled_from(["1", "2"]), min_size=1)
forms = st.fixed_dictionaries(
    {},
    optional={
        "outlook": st.sampled_from([1, 2]),
        "issues": texts.filter(bool),
        "results": texts.filter(bool),
        "figure": st.dictionaries(st.sampled_from(["a1", "a2"]), figures, min_size=1),
    },
)
CELLS = [("outlook", ""), ("issues", ""), ("results", ""), ("figure", "a1"), ("figure", "a2")]
quickly = settings(deadline=None, max_examples=150, database=None)


@quickly
@given(base=forms, mine=forms)
def test_merge_with_an_untouched_side_is_the_other_side(base, mine):
    for ours, theirs in [(mine, base), (base, mine)]:
        merged, conflicts = merge(base, ours, theirs)
        assert unchanged(merged, mine)
        assert not conflicts


@quickly
@given(base=forms, mine=forms, theirs=forms)
def test_merge_decides_field_by_field(base, mine, theirs):
    merged, conflicts = merge(base, mine, theirs)
    named = {(conflict.key, conflict.target) for conflict in conflicts}
    for cell in CELLS:
        was, one, other = (pick(answers, *cell) for answers in (base, mine, theirs))
        touched = not same(one, was) and not same(other, was)
        assert (cell in named) == (touched and not same(one, other))
        expected = other if same(one, was) else one
        assert same(pick(merged, *cell), expected)
    for conflict in conflicts:
        assert conflict.name in {"outlook", "issues", "results", "figure_a1", "figure_a2"}
        assert (conflict.mine, conflict.theirs) == tuple(
            pick(answers, conflict.key, conflict.target) for answers in (mine, theirs)
        )


@quickly
@given(base=forms, mine=forms, theirs=forms)
def test_merge_is_symmetric_where_nobody_meets(base, mine, theirs):
    one, conflicts = merge(base, mine, theirs)
    other, back = merge(base, theirs, mine)
    assert {conflict.name for conflict in conflicts} == {conflict.name for conflict in back}
    if not conflicts:
        assert unchanged(one, other)


@quickly
@given(base=forms, mine=forms, theirs=forms)
def test_merge_leaves_its_arguments_alone_and_stores_no_blanks(base, mine, theirs):
    before = repr((base, mine, theirs))
    merged, _ = merge(base, mine, theirs)
    assert repr((base, mine, theirs)) == before
    assert all(pick(merged, *cell) not in (None, "", {}) for cell in every_field(merged))


def test_conflict_names_the_field_and_shows_both():
    base, mine, theirs = {"issues": "元"}, {"issues": "私", "outlook": 1}, {"issues": "相手", "results": "済"}
    merged, [conflict] = merge(base, mine, theirs)
    assert (conflict.name, conflict.base, conflict.mine, conflict.theirs) == ("issues", "元", "私", "相手")
    assert merged == {"issues": "私", "outlook": 1, "results": "済"}


def test_trailing_newline_of_one_side_gives_way_to_the_change_of_the_other():
    merged, conflicts = merge({"issues": "元"}, {"issues": "元\n"}, {"issues": "相手"})
    assert (merged, conflicts) == ({"issues": "相手"}, [])


def test_figure_that_one_side_cleared_is_gone():
    base = {"figure": {"a1": {"value": "9"}, "a2": {"value": "8"}}}
    merged, conflicts = merge(base, {"figure": {"a2": {"value": "8"}}}, base)
    assert (merged, conflicts) == ({"figure": {"a2": {"value": "8"}}}, [])
    put(merged, "figure", "a2", None)
    assert merged == {}
