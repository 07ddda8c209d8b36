"""The table of cases in Tests/Messages; its README tells what the keys mean."""

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "Messages"

REQUEST = {
    "method": "GET", "form": "origin", "path": "/", "query": None, "authority": None, "minor": 1, "framing": "none",
    "persistent": True, "continues": False, "upgrade": False, "content": "",
}  # fmt: skip
RESPONSE = {
    "status": 200, "reason": "OK", "minor": 1, "framing": "untilClose", "persistent": True, "upgrade": False, "content": "",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    table: str
    name: str
    data: bytes
    entry: dict
    facts: dict

    def __str__(self):
        return f"{self.table}: {self.name}"

    @property
    def excess(self) -> bytes:
        return unfold(self.entry.get("excess", ""))

    @property
    def is_accepted(self) -> bool:
        return "accepted" in self.entry and "answered" not in self.entry

    @property
    def is_unfinished(self) -> bool:
        return "unfinished" in self.entry or "incomplete" in self.entry

    @property
    def content(self) -> bytes:
        return self.facts["content"].encode("latin-1")

    @property
    def target(self) -> str:
        """What goes on: origin-form, or * (RFC 9112 3.2.4)."""
        path, query = self.facts["path"], self.facts["query"]
        if self.facts["form"] == "asterisk" or (self.facts["method"], path, query) == ("OPTIONS", "", None):
            return "*"
        return (path or "/") + ("" if query is None else "?" + query)


def unfold(text) -> bytes:
    if isinstance(text, list):
        text = "".join(part if isinstance(part, str) else part[0] * part[1] for part in text)
    return text.encode("latin-1")


def read(folder: str, usual: dict) -> list[Case]:
    cases = []
    for file in sorted((FOLDER / folder).glob("*.json")):
        table = json.loads(file.read_text())
        frame = table.get("message", "{}").encode("latin-1")
        for entry in table["cases"]:
            data = unfold(entry["message"]) if "message" in entry else frame.replace(b"{}", unfold(entry["put"]), 1)
            facts = {**usual, **entry.get("accepted", entry.get("unfinished", {}))}
            cases.append(Case(file.stem, entry["name"], data, entry, facts))
    return cases


REQUESTS = read("requests", REQUEST)
RESPONSES = read("responses", RESPONSE)
SOURCES = json.loads((FOLDER / "sources.json").read_text())


def dangerous(cases: list[Case]) -> list[Case]:
    return [case for case in cases if case.entry.get("dangerous")]
