"""The comparison of figures: that a slower one fails, and nothing else does."""

import pytest

import figures


@pytest.mark.parametrize(
    "measured, is_good, note",
    [
        (1000, True, ""),
        (1030, True, ""),
        (1031, False, "slower by more than 3%"),
        (2000, False, "slower by more than 3%"),
        (970, True, ""),
        (969, True, "faster: record it with --update"),
    ],
)
def test_a_figure_is_slower_beyond_the_leeway_alone(measured, is_good, note):
    lines, good = figures.judge({"request": 1000}, {"request": measured})
    assert good is is_good
    assert len(lines) == 1 and lines[0].startswith("request ") and lines[0].endswith(note or "%")


def test_one_slower_scenario_among_faster_ones_fails():
    _, good = figures.judge({"a": 100, "b": 100, "c": 100}, {"a": 50, "b": 104, "c": 50})
    assert not good


def test_a_scenario_that_is_new_or_gone_fails_until_it_is_recorded():
    lines, good = figures.judge({"old": 100}, {"new": 100})
    assert not good and len(lines) == 2
    assert figures.judge({}, {}) == ([], True)


def test_the_start_of_the_program_is_not_counted():
    start = 12_345_678
    few, many = (start + 1_500 * count for count in (figures.FEW, figures.MANY))
    assert figures.per_iteration(few, many) == 1_500


def test_figures_of_another_machine_are_known():
    here = figures.machine()
    assert figures.differences(here, here) == []
    assert figures.differences({**here, "swift": "5.0"}, here) == [f"swift {here['swift']} (the figures: 5.0)"]


def program(directory, instructions):
    """A build of Benchmarks whose one scenario takes so many instructions, nearly. The Swift toolchain has the compiler."""
    source = directory / "program.c"
    source.write_text(
        """#include <stdio.h>
        #include <stdlib.h>
        int main(int count, char **arguments) {
            if (count < 2) return puts("request") < 0;
            for (long turn = 0; turn < atol(arguments[2]); turn++)
                for (volatile int step = 0; step < %d; step++) {}
        }"""
        % instructions
    )
    figures.output(["clang", "-O1", "-o", str(directory / "program"), str(source)])
    return directory / "program"


def test_the_command_fails_where_a_scenario_has_become_slower(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(figures, "RECORDED", tmp_path / "figures.json")
    for step, arguments, status in [(1000, ["--update"], 0), (1020, [], 0), (1100, [], 1), (900, [], 0)]:
        command = load("run")
        monkeypatch.setattr("sys.argv", ["run", "--program", str(program(tmp_path, step)), *arguments])
        assert command.main() == status, capsys.readouterr().out


def test_nothing_is_compared_on_another_machine(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(figures, "RECORDED", tmp_path / "figures.json")
    figures.write({"request": 1})
    monkeypatch.setattr(figures, "machine", lambda: {"architecture": "abacus"})
    monkeypatch.setattr("sys.argv", ["run", "--program", str(program(tmp_path, 1000))])
    assert load("run").main() == 0
    assert "nothing is compared" in capsys.readouterr().out


def load(name):
    """A command beside this, which is not run by that."""
    from importlib.machinery import SourceFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    loader = SourceFileLoader(f"command_{name}", str(figures.HERE / name))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module
