"""A deployment's folder and its settings.yml, nonsense included."""

from pathlib import Path

import pytest
import yaml

from dbt_models import CODE_DIR, PROJECT_DIR, WarehouseError, load_deployment, nearest

DEFAULTS = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text())["vars"]


def deployment(data: Path, settings: str | bytes):
    text = settings.encode() if isinstance(settings, str) else settings
    (data / "settings.yml").write_bytes(text)
    return load_deployment(data)


def refusal(data: Path, settings: str | bytes) -> str:
    with pytest.raises(WarehouseError) as caught:
        deployment(data, settings)
    assert str(data / "settings.yml") in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("settings", ["", "# nothing yet\n", "{}", "sources: {}"])
def test_empty_settings_leave_the_defaults(tmp_path, settings):
    loaded = deployment(tmp_path, settings)
    assert loaded.params == DEFAULTS
    assert loaded.switches == {}


def test_the_documented_defaults_may_be_written_down(tmp_path):
    assert deployment(tmp_path, yaml.safe_dump(DEFAULTS)).params == DEFAULTS


def test_no_settings_file_leaves_the_defaults(tmp_path):
    assert load_deployment(tmp_path).params == DEFAULTS


def test_settings_override_by_name(tmp_path):
    loaded = deployment(
        tmp_path,
        "timezone: Europe/Berlin\nbase_currency: EUR\nrfm_window_days: 90\n"
        "sources: {complete_journey: false}\n",
    )
    assert loaded.params == {
        **DEFAULTS,
        "timezone": "Europe/Berlin",
        "base_currency": "EUR",
        "rfm_window_days": 90,
    }
    assert loaded.switches == {"complete_journey": False}


@pytest.mark.parametrize(
    ("settings", "word", "suggestion"),
    [
        ("timezon: UTC", "'timezon'", "'timezone'"),
        ("base_curency: EUR", "'base_curency'", "'base_currency'"),
        ("rfm_days: 90", "'rfm_days'", "'rfm_window_days'"),
        ("source: {}", "'source'", "'sources'"),
        ("sources: {complet_journey: true}", "'complet_journey'", "'complete_journey'"),
    ],
)
def test_unknown_names_are_told_the_nearest(tmp_path, settings, word, suggestion):
    message = refusal(tmp_path, settings)
    assert f"unknown {'source' if 'sources:' in settings else 'setting'} {word}" in (
        message
    )
    assert f"Did you mean {suggestion}?" in message


@pytest.mark.parametrize("settings", ["xyz: 1", "1: 2", "sources: {1: true}"])
def test_names_like_no_other_are_told_all(tmp_path, settings):
    known = "complete_journey" if "sources" in settings else "timezone, base_currency"
    assert f"Known: {known}" in refusal(tmp_path, settings)


@pytest.mark.parametrize(
    ("name", "expected", "values"),
    [
        (
            "timezone",
            "a time zone such as Europe/Berlin",
            ["Mars/Olympus", "Europe", "europe/berlin", "", "../etc", 5, None, True]
            + ["localtime", "posixrules", "posix/America/New_York"]
            + [["UTC"], {"UTC": 1}],
        ),
        (
            "base_currency",
            "a three-letter currency code",
            ["usd", "EURO", "€", "EUR\n", "", 5, True, ["EUR"]],
        ),
        (
            "exchange_rates",
            "currency codes with rates from 0.000001 to 1,000,000",
            [None, 1.29, ["GBP"], {"gbp": 1.29}, {"GBP": "1.29"}, {"GBP": True}]
            + [{"GBP": rate} for rate in (0, -1, 1e-7, 1e7, float("inf"))],
        ),
        (
            "accepted_snapshots",
            "a list of numbers of loads",
            [None, 12, "12", ["12"], [0], [1.0], [True], {12: True}],
        ),
        (
            "rfm_window_days",
            "a whole number above 0",
            [0, -1, 1.5, 365.0, float("inf"), "365", "a year", True, False, None, [1]],
        ),
    ],
)
def test_nonsense_values_are_refused(tmp_path, name, expected, values):
    for value in values:
        message = refusal(tmp_path, yaml.safe_dump({name: value}))
        assert f"{name} must be {expected}" in message, value
        assert repr(value) in message
        assert repr(DEFAULTS[name]) in message


@pytest.mark.parametrize(
    "settings",
    [
        "timezone: [",
        "a: b: c",
        "\ttimezone: UTC",
        "? [a]\n: b",
        "\x00",
        b"\xff\xfe\xff",
    ],
)
def test_broken_yaml_is_refused(tmp_path, settings):
    assert "cannot be read as YAML" in refusal(tmp_path, settings)


@pytest.mark.parametrize("settings", ["- timezone", "UTC", "42", "[]", "false", "0"])
def test_settings_that_are_no_mapping_are_refused(tmp_path, settings):
    assert "name: value" in refusal(tmp_path, settings)


@pytest.mark.parametrize(
    "sources", ["[complete_journey]", "complete_journey", "true", "5", ""]
)
def test_sources_that_are_no_mapping_are_refused(tmp_path, sources):
    message = refusal(tmp_path, f"sources: {sources}\n")
    assert "'sources' must map source names to true/false" in message


@pytest.mark.parametrize("switch", ["1", "'true'", "null", "[true]"])
def test_a_switch_is_true_or_false(tmp_path, switch):
    message = refusal(tmp_path, f"sources: {{complete_journey: {switch}}}")
    assert "complete_journey must be true or false" in message


def test_settings_that_cannot_be_read_are_not_ignored(tmp_path):
    (tmp_path / "settings.yml").mkdir()
    with pytest.raises(WarehouseError, match=r"settings\.yml cannot be read"):
        load_deployment(tmp_path)


def test_a_dangling_settings_link_is_not_ignored(tmp_path):
    (tmp_path / "settings.yml").symlink_to(tmp_path / "moved.yml")
    with pytest.raises(WarehouseError, match=r"settings\.yml"):
        load_deployment(tmp_path)


def test_crm_data_names_the_deployment(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_DATA", str(tmp_path / "acme"))
    assert load_deployment().data == tmp_path / "acme"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRM_DATA", "acme")
    assert load_deployment().data == tmp_path / "acme"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CRM_DATA", "~/acme")
    assert load_deployment().data == tmp_path / "acme"


@pytest.mark.parametrize("name", ["100%", "a%20b", "what?", "#1"])
def test_a_folder_that_no_database_can_be_in_is_refused(tmp_path, name):
    with pytest.raises(WarehouseError, match="cannot hold a deployment"):
        load_deployment(tmp_path / name)


def test_without_crm_data_the_folder_beside_the_code_is_it(monkeypatch):
    monkeypatch.setenv("CRM_DATA", "")
    assert load_deployment().data == CODE_DIR / "data"
    monkeypatch.delenv("CRM_DATA")
    assert load_deployment().data == CODE_DIR / "data"


def test_everything_is_below_the_data_folder(tmp_path):
    loaded = load_deployment(tmp_path)
    names = (
        "exports raw restricted lists build build_database published published_database"
    )
    for name in [*names.split(), "dagster_home"]:
        assert getattr(loaded, name).is_relative_to(tmp_path), name
    assert loaded.build_database.name == loaded.published_database.name
    assert loaded.build != loaded.published


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("aple", "Did you mean 'apple'?"),
        ("pera", "Did you mean 'pear'?"),
        ("APPLE", "Did you mean 'apple'?"),
        ("quince", "Known: apple, pear."),
    ],
)
def test_nearest(name, sentence):
    assert nearest(name, ["apple", "pear"]) == sentence


def test_of_hundreds_of_names_not_all_are_listed():
    names = [f"Europe/City{number}" for number in range(600)]
    assert nearest("", names) == "None of the 600 known names is like it."
