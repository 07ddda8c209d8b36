"""The manual page has what the executable says of itself, and shells can read its completions."""

import shutil
import subprocess

import pytest

from harness.processes import BINARY, PACKAGE, bearerproxy


def test_the_manual_page_is_the_executable_s():
    done = subprocess.run([PACKAGE / "deploy/manual", "--check", BINARY])
    assert done.returncode == 0, "run deploy/manual with the executable's path"


def test_every_command_and_option_is_in_it():
    page = (PACKAGE / "deploy/bearerproxy.1").read_text().replace("\\-", "-")
    for command in ("run", "check", "status", "explain", "sandbox"):
        assert f".SS bearerproxy {command}\n" in page
    for option in ("--config", "--online", "--user", "--json", "--watch", "--header", "--unix-socket", "--port-base"):
        assert option in page


@pytest.mark.skipif(not shutil.which("man"), reason="there is no man here")
def test_man_has_nothing_to_complain_of():
    done = subprocess.run(["man", "--warnings", "-l", PACKAGE / "deploy/bearerproxy.1"], capture_output=True, text=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})  # fmt: skip
    assert done.returncode == 0 and done.stderr == "" and "EXIT STATUS" in done.stdout


@pytest.mark.parametrize("shell, word", [("bash", "complete "), ("zsh", "#compdef bearerproxy"), ("fish", "complete ")])
def test_completions(tmp_path, shell, word):
    done = bearerproxy("--generate-completion-script", shell)
    assert done.returncode == 0 and word in done.stdout and "explain" in done.stdout
    file = tmp_path / "script"
    file.write_text(done.stdout)
    if shutil.which(shell):
        assert subprocess.run([shell, "-n", file], capture_output=True).returncode == 0
