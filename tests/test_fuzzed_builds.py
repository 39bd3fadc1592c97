"""Whatever happens between runs: a build that goes on is one from nothing.

Here with all that is around the rows, of which test_histories tries many more
histories: contracts, settings, loads, dbt, customers, products and stopped runs.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project_copy import project_copy

TESTS = Path(__file__).parent


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each seed that the option names."""
    first, _, last = metafunc.config.getoption("--seeds").partition("-")
    metafunc.parametrize("seed", range(int(first), int(last or first) + 1))


@pytest.mark.thorough
def test_a_build_that_goes_on_is_what_one_from_nothing_is(tmp_path, seed):
    """On failure the history is shown; `--seeds <seed>` repeats it."""
    project = project_copy(tmp_path / "project")
    code = f"from tests.fuzzed_builds.history import main; main(Path.cwd(), {seed})"
    outcome = subprocess.run(
        [sys.executable, "-c", f"from pathlib import Path; {code}"],
        cwd=project,
        # The project's packages are the copy's, only the tests are these.
        env={**os.environ, "PYTHONPATH": f"{project}{os.pathsep}{TESTS.parent}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
