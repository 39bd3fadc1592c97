"""A copy of the project to which a source of the tests' own is added."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from dbt_models import CODE_DIR

RECIPE = Path(__file__).parent / "corner_shop"
RECEIPTS = "receipt,line,member,sold_at,amount\n"
MEMBERS = "member,full_name,email,phone,newsletter\n"
EXPORTS = {
    "receipts_1.csv": f"{RECEIPTS}"
    "R1,1,m1,2026-01-10 23:30:00,10.00\n"
    "R1,2,m1,2026-01-10 23:30:00,2.50\n"
    "R2,1,,2026-02-01 09:00:00,4.00\n",
    "receipts_2.csv": f"{RECEIPTS}"
    "R3,1,m2,2026-07-01 00:15:00,8.00\n"
    "R4,1,m2,2026-07-02 10:00:00,-8.00\n",
    "calls.csv": "call,member,called_at,cost\n"
    "C1,m1,2026-03-01 10:00:00,0.30\n"
    "C2,m9,2026-03-02 10:00:00,\n",
    "members.csv": f"{MEMBERS}m1,Ada Klein,ada@shop.example,,true\n",
}


def project_copy(copy: Path) -> Path:
    """Copy the project's packages."""
    packages = ("dagster_project", "dbt_models", "expectations", "ingest", "ml")
    for package in packages:
        shutil.copytree(
            CODE_DIR / package,
            copy / package,
            ignore=shutil.ignore_patterns("__pycache__", "target", "logs"),
        )
    shutil.copy(CODE_DIR / "pyproject.toml", copy)
    shutil.copy(CODE_DIR / "requirements.lock", copy)
    return copy


def project_with(copy: Path, source: Path) -> Path:
    """Copy the project's packages and add a source, as the README says."""
    project_copy(copy)
    shutil.copytree(source, copy / "dbt_models" / "models" / "sources" / source.name)
    return copy


def project_with_corner_shop(copy: Path) -> Path:
    """Copy the project, and add the smallest source with its exports."""
    project_with(copy, RECIPE)
    exports = copy / "data" / "exports" / "corner_shop"
    exports.mkdir(parents=True)
    for name, text in EXPORTS.items():
        (exports / name).write_text(text)
    (copy / "data" / "settings.yml").write_text("timezone: Europe/Berlin\n")
    return copy


def crm(project: Path, *arguments: str, code: int = 0) -> str:
    """Run the copy's `crm`, see that it ends as it should, and return what it said."""
    outcome = subprocess.run(
        [sys.executable, "-c", "from dagster_project.cli import main; main()"]
        + [*arguments],
        cwd=project,
        env={
            **os.environ,
            "PYTHONPATH": str(project),
            "CRM_DATA": str(project / "data"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == code, outcome.stdout + outcome.stderr
    return outcome.stdout + outcome.stderr
