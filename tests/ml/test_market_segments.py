"""Market segments on customers made here, in groups that are known."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from ml.frames import NoModelError, Past
from ml.market_segments.fits import Fit, chance_silhouette, fits
from ml.market_segments.measures import COLUMNS
from ml.market_segments.naming import describe, names, same_segments
from ml.market_segments.scoring import compute
from ml.market_segments.training import _chosen, train

PARAMS = {"market_segment_min_count": 3, "market_segment_max_count": 6}
TRAITS = pd.DataFrame(
    [
        ("silence", "away for long", "here lately"),
        ("frequency", "frequent", "rare"),
        ("basket", "large baskets", "small baskets"),
        ("breadth", "wide range", "narrow range"),
        ("discount_share", "bargains", "full price"),
    ],
    columns=["trait", "high", "low"],
)
# Group: days of silence, purchases a year, money per purchase, departments, percent of
# discount.
GROUPS = {
    "weekly": (5, 52, 20, 12, 5),
    "rare": (60, 4, 20, 2, 30),
    "stocker": (20, 12, 90, 9, 15),
}


def customers(each=100, seed=5, groups=GROUPS):
    random = np.random.default_rng(seed)
    rows = []
    for name, (silence, count, basket, departments, discount) in groups.items():
        for _ in range(each):
            bought = max(1, round(count * random.lognormal(0, 0.15)))
            amount = bought * basket * random.lognormal(0, 0.1)
            rows.append(
                {
                    "customer_key": len(rows),
                    "as_of_date": pd.Timestamp("2024-12-31"),
                    "group": name,
                    "days_since_last_transaction": round(
                        silence * random.lognormal(0, 0.2)
                    ),
                    "transaction_count": bought,
                    "net_amount": amount,
                    "discount_amount": amount
                    * discount
                    / 100
                    * random.uniform(0.8, 1.2),
                    "department_count": departments,
                }
            )
    return pd.DataFrame(rows)


def trained(frame, previous=None):
    facts = [previous.facts] if previous else []
    past = Past(lambda: previous, facts)
    return train({"features": frame, "traits": TRAITS}, PARAMS, past)


def members(frame, model):
    found = compute({"features": frame}, model)
    called = model.tables["market_segment_names"]
    return found.merge(called, on="market_segment_id").sort_values("customer_key")


@pytest.fixture(scope="module")
def frame():
    return customers()


@pytest.fixture(scope="module")
def model(frame):
    return trained(frame)


def test_known_groups_are_found(frame, model):
    found = members(frame, model)
    assert adjusted_rand_score(frame["group"], found["market_segment_id"]) > 0.95
    fits = model.tables["market_segment_fits"]
    assert fits["segment_count"].tolist() == [3, 4, 5, 6]
    (chosen,) = fits[fits["is_chosen"]].to_dict("records")
    assert chosen["segment_count"] == 3
    assert chosen["stability"] > 0.95
    assert chosen["silhouette"] > chosen["baseline_silhouette"]


def test_names_say_what_sets_a_segment_apart(frame, model):
    found = members(frame, model).merge(
        frame[["customer_key", "group"]], on="customer_key"
    )
    called = found.groupby("group")["description"].agg(lambda d: d.mode()[0])
    assert "frequent" in called["weekly"].lower()
    assert "rare" in called["rare"].lower()
    assert "away for long" in called["rare"].lower()
    assert "large baskets" in called["stocker"].lower()
    assert found["market_segment"].nunique() == 3


def test_the_same_customers_keep_their_names(frame, model):
    # A month later: some have changed, some came, and the order is another.
    later = customers(each=110, seed=6).sample(frac=1, random_state=2)
    again = trained(later, model)
    before = members(later, model).set_index("customer_key")["market_segment"]
    now = members(later, again).set_index("customer_key")["market_segment"]
    assert (before == now).mean() > 0.95
    assert not again.tables["market_segment_names"]["is_new"].any()


def test_a_new_group_has_a_new_name_and_number(model):
    gone = customers(groups={"gone": (300, 1, 3, 1, 50)}, each=90)
    gone["customer_key"] += 1_000
    later = pd.concat([customers(seed=7), gone], ignore_index=True)
    again = trained(later, model)
    found = members(later, again).merge(later[["customer_key", "group"]])
    old = set(model.tables["market_segment_names"]["market_segment_id"])
    new = found[found["group"] == "gone"]
    # Those of the old model's nearest segment are not what its name says.
    assert new["is_new"].all()
    assert not set(new["market_segment_id"]) & old
    kept = found[found["group"] == "weekly"]
    assert not kept["is_new"].any()
    assert again.tables["market_segment_names"]["market_segment"].is_unique


def test_training_twice_gives_the_same(frame, model):
    again = trained(frame.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(members(frame, again), members(frame, model))


def test_what_does_not_belong_together_is_no_clearer_than_chance():
    noise = pd.DataFrame(np.random.default_rng(1).normal(size=(600, 5)))
    for fit in fits(noise, range(3, 6), 10):
        assert fit.silhouette == pytest.approx(chance_silhouette(fit, noise), abs=0.03)


def test_customers_who_all_do_the_same_are_no_segments(frame):
    same = frame.assign(**{name: frame[name].iloc[0] for name in COLUMNS})
    with pytest.raises(NoModelError, match="behave in too few ways"):
        trained(same)
    two = same.copy()
    two.loc[:150, "net_amount"] *= 9
    with pytest.raises(NoModelError, match="behave in too few ways"):
        trained(two)


def test_a_number_is_not_given_twice(frame, model):
    # A run that looked back knows of no segments before, but of their numbers.
    past = Past(lambda: None, [model.facts])
    again = train({"features": frame, "traits": TRAITS}, PARAMS, past)
    ids = again.tables["market_segment_names"]["market_segment_id"]
    assert sorted(ids) == [4, 5, 6]


def test_the_number_of_segments_stays_while_it_is_nearly_as_good(frame, model):
    last = [Fit(3, None, 0.30, 0.80), Fit(4, None, 0.30, 0.95)]
    centres = np.zeros((3, 5))
    assert _chosen(last, centres).count == 3
    assert _chosen(last, None).count == 4
    assert _chosen([Fit(3, None, 0.1, 0.8), last[1]], centres).count == 4


def test_too_few_customers_are_said():
    with pytest.raises(NoModelError, match="24 customers are too few"):
        trained(customers(each=8))


def test_nobody_is_no_segment(frame):
    with pytest.raises(NoModelError, match="0 customers are too few"):
        trained(frame.head(0))


def test_names_are_told_apart():
    same = ["frequent", "wide range", "regular"]
    assert names({1: same, 2: same, 3: same, 4: []}, {"Average"}) == {
        1: "Frequent, wide range",
        2: "Frequent, wide range, regular",
        3: "Frequent, wide range (2)",
        4: "Average (2)",
    }


def test_a_description_begins_with_the_strongest():
    words = TRAITS.set_index("trait")[["high", "low"]].to_dict("index")
    centre = pd.Series({"silence": -0.5, "frequency": 2.0, "basket": 0.1})
    assert describe(centre, words) == ["frequent", "here lately"]


def test_segments_are_matched_by_their_customers():
    before = np.array([1, 1, 1, 2, 2, 2, 3, 3])
    now = np.array([0, 0, 0, 5, 5, 5, 5, 5])
    # 5 has three of the five who are in it or in 2; 3 goes on nowhere.
    assert same_segments(before, now) == {0: 1, 5: 2}
    halves = np.array([7, 7, 7, 7, 8, 8, 8, 8])
    assert same_segments(halves, np.array([1, 1, 2, 3, 1, 1, 2, 3])) == {}
