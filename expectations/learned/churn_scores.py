"""What churn scores look like when they are right, and when they have shifted."""

from collections.abc import Mapping
from typing import Any

from great_expectations import expectations as gx
from great_expectations.expectations.expectation import Expectation

from expectations.findings import ExpectFindingsToHold

# Times. A model whose figures are calibrated is near the share that it learnt from; a
# season moves that, a probability taken for its opposite moves it much farther.
_ODDS_APART = 10
# With ten classes, chance alone has a stability index above this, divided by the number
# of customers, in one comparison of twenty: the 95 % quantile of chi-squared with nine
# degrees of freedom.
_CHANCE = 16.92


def suite(params: Mapping[str, Any]) -> list[Expectation]:
    """Return what is true of the scores of one run."""
    return [
        gx.ExpectColumnValuesToNotBeNull(column="customer_key"),
        gx.ExpectColumnValuesToNotBeNull(column="as_of_date"),
        gx.ExpectColumnValuesToNotBeNull(column="churn_probability"),
        gx.ExpectColumnValuesToBeBetween(
            column="churn_probability", min_value=0, max_value=1
        ),
        ExpectFindingsToHold(
            severity="warning",
            description="the average churn probability fits the share of lost "
            "customers that the model learnt from: its odds are at most "
            f"{_ODDS_APART} times as high or as low",
            query=f"""
                with

                scored as (
                    select avg(churn_probability) as probability from {{batch}}
                )

                select
                    concat(
                        'average ', round(scored.probability, 4),
                        ', learnt from ', round(model.churn_rate, 4)
                    ) as seen,
                    scored.probability / (1 - scored.probability)
                    / (model.churn_rate / (1 - model.churn_rate))
                    between 1.0 / {_ODDS_APART} and {_ODDS_APART} as holds
                from scored
                cross join learned.churn_model as model
            """,
        ),
    ]


def compared(params: Mapping[str, Any]) -> list[Expectation]:
    """Return how far the scores may have moved since the last run.

    The measure is the population stability index (Siddiqi, Credit Risk Scorecards,
    2006), over the deciles of the last run: with the share of customers in each then,
    ``b``, and now, ``n``, it is the sum of ``(n - b) ln(n / b)``. A decile that nobody
    is in counts as half a customer. What chance does with few customers, by Yurdakul
    and Naranjo (Statistical properties of the population stability index, 2020) ``(1 /
    customers then + 1 / customers now)`` times a chi-squared variable, is no shift.

    It is a reason to look, no proof of a mistake: customers change, too.
    """
    most = params["max_score_drift"] / 100
    return [
        ExpectFindingsToHold(
            severity="warning",
            description="churn probabilities are spread over customers as in the last "
            f"run (a population stability index of at most {most:g}; among few "
            "customers, of what chance does)",
            meta={"defined_in": "settings.yml (max_score_drift)"},
            query=f"""
                with

                deciles as (
                    select
                        quantile_disc(
                            churn_probability,
                            [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
                        ) as edges
                    from last_run.learned.churn_scores
                ),

                scores as (
                    select churn_probability, 1 as now, 0 as before from {{batch}}
                    union all
                    select churn_probability, 0 as now, 1 as before
                    from last_run.learned.churn_scores
                ),

                counts as (
                    select
                        len(
                            list_filter(
                                deciles.edges,
                                lambda edge: edge < scores.churn_probability
                            )
                        ) as decile,
                        sum(scores.now) as now,
                        sum(scores.before) as before
                    from scores
                    cross join deciles
                    group by all
                ),

                shares as (
                    select
                        greatest(now, 0.5) / sum(now) over () as now,
                        greatest(before, 0.5) / sum(before) over () as before,
                        1 / sum(now) over () + 1 / sum(before) over () as chance
                    from counts
                ),

                index_found as (
                    select
                        sum((now - before) * ln(now / before)) as stability_index,
                        greatest({most}, {_CHANCE} * any_value(chance)) as most
                    from shares
                )

                select
                    concat(
                        round(stability_index, 3), ', at most ', round(most, 3)
                    ) as seen,
                    stability_index <= most as holds
                from index_found
            """,
        )
    ]
