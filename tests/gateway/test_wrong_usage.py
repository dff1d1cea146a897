"""A command that was written wrong is told so in the office's words, with where the right way stands."""

import sys

import pytest

from gateway.cli import main


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("case accept", "缺少 受理编号"),
        ("case accept FX2600017", "缺少 --kind"),
        ("case accept FX2600017 --kind", "--kind 后面要写内容"),
        ("case acept FX2600017", "没有命令 acept,是不是 'accept'"),
        ("case list --lim 3", "没有选项 --lim,是不是 --limit"),
        ("case list --limit many", "--limit 应为整数"),
        ("case list --json=1", "--json 后面不写内容"),
        ("case show FX2600017 路灯", "多写了“路灯”"),
        ("notice approve first", "通知编号 应为整数"),
        ("cas list", "没有命令 cas"),
    ],
)
def test_what_is_written_wrong_is_said_in_chinese(
    written: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["xinqiao", *written.split()])
    with pytest.raises(SystemExit) as end:
        main()
    shown = capsys.readouterr().err
    assert end.value.code == 2
    assert shown.startswith(f"× {said}")
    assert "→ 写法见 xinqiao" in shown or "后面" in said
