"""Exports of a club whose customers buy in a rhythm of their own until they leave.

In the shape of Complete Journey. Who left when is known: what a model finds can be
compared with it.
"""

from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from tests.fixtures import line, write_dimensions, write_transactions

MEMBERS = 300
FIRST_DAY = date(2024, 1, 1)
SETTINGS = """timezone: UTC
base_currency: USD
recent_window_days: 30
churn_horizon_days: 30
feature_date_count: 14
"""


def loyal_club(data: Path, days: int = 366, seed: int = 11) -> dict[int, int]:
    """Write the exports and return the day on which each member left, from 0.

    A member who has not left yet has a day after the last one. Rhythms run from every
    second day to every twelfth; a member buys less in the month before leaving.
    """
    random = Random(seed)
    leaves, lines = {}, []
    for member in range(1, MEMBERS + 1):
        interval = random.choice([2, 4, 6, 12])
        leaves[member] = int(random.expovariate(1 / 300)) + 20
        day = random.uniform(0, 30)
        while day < min(days, leaves[member]):
            is_leaving = leaves[member] - day < 30
            paid_at = datetime.combine(FIRST_DAY, datetime.min.time())
            paid_at += timedelta(days=int(day), hours=12)
            value = f"{random.uniform(0.2, 1.8) * interval:.2f}"
            product = 1 + random.randrange(20)
            lines.append(line(member, len(lines), product, paid_at, value))
            day += random.expovariate(1 / interval) * (3 if is_leaving else 1)
    folder = data / "exports" / "complete_journey"
    folder.mkdir(parents=True)
    write_transactions(folder / "transactions_2024.csv.gz", lines)
    write_dimensions(folder)
    (data / "settings.yml").write_text(SETTINGS)
    return leaves
