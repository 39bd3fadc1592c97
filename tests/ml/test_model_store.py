"""Models on disk: what was saved comes back, and nothing else is run or read."""

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer
from skops.io.exceptions import UntrustedTypesFoundException

from dbt_models import WarehouseError
from ml.frames import Model
from ml.model_store import Card, cards, load, next_version, save

CARD = Card(
    name="churn",
    version=1,
    trained_at=datetime(2024, 5, 1, 12),
    as_of_date=date(2024, 4, 30),
    digest="abc",
    facts={"training_rows": 20, "churn_rate": 0.5},
)


@pytest.fixture
def model():
    measures = np.linspace(-1, 1, 20).reshape(-1, 1)
    estimator = LogisticRegression().fit(measures, measures[:, 0] > 0)
    table = pd.DataFrame({"test_date": [pd.Timestamp("2024-03-31")], "pr_auc": [0.25]})
    return Model(estimator, CARD.facts, {"churn_evaluations": table})


def test_what_was_saved_comes_back(tmp_path, model):
    save(tmp_path, CARD, model)
    assert cards(tmp_path, "churn") == [CARD]
    found = load(tmp_path, CARD)
    asked = np.array([[-0.3], [0.4]])
    np.testing.assert_array_equal(
        found.estimator.predict_proba(asked), model.estimator.predict_proba(asked)
    )
    pd.testing.assert_frame_equal(
        found.tables["churn_evaluations"], model.tables["churn_evaluations"]
    )
    assert found.facts == CARD.facts


def test_versions_are_kept_in_order(tmp_path, model):
    for version in (10, 2, 1):
        save(tmp_path, replace(CARD, version=version), model)
    assert [card.version for card in cards(tmp_path, "churn")] == [1, 2, 10]
    assert cards(tmp_path, "other") == []


def test_no_version_is_written_over(tmp_path, model):
    save(tmp_path, CARD, model)
    with pytest.raises(OSError, match="not empty"):
        save(tmp_path, CARD, model)


def test_a_killed_save_is_no_version(tmp_path, model):
    save(tmp_path, CARD, model)
    (tmp_path / "churn" / "0001").rename(tmp_path / "churn" / ".0002.new")
    assert cards(tmp_path, "churn") == []
    save(tmp_path, replace(CARD, version=2), model)
    assert [card.version for card in cards(tmp_path, "churn")] == [2]


def test_the_card_is_for_people(tmp_path, model):
    save(tmp_path, CARD, model)
    text = (tmp_path / "churn" / "0001" / "card.md").read_text()
    assert "# churn, version 1" in text
    assert "- churn_rate: 0.5" in text
    assert "| 2024-03-31 | 0.25 |" in text


def test_a_file_that_would_run_code_is_not_loaded(tmp_path, model):
    save(tmp_path, CARD, model)
    path = tmp_path / "churn" / "0001" / "model.skops"
    skops.io.dump(FunctionTransformer(print), path)
    with pytest.raises(WarehouseError, match="Untrusted types") as caught:
        load(tmp_path, CARD)
    assert isinstance(caught.value.__cause__, UntrustedTypesFoundException)


@pytest.mark.parametrize("name", ["card.json", "model.skops"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_version_is_named(tmp_path, model, name, damage):
    save(tmp_path, CARD, model)
    path = tmp_path / "churn" / "0001" / name
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(WarehouseError, match="churn/0001, a trained model"):
        load(tmp_path, cards(tmp_path, "churn")[0])
    # Its number is not given again.
    assert next_version(tmp_path, "churn") == 2
