"""What README shows as configuration is what `check` accepts."""

import grp
import json
import os
import pwd
import re

from harness.certificates import Authority
from harness.processes import PACKAGE, bearerproxy

BASE = {
    "routes": [{"listen": "127.0.0.1:8080", "upstream": "https://api.example.com", "credential": "base"}],
    "credentials": {"base": {"type": "static", "token": {"env": "BASE_TOKEN"}}},
}
ROUTE_KEYS = {"allow", "preset", "pathPrefix", "reauthenticateOn"}
TOP_KEYS = {"admin", "egressProxy"}


def fragments() -> list[tuple[int, dict]]:
    """The line and the content of each block in README that is configuration, a part of it mostly."""
    text = (PACKAGE / "README.md").read_text()
    found = [(match.start(1), match[1]) for match in re.finditer(r"^```jsonc\n(.*?)^```", text, re.S | re.M)]
    found += [(match.start(), match[0]) for match in re.finditer(r'(?<=\n\n)    "\w+":.*\n(?:     .*\n)*', text)]
    parsed = []
    for start, content in found:
        content = re.sub(r"(^|\s)//[^\n]*", r"\1", content).strip()
        parsed.append((text[:start].count("\n") + 1, json.loads(content if content.startswith("{") else "{" + content + "}")))
    return parsed


def completed(fragment: dict) -> dict:
    """A whole configuration that has the fragment where it belongs."""
    document = json.loads(json.dumps(BASE))
    if "routes" in fragment:
        return fragment
    if "listen" in fragment:
        fragment["credential"] = "base"
        document["routes"] = [fragment]
    elif fragment.keys() <= ROUTE_KEYS:
        document["routes"][0].update(fragment)
    elif fragment.keys() <= TOP_KEYS:
        document.update(fragment)
    else:
        assert all("type" in credential for credential in fragment.values()), fragment
        document["credentials"].update(fragment)
    return document


def on_this_machine(text: str, directory) -> str:
    """With users and files that there are here."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    text = text.replace('"alice"', json.dumps(user)).replace('"@apps"', json.dumps("@" + grp.getgrgid(os.getegid()).gr_name))
    return text.replace("&group=ops", "").replace("/etc/bearerproxy/", f"{directory}/")


def test_check_accepts_every_example(tmp_path):
    authority = Authority(tmp_path / "authority")
    leaf = authority.leaf("leaf", ["proxy.corp.example"])
    for name, source in [("proxy.pem", leaf.certificate), ("proxy-key.pem", leaf.key), ("clients.pem", authority.certificate)]:
        (tmp_path / name).write_bytes(source.read_bytes())
        os.chmod(tmp_path / name, 0o600)
    shown = fragments()
    assert len(shown) >= 10
    for line, fragment in shown:
        file = tmp_path / "proxy.json"
        file.write_text(on_this_machine(json.dumps(completed(fragment)), tmp_path))
        done = bearerproxy("check", "--without-secrets", "--config", file)
        assert done.returncode == 0, f"README.md, line {line}: {done.stderr}"
