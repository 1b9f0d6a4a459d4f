"""Tests of valid and invalid settings."""

import pytest
from board.settings import Settings, SettingsError
from conftest import KEY


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("", "is missing"),
        ("change-me", "is a placeholder"),
        ("please-CHANGE-this-key-before-you-deploy-it", "is a placeholder"),
        ("x" * 40, "is a placeholder"),
        ("for-development-only-and-public", "is a placeholder"),
        ("a1b2c3d4e5f6", "has 12 characters, fewer than 32"),
    ],
)
@pytest.mark.parametrize("environment", ["Production", "Staging", "", "Prod"])
def test_a_weak_secret_key_is_rejected_in_every_deployed_environment(environment: str, key: str, problem: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"APP_ENV": environment, "SECRET_KEY": key})
    sentence = str(raised.value.message)
    assert sentence.startswith(f"SECRET_KEY {problem}: set it to ")
    assert "\n" not in sentence
    assert not key or key not in sentence


def test_development_needs_no_settings() -> None:
    settings = Settings.from_environment({"APP_ENV": "Dev"})
    assert settings.secret_key
    assert settings.database_url == "postgresql+psycopg://"
    assert not settings.deployed


@pytest.mark.parametrize(
    ("url", "database_url"),
    [
        (
            "postgresql://u:p%40@h:5432/d?sslmode=verify-full",
            "postgresql+psycopg://u:p%40@h:5432/d?sslmode=verify-full",
        ),
        ("postgres://h/d", "postgresql+psycopg://h/d"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
    ],
)
def test_psycopg_is_the_driver_of_every_database_url(url: str, database_url: str) -> None:
    assert Settings.from_environment({"APP_ENV": "Dev", "DATABASE_URL": url}).database_url == database_url


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("TRUST_PROXY_DEPTH", "all", "TRUST_PROXY_DEPTH is 'all': it must be a whole number, 0 or more."),
        ("SEND_FILE_MAX_AGE_DEFAULT", "-1", "SEND_FILE_MAX_AGE_DEFAULT is '-1': it must be a whole number, 0 or more."),
        (
            "EXTERNAL_URL",
            "board.example",
            "EXTERNAL_URL is 'board.example': it must be https://, a host and nothing more.",
        ),
        ("LOG_LEVEL", "loud", "LOG_LEVEL is 'loud': it must be one of debug, info, warning, error, critical."),
    ],
)
def test_an_invalid_setting_is_rejected_with_its_name_and_value(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"APP_ENV": "Dev", name: value})
    assert raised.value.message == sentence


def test_the_repr_of_the_settings_contains_no_secrets() -> None:
    settings = Settings.from_environment({"SECRET_KEY": KEY, "DATABASE_URL": "postgresql://u:hidden@h/d"})
    assert KEY not in repr(settings)
    assert "hidden" not in repr(settings)


def test_an_incomplete_bucket_address_is_rejected() -> None:
    with pytest.raises(SettingsError, match="AWS_REGION is missing"):
        Settings.from_environment({"APP_ENV": "Dev", "MEDIA_BUCKET": "media"})
    with pytest.raises(SettingsError, match="leads to s3://media"):
        Settings.from_environment({"APP_ENV": "Dev", "DEFAULT_STORAGE_DSN": "s3://key:hidden@media"})


@pytest.mark.parametrize(
    ("environment", "deployed", "log_level", "max_age"),
    [
        ({"APP_ENV": "Dev"}, False, "DEBUG", 0),
        ({"FLASK_ENV": "development"}, False, "DEBUG", 0),
        ({"APP_ENV": "Production", "FLASK_ENV": "development", "SECRET_KEY": KEY}, True, "INFO", 31556926),
        ({"APP_ENV": "Staging", "SECRET_KEY": KEY}, True, "INFO", 31556926),
        ({"SECRET_KEY": KEY}, True, "INFO", 31556926),
        ({"APP_ENV": "Dev", "LOG_LEVEL": "error", "SEND_FILE_MAX_AGE_DEFAULT": "7"}, False, "ERROR", 7),
    ],
)
def test_the_environment_selects_the_defaults_and_variables_override_them(
    environment: dict[str, str], deployed: bool, log_level: str, max_age: int
) -> None:
    settings = Settings.from_environment(environment)
    assert (settings.deployed, settings.log_level) == (deployed, log_level)
    assert settings.send_file_max_age_default == max_age


@pytest.mark.parametrize(
    "url",
    ["mysql://u:hidden@h/d", "nonsense", "postgresql://u:hidden@h:port/d", "postgresql://u:hidden@[h/d", "//h/d"],
)
def test_an_invalid_database_url_is_rejected_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_URL is not the address") as raised:
        Settings.from_environment({"APP_ENV": "Dev", "DATABASE_URL": url})
    assert "hidden" not in raised.value.message


@pytest.mark.parametrize(
    ("name", "value", "setting", "expected"),
    [
        ("DEFAULT_DATABASE_DSN", "postgres://h/d", "database_url", "postgresql+psycopg://h/d"),
        ("DB_CONNECTION_STRING", "postgres://h/d", "database_url", "postgresql+psycopg://h/d"),
        ("PLATFORM_PROJECT_ENTROPY", KEY, "secret_key", KEY),
        ("ADAPTABLE_TRUST_PROXY_DEPTH", "2", "trust_proxy_depth", 2),
        ("GUNICORN_THREADS", "8", "database_threads", 8),
        ("GRANIAN_BLOCKING_THREADS", "8", "database_threads", 8),
        ("DOMAIN", "board.example", "external_url", "https://board.example"),
    ],
)
def test_the_variables_of_other_platforms_are_read(name: str, value: str, setting: str, expected: object) -> None:
    assert getattr(Settings.from_environment({"APP_ENV": "Dev", name: value}), setting) == expected
