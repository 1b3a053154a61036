"""Settings: what is read from where, what stops the start, and what is never shown."""

import stat
from pathlib import Path

import pytest

from hubbub import config, environment
from hubbub.errors import BadSetting

GOOD_SECRET = "kG7vQ2xT9mWz4LrB8nYc1HsJ6dPfA3eU"
OTHER_SECRET = "Zt5wN0qXb7RyV2cM8hKj4GsD6fLpA9uE"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without `.env`, where a forgotten default would be seen."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(**environ: str) -> config.Config:
    return config.from_environment(environ)


def test_without_any_setting_everything_is_kept_in_the_folder_data(empty_folder: Path) -> None:
    settings = read()
    assert settings.data_dir == empty_folder / "data"
    assert settings.database_url == f"sqlite:///{empty_folder}/data/hubbub.db"
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    assert settings.broadcast_url == "memory://"
    assert settings.registration == "open"
    assert settings.rate_limits is True


def test_the_secret_is_made_once_and_only_its_owner_reads_it(empty_folder: Path) -> None:
    first = read()
    path = empty_folder / "data" / "secret-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first.secret_keys[0]) >= 64
    assert read().secret_keys == first.secret_keys
    assert [entry.name for entry in path.parent.iterdir()] == ["secret-key"]


def test_two_folders_have_two_secrets() -> None:
    one, other = read(HUBBUB_DATA_DIR="one"), read(HUBBUB_DATA_DIR="other")
    assert one.secret_keys != other.secret_keys


def test_an_empty_secret_file_stops_the_start_and_names_the_file(empty_folder: Path) -> None:
    (empty_folder / "data").mkdir()
    (empty_folder / "data" / "secret-key").write_text("\n")
    with pytest.raises(BadSetting, match="secret-key is empty"):
        read()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("postgres://ada:pw@db/chat", "postgresql+asyncpg://ada:pw@db/chat"),
        ("postgresql://db/chat", "postgresql+asyncpg://db/chat"),
        ("postgresql+asyncpg://db/chat", "postgresql+asyncpg://db/chat"),
        ("sqlite:////var/lib/chat.db", "sqlite:////var/lib/chat.db"),
    ],
)
def test_every_spelling_of_a_database_becomes_the_one_the_drivers_take(
    given: str, kept: str
) -> None:
    assert read(HUBBUB_DATABASE_URL=given).database_url == kept


def test_a_relative_sqlite_path_becomes_absolute(empty_folder: Path) -> None:
    url = read(HUBBUB_DATABASE_URL="sqlite:///chat.db").database_url
    assert url == f"sqlite:///{empty_folder}/chat.db"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("HUBBUB_DATABASE_URL", "mysql://db/chat", "sqlite:///"),
        ("HUBBUB_DATABASE_URL", "sqlite://", "sqlite:///"),
        ("HUBBUB_DATABASE_URL", "sqlite:///:memory:", "sqlite:///"),
        ("HUBBUB_DATABASE_URL", "sqlite:///chat.db?mode=ro", "without options"),
        ("HUBBUB_DATABASE_URL", "postgresql://db:port/chat", "postgresql://"),
        ("HUBBUB_BROADCAST_URL", "kafka://somewhere", "redis://"),
        ("HUBBUB_BROADCAST_URL", "redis://", "redis://"),
        ("HUBBUB_PUBLIC_URL", "chat.example.org", "https://"),
        ("HUBBUB_PUBLIC_URL", "https://chat.example.org/below", "without a path"),
        ("HUBBUB_PUBLIC_URL", "https://ada@chat.example.org", "without a path"),
        ("HUBBUB_PUSH_HOSTS", "https://push.example", "names of hosts"),
        ("HUBBUB_PUSH_HOSTS", "*", "names of hosts"),
        ("HUBBUB_PUSH_HOSTS", "10.0.0.1", "names of hosts"),
        ("HUBBUB_PUSH_HOSTS", "localhost", "names of hosts"),
        ("HUBBUB_SECRET_KEY", "short", "32 or more"),
        ("HUBBUB_SECRET_KEY", "change-me-change-me-change-me-change-me", "placeholder"),
        ("HUBBUB_SECRET_KEY", "x" * 64, "random"),
        ("HUBBUB_SECRET_KEY", f"{GOOD_SECRET},short", "32 or more"),
        ("HUBBUB_REGISTRATION", "maybe", "“open” or “closed”"),
        ("HUBBUB_GUESTS", "maybe", "“by-room” or “off” or “on”"),
        ("HUBBUB_ACCENT", "#f00", "“teal”"),
        ("HUBBUB_SITE_NAME", "x" * 51, "at most 50"),
        ("HUBBUB_KEEP_DAYS", "always", "0 to 36500"),
        ("HUBBUB_RATE_LIMITS", "sometimes", "“on” or “off”"),
        ("HUBBUB_TRUSTED_PROXIES", "*", "addresses or networks"),
        ("HUBBUB_TRUSTED_PROXIES", "127.0.0.1,proxy", "addresses or networks"),
        ("HUBBUB_LOG_FORMAT", "xml", "“text” or “json”"),
        ("HUBBUB_PORT", "http", "0 to 65535"),
        ("HUBBUB_PORT", "65536", "0 to 65535"),
        ("HUBBUB_PORT", "٣", "0 to 65535"),
        ("HUBBUB_WORKERS", "0", "1 to 128"),
    ],
)
def test_a_bad_value_is_answered_with_the_settings_name_and_what_it_should_be(
    name: str, value: str, wanted: str
) -> None:
    with pytest.raises(BadSetting) as caught:
        read(**{name: value})
    assert name in str(caught.value)
    assert wanted in str(caught.value)


def test_a_refused_secret_or_address_with_a_password_is_not_repeated() -> None:
    for name, value in [
        ("HUBBUB_SECRET_KEY", "hunter2"),
        ("HUBBUB_DATABASE_URL", "mysql://chat:hunter2@db/chat"),
        ("HUBBUB_BROADCAST_URL", "amqp://chat:hunter2@mq"),
    ]:
        with pytest.raises(BadSetting) as caught:
            read(**{name: value})
        assert "hunter2" not in str(caught.value)


def test_a_data_folder_that_cannot_be_made_stops_the_start(empty_folder: Path) -> None:
    (empty_folder / "file").write_text("")
    with pytest.raises(BadSetting, match="HUBBUB_DATA_DIR"):
        read(HUBBUB_DATA_DIR="file/below")


def test_memory_broadcast_with_several_workers_says_what_to_set() -> None:
    with pytest.raises(BadSetting, match="HUBBUB_BROADCAST_URL should be redis://"):
        read(HUBBUB_WORKERS="2")
    assert read(HUBBUB_WORKERS="2", HUBBUB_BROADCAST_URL="redis://localhost").workers == 2


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Chat.Example.org/", "https://chat.example.org"),
        ("https://chat.example.org:443", "https://chat.example.org"),
        ("http://10.0.0.5:8000", "http://10.0.0.5:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_the_public_address_is_kept_as_browsers_write_an_origin(given: str, kept: str) -> None:
    assert read(HUBBUB_PUBLIC_URL=given).public_url == kept


def test_push_services_are_spoken_to_only_when_they_are_named() -> None:
    assert read().push_hosts == read(HUBBUB_PUSH_HOSTS="off").push_hosts == ()
    named = read(HUBBUB_PUSH_HOSTS="FCM.googleapis.com, *.notify.windows.com,127.0.0.1:9000")
    assert named.push_hosts == ("fcm.googleapis.com", "*.notify.windows.com", "127.0.0.1:9000")


def test_what_a_platform_sets_counts_unless_our_own_name_is_set() -> None:
    platform = {"PORT": "5000", "DATABASE_URL": "postgres://db/a", "REDIS_URL": "redis://cache"}
    settings = read(**platform)
    assert settings.port == 5000
    assert settings.database_url == "postgresql+asyncpg://db/a"
    assert settings.broadcast_url == "redis://cache"
    assert read(**platform, HUBBUB_PORT="6000").port == 6000


def test_the_environment_wins_over_the_dotenv_file(empty_folder: Path) -> None:
    (empty_folder / ".env").write_text("HUBBUB_PORT=7000\nHUBBUB_REGISTRATION=closed\n")
    settings = read(HUBBUB_PORT="7001")
    assert (settings.port, settings.registration) == (7001, "closed")


def test_a_dollar_sign_in_the_dotenv_file_is_left_alone(empty_folder: Path) -> None:
    (empty_folder / ".env").write_text("HUBBUB_DATABASE_URL=postgres://ada:p$HOME@db/chat\n")
    assert read().database_url == "postgresql+asyncpg://ada:p$HOME@db/chat"


def test_a_value_may_stand_in_a_file(empty_folder: Path) -> None:
    secret = empty_folder / "secrets"
    secret.write_text(f"{GOOD_SECRET}\n{OTHER_SECRET}\n")
    settings = read(HUBBUB_SECRET_KEY_FILE=str(secret))
    assert settings.secret_keys == (GOOD_SECRET, OTHER_SECRET)


def test_a_value_and_a_file_for_the_same_setting_contradict_each_other() -> None:
    with pytest.raises(BadSetting, match="not both"):
        read(HUBBUB_PORT="1", HUBBUB_PORT_FILE="somewhere")


def test_a_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(BadSetting, match="HUBBUB_PORT_FILE should name a readable text file"):
        read(HUBBUB_PORT_FILE="nowhere")


def test_an_unknown_name_warns_and_says_what_was_probably_meant(
    caplog: pytest.LogCaptureFixture,
) -> None:
    read(HUBBUB_REGISTRATON="closed", HUBBUB_TEST_REQUIRE_ALL="1", OTHER="x")
    assert caplog.messages == [
        "HUBBUB_REGISTRATON is not a setting of Hubbub. Did you mean HUBBUB_REGISTRATION?"
    ]


def test_what_may_be_uploaded_has_limits_that_can_be_set() -> None:
    assert (read().upload_mb, read().upload_day_mb) == (25, 500)
    settings = read(HUBBUB_UPLOAD_MB="0", HUBBUB_UPLOAD_DAY_MB="2000")
    assert (settings.upload_mb, settings.upload_day_mb) == (0, 2000)
    for wrong in ("-1", "1001", "many"):
        with pytest.raises(BadSetting, match="HUBBUB_UPLOAD_MB should be a number from 0 to 1000"):
            read(HUBBUB_UPLOAD_MB=wrong)


def test_what_the_environment_decides_for_the_site_is_remembered_as_fixed() -> None:
    settings = read(HUBBUB_SITE_NAME=" Sea  View ", HUBBUB_GUESTS="on", HUBBUB_LOBBY="off")
    assert (settings.site_name, settings.guests, settings.lobby) == ("Sea View", "on", False)
    assert settings.fixed == {"site_name", "guests", "lobby"}
    assert read().fixed == frozenset()


def test_an_administrator_is_named_with_a_password_or_not_at_all() -> None:
    settings = read(HUBBUB_ADMIN_USERNAME="ada", HUBBUB_ADMIN_PASSWORD="a walk by the sea")
    assert "a walk by the sea" not in repr(settings) + str(config.describe(settings))
    for name in ("HUBBUB_ADMIN_USERNAME", "HUBBUB_ADMIN_PASSWORD"):
        with pytest.raises(BadSetting, match="together"):
            read(**{name: "ada"})


def test_what_is_in_force_is_described_without_secrets() -> None:
    settings = read(
        HUBBUB_SECRET_KEY=f"{OTHER_SECRET},{GOOD_SECRET}",
        HUBBUB_DATABASE_URL="postgres://ada:hunter2@db/chat",
        HUBBUB_BROADCAST_URL="redis://:hunter2@cache/0",
    )
    described = config.describe(settings)
    assert tuple(name for name, _ in described) == environment.SETTINGS
    for text in (str(described), repr(settings)):
        assert GOOD_SECRET not in text
        assert OTHER_SECRET not in text
        assert "hunter2" not in text
    assert dict(described)["HUBBUB_DATABASE_URL"] == "postgresql+asyncpg://ada:…@db/chat"


@pytest.mark.parametrize(
    "access", ["ada:hun@ter2@db/chat", "ada:hun:ter2@db/chat", "db/chat?password=hunter2"]
)
def test_a_password_in_an_odd_place_stays_hidden_too(access: str) -> None:
    settings = read(HUBBUB_DATABASE_URL=f"postgres://{access}")
    shown = dict(config.describe(settings))["HUBBUB_DATABASE_URL"]
    assert "hun" not in shown
    assert "ter2" not in shown


def test_worker_processes_find_what_the_command_line_decided() -> None:
    environ = {"HUBBUB_BROADCAST_URL": "redis://cache", "HUBBUB_PORT_FILE": "somewhere"}
    decided = config.from_environment(
        {"HUBBUB_BROADCAST_URL": "redis://cache"}, port=9000, workers=3, host=None
    )
    config.pass_on(decided, environ)
    assert config.from_environment(environ) == decided
