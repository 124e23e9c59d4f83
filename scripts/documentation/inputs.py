"""The inputs that a rule may ask for, by name."""

from __future__ import annotations

import inspect

from scripts.documentation.markdown import GENERATED, links, table
from tracker_diag.evidence.registry import EVIDENCE, Input, all_inputs, letters
from tracker_diag.rules.registry import all_rules


def page() -> str:
    """The page."""
    inputs = sorted(all_inputs().values(), key=lambda found: found.name)
    roles = [found for found in inputs if _of_role(found)]
    return (
        f"{GENERATED}# What a rule may ask for\n\n"
        "This page lists what a rule may ask about a run. A rule is a function, and the names of its parameters are "
        "inputs. An input annotated `X | None` is optional. All others are required: if one is missing, the rule is "
        "skipped and the report says what to log. An input is a function of other inputs (`@rule_input`, in "
        "`tracker_diag/evidence` or beside the rule that asks for it).\n\n"
        f"Kinds of evidence: {', '.join(f'{letter} {kind}' for letter, kind in EVIDENCE.items())}.\n\n"
        + table(
            ("input", "what it is", "type", "unit", "evidence", "asked for by"),
            (
                (f"`{i.name}`", _about(i), _type(i), i.unit, letters(i.name), _rules(i))
                for i in inputs
                if not _of_role(i)
            ),
        )
        + "\n## Parameters by role\n\n"
        "Each is the value of the parameter that has this role "
        "([how roles are recognised by names](/reference/settings.md#roles)).\n\n"
        + table(("input", "what to log", "asked for by"), ((f"`{i.name}`", i.log, _rules(i)) for i in roles))
    )


def _of_role(found: Input) -> bool:
    return found.needs == ("params",) and found.compute is not None and found.compute.__doc__ is None


def _about(found: Input) -> str:
    if found.compute is None:
        return found.about
    said = inspect.getdoc(found.compute)
    if said:
        return said.partition("\n")[0]
    if found.name.endswith("_from"):
        return f"in words, where `{found.name.removesuffix('_from')}` was taken from"
    return f"the first of {', '.join(f'`{name}`' for name in found.wants)} that there is"


def _type(found: Input) -> str:
    """What a rule's parameter is annotated with, ``| None`` aside."""
    if found.compute is None:
        return f"`{found.type}`"
    said = inspect.signature(found.compute).return_annotation
    if said in (inspect.Signature.empty, "Any", "Any | None"):
        types = {_type(all_inputs()[name]) for name in found.wants}
        return "`str`" if found.name.endswith("_from") else types.pop() if len(types) == 1 else ""
    return f"`{str(said).removesuffix(' | None')}`"


def _rules(found: Input) -> str:
    return links(rule.name for rule in all_rules().values() if found.name in rule.needs + rule.wants)
