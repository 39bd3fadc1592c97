"""What may happen to a deployment between two runs, drawn at random."""

import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import yaml

from ingest.ledger import read_loads

TEMPLATE = Path(__file__).parent / "shop"
# How each shop delivers its lines, where it is otherwise than the template's.
SHOPS: dict[str, dict[str, Any]] = {
    "changes": {"delivery": "upsert"},
    "events": {},
    "snapshots": {"delivery": "snapshot"},
    "unkeyed": {"key": []},
    "versions": {"delivery": "upsert", "version_by": "pieces"},
}
HEADERS = {
    "lines": "line,member,article,pieces,amount,sold_at,note",
    "members": "member,country",
    "articles": "article,title",
}


class Moves:
    """The hands that change what stands in the folders of a project and its data.

    Each of them returns in words what it did; None: there was nothing to do it with.
    Few keys, few values and few names, so that they meet.
    """

    def __init__(self, project: Path, random: Random):
        self.random = random
        self.sources = project / "dbt_models" / "models" / "sources"
        self.data = project / "data"
        self.away = project / "away"
        self.written: dict[Path, list[str]] = defaultdict(list)
        self.settings: dict[str, Any] = {"timezone": "Europe/Berlin"}
        self.contract_changes: dict[str, set[str]] = defaultdict(set)
        for folder in ("exports", "raw"):
            (self.data / folder).mkdir(parents=True)
        self._write_settings()
        # Two, so that what happens meets; another history has others.
        self.shops = random.sample(sorted(SHOPS), 2)
        for shop in self.shops:
            self._make_shop(shop)

    def of_files(self) -> str | None:
        """Do something to a file: it may come in any order, more than once, or go."""
        return self._one_of(
            {
                self.add: 6,
                self.correct: 5,
                self.undo_correction: 3,
                self.copy: 2,
                self.move: 2,
                self.remove: 2,
            }
        )

    def of_rules(self) -> str | None:
        """Do something after which builds mostly begin with nothing."""
        return self._one_of(
            {
                self.delete_load: 3,
                self.restore_load: 3,
                self.change_contract: 2,
                self.change_settings: 1,
            }
        )

    def add(self) -> str:
        """Write a file of a random name, which may be there already."""
        shop = self.random.choice(self.shops)
        (table,) = self.random.choices(list(HEADERS), [4, 2, 1])
        folder = self.data / "exports" / shop / self.random.choice(["", "", "old"])
        return self._write(folder / self._name(table), self._rows(table))

    def correct(self) -> str | None:
        """Take rows out of a file and add one."""
        path = self._any_file()
        if path is None:
            return None
        rows = path.read_text().splitlines()[1:]
        kept = [row for row in rows if self.random.random() < 0.7]
        return self._write(path, kept + self._rows(_table(path))[:1])

    def undo_correction(self) -> str | None:
        """Write a file as it was at some time before."""
        path = self._any_file()
        if path is None or len(self.written[path]) < 2:
            return None
        text = self.random.choice(self.written[path])
        return self._write(path, text.splitlines()[1:])

    def copy(self) -> str | None:
        """Write the content of a file under another name."""
        path = self._any_file()
        if path is None:
            return None
        copied = path.with_name(self._name(_table(path)))
        return self._write(copied, path.read_text().splitlines()[1:])

    def move(self) -> str | None:
        """Move a file to another folder."""
        path = self._any_file()
        if path is None:
            return None
        moved = self._shop_of(path) / self.random.choice(["old", "archive"]) / path.name
        if moved.exists():
            return None
        moved.parent.mkdir(exist_ok=True)
        path.rename(moved)
        return f"moves {self._said(path)} to {self._said(moved)}"

    def remove(self) -> str | None:
        """Remove a file."""
        path = self._any_file()
        if path is None:
            return None
        path.unlink()
        return f"removes {self._said(path)}"

    def delete_load(self) -> str | None:
        """Take away what was landed; its file may still be there."""
        loads = sorted((self.data / "raw").glob("*/*/[0-9]*"))
        if not loads:
            return None
        load = self.random.choice(loads)
        taken = self.away / load.relative_to(self.data / "raw")
        shutil.rmtree(taken, ignore_errors=True)
        taken.parent.mkdir(parents=True, exist_ok=True)
        load.rename(taken)
        return f"deletes {self._said(load)}"

    def restore_load(self) -> str | None:
        """Put a load back whose numbers no other has taken meanwhile."""
        loads = read_loads(self.data / "raw")
        taken = {load.load_id for load in loads}
        taken_files = {file.file_id for load in loads for file in load.files}
        found = []
        for load in sorted(self.away.glob("*/*/[0-9]*")):
            record = json.loads((load / "_load.json").read_text())
            files = {file["file_id"] for file in record["files"]}
            if int(load.name) not in taken and not files & taken_files:
                found.append(load)
        if not found:
            return None
        load = self.random.choice(found)
        restored = self.data / "raw" / load.relative_to(self.away)
        restored.parent.mkdir(parents=True, exist_ok=True)
        load.rename(restored)
        return f"restores {self._said(restored)}"

    def change_contract(self) -> str:
        """Change what a contract says of its lines, or take the change back."""
        shop = self.random.choice(self.shops)
        change = self.random.choice(["known_at", "required", "timezone"])
        self.contract_changes[shop] ^= {change}
        self._make_shop(shop)
        return f"changes the contract of {shop}: {sorted(self.contract_changes[shop])}"

    def change_settings(self) -> str:
        """Change the zone of the deployment, or turn a source on or off."""
        if self.random.random() < 0.5:
            zones = ["Europe/Berlin", "UTC", "America/New_York"]
            self.settings["timezone"] = self.random.choice(zones)
        else:
            shop = self.random.choice(self.shops)
            self.settings["sources"] = {shop: self.random.random() < 0.5}
        self._write_settings()
        return f"changes the settings: {self.settings}"

    def _one_of(self, moves: Mapping[Callable[[], str | None], int]) -> str | None:
        (move,) = self.random.choices(list(moves), list(moves.values()))
        return move()

    def _any_file(self) -> Path | None:
        files = sorted((self.data / "exports").rglob("*.csv"))
        return self.random.choice(files) if files else None

    def _shop_of(self, path: Path) -> Path:
        exports = self.data / "exports"
        return exports / path.relative_to(exports).parts[0]

    def _name(self, table: str) -> str:
        """Return the name of a file, which may say when it was delivered."""
        day = f"2026-0{self.random.randint(1, 7)}-1{self.random.randint(0, 9)}"
        return f"{table}_{self.random.choice([day, self.random.randint(1, 4)])}.csv"

    def _rows(self, table: str) -> list[str]:
        if table == "lines":
            numbers = self.random.sample(range(1, 9), self.random.randint(1, 7))
            return [self._line(number) for number in numbers]
        keys, values = {
            "members": (["m1", "m2", "m3"], ["DE", "FR", ""]),
            "articles": (["a1", "a2", "a3"], ["Tea", "Green tea"]),
        }[table]
        found = self.random.sample(keys, self.random.randint(1, len(keys)))
        return [f"{key},{self.random.choice(values)}" for key in found]

    def _line(self, number: int) -> str:
        choose = self.random.choice
        day, hour = self.random.randint(1, 28), self.random.randint(0, 23)
        sold_at = datetime(2026, self.random.randint(1, 6), day, hour, 30)
        amounts = ["1.00", "2.50", "-3.00", "7.00"] * 5 + ["refused"]
        return (
            f"{number},{choose(['m1', 'm2', ''])},{choose(['a1', 'a2', ''])},"
            f"{choose([-2, -1, 1, 2, 3])},{choose(amounts)},{sold_at},"
            f"{choose(['', '', 'late', 'void'])}"
        )

    def _write(self, path: Path, rows: list[str]) -> str:
        text = "".join(f"{row}\n" for row in [HEADERS[_table(path)], *rows])
        self.written[path].append(text)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return f"writes {self._said(path)}: {' | '.join(rows)}"

    def _write_settings(self) -> None:
        (self.data / "settings.yml").write_text(yaml.safe_dump(self.settings))

    def _make_shop(self, shop: str) -> None:
        """Write the source of a shop, with its contract as it is by now."""
        folder = self.sources / shop
        folder.mkdir(exist_ok=True)
        for file in TEMPLATE.iterdir():
            text = file.read_text().replace("shop", shop)
            if file.suffix == ".yml":
                text = self._contract(shop, text)
            elif shop == "snapshots":
                # What they no longer hold is in no load: such models are made whole.
                rows = text.splitlines()
                text = "\n".join(
                    row for row in rows if "load_id" not in row and "config" not in row
                )
            (folder / file.name.replace("shop", shop)).write_text(text)

    def _contract(self, shop: str, text: str) -> str:
        contract = yaml.safe_load(text)
        (source,) = contract["sources"]
        lines = source["tables"][0]
        lines["config"]["meta"] |= SHOPS[shop]
        changes = self.contract_changes[shop]
        if "known_at" in changes:
            lines["config"]["meta"]["known_at"] = "sold_at"
        if "required" in changes:
            lines["columns"][-1]["config"] = {"meta": {"required": True}}
        if "timezone" in changes:
            source["config"]["meta"]["timezone"] = "UTC"
        return yaml.safe_dump(contract)

    def _said(self, path: Path) -> str:
        return str(path.relative_to(self.data))


def _table(path: Path) -> str:
    return path.name.partition("_")[0]
