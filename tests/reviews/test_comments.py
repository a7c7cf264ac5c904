import pytest

from initiatives.refusals import Incomplete, NotAllowed
from reviews import workflow
from reviews.case import open_case
from reviews.comments import labels_of, place_of, read_comments
from reviews.models import Note
from tests.cast import NOW, snapshot

REASON = "改善策を具体的に書いてください。"
COMMENTS = {"issues": "いつまでに、誰が行うかを書いてください。", "outlook": "①ではありませんか。"}


def send_back(cast, version, comments, **changes):
    given = {"by": cast.manager, "at": NOW, "version": version, "reason": REASON, "comments": comments}
    return workflow.send_back(cast.initiative, "midyear", **{**given, **changes})


def test_comments_become_notes_of_the_returns_version(cast):
    review = cast.review_in("submitted")
    event = send_back(cast, review.version, {**COMMENTS, "implementation": " \n"})
    notes = list(Note.objects.order_by("pk"))
    assert [(note.field, note.text) for note in notes] == list(COMMENTS.items())
    assert {(note.initiative, note.phase, note.version, note.kind, note.by, note.at) for note in notes} == {
        (cast.initiative, "midyear", event.version, "comment", cast.manager, NOW)
    }
    assert [one.text for one in read_comments([event])[place_of(event)]] == list(COMMENTS.values())
    assert not any(text in str(event.content) for text in COMMENTS.values())


def test_same_return_twice_writes_its_comments_once(cast):
    review = cast.review_in("submitted")
    first = send_back(cast, review.version, COMMENTS)
    before = snapshot()
    assert send_back(cast, review.version, COMMENTS) == first
    assert snapshot() == before


def test_return_with_other_comments_is_no_repeat(cast):
    review = cast.review_in("submitted")
    send_back(cast, review.version, COMMENTS)
    before = snapshot()
    with pytest.raises(workflow.ChangedMeanwhile):
        send_back(cast, review.version, {"issues": "別のコメント"})
    assert snapshot() == before


@pytest.mark.parametrize(
    ("comments", "problem"),
    [
        ({"issues": "長" * 1001}, "コメントは1,000字以内で書いてください。いま1,001字です。"),
        ({"unknown": "文"}, "コメントの欄が様式にありません。画面を開き直してください。"),
    ],
)
def test_comment_that_does_not_fit_is_refused(cast, comments, problem):
    review = cast.review_in("submitted")
    before = snapshot()
    with pytest.raises(Incomplete) as refused:
        send_back(cast, review.version, comments)
    assert refused.value.problems == {f"comment_{name}": problem for name in comments}
    assert snapshot() == before


def test_refused_return_keeps_no_comment(cast):
    review = cast.review_in("submitted")
    before = snapshot()
    with pytest.raises(NotAllowed):
        send_back(cast, review.version, COMMENTS, by=cast.staff)
    assert snapshot() == before


def test_fields_per_target_are_named_by_the_targets_place(cast):
    case = open_case(cast.initiative, "self_evaluation", cast.staff)
    labels = labels_of(case.phase, case.target_keys)
    assert labels["figure_a2"] == "実績値(目標2)"
    assert labels["issues"] == "課題と改善策"
