from __future__ import annotations

from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"

TESTS = """
    def test_main_is_changed(registrar):
        registrar.domain().create_user("ada")
        registrar.clock.advance(3600)

    def test_and_put_back(registrar, registrar_server):
        assert registrar is registrar_server
        registrar.domain().create_user("ada")
        assert registrar.clock.state()["offset"] == 0

    names = []

    def test_a_domain(registrar_domain):
        names.append(registrar_domain.name)
        registrar_domain.create_user("ada")

    def test_another_and_the_one_before_is_gone(registrar_domain, registrar):
        names.append(registrar_domain.name)
        assert len(set(names)) == 2
        there = [item["name"] for item in registrar.control("GET", "/domains")["items"]]
        assert sorted(there) == sorted(["main", registrar_domain.name])

    def test_it_may_delete_it_itself(registrar_domain):
        registrar_domain.delete()
"""


def test_the_fixtures(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess("-v")
    result.assert_outcomes(passed=5)


def test_each_xdist_worker_has_a_server(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pathlib, time

        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_where(registrar_server, number):
            with open("urls", "a") as file:
                file.write(registrar_server.public_url + "\\n")
            time.sleep(0.5)
    """)
    pytester.runpytest_subprocess("-n", "2").assert_outcomes(passed=4)
    assert len(set((pytester.path / "urls").read_text().split())) == 2


def test_the_options(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(registrar): pass")
    result = pytester.runpytest_subprocess("--registrar-bin", "/no/such")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*cannot find Registrar: '/no/such'*"])
    pytester.makeini("[pytest]\nregistrar_bin = /nor/this\n")
    pytester.runpytest_subprocess().stdout.fnmatch_lines(["*cannot find Registrar: '/nor/this'*"])


def test_a_provisioning_file_is_named_in_the_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nregistrar_provision = shop.toml\n")
    pytester.makefile(".toml", shop='[[domain]]\nname = "shop"\n')
    pytester.makepyfile("""
        def test_it(registrar):
            assert [item["name"] for item in registrar.control("GET", "/domains")["items"]] == ["shop"]
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_nothing_is_loaded_where_nothing_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import sys

        def test_it():
            assert "registrar_harness_pytest" in sys.modules
            assert "registrar_harness" not in sys.modules
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_example_works_as_it_stands(pytester: pytest.Pytester) -> None:
    example = README.read_text().split("```python\n")[1].split("```")[0]
    assert len(example.splitlines()) <= 15
    pytester.makepyfile(example)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)
