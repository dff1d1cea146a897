"""`xinqiao simulate`: carriers on this machine, to rehearse and to test with."""

import json
import socket
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from carriers.profile import CarrierProfile
from carriers.simulator.behaviour import Behaviour, ScriptError
from gateway.errors import UNAVAILABLE, USAGE, Refused

app = typer.Typer(no_args_is_help=True, add_completion=False, help="模拟运营商:演练和测试用。")


@app.command(help="模拟一家或几家运营商,直到 Ctrl-C。没有脚本时按工作目录的设置模拟其中各条线路。")
def carrier(
    ctx: typer.Context,
    script: Annotated[Path | None, typer.Option(help="脚本(TOML);写法见 simulator.example.toml")] = None,
    control: Annotated[int, typer.Option(help="接受指令的本机端口;0 为任选")] = 0,
    log: Annotated[Path | None, typer.Option(help="记录每次提交、回执和投递的文件(JSON 行,号码不掩码)")] = None,
) -> None:
    """Listen, print the ports as a line of JSON, and behave as scripted."""
    behaviours = _from_script(script) if script else _from_settings(ctx.obj.folder)
    _serve(behaviours, control, log)


@app.command(
    help='向模拟运营商发一条指令,例如 \'{"do":"text","carrier":"mobile","from":"13800000001","text":"你好"}\'。'
)
def tell(
    port: Annotated[int, typer.Argument(help="控制端口")],
    command: Annotated[
        str,
        typer.Argument(help="JSON:do 为 text、cut、stall、resume、throttle、refuse_binds、unbind、raw、status、quit"),
    ],
) -> None:
    """Send it and print the answer."""
    answer = order(port, command)
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    raise typer.Exit(0 if answer.get("ok") else USAGE)


def order(port: int, command: str | dict[str, Any]) -> dict[str, Any]:
    """One command to a running simulator, and its answer."""
    line = command if isinstance(command, str) else json.dumps(command, ensure_ascii=False)
    try:
        with socket.create_connection(("127.0.0.1", port), 10) as wire, wire.makefile("rwb") as file:
            file.write(line.encode() + b"\n")
            file.flush()
            answer: dict[str, Any] = json.loads(file.readline())
    except (OSError, ValueError) as wrong:
        raise Refused(f"端口 {port} 上没有模拟运营商:{wrong}", "先运行 xinqiao simulate carrier", UNAVAILABLE) from None
    return answer


def _from_script(script: Path) -> list[Behaviour]:
    try:
        table = tomllib.loads(script.read_text(encoding="utf-8"))
        return [Behaviour.from_table(one) for one in table["carrier"]]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ScriptError) as wrong:
        raise Refused(f"{script} 不能用作脚本:{wrong}", "写法见 simulator.example.toml", USAGE) from None


def _from_settings(folder: Path) -> list[Behaviour]:
    """The other ends of the folder's own carriers, on the ports that its settings name."""
    from gateway.resources import profiles  # loads what the store needs: a script does without
    from gateway.settings import FILE, load

    settings = load(folder)
    found = []
    for i, (name, profile) in enumerate(profiles(settings).items()):
        one = settings.values.carriers[name]
        if one.host not in ("127.0.0.1", "localhost"):
            raise Refused(f"线路 {name} 指向 {one.host},不是本机", f"只模拟本机的线路;请改 {FILE} 或用 --script")
        found.append(
            Behaviour(
                name=name,
                protocol=one.protocol,
                port=one.port,
                accounts={one.account: profile.password},
                access_number=one.access_number,
                seed=i + 1,
                id_form=("hex", "decimal", "long")[i % 3],
                **_calls(profile),
            )
        )
    return found


def _calls(profile: CarrierProfile) -> dict[str, Any]:
    """How a carrier calls the gateway back (SGIP): over the folder's own door, if it has one, from this machine."""
    if not profile.listen_port:
        return {}
    from gateway.settings import FILE

    here = "127.0.0.1" if profile.listen_host in ("0.0.0.0", "::") else profile.listen_host  # noqa: S104 - compared
    if not profile.welcomes(here):
        raise Refused(
            f"线路 {profile.name} 的 listen_peers 不含 {here},模拟的运营商不能回连", f"请改 {FILE} 或用 --script"
        )
    return {
        "return_path": "both",
        "call_host": here,
        "call_port": profile.listen_port,
        "call_account": profile.listen_account or profile.account,
        "call_password": profile.listen_password or profile.password,
        "idle": 60.0,  # SGIP 1.2: a server may close a connection that is idle for so long
    }


def _serve(behaviours: list[Behaviour], control: int, log: Path | None) -> None:
    import asyncio

    from twisted.internet import asyncioreactor

    try:
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    except ImportError:
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    from twisted.internet import error
    from twisted.internet import reactor as installed

    from carriers.simulator.server import Carrier
    from carriers.simulator.steering import Steering

    reactor: Any = installed
    file = log.open("w", buffering=1, encoding="utf-8") if log else None
    carriers = {one.name: Carrier(one, reactor, file) for one in behaviours}
    try:
        ports = {name: one.listen() for name, one in carriers.items()}
        steering = reactor.listenTCP(control, Steering(carriers, reactor.stop), interface="127.0.0.1")
    except error.CannotListenError as wrong:
        raise Refused(f"端口已被占用:{wrong}", "请先停止占用它的程序,或在脚本中换一个端口", UNAVAILABLE) from None
    sys.stdout.write(json.dumps({"control": steering.getHost().port, "carriers": ports}) + "\n")
    sys.stdout.flush()
    reactor.run()
    if file is not None:
        file.close()
    for name, one in carriers.items():
        sys.stderr.write(f"{name}: {json.dumps(one.counts(), ensure_ascii=False)}\n")
