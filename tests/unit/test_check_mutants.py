"""Files that make no sense crash nothing. `python scripts/check_mutants.py` checks ten thousand."""

from __future__ import annotations

from check_mutants import crashes, mutants


def test_mutated_files_crash_nothing() -> None:
    assert list(crashes(count=60, seed=7)) == []


def test_a_seed_makes_the_same_mutants_again() -> None:
    sources = ["async def f():\n    await g()\n", "def g():\n    return 1\n"]
    assert list(mutants(sources, 20, seed=3)) == list(mutants(sources, 20, seed=3))
    assert list(mutants(sources, 20, seed=3)) != list(mutants(sources, 20, seed=4))
