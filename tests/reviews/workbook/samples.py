"""Sheets for these tests, built by hand: no database, every text chosen here."""

import datetime
from types import SimpleNamespace

from initiatives.form import FormMark, FormQuestion, build_form
from initiatives.models import Initiative
from reviews.sheet import Answered, Choice, Part, PhaseBlock, Sheet, TargetLine, read_lines
from wardplan.fiscal_year import FiscalYear

AT = datetime.datetime(2020, 9, 25, 5, 32, tzinfo=datetime.UTC)  # 14:32 in Japan

NOTE = "※左記が「②」の場合は必須"
R2 = build_form(
    SimpleNamespace(code="r2", title="「令和2年度以降の市政改革計画」に基づく取組等", labels={}),
    [
        FormQuestion(
            "midyear",
            "implementation",
            "取組内容の実施見込み",
            "mark",
            marks=(FormMark(1, "(i)", "実施見込み"), FormMark(2, "(ii)", "実施できない見込み")),
        ),
        FormQuestion(
            "midyear",
            "outlook",
            "目標の達成見込み",
            "mark",
            marks=(FormMark(1, "①", "達成見込み"), FormMark(2, "②", "達成できない見込み")),
        ),
        FormQuestion("midyear", "issues", "課題と改善策", "text", note=NOTE, column="right"),
        FormQuestion("self_evaluation", "figure", "実績値", "figure", scope="target", on_paper=False),
        FormQuestion("self_evaluation", "results", "当年度の取組実績及び目標の達成状況", "text"),
        FormQuestion(
            "self_evaluation",
            "achievement",
            "目標の達成",
            "mark",
            marks=(FormMark(1, "①", "目標達成"), FormMark(2, "②", "目標未達成")),
        ),
        FormQuestion("self_evaluation", "issues", "課題と改善策", "text", note=NOTE, column="right"),
    ],
)
R2_NAMES = {
    "midyear_implementation",
    "midyear_outlook",
    "midyear_issues",
    "self_evaluation_results",
    "self_evaluation_achievement",
    "self_evaluation_issues",
}

# Another year's form: three marks, four for each target, two texts at the right, other words.
R9 = build_form(
    SimpleNamespace(
        code="r9",
        title="令和9年度 区運営方針",
        labels={
            "item": "重点取組",
            "plan": "方針",
            "plan.targets": "(アウトカム指標)",
            "phase.review": "評価",
        },
    ),
    [
        FormQuestion(
            "review",
            "progress",
            "進捗",
            "mark",
            marks=(
                FormMark(1, "A", "予定どおり"),
                FormMark(2, "B", "遅れている"),
                FormMark(3, "C", "取りやめた"),
                FormMark(4, "-", "対象外", on_paper=False),
            ),
        ),
        FormQuestion(
            "review",
            "mark",
            "指標の評価",
            "mark",
            scope="target",
            marks=(FormMark(1, "ア", "達成"), FormMark(2, "イ", "未達成")),
        ),
        FormQuestion("review", "summary", "定性評価", "text", column="right"),
        FormQuestion("review", "next", "来年度に向けて", "text", column="right"),
        FormQuestion("audit", "figure", "実績値", "figure", scope="target", on_paper=False),
    ],
)

LONG_HEADING = (
    "区政会議において、各委員からの意見や要望、評価について、"
    "十分に区役所や委員との間で意見交換が行われていると感じている区政会議委員の割合"
)
PURPOSE = (
    "・「向こう三軒両隣」単位である近所に住む人同士が、日常生活の中で顔見知りになる機会を設けていく。\n"
    "・子育てや高齢者への支援、地域の安全・安心の確保、まちの美化、地域の魅力創出など、多様な分野における"
    "地域活動について、「まちづくり」「人づくり」「情報発信」を通じて、持続可能な社会の実現を目指す。"
)
OVERVIEW = (
    "・高齢者や子どもの居場所づくりなど、誰もが気軽に参加できる場の情報など、活動のきっかけとなる情報を"
    "収集・発信し、市民活動への参加を呼びかける。"
)
ACTIVITIES = (
    "・SDGsの視点をふまえた、気軽に参加できる清掃活動やフードドライブ、子ども服リサイクルなどの幅広い"
    "取り組みを通じて、諸課題の解決に向けた子育て層や若年層へのゆるやかなつながりを醸成する。\n"
    "・防災・防犯情報、様々な階層の居場所づくりや、誰もが気軽に参加できる場の情報など、活動のきっかけとなる"
    "情報や、連携協働や交流の場づくりを目的に、区ホームページやSNS(ツイッター・フェイスブック)、"
    "市民活動総合ポータルサイトといったICTツール等様々な広報媒体を用いて、広く支援情報の提供をおこなうと"
    "ともに、より効果的な情報発信の仕組みを検討する。"
)
MIDYEAR_ISSUES = (
    "新型コロナウイルス感染症の影響により、上半期に予定していたフードドライブ(6月・8月)を中止したため、"
    "地域活動協議会とNPO・企業等との連携件数は8月末現在で2件にとどまっている。\n"
    "下半期は、非対面で実施できる「子ども服リサイクルの回収ボックス設置」を区内5か所で企業と連携して行うと"
    "ともに、区ホームページとSNSでの募集を10月から月2回に増やし、連携先を募る。"
)
RESULTS = (
    "目標8件に対し、実績9件(達成率112.5%)であった。目標41.6%以上に対し、実績42.3%であった。"
    "子ども服リサイクルの回収ボックスを区内5か所に設置し、企業4社と連携した。"
)
EVALUATION_ISSUES = (
    "書面開催では参加者同士の交流が生まれにくいことが課題である。\n"
    "令和3年度は、屋外で行える清掃活動を中心に、対面の場を年6回以上設ける。"
)
ANSWERS = {
    "midyear": {"implementation": 1, "outlook": 2, "issues": MIDYEAR_ISSUES},
    "self_evaluation": {"results": RESULTS, "achievement": 2, "issues": EVALUATION_ISSUES},
}


def target(key, heading, wording, quote=(), **more):
    return TargetLine(
        key=key,
        heading=heading,
        wording=wording,
        quote=tuple(Part("未判明", unknown=True) if part is None else Part(part) for part in quote),
        past=(),
        fiscal_year=FiscalYear(2020),
        unit="件",
        indicator=1,
        **more,
    )


P1 = target(
    "p1",
    "新たに地域活動協議会とNPO及び企業等とが連携した取組を行った件数",
    "【令和2年度】 8件",
    ("(令和元年度実績: ", None, "件 平成30年度実績: 8件)"),
)
P2 = target(
    "p2",
    "令和3年度区民アンケート(市民局実施分)において、「身近な地域でのつながりに関して肯定的に感じている区民の割合」",
    "【令和3年度】 43.3%以上",
    ("(令和元年度実績: ", None, "% 平成30年度実績: 38.6%)"),
)
A1 = target("a1", P1.heading, "【令和2年度】 8件")
A2 = target(
    "a2",
    "令和2年度区民アンケート(市民局実施分)において、「身近な地域でのつながりに関して肯定的に感じている区民の割合」",
    "【令和2年度】 41.6%以上",
)


def block(phase, answers=None, *, status="approved", version=3, readable=True, targets=(A1, A2)):
    """Build a phase; `answers` maps keys to a mark's position or a text, or to such a map by target."""
    answers = answers or {}
    answered = []
    for question in phase.questions:
        for key in [line.key for line in targets] if question.per_target else [""]:
            answer = answers.get(question.key)
            if question.per_target:
                answer = (answer or {}).get(key)
            if question.kind == "mark":
                choices = tuple(Choice(mark, mark.position == answer) for mark in question.marks)
                answered.append(Answered(question, key, choices=choices))
            else:
                answered.append(Answered(question, key, text=answer or ""))
    return PhaseBlock(phase, status, version, readable, tuple(answered), None)


def make_sheet(answers=None, *, form=R2, blocks=None, **more):
    """Build a sheet like the seed's first one; `answers` by phase."""
    answers = answers or {}
    fields = {
        "number": "1",
        "title": "人と人とのつながりづくり",
        "section": "市民協働課",
        "purpose": read_lines(PURPOSE),
        "overview": read_lines(OVERVIEW),
        "activities": read_lines(ACTIVITIES),
        "policy_targets": (P1, P2),
        "annual_targets": (A1, A2),
        **more,
    }
    return Sheet(
        initiative=Initiative(number=fields["number"]),
        form=form,
        ward="mihon",
        ward_name="見本区",
        fiscal_year=FiscalYear(2020),
        blocks=blocks
        or tuple(
            block(phase, answers.get(phase.key), targets=fields["annual_targets"]) for phase in form.phases
        ),
        **fields,
    )
