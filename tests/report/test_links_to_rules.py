"""The addresses of rules' pages, against the rules themselves."""

from tracker_diag.core.project import SITE
from tracker_diag.report.rule_pages import name_of, page_of
from tracker_diag.rules.registry import PACKAGE, all_rules


def own():
    return [rule for rule in all_rules().values() if rule.check.__module__.startswith(PACKAGE)]


def test_every_rule_of_ours_has_a_page():
    assert len(own()) > 80
    for rule in own():
        assert name_of(rule.code) == rule.name
        for name in (rule.code, rule.name, *rule.also):
            assert page_of(name) == f"{SITE}rules/{rule.name}/"


def test_what_is_not_ours_has_none():
    for name in ("slow-loader", "", "XX901", "../evil", "javascript:alert(1)"):
        assert page_of(name) == ""
    assert name_of("XX901") == "XX901"
