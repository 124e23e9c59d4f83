"""What may be set."""

from __future__ import annotations

from scripts.documentation.markdown import GENERATED, link, table
from scripts.documentation.rule import thresholds
from tracker_diag.core.finding import Severity
from tracker_diag.roles.role_names import all_roles, what_to_log
from tracker_diag.rules.registry import all_rules
from tracker_diag.settings.search import FILE_NAME, PROJECT_FILE
from tracker_diag.settings.settings import RuleSettings, Settings

EXAMPLE = """\
ignore: [loss-spikes]
rules:
  overfitting:
    severity: info                 # never more than this
    thresholds: {minimum_rise: 0.1}
roles:
  val_loss: my/metric              # take this metric for that role
experiments:
  "gan-*":                         # laid over the rest for experiments of such names
    select: [HY, diverged]
"""


def configuration() -> str:
    """The page."""
    keys = [
        (f"`{name}`", _default(field.default), field.description or "") for name, field in Settings.model_fields.items()
    ]
    of_rule = [(f"`{name}`", field.description or "") for name, field in RuleSettings.model_fields.items()]
    settable = [
        (link(rule.name), f"`{name}`", f"`{default}`", thresholds(rule).get(name, ""))
        for rule in all_rules().values()
        for name, default in rule.thresholds.items()
    ]
    return (
        f"{GENERATED}# Configuration\n\n"
        f"Nothing has to be set. What is set is read from `--config FILE`, else from `{FILE_NAME}`, else from "
        f"`[tool.tracker-diag]` in `{PROJECT_FILE}`: those of the folder where the command runs, else of the first "
        "folder above that has one of them. The search ends at the top of the repository (the folder with `.git` or "
        "`.hg`); in no repository, at your home folder; outside of both it looks nowhere else, since anybody may write "
        "into a folder such as `/tmp`. Files are not merged: the first one that is found is the one that is used. "
        "`--log-format json` logs which, and errors name it. An unknown key is refused, and the nearest known one is "
        "named.\n\n"
        f"```yaml\n{EXAMPLE}```\n\n"
        + table(("key", "default", "meaning"), keys)
        + "\nUnder `rules`, for each rule by name or code:\n\n"
        + table(("key", "meaning"), of_rule)
        + f"\nSeverities: {', '.join(f'`{s}`' for s in Severity)}.\n\n"
        "## On a run\n\n"
        "Two tags belong to you, and are never removed:\n\n"
        "- `diag.ignore`: rules to leave out for this run, by name, code or prefix, separated by commas\n"
        "- `diag.control`: what the run is a control for\n\n"
        "## Roles\n\n"
        "Which metric or parameter means what is told from the words of its name; the report says which was taken. "
        "`roles` names one outright, `vocabulary` adds words, `--role val_loss=my/metric` does so for one command.\n\n"
        + table(
            ("role", "filled by", "what to log"),
            ((f"`{r}`", kind, what_to_log(r).removeprefix("log ")) for r, kind in all_roles().items()),
        )
        + "\n## Thresholds\n\n"
        + table(("rule", "threshold", "default", "meaning"), settable)
    )


def _default(value: object) -> str:
    return "" if value in ((), {}, None) or type(value).__name__ == "PydanticUndefinedType" else f"`{value}`"
