"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker_diag.adapters.registry import check_prefix
from tracker_diag.adapters.registry import names as trackers
from tracker_diag.cli.errors import UsageError
from tracker_diag.cli.sections import JUDGED, TOLD, WHERE, WHICH, WRITTEN

if TYPE_CHECKING:
    from tracker_diag.core.finding import Severity
    from tracker_diag.settings.settings import Settings

LEVELS = ("info", "warning", "error")
_TYPED = "command line"

TrackerOption = Annotated[
    str | None,
    typer.Option(
        "--tracker",
        help=f"{' or '.join(trackers())}. Default: recognised from the address of the tracker.",
        show_default=False,
        metavar="NAME",
        rich_help_panel=WHERE,
    ),
]
UriOption = Annotated[
    str | None,
    typer.Option(
        "--tracking-uri",
        help="MLflow server, database or mlruns folder, or a folder of W&B offline runs. "
        "Default: MLFLOW_TRACKING_URI, else ./mlruns if it holds experiments, else ./mlflow.db.",
        show_default=False,
        metavar="URI",
        rich_help_panel=WHERE,
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Settings file. Default: tracker-diag.yaml, or [tool.tracker-diag] in pyproject.toml, in this folder or "
        "one above it.",
        show_default=False,
        metavar="FILE",
        rich_help_panel=JUDGED,
    ),
]
RoleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        help="Say which metric or parameter is meant, e.g. val_loss=my/metric. Can be repeated.",
        show_default=False,
        metavar="ROLE=NAME",
        rich_help_panel=JUDGED,
    ),
]
SelectOption = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        help="Run only these rules: codes, names or prefixes of codes, e.g. LC,DS201.",
        show_default=False,
        metavar="RULES",
        rich_help_panel=JUDGED,
    ),
]
IgnoreOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        help="Skip these rules, in addition to those that the settings file leaves out, e.g. LC107,dead-relu.",
        show_default=False,
        metavar="RULES",
        rich_help_panel=JUDGED,
    ),
]
FailOnOption = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        help="Exit with code 1 if a run has this severity or a worse one: info, warning or error.",
        show_default=False,
        metavar="LEVEL",
        rich_help_panel=TOLD,
    ),
]
ArtifactsOption = Annotated[
    str | None,
    typer.Option(
        "--artifacts",
        help="Which runs get a report: findings (default: those with a warning or an error), all or none.",
        show_default=False,
        metavar="WHICH",
        rich_help_panel=WRITTEN,
    ),
]
NoteOption = Annotated[
    bool,
    typer.Option(
        "--note",
        help="Also write the diagnosis into the run's description, below your own text. Later diagnoses update it.",
        rich_help_panel=WRITTEN,
    ),
]
ExperimentOption = Annotated[
    list[str] | None,
    typer.Option(
        "--experiment",
        "-e",
        help="Look in experiments with this name or pattern, e.g. 'vision-*'. Can be repeated.",
        show_default=False,
        metavar="NAME",
        rich_help_panel=WHICH,
    ),
]
ProjectOption = Annotated[
    list[str] | None,
    typer.Option(
        "--project",
        "-p",
        help="Look in this W&B project (entity/project). Can be repeated to look in several.",
        show_default=False,
        metavar="NAME",
        rich_help_panel=WHICH,
    ),
]
AnnotateOption = Annotated[
    bool,
    typer.Option(
        "--annotate",
        help="For W&B offline folders: also write the diagnosis to a file beside the run's log; `wandb sync` uploads "
        "that file too.",
        rich_help_panel=WRITTEN,
    ),
]
AllOption = Annotated[
    bool,
    typer.Option(
        "--all",
        help="Look in all experiments that you have access to.",
        rich_help_panel=WHICH,
    ),
]


def read_settings(
    config: Path | None,
    roles: list[str] | None,
    artifacts: str | None = None,
    *,
    select: list[str] | None = None,
    ignore: list[str] | None = None,
    note: bool = False,
) -> Settings:
    """Read the file, and lay over it what the command line says.

    What ``--select`` says stands in place of what the file selects, in every experiment; what ``--ignore`` says is
    added.

    Raises
    ------
    SettingsError, UsageError, LocationError
        If a setting is not known, cannot be read, or is the prefix of a tracker's own tags.
    """
    from tracker_diag.settings.settings import SettingsError, load_settings, parse_settings

    settings = load_settings(config)
    check_prefix(settings.prefix)
    chosen: dict[str, object] = {}
    if roles:
        chosen["roles"] = dict(settings.roles) | dict(_pair(role) for role in roles)
    if artifacts is not None:
        chosen["artifacts"] = artifacts
    if select is not None:
        chosen["select"] = _words(select, "--select")
    if ignore is not None:
        chosen["ignore"] = (*settings.ignore, *_words(ignore, "--ignore"))
    if note:
        chosen["note"] = True
    if not chosen:
        return settings
    whole = settings.model_dump(exclude_unset=True) | chosen
    if select is not None or ignore is not None:
        whole["experiments"] = {
            pattern: _chosen_there(part, select, ignore) for pattern, part in settings.experiments.items()
        }
    try:
        return parse_settings(whole, where=_TYPED)
    except SettingsError as error:
        # The file itself was read without an error: what is wrong was typed.
        key, _, why = str(error).removeprefix(f"{_TYPED}: ").partition(": ")
        raise UsageError(f"--{'role' if key == 'roles' else key}: {why}") from None


def _chosen_there(part: dict[str, Any], select: list[str] | None, ignore: list[str] | None) -> dict[str, Any]:
    """The part of the file that is for some experiments, which must not undo what was typed."""
    out = dict(part)
    if select is not None:
        out.pop("select", None)
    if ignore is not None and "ignore" in part:
        out["ignore"] = [*part["ignore"], *_words(ignore, "--ignore")]
    return out


def _words(typed: list[str], option: str) -> tuple[str, ...]:
    words = tuple(word.strip() for text in typed for word in text.split(",") if word.strip())
    if not words:
        raise UsageError(f"{option} is empty: name a rule, such as {option} LC104")
    return words


def fails(severity: Severity, fail_on: str | None) -> bool:
    """Whether ``--fail-on`` asks for exit code 1."""
    from tracker_diag.core.finding import Severity

    return fail_on is not None and severity.rank >= Severity(fail_on).rank


def check_level(fail_on: str | None) -> None:
    """Refuse a severity that does not exist, before anything is done."""
    if fail_on is not None and fail_on not in LEVELS:
        raise UsageError(f"--fail-on {fail_on}: choose one of {', '.join(LEVELS)}")


def seconds(text: str, option: str) -> float:
    """Read a time span: ``15m``, ``24h``, ``1h30m``, ``7d``.

    Raises
    ------
    UsageError
        If it is not one, or not above zero.
    """
    from tracker_diag.sweeping import spans

    try:
        return spans.seconds(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from None


def _pair(text: str) -> tuple[str, str]:
    role, sign, name = text.partition("=")
    if not sign or not role or not name:
        raise UsageError(f"--role {text}: write role=name, such as val_loss=my/metric")
    return role.strip(), name
