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
  val_loss: my/metric              # use this metric for that role
experiments:
  "gan-*":                         # overrides the rest for experiments with such names
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
        "All settings have defaults, so you need no configuration file. If there are several, the first of these is "
        "used:\n\n"
        "1. the file given by `--config FILE`\n"
        f"2. `{FILE_NAME}` in the folder where the command runs\n"
        f"3. `[tool.tracker-diag]` in `{PROJECT_FILE}` in the same folder\n"
        "4. one of these two in the first folder above that has one\n\n"
        "The search ends at the top of the repository (the folder with `.git` or `.hg`), or at your home folder where "
        "there is no repository. Outside of both no other folder is searched, because anybody may write into a folder "
        "such as `/tmp`. Files are not merged. `--log-format json` logs which file is used, and errors name it. An "
        "unknown key is refused, and the error names the nearest known key.\n\n"
        f"```yaml\n{EXAMPLE}```\n\n"
        + table(("key", "default", "meaning"), keys)
        + "\nUnder `rules`, for each rule by name or code:\n\n"
        + table(("key", "meaning"), of_rule)
        + f"\nSeverities: {', '.join(f'`{s}`' for s in Severity)}.\n\n"
        "## On a run\n\n"
        "Two tags of a run are settings, too. They are yours, and are never removed:\n\n"
        "- `diag.ignore`: rules to leave out for this run, by name, code or prefix, separated by commas\n"
        "- `diag.control`: what the run is a control for\n\n"
        "## Roles\n\n"
        "The words of its name decide which role a metric or parameter has, and the report says which one was taken. "
        "`roles` assigns a name to a role, and `vocabulary` adds words. `--role val_loss=my/metric` assigns one for a "
        "single command.\n\n"
        + table(
            ("role", "filled by", "what to log"),
            ((f"`{r}`", kind, what_to_log(r).removeprefix("log ")) for r, kind in all_roles().items()),
        )
        + "\n## Thresholds\n\n"
        + table(("rule", "threshold", "default", "meaning"), settable)
    )


def _default(value: object) -> str:
    return "" if value in ((), {}, None) or type(value).__name__ == "PydanticUndefinedType" else f"`{value}`"
