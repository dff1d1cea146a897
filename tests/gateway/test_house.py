"""Settings, store, rights, operators, audit, logs, checks, screen: what everything stands on."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st

from gateway import audit, fsck, logs, notices, operators, resources, rights, settings
from gateway.cli import screen
from gateway.database import Database, _alembic, revisions
from gateway.errors import Refused, SettingsWrong, StoreUnfit
from gateway.tables import audit as audit_rows
from gateway.tables import metadata, notice, part, receipt
from roster.audiences import Audience
from roster.tables import membership
from routing import store as case_store
from routing.cases import CaseState
from routing.history import replay
from tests.conftest import ENGINES, NOON
from tests.gateway import asking
from tests.gateway.office import Office
from tests.postgres import Server

KEY = b"k" * 32

# ------------------------------------------------------------------------------------------------------------- settings


def test_the_described_file_loads_and_is_the_shipped_example(folder: Path) -> None:
    example = Path(__file__).parent.parent.parent / "config" / "xinqiao.example.toml"
    assert example.read_text(encoding="utf-8") == settings.describe()
    assert list(settings.load(folder, {}).values.carriers) == ["mobile", "unicom", "telecom"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (("window = 16", "windw = 16"), "$.carriers.mobile"),
        (("window = 16", "window = 0"), "$.carriers.mobile.window"),
        (("port = 2775", "port = 99999"), "$.carriers.mobile.port"),
        (("port = 2775", 'port = "x"'), "$.carriers.mobile.port"),
        (("tick_ms = 3.0", "tick_ms = -1"), "$.daemon.tick_ms"),
        (('default_carrier = "mobile"', 'default_carrier = "china"'), "$.default_carrier"),
        (('signature = "【', 'signature = "['), "$.signature"),
        (('timezone = "Asia/Shanghai"', 'timezone = "Mars/Base"'), "时区"),
        (('quiet_from = "20:30"', 'quiet_from = "29:00"'), "时刻"),
        (("[store]", "[stor]"), "$"),
        (("[store]", "[store"), "TOML"),
    ],
)
def test_a_wrong_key_or_value_is_refused_with_its_path(folder: Path, change: tuple[str, str], path: str) -> None:
    file = folder / settings.FILE
    words = file.read_text(encoding="utf-8")
    assert change[0] in words
    file.write_text(words.replace(*change, 1), encoding="utf-8")
    with pytest.raises(SettingsWrong) as wrong:
        settings.load(folder, {})
    assert path in wrong.value.message
    assert wrong.value.way_out


def test_the_environment_goes_before_the_file(folder: Path) -> None:
    loaded = settings.load(folder, {"XINQIAO__CARRIERS__MOBILE__PORT": "4000", "XINQIAO__COUNTY": "某县"})
    assert (loaded.values.carriers["mobile"].port, loaded.values.county) == (4000, "某县")
    with pytest.raises(SettingsWrong, match="port"):
        settings.load(folder, {"XINQIAO__CARRIERS__MOBILE__PORT": "no"})


def test_secrets_that_others_can_read_are_refused(folder: Path) -> None:
    (folder / "keys" / "mobile.password").chmod(0o644)
    with pytest.raises(SettingsWrong, match="他人"):
        resources.profiles(settings.load(folder, {}))


def test_a_folder_without_settings_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong) as wrong:
        settings.load(tmp_path, {})
    assert "init" in wrong.value.way_out


# ---------------------------------------------------------------------------------------------------------------- store


@pytest.fixture(params=ENGINES)
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A store in which nothing is yet."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/x.db")
    else:
        server: Server = request.getfixturevalue("server")
        database = Database(server.create("bare"))
    yield database
    database.close()
    if request.param == "postgresql":
        server.execute("DROP DATABASE bare")


@pytest.fixture
def database(bare: Database) -> Database:
    """A store in which nothing but the schema is."""
    bare.upgrade()
    return bare


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_cases_of_the_schema_before_histories_were_whole_keep_all_they_were(bare: Database) -> None:
    bare.upgrade("0006")
    with bare.write() as tx:
        for statement in OLD_CASE:
            tx.exec_driver_sql(statement)
    bare.upgrade()
    with bare.read() as tx:
        case = case_store.by_id(tx, 7)
        assert (case.state, case.assigners, case.co_handlers, case.survey) == (
            CaseState.REPLIED,
            ("甲",),
            ("县教育局",),
            "open",
        )
        assert replay(case, case_store.timeline(tx, 7)) == case
        assert [one.invariant for one in fsck.check(tx, KEY, 1_764_000_000_000)] == []


OLD_CASE = (
    "INSERT INTO person (id, phone_sealed, phone_index, carrier, carrier_source, created_at) "
    "VALUES (1, '\\x01', '\\x02', 'mobile', 'prefix', 1)",
    "INSERT INTO case_ticket (id, number, year, serial, slot, person_id, channel, state, text, urgency, shield, round, "
    "co_handlers, accused, assigned_by, assigned_at, reply_delivery, created_at) VALUES (7, 'FX2600017', 2026, 1, "
    "'1001', 1, 'sms', 'replied', 'x', 'normal', 1, 1, '[\"县教育局\"]', '[]', '甲', 1764000000000, 'delivered', "
    "1764000000000)",
    "INSERT INTO case_event (case_id, at, event, actor, role, to_state, reason, data) "
    "VALUES (7, 1764000000123, 'approve', '乙', 'reviewer', 'replied', '', '{}')",
)


def test_the_line_of_schema_versions_is_alembics() -> None:
    script = ScriptDirectory.from_config(_alembic())
    assert revisions() == [one.revision for one in script.walk_revisions()][::-1]


def test_an_upgrade_writes_down_the_history_that_a_roster_had_before(bare: Database) -> None:
    bare.upgrade("0005")
    with bare.write() as tx:
        for number, state in ((1, "'active', '', NULL"), (2, "'stopped', '空号', 5000")):
            tx.exec_driver_sql(
                "INSERT INTO person (id, phone_sealed, phone_index, carrier, carrier_source, created_at) "
                f"VALUES ({number}, '', '{number}', 'mobile', 'prefix', 1000)"
            )
            tx.exec_driver_sql(
                "INSERT INTO informant (person_id, name_sealed, name_index, category, township, village, state, "
                "stop_reason, stopped_at, created_at, updated_at) "
                f"VALUES ({number}, '', '', '教师', '城关镇', '', {state}, 1000, 6000)"
            )
    bare.upgrade()
    with bare.read() as tx:
        kept = tx.execute(sa.select(membership).order_by(membership.c.id)).all()
        assert [(row.person_id, row.event, row.why, row.reason, row.at.timestamp()) for row in kept] == [
            (1, "joined", "", "", 1.0),
            (2, "joined", "", "", 1.0),
            (2, "left", "other", "空号", 5.0),
        ]
        assert [one for one in fsck.check(tx, KEY, 10_000) if one.invariant == "roster"] == []


def test_a_store_that_does_not_sync_is_refused(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    database.durability()
    sa.event.listen(
        database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=NORMAL").close()
    )
    database.engine.dispose()
    with pytest.raises(StoreUnfit, match="synchronous"):
        database.durability()
    database.close()


def test_a_store_in_memory_is_refused() -> None:
    database = Database("sqlite://")
    with pytest.raises(StoreUnfit):
        database.durability()
    database.close()


def test_a_store_without_schema_is_refused_with_the_way_out(bare: Database) -> None:
    with pytest.raises(StoreUnfit) as unfit:
        bare.check_schema()
    assert "upgrade" in unfit.value.way_out
    bare.upgrade()
    bare.check_schema()
    with bare.write() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnfit, match="更新的版本"):
        bare.check_schema()


def test_an_upgrade_that_fails_midway_changes_nothing_and_can_be_tried_again(bare: Database) -> None:
    """E12."""
    with bare.write() as tx:
        config = _alembic()
        config.attributes["connection"] = tx
        command.upgrade(config, "0001")
        tx.exec_driver_sql("INSERT INTO quarantine VALUES (7, 'mobile', 1, 'odd', 'raw')")
        tx.exec_driver_sql("CREATE INDEX ix_quarantine_day ON quarantine (id)")  # in the way of a later step
    with pytest.raises(sa.exc.DBAPIError):
        bare.upgrade()
    assert bare.revision() == "0001"
    with bare.write() as tx:
        assert "times" not in {one["name"] for one in sa.inspect(tx).get_columns("quarantine")}
        tx.exec_driver_sql("DROP INDEX ix_quarantine_day")
    bare.upgrade()
    bare.check_schema()
    with bare.read() as tx:
        assert tx.exec_driver_sql("SELECT id, reason, times FROM quarantine").one() == (7, "odd", 1)


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://x/y", "postgresql://nobody@/x?host=/nowhere", "sqlite:////nowhere/x.db"]
)
def test_a_store_that_cannot_be_is_refused_with_the_way_out(url: str) -> None:
    with pytest.raises(StoreUnfit) as unfit:
        Database(url).check_schema()
    assert "store.url" in unfit.value.message + unfit.value.way_out


def test_what_is_raised_undoes_everything(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        audit.record(tx, KEY, "me", "verb", "subject", {}, NOON)
        raise ZeroDivisionError
    with database.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(audit_rows)) == 0


def test_another_connections_commit_shows_in_the_version(database: Database) -> None:
    with database.connect() as kept:
        before = database.data_version(kept)
        assert database.data_version(kept) == before
        with database.write() as tx:
            audit.record(tx, KEY, "me", "verb", "subject", {}, NOON)
            assert database.data_version(kept) == before
        assert database.data_version(kept) != before


def test_a_reader_sees_one_moment_only(database: Database) -> None:
    with database.read() as tx:
        assert tx.execute(sa.select(audit_rows)).all() == []
        with database.write() as other:
            audit.record(other, KEY, "me", "verb", "subject", {}, NOON)
        assert tx.execute(sa.select(audit_rows)).all() == []
    with database.read() as tx:
        assert len(tx.execute(sa.select(audit_rows)).all()) == 1


# --------------------------------------------------------------------------------------------------------------- people


def test_every_verb_belongs_to_known_roles_and_nobody_may_do_what_is_not_listed() -> None:
    assert {role for roles in rights.VERBS.values() for role in roles} <= rights.ROLES.keys()
    assert not rights.may(rights.ROLES, "world.rule")
    for verb, allowed in rights.VERBS.items():
        for role in rights.ROLES:
            assert rights.may([role], verb) is (role in allowed)


def test_no_role_both_drafts_and_approves_and_units_see_only_cases() -> None:
    assert rights.VERBS["notice.draft"].isdisjoint(rights.VERBS["notice.approve"])
    assert rights.VERBS["case.assign"].isdisjoint(rights.VERBS["case.approve"])
    assert {verb for verb, roles in rights.VERBS.items() if rights.UNITS & roles} == {
        *("case.view", "case.order", "case.sign", "case.report", "case.progress"),
        *("case.request_return", "case.extend_ok"),
    }


def test_who_may_take_a_step_is_who_the_table_lets_take_it() -> None:
    assert rights.VERBS["case.instruct"] == {"leader"}
    assert rights.VERBS["case.reject"] == {"operator", "reviewer"}
    assert rights.VERBS["case.deemed_signed"] == rights.VERBS["case.rate_ok"] == frozenset()
    assert "system" not in {role for verb, roles in rights.VERBS.items() if verb.startswith("case.") for role in roles}
    played = rights.played(("operator", "reviewer"), CaseState.IN_PROGRESS, "reassign")
    assert (played, rights.played(("operator",), CaseState.IN_PROGRESS, "reassign")) == ("reviewer", None)


def test_an_operator_proves_to_be_one_by_account_or_password(tx: sa.Connection) -> None:
    operators.add(tx, "王", ("operator",), "wang", None, None, NOON)
    operators.add(tx, "李", ("approver",), None, None, "a long enough one", NOON)
    assert operators.by_login(tx, "wang").name == "王"
    assert operators.by_password(tx, "李", "a long enough one").roles == ("approver",)
    for name, password in (("李", "wrong"), ("王", ""), ("nobody", "a long enough one")):
        with pytest.raises(Refused, match="密码不对"):
            operators.by_password(tx, name, password)
    operators.set_active(tx, "李", False)
    with pytest.raises(Refused):
        operators.by_password(tx, "李", "a long enough one")


@pytest.mark.parametrize(
    ("name", "roles", "password"),
    [("王", ("king",), None), ("王", (), None), ("王", ("dept",), None), ("王", ("operator",), "short")],
)
def test_an_operator_that_makes_no_sense_is_refused(
    tx: sa.Connection, name: str, roles: tuple[str, ...], password: str | None
) -> None:
    with pytest.raises(Refused):
        operators.add(tx, name, roles, None, None, password, NOON)


@pytest.mark.parametrize("tamper", ["change", "remove", "insert"])
def test_a_touched_audit_row_is_found(tx: sa.Connection, tamper: str) -> None:
    for number in range(5):
        audit.record(tx, KEY, "me", "verb", f"subject {number}", {"n": number}, NOON)
    assert audit.verify(tx, KEY) is None
    assert audit.verify(tx, b"x" * 32) == 1
    if tamper == "change":
        tx.execute(sa.update(audit_rows).where(audit_rows.c.id == 3).values(subject="other"))
        assert audit.verify(tx, KEY) == 3
    elif tamper == "remove":
        tx.execute(sa.delete(audit_rows).where(audit_rows.c.id == 3))
        assert audit.verify(tx, KEY) == 4
    else:
        row = {"at": NOON, "actor": "me", "verb": "verb", "subject": "s", "detail": {}, "seal": b"\0" * 32}
        tx.execute(sa.insert(audit_rows).values(row))
        assert audit.verify(tx, KEY) == 6


# -------------------------------------------------------------------------------------------------------------- showing


@pytest.mark.parametrize(
    "words",
    ["13800000001", "+8613800000001", "from 8613800000001.", "id 130428198001011234", "x\r\ny 13800000001"],
)
def test_no_log_line_names_anybody(words: str) -> None:
    event = logs.masked(None, "", {"event": words, "deep": {"list": [words, (words,)]}, "raw": words.encode()})
    line = json.dumps(event, ensure_ascii=False)
    assert "13800000001" not in line
    assert "130428198001011234" not in line
    assert "\n" not in event["event"]


@given(st.text(max_size=80))
def test_nothing_that_others_wrote_reaches_the_terminal_as_a_command(words: str) -> None:
    shown = screen.neutral(words)
    assert not any((ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066" for c in shown)


@pytest.mark.parametrize("words", ["\x1b[2J", "\x1b]52;c;x\x07", "\x9b6n", "a\rb", "\u202egnp.exe"])
def test_escape_sequences_become_visible(words: str) -> None:
    assert "\\" in screen.neutral(words)


@pytest.mark.parametrize(
    ("numerator", "denominator", "words"),
    [
        (829, 836, "829/836 99.16%"),
        (25_940, 26_633, "25940/26633 97.40%"),
        (3_631, 3_760, "3631/3760 96.57%"),
        (37, 37, "37/37 100.00%"),
        (1, 800, "1/800 0.13%"),  # 0.125: halves go up
        (0, 0, "0/0 -"),
    ],
)
def test_a_rate_names_what_it_is_made_of(numerator: int, denominator: int, words: str) -> None:
    assert screen.rate(numerator, denominator) == words


# --------------------------------------------------------------------------------------------------------------- checks


UNCHECKED = {  # how references to rows that are not there get into a store
    "sqlite": ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
    "postgresql": ("SET session_replication_role = replica", "SET session_replication_role = origin"),
}


def offences(office: Office) -> list[fsck.Offence]:
    with office.database.read() as tx:
        return list(fsck.check(tx, office.keys.seal, office.now_ms + 60_000))


def a_day_at_the_office(office: Office) -> None:
    """Two matters of one person, one a long text, and the replies; a notice in two parts, approved, sent, delivered."""
    office.text("8613800000001", "村里路灯坏了半个月,晚上出门很危险," * 8)
    office.text("8613800000001", "我家老人住院报销手续跑了几趟都没办成,到底该找谁")
    office.minutes += 15
    with office.database.write() as tx:
        one = notices.draft(
            tx,
            title="会",
            topic="教育",
            body="【肥乡双向沟通办】" + "明天上午九点在乡政府开会" * 6,
            audience=Audience(),
            author="甲",
            now=office.now,
            validity_hours=24,
        )
        notices.approve(tx, office.vault, one.id, "乙", None, ["mobile"], 0, office.now)
        audit.record(tx, office.keys.seal, "乙", "notice.approve", f"notice {one.id}", {}, office.now)
        notices.send(tx, one.id, office.now, office.now)
        audit.record(tx, office.keys.seal, "乙", "notice.send", f"notice {one.id}", {}, office.now)
    office.deliver(office.submit())
    for words, said in (("是否同意修路?", "2,太远了"), ("是否同意建桥?", "1")):
        asked = asking.poll(office, words)
        with office.database.write() as tx:
            audit.record(tx, office.keys.seal, "乙", "notice.approve", f"notice {asked.id}", {}, office.now)
        asking.texted(office, "8613800000001", said)
        if words == "是否同意修路?":
            asking.close(office, asked.id)


def test_a_store_after_a_days_work_is_whole(office: Office) -> None:
    a_day_at_the_office(office)
    assert offences(office) == []


DAMAGES = [
    ("DELETE FROM membership", "roster"),
    ("UPDATE part SET state = 'lost'", "I1"),
    ("INSERT INTO attempt SELECT 99, 1, part_id, carrier, intent_ms, 'accepted', 0, 0, 'x' FROM attempt LIMIT 1", "I2"),
    ("DELETE FROM attempt", "I2a"),
    ("DELETE FROM text_part", "I3"),
    ("UPDATE text_part SET text_id = 99", "I3"),
    ("DELETE FROM receipt", "I4"),
    ("UPDATE receipt SET state = 'UNDELIV'", "I4"),
    ("UPDATE part SET state = 'failed', reason = NULL", "I4a"),
    ("UPDATE part SET state = 'undelivered'", "I4b"),
    (
        "INSERT INTO case_event SELECT 99, case_id, at, event, actor, role, from_state, to_state, reason, text_id, "
        "message_id, data FROM case_event LIMIT 1",
        "I5",
    ),
    ("UPDATE text_part SET number = 1", "I5a"),
    ("UPDATE case_ticket SET state = 'accepted'", "I5b"),
    ("UPDATE case_ticket SET state = 'closed'", "I5c"),
    ("UPDATE case_ticket SET survey = 'open'", "I5d"),
    ("UPDATE case_ticket SET lead = 'x'", "I5e"),
    ("UPDATE text_part SET carrier = 'unicom'", "I6"),
    ("UPDATE receipt SET part_id = NULL", "I7"),
    ("UPDATE part SET state = 'accepted'", "I7a"),
    ("UPDATE part SET state = 'expired', reason = 'no receipt'", "I7a"),
    ("UPDATE part SET state = 'queued', expires_ms = 0", "I8"),
    ("UPDATE attempt SET session = 999999999999", "I9"),
    ("UPDATE notice SET cancelled_ms = 1", "I10"),
    ("UPDATE person SET opted_out_at = 1", "I11"),
    ("UPDATE notice SET approver = author", "I11a"),
    ("UPDATE notice SET state = 'approved'", "I11b"),
    ("UPDATE message SET parts = 5", "I12"),
    ("UPDATE part SET number = 1", "I12"),
    ("DELETE FROM part", "I12"),
    ("UPDATE notice SET question_id = NULL", "Q1"),
    ("UPDATE answer SET received_ms = 9999999999999", "Q2"),
    ("UPDATE answer SET text_id = 1", "Q3"),
    ("UPDATE question SET closed_at = NULL, closes_at = 9999999999999", "Q4"),
    ("DELETE FROM answer", "Q5"),
    ("UPDATE audit SET actor = 'somebody else'", "I13"),
    ("DELETE FROM audit WHERE id = 1", "I13"),
    ("DELETE FROM audit", "I13a"),
    ("UPDATE part SET consents = 1", "I13b"),
]


@pytest.mark.parametrize(("damage", "invariant"), DAMAGES)
def test_each_broken_invariant_is_named_with_the_row_that_breaks_it(
    office: Office, damage: str, invariant: str
) -> None:
    a_day_at_the_office(office)
    unchecked, checked = UNCHECKED[office.database.engine.dialect.name]
    with office.database.engine.connect() as connection:
        for statement in (unchecked, damage, checked):
            connection.exec_driver_sql(statement)
        connection.commit()
    found = [one for one in offences(office) if one.invariant == invariant]
    assert found
    assert all(re.fullmatch(r"[a-z_]+ (FX)?\d+", one.row) for one in found)


def test_a_reference_to_a_row_that_is_gone_is_named(folder: Path) -> None:
    office = Office(folder)
    office.text("8613800000001", "村里路灯坏了半个月")
    with office.database.engine.connect() as connection:
        for statement in ("PRAGMA foreign_keys = OFF", "DELETE FROM person", "PRAGMA foreign_keys = ON"):
            connection.exec_driver_sql(statement)
    assert {one.row for one in offences(office) if one.invariant == "store"} >= {"text 1", "text_part 1"}
    office.tick.close()
    office.database.close()


def test_every_invariant_has_been_broken_once() -> None:
    assert {one.name for one in fsck.INVARIANTS} <= {invariant for _, invariant in DAMAGES}


def test_a_notice_sent_by_its_author_alone_is_named(office: Office) -> None:
    with office.database.write() as tx:
        tx.execute(
            sa.insert(notice).values(
                title="x",
                topic="教育",
                body="x",
                audience={},
                state="running",
                author="甲",
                approver="甲",
                created_at=NOON,
                validity_hours=24,
            )
        )
    assert "I11a" in {one.invariant for one in offences(office)}
    assert office.rows(sa.select(part)) == office.rows(sa.select(receipt)) == []
