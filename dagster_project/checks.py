"""The asset check that holds a table against what is expected of it."""

from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from dagster_project.quality import check, verdict
from dagster_project.resources import RunLock
from dbt_models import Deployment, load_deployment
from expectations.suite import Suite


def expectations_check(
    key: Sequence[str], stated_in: str, suite: Callable[[Deployment], Suite]
) -> dg.AssetChecksDefinition:
    """Return the check of an asset; what depends on the asset waits for it.

    Parameters
    ----------
    stated_in
        Where the expectations are, for the reader.
    suite
        Makes the table's suite, once the table is there.
    """

    @dg.asset_check(
        asset=dg.AssetKey(key),
        name="great_expectations",
        blocking=True,
        description=f"{stated_in}; what depends on it waits.",
    )
    def great_expectations(lock: RunLock) -> Iterator[dg.AssetCheckResult]:
        deployment = load_deployment()
        expected = suite(deployment)
        results = check(deployment, expected)
        broken = [result for result in results if result.is_met is False]
        stops = any(result.is_blocking for result in broken)
        yield dg.AssetCheckResult(
            passed=not broken,
            severity=(
                dg.AssetCheckSeverity.ERROR if stops else dg.AssetCheckSeverity.WARN
            ),
            description=verdict(expected, results),
            metadata={"expectations": len(results), "not_met": len(broken)},
        )

    return great_expectations
