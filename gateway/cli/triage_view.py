"""How a case looks on the triage screen: at most 24 lines of 80 columns, whatever is in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.text import Text

from gateway.cli import screen
from gateway.triage_desk import Advice, Choice
from routing.cases import URGENCIES, Case, CaseState
from routing.deadlines import LAMP_LABELS, Lamp, Waiting
from routing.places import NEARNESS_LABELS

WIDTH, HEIGHT = 80, 24
TEXT_LINES = 6
KEYS = "回车受理并交办 k类别 t主题 p地点 d主办 m1-3并案 a答复 q问 l呈领导 r不予受理"
MORE_KEYS = "j缓急 s跳过 u撤销上一件 ?帮助 x结束"
HELP = (
    "回车     按屏幕上的类别、主题、地点、主办受理并交办;须领导批转的自动呈领导",
    "k t p d  改类别、主题、地点、主办:按数字选,或输入汉字、拼音首字母再回车",
    "j        改缓急",
    "m        再按 1-3:并入相近的件,来信人随主件得到答复",
    "a        用知识库直接答复(只限咨询)",
    "q        请来信人补充具体地点和时间(可改问题)",
    "l        受理并呈领导批示(写一句理由)",
    "r        提出不予受理,由审核员决定",
    "s        跳过,留在队列里",
    "u        撤销上一件:20秒内、决定下一件之前有效",
    "x        结束。每件用时记在经过里,汇总见 xinqiao queue times",
    "",
    "建议的来历:(规则)triage.toml 的词,(模型)本办过去对相近件的决定,",
    "(地名表)地名清单。后面的百分数是把握。建议只供参考,由操作员决定。",
    "被反映的单位不会被建议,也不能承办。",
    "",
    "按任意键返回",
)
COLOURS = {Lamp.NONE: "", Lamp.GREEN: "green", Lamp.YELLOW: "yellow", Lamp.RED: "bold red"}


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that is on the screen."""

    case: Case
    sender: str
    age: str
    lamp: Waiting | None
    waiting: int
    done: int
    median: float | None
    choice: Choice
    advice: Advice
    due: date | None
    said: str = ""  # what became of the last decision


def frame(shown: Shown) -> list[Text]:
    """The whole screen."""
    case, advice = shown.case, shown.advice
    lines = [_head(shown), Text("─" * WIDTH, style="dim")]
    if shown.said:
        lines.append(_cut(shown.said, "yellow"))
    lines += (Text(line) for line in wrapped(case.text, WIDTH, TEXT_LINES))
    lines.append(_cut(f"来信人:{shown.sender}", "dim"))
    lines.append(Text("─" * WIDTH, style="dim"))
    lines += _fields(shown)
    if advice.duplicates:
        lines.append(Text("相近的件:"))
        for n, one in enumerate(advice.duplicates, 1):
            where = one.place or NEARNESS_LABELS[one.likeness.nearness]
            state = "已办结" if one.state is CaseState.CLOSED else "在办"
            lines.append(_cut(f"  {n} {one.number} {min(one.likeness.value, 1):.0%} {state} {where}:{_flat(one.text)}"))
    for n, found in enumerate(advice.answers, 1):
        lines.append(_cut(f"  a{n} 知识库{found.answer.no}《{found.answer.title}》{_flat(found.answer.reply)}", "cyan"))
    lines.append(Text("─" * WIDTH, style="dim"))
    lines += [_cut(KEYS, "bold"), _cut(MORE_KEYS, "bold")]
    return lines[: HEIGHT - 1] if len(lines) < HEIGHT else [*lines[: HEIGHT - 3], *lines[-2:]]


def channel(case: Case) -> str:
    """The way a case came, in the office's words."""
    return "短信" if case.channel == "sms" else case.channel


def _head(shown: Shown) -> Text:
    case = shown.case
    head = Text()
    if case.urgency != "normal":
        head.append(f"【{URGENCIES.get(case.urgency, case.urgency)}】", style="bold red")
    head.append(f"{case.number} {channel(case)} 等待{shown.age}", style="bold")
    if shown.lamp is not None:
        head.append(f" 沟通办{LAMP_LABELS[shown.lamp.lamp]}", style=COLOURS[shown.lamp.lamp])
    pace = f",中位{shown.median:.1f}秒" if shown.median is not None else ""
    head.append(f"  待办{shown.waiting}件,本次{shown.done}件{pace}", style="dim")
    head.truncate(WIDTH, overflow="ellipsis")
    return head


def _fields(shown: Shown) -> Iterable[Text]:
    """What the case would be taken as, each with its reason; a value changed by hand has none."""
    choice, found = shown.choice, shown.advice.suggestions
    named = (
        ("k 类别", choice.kind, found.kind),
        ("t 主题", choice.topic, found.topic),
        ("p 地点", choice.place, found.place),
        ("d 主办", choice.lead, found.lead),
    )
    for label, value, suggested in named:
        same = suggested is not None and suggested.value == value
        reason = (
            f"{suggested.confidence:4.0%} {suggested.reason}" if suggested and same else "本人选定" if value else ""
        )
        if label.startswith("d") and not value:
            reason = found.why_no_lead
        yield _cut(f"{label}  {set_cell_size(value or '—', 18)} {reason}")
    urgency = URGENCIES.get(choice.urgency or shown.case.urgency, "")
    same = found.urgency is not None and found.urgency.value == choice.urgency
    reason = f",{found.urgency.reason}" if found.urgency and same else ""
    leader = f"  须领导批转:{shown.case.leader_kind}" if shown.case.leader_kind else ""
    accused = f"  被反映:{'、'.join(shown.case.accused)}" if shown.case.accused else ""
    due = f"  期限 {shown.due.month}月{shown.due.day}日" if shown.due else ""
    yield _cut(f"j 缓急  {urgency}{due}{leader}{accused}{reason}")


def options(title: str, names: Sequence[str], typed: str, note: str) -> list[Text]:
    """A short list to choose from."""
    lines = [_cut(f"{title}:{typed}▏", "bold")]
    lines += [_cut(f"  {n} {name}") for n, name in enumerate(names, 1)]
    return [*lines, _cut(note, "dim")]


def wrapped(words: str, width: int, most: int) -> list[str]:
    """Words of others in lines, harmless; what does not fit ends in an ellipsis."""
    lines = [piece for line in screen.neutral(words).splitlines() or [""] for piece in chop_cells(line, width) or [""]]
    if len(lines) > most:
        lines = [*lines[: most - 1], set_cell_size(lines[most - 1], width - 2).rstrip() + "…"]
    return lines


def _cut(line: str, style: str = "") -> Text:
    line = screen.neutral(line).replace("\n", " ").replace("\t", " ")
    return Text(line if cell_len(line) <= WIDTH else set_cell_size(line, WIDTH - 1) + "…", style=style)


def _flat(words: str) -> str:
    return " ".join(words.split())
