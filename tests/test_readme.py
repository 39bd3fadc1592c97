"""The README says what is true: its commands run, its files are there."""

import re
import shlex
import subprocess
import sys

import click
import pytest

from dagster_project.cli import main
from dbt_models import CODE_DIR

README = (CODE_DIR / "README.md").read_text()
BLOCKS = re.findall(r"```\w*\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line.removeprefix(".venv/bin/")
    for block in BLOCKS
    for line in block.splitlines()
    if re.match(r"(\.venv/bin/)?crm ", line)
]
# They change nothing but the pages that some of them write.
ONLY_LOOK = tuple(
    f"crm {name}"
    for name in (
        *("catalog", "explain", "lists show", "quality", "rejects", "sql"),
        "status",
    )
)


def test_there_are_commands():
    assert len(COMMANDS) > 5


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command):
    words = shlex.split(command, comments=True)[1:]
    group: click.Command = main
    context = None
    while isinstance(group, click.Group) and (words or group is main):
        name, group, words = group.resolve_command(
            click.Context(group, parent=context), words
        )
    assert group.make_context(name, words)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith(ONLY_LOOK)])
def test_commands_that_only_look_succeed(crm, grocer, command, tmp_path):
    words = shlex.split(command, comments=True)[1:]
    outcome = crm(grocer, *words, input=".tables\nselect 42;\n.quit\n", cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    if words == ["sql"]:
        assert "marts.customer_rfm" in outcome.stdout
        assert "42" in outcome.stdout


def test_what_excel_opens_has_every_customer(crm, grocer, published, tmp_path):
    (command,) = (c for c in COMMANDS if "copy (" in c)
    outcome = crm(grocer, *shlex.split(command)[1:], cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    header, *lines = (tmp_path / "customers.csv").read_text().splitlines()
    assert header.startswith("customer_id,")
    (customers,) = published.execute(
        "select count(*) from marts.customer_rfm"
    ).fetchone()
    assert len(lines) == customers > 0


def test_the_notebook_code_runs_where_the_readme_says(grocer, published, tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "data").symlink_to(grocer)
    outcome = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(len(customers))"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    (customers,) = published.execute(
        "select count(*) from marts.customer_rfm"
    ).fetchone()
    assert int(outcome.stdout) == customers


def test_the_plain_commands_are_what_make_does():
    # Without make, the same steps.
    makefile = (CODE_DIR / "Makefile").read_text()
    for step in (
        "install --quiet --no-deps --require-hashes --requirement requirements.lock",
        "install --quiet --no-deps --no-build-isolation --editable .",
        "crm demo complete-journey --if-empty",
    ):
        assert step in makefile
        assert step.replace("--quiet ", "") in README


def test_linked_files_and_folders_of_the_map_exist():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    folders = re.findall(r"^\| `([\w/]+/)` \|", README, re.MULTILINE)
    assert len(folders) > 5
    for path in [*links, *folders]:
        assert (CODE_DIR / path).exists(), path


def test_the_map_names_every_folder():
    listed = subprocess.run(
        ["git", "ls-tree", "-d", "--name-only", "HEAD"],
        cwd=CODE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    for folder in listed.stdout.split():
        assert f"`{folder}/`" in README or folder.startswith("."), folder


def test_tables_in_the_readme_are_published(published):
    named = set(re.findall(r"`((?:core|marts|ops)\.\w+)`", README))
    there = {
        name
        for (name,) in published.execute(
            "select schema_name || '.' || table_name from duckdb_tables()"
        ).fetchall()
    }
    assert named
    assert named - there == set()
