"""`xinqiao roster`: who the informants are."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import resources, roster_desk
from gateway.cli import participation, roster_life, roster_tags, screen
from gateway.cli.desk import Desk, open_desk
from gateway.cli.whom import Who, find
from gateway.errors import USAGE, Refused
from gateway.roster_files import check_table, read_roster, write_faults, write_sheet, write_table
from roster import generator, number_decisions, phones, store
from roster.importing import Entry
from roster.membership import WHY_LEFT
from roster.suspicion import LABELS, SuspicionKind

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.add_typer(roster_life.app)
app.add_typer(participation.app)
app.add_typer(roster_tags.app)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
Clear = Annotated[bool, typer.Option("--clear", help="显示完整的姓名和号码(需要授权,会留下记录)")]

KINDS = {
    "duplicate number": "号码重复",
    "invalid number": "号码无效",
    "landline": "固定电话",
    "no name": "没有姓名",
    "unknown category": "类别不明",
    "duplicate identity": "身份证号重复",
    "unknown township": "乡镇不明",
    "identity as number": "身份证号按数字存储",
    "invalid identity": "身份证号有误",
    "number of another": "号码属于他人",
    "identity of another": "身份证号属于他人",
    "too long": "单元格过长",
}
FIELDS = {
    "name": "姓名",
    "phone": "号码",
    "identity": "身份证号",
    "category": "类别",
    "township": "乡镇",
    "village": "村",
    "details": "其他",
    "carrier": "线路",
    "carrier_source": "线路依据",
    "state": "状态",
    "stop_reason": "停用原因",
    "opted_out_at": "退订时间",
}
STATES = {"active": "在册", "stopped": "已停用"}
SOURCES = {"operator": "人工", "learned": "学习", "prefix": "号段", "library": "号码库", "default": "默认"}


@app.command("import", help="导入名册(.xlsx、.xls、.csv)。默认只试算;加 --apply 才写入。")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="名册文件")],
    apply: Annotated[bool, typer.Option("--apply", help="写入(不加则只试算)")] = False,
    errors: Annotated[Path | None, typer.Option(help="错误清单;默认为 <文件名>.errors.xlsx")] = None,
    as_json: Json = False,
) -> None:
    """Read, compare, show; then one transaction."""
    desk = open_desk(ctx.obj)
    desk.require("roster.import")
    today = desk.now().astimezone(desk.settings.zone()).date()
    reading, sheet = read_roster(file, resources.lists(desk.settings), today)
    with desk.database.write() if apply else desk.database.read() as tx:
        plan = roster_desk.plan(tx, desk.vault, reading)
        if apply:
            roster_desk.apply(tx, desk.vault, resources.prefixes(desk.settings), plan, desk.now())
            done = {"joined": len(plan.joins), "changed": len(plan.changes), "refused": len(plan.faults)}
            desk.audit(tx, "roster.import", file.name, done)
    where = errors or file.with_name(f"{file.stem}.errors.xlsx")
    if plan.faults:
        write_faults(where, plan.faults)
    data = {
        "applied": apply,
        "sheet": sheet,
        "rows": len(reading.entries) + len(reading.faults),
        "accepted": len(plan.joins) + len(plan.changes) + plan.unchanged,
        "joins": len(plan.joins),
        "changes": len(plan.changes),
        "unchanged": plan.unchanged,
        "rejected": len(plan.faults),
        "reasons": plan.reasons(),
        "errors_file": str(where) if plan.faults else None,
    }

    def render() -> None:
        verb = "已写入" if apply else "试算(未写入)"
        screen.say(f"{file.name}{f'[{sheet}]' if sheet else ''}:{verb}", "bold")
        rows = [("有效", data["accepted"]), ("  新增", data["joins"]), ("  变更", data["changes"])]
        rows += [("  不变", data["unchanged"]), ("未收", data["rejected"])]
        rows += [(f"  {KINDS.get(kind, kind)}", count) for kind, count in plan.reasons().items()]
        screen.table(f"共 {data['rows']} 行", ("项目", "#人数"), rows)
        if plan.faults:
            screen.say(f"错误清单:{where}(含号码,请妥善保管)")
        if not apply:
            screen.say("确认无误后加 --apply 写入", "yellow")

    screen.emit(as_json, data, render)


@app.command(help="生成一份虚构的名册,带有真实名册常见的错误,供演练。")
def generate(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="要写的 .xlsx 文件")],
    accepted: Annotated[int, typer.Option(help="其中有效的人数")] = generator.ACCEPTED,
    seed: Annotated[int, typer.Option(help="随机种子")] = 2014,
) -> None:
    """Beside it a list of the numbers that were ported."""
    lists = resources.lists(open_desk(ctx.obj).settings)
    sample = generator.generate(lists, seed, accepted)
    write_sheet(file, sample.rows)
    ported = file.with_name(f"{file.stem}.ported.tsv")
    ported.write_text("".join(f"{number}\t{name}\n" for number, name in sample.ported.items()), encoding="utf-8")
    screen.say(f"已生成 {file}:{len(sample.rows) - 3} 行,其中 {accepted} 行有效", "green")
    screen.say(f"携号转网清单:{ported}(用 xinqiao roster carrier --file 导入)")


@app.command(help="查找信息员。")
def search(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Option(help="姓名(完整)")] = None,
    phone: Annotated[str | None, typer.Option(help="手机号码,或末四位")] = None,
    category: Annotated[str | None, typer.Option(help="职业类别")] = None,
    township: Annotated[str | None, typer.Option(help="乡镇")] = None,
    state: Annotated[str | None, typer.Option(help="active 或 stopped")] = None,
    limit: Annotated[int, typer.Option(help="最多几人")] = 20,
    clear: Clear = False,
    as_json: Json = False,
) -> None:
    """By what is known; numbers and names are found by their keyed indexes."""
    desk = open_desk(ctx.obj)
    desk.require("roster.view")
    lists = resources.lists(desk.settings)
    for what, written, known in (
        ("类别", category, {**lists.categories, **dict.fromkeys(lists.categories.values())}),
        ("乡镇", township, {**lists.townships, **dict.fromkeys(lists.townships.values())}),
        ("状态", state, STATES),
    ):
        if written is not None and written not in known:
            raise Refused(f"没有“{written}”这个{what}", f"可选:{'、'.join(known)}", USAGE)
    number = phones.parse(phone) if phone and len(phone) > 4 else None
    if isinstance(number, phones.Fault):
        raise Refused(number.reason, "写完整的11位号码,或只写末四位", USAGE)
    with desk.database.read() as tx:
        members = store.members(
            tx,
            desk.vault,
            name=name,
            phone=number,
            category=lists.categories.get(category, category) if category else None,
            township=lists.townships.get(township, township) if township else None,
            state=state,
        )
        tail = phone if phone and len(phone) <= 4 else ""
        found = []
        for one in members:
            if one.phone.endswith(tail):
                found.append(one)
            if len(found) >= limit:
                break
    _reveal(desk, clear, "search", len(found))
    data = [_shown(one, clear) for one in found]
    columns = ("#编号", "姓名", "号码", "类别", "乡镇", "村", "线路", "状态")
    keys = ("person_id", "name", "phone", "category", "township", "village", "carrier", "state")
    rows = [[STATES.get(one[key], one[key]) if key == "state" else one[key] for key in keys] for one in data]
    more = f"(只列 {limit} 人,可能还有;加 --limit 多列)" if len(found) == limit else ""
    screen.emit(as_json, data, lambda: screen.table(f"信息员 {len(data)} 人{more}", columns, rows))


@app.command(help="一名信息员的详情、退订记录、线路依据和号码疑点的处理。")
def show(ctx: typer.Context, who: Who, clear: Clear = False, as_json: Json = False) -> None:
    """Everything that is kept about one informant."""
    desk = open_desk(ctx.obj)
    desk.require("roster.view")
    with desk.database.read() as tx:
        one = find(tx, desk, who)
        consents = store.consents(tx, one.person_id)
        evidence = store.evidence(tx, one.person_id)
        decisions = number_decisions.decisions(tx, one.person_id)
    _reveal(desk, clear, f"person {one.person_id}", 1)
    data = _shown(one, clear) | {
        "consents": [dict(row._mapping) for row in consents],
        "evidence": [dict(row._mapping) for row in evidence],
        "decisions": [dict(row._mapping) for row in decisions],
    }
    zone = desk.settings.zone()

    def render() -> None:
        told = data | {
            "details": "、".join(f"{name} {value}" for name, value in data["details"].items()),
            "state": STATES.get(one.state, one.state),
            "opted_out_at": screen.moment(one.opted_out_at, zone),
        }
        rows = [(label, told[key]) for key, label in FIELDS.items() if told[key]]
        screen.table(f"信息员 {one.person_id}", ("项目", "内容"), rows)
        if consents:
            lines = [(screen.moment(row.at, zone), row.action, row.channel, row.proof, row.actor) for row in consents]
            screen.table("退订与恢复", ("时间", "动作", "途径", "依据", "经手"), lines)
        if evidence:
            known = [(screen.moment(row.at, zone), row.carrier, row.source, row.note) for row in evidence]
            screen.table("线路依据", ("时间", "线路", "来源", "说明"), known)
        if decisions:
            decided = [
                (
                    screen.moment(row.at, zone),
                    roster_life.VERDICTS[row.verdict],
                    LABELS[SuspicionKind(row.suspicion)] if row.suspicion else "",
                    row.reason,
                    row.actor,
                )
                for row in decisions
            ]
            screen.table("号码疑点的处理", ("时间", "结论", "疑点", "依据", "经手"), decided)

    screen.emit(as_json, data, render)


@app.command(help="修改一名信息员;只写要改的项目。")
def edit(
    ctx: typer.Context,
    who: Who,
    name: Annotated[str | None, typer.Option(help="姓名")] = None,
    phone: Annotated[str | None, typer.Option(help="新手机号码")] = None,
    category: Annotated[str | None, typer.Option(help="职业类别")] = None,
    township: Annotated[str | None, typer.Option(help="乡镇")] = None,
    village: Annotated[str | None, typer.Option(help="村")] = None,
    note: Annotated[str | None, typer.Option(help="备注")] = None,
) -> None:
    """In one transaction, on the record (which fields, not what they say)."""
    desk = open_desk(ctx.obj)
    actor = desk.require("roster.edit").name
    lists = resources.lists(desk.settings)
    if category is not None and category not in lists.categories:
        raise Refused(f"没有“{category}”这个类别", "xinqiao roster categories 列出全部", USAGE)
    if township is not None and township not in lists.townships:
        raise Refused(f"没有“{township}”这个乡镇", "xinqiao roster townships 列出全部", USAGE)
    with desk.database.write() as tx:
        one = find(tx, desk, who)
        entry = Entry(0, one.phone, one.name, one.identity, one.category, one.township, one.village, dict(one.details))
        given = {
            "name": name,
            "category": lists.categories.get(category) if category else None,
            "township": lists.townships.get(township) if township else None,
            "village": village,
        }
        changed: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if note is not None:
            changed["details"] = {**one.details, "note": note}
        roster_desk.update(tx, desk.vault, one.person_id, replace(entry, **changed), desk.now())
        if phone is not None:
            prefixes = resources.prefixes(desk.settings)
            roster_desk.change_phone(tx, desk.vault, prefixes, one.person_id, phone, actor, desk.now())
            changed["phone"] = True
        desk.audit(tx, "roster.edit", f"person {one.person_id}", {"fields": sorted(changed)})
    screen.say(f"已修改信息员 {one.person_id}:{'、'.join(sorted(changed)) or '无'}", "green")


@app.command(help="停用信息员:不再发通知,等待中的通知一并撤下。")
def stop(
    ctx: typer.Context,
    who: Who,
    reason: Annotated[str, typer.Option(help="原因")],
    why: Annotated[str, typer.Option(help=f"统计用的类别:{roster_life.WHYS}")] = "other",
) -> None:
    """Their cases go on."""
    if why not in WHY_LEFT:
        raise Refused(f"没有“{why}”这个原因类别", f"可选:{roster_life.WHYS}", USAGE)
    desk = open_desk(ctx.obj)
    desk.require("roster.edit")
    with desk.database.write() as tx:
        one = find(tx, desk, who)
        roster_desk.stop(tx, one.person_id, reason, desk.now(), why)
        desk.audit(tx, "roster.stop", f"person {one.person_id}", {"reason": reason, "why": why})
    screen.say(f"已停用信息员 {one.person_id}", "yellow")


@app.command(help="恢复停用的信息员。")
def resume(ctx: typer.Context, who: Who) -> None:
    """Notices again, unless they opted out."""
    desk = open_desk(ctx.obj)
    desk.require("roster.edit")
    with desk.database.write() as tx:
        one = find(tx, desk, who)
        roster_desk.resume(tx, one.person_id, desk.now())
        desk.audit(tx, "roster.resume", f"person {one.person_id}")
    screen.say(f"已恢复信息员 {one.person_id}", "green")


@app.command("opt-out", help="登记退订(群众以短信以外的方式提出)。")
def opt_out(ctx: typer.Context, who: Who, proof: Annotated[str, typer.Option(help="依据,例如 来电,某日")]) -> None:
    """With its proof."""
    desk = open_desk(ctx.obj)
    actor = desk.require("roster.consent").name
    with desk.database.write() as tx:
        one = find(tx, desk, who)
        roster_desk.opt_out(tx, one.person_id, proof, actor, desk.now())
        desk.audit(tx, "roster.opt_out", f"person {one.person_id}")
    screen.say(f"信息员 {one.person_id} 已退订", "yellow")


@app.command("opt-in", help="登记恢复接收。")
def opt_in(ctx: typer.Context, who: Who, proof: Annotated[str, typer.Option(help="依据")]) -> None:
    """With its proof."""
    desk = open_desk(ctx.obj)
    actor = desk.require("roster.consent").name
    with desk.database.write() as tx:
        one = find(tx, desk, who)
        store.opt_in(tx, one.person_id, "operator", proof, None, actor, desk.now())
        desk.audit(tx, "roster.opt_in", f"person {one.person_id}")
    screen.say(f"信息员 {one.person_id} 已恢复接收", "green")


@app.command(help="导出名册(.xlsx 或 .csv),默认掩码。")
def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="要写的文件")],
    clear: Clear = False,
) -> None:
    """Words only: no cell can become a formula."""
    desk = open_desk(ctx.obj)
    desk.require("roster.export")
    check_table(file)
    with desk.database.read() as tx:
        found = [_shown(one, clear) for one in store.members(tx, desk.vault)]
    _reveal(desk, clear, "export", len(found))
    with desk.database.write() as tx:
        desk.audit(tx, "roster.export", file.name, {"people": len(found), "clear": clear})
    keys = ("person_id", "name", "identity", "phone", "category", "township", "village", "carrier", "state")
    header = ("编号", "姓名", "身份证号", "手机号", "职业类别", "乡镇(街道)", "村(社区)", "线路", "状态")
    write_table(file, "名册", header, ([one[key] for key in keys] for one in found))
    screen.say(f"已导出 {len(found)} 人到 {file}{'' if clear else '(掩码)'}", "green")


@app.command(help="人数:按类别、乡镇、线路。")
def count(ctx: typer.Context, as_json: Json = False) -> None:
    """Active informants."""
    desk = open_desk(ctx.obj)
    desk.require("roster.view")
    with desk.database.read() as tx:
        found = store.counts(tx)
    whole = sum(found["category"].values())

    def render() -> None:
        for key, label in (("category", "类别"), ("township", "乡镇"), ("carrier", "线路")):
            screen.table(f"按{label}(共 {whole} 人)", (label, "#人数"), list(found[key].items()))

    screen.emit(as_json, {"active": whole, **found}, render)


@app.command(help="列出职业类别和别名。")
def categories(ctx: typer.Context, as_json: Json = False) -> None:
    """As the settings' list has them."""
    _aliases(resources.lists(open_desk(ctx.obj).settings).categories, "职业类别", as_json)


@app.command(help="列出乡镇和别名。")
def townships(ctx: typer.Context, as_json: Json = False) -> None:
    """As the settings' list has them."""
    _aliases(resources.lists(open_desk(ctx.obj).settings).townships, "乡镇", as_json)


@app.command(help="指定号码的线路(携号转网);--clear-override 取消指定。")
def carrier(
    ctx: typer.Context,
    who: Annotated[str | None, typer.Argument(help="信息员编号或手机号码")] = None,
    to: Annotated[str | None, typer.Option("--set", help="线路名称")] = None,
    clear_override: Annotated[bool, typer.Option("--clear-override", help="取消人工指定")] = False,
    file: Annotated[Path | None, typer.Option(help="清单:每行 号码<Tab>线路")] = None,
) -> None:
    """An operator's word outranks everything learned."""
    desk = open_desk(ctx.obj)
    actor = desk.require("roster.edit").name
    orders = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines() if line] if file else []
    if who is not None and to is not None:
        orders.append([who, to])
    unknown = {order[-1] for order in orders} - set(desk.settings.values.carriers)
    if unknown or (not orders and not (who and clear_override)):
        named = f"没有线路 {'、'.join(sorted(unknown))}" if unknown else "没有说明要做什么"
        raise Refused(
            named, f"例如 roster carrier 13800000001 --set {next(iter(desk.settings.values.carriers))}", USAGE
        )
    with desk.database.write() as tx:
        for whose, name in orders:
            store.set_carrier(tx, find(tx, desk, whose).person_id, name, actor, desk.now())
        if who is not None and clear_override:
            one = find(tx, desk, who)
            store.clear_carrier(tx, desk.vault, one.person_id, resources.prefixes(desk.settings), actor, desk.now())
        desk.audit(tx, "roster.carrier", f"{len(orders)} numbers")
    screen.say(f"已指定 {len(orders)} 个号码的线路", "green")


# ---------------------------------------------------------------------------------------------------------------------


def _shown(one: store.Member, clear: bool) -> dict[str, Any]:
    """As it may be shown."""
    data = asdict(one) | {"phone": phones.national(one.phone)}
    if not clear:
        data |= {
            "phone": phones.masked(one.phone),
            "name": phones.masked_name(one.name),
            "identity": phones.masked_identity(one.identity),
            "details": dict.fromkeys(one.details, "…"),
        }
    return data | {"carrier_source": SOURCES.get(one.carrier_source, one.carrier_source)}


def _reveal(desk: Desk, clear: bool, subject: str, people: int) -> None:
    """Clear names and numbers: only with the right, and never unnoticed."""
    if clear:
        desk.require("roster.reveal")
        with desk.database.write() as tx:
            desk.audit(tx, "roster.reveal", subject, {"people": people})


def _aliases(written: Any, label: str, as_json: bool) -> None:
    names: dict[str, list[str]] = {}
    for alias, name in written.items():
        names.setdefault(name, []).extend([alias] if alias != name else [])
    rows = [(name, "、".join(aliases)) for name, aliases in names.items()]
    screen.emit(as_json, names, lambda: screen.table(label, (label, "也写作"), rows))
