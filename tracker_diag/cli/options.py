"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker_diag.adapters.registry import check_prefix
from tracker_diag.adapters.registry import names as trackers
from tracker_diag.cli.errors import UsageError

if TYPE_CHECKING:
    from tracker_diag.core.finding import Severity
    from tracker_diag.settings.settings import Settings

LEVELS = ("info", "warning", "error")

TrackerOption = Annotated[
    str | None,
    typer.Option(
        "--tracker", help=f"{', '.join(trackers())}; told from the address where it can be.", show_default=False
    ),
]
UriOption = Annotated[
    str | None,
    typer.Option(
        "--tracking-uri",
        help="MLflow server, database or mlruns folder; a folder of W&B offline runs. "
        "Default: MLFLOW_TRACKING_URI, else ./mlruns if it holds experiments, else ./mlflow.db.",
        show_default=False,
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Settings; tracker-diag.yaml or pyproject.toml here by default.", show_default=False),
]
RoleOption = Annotated[
    list[str] | None,
    typer.Option("--role", help="Take a metric or parameter for a role: val_loss=my/metric.", show_default=False),
]
FailOnOption = Annotated[
    str | None,
    typer.Option("--fail-on", help="Leave with 1 from this severity on: info, warning or error.", show_default=False),
]
ArtifactsOption = Annotated[
    str | None,
    typer.Option(
        "--artifacts", help="Reports for runs with findings (default), all, or none of them.", show_default=False
    ),
]
NoteOption = Annotated[
    bool, typer.Option("--note", help="Also write a section into the run's description, after your own text.")
]
ExperimentOption = Annotated[
    list[str] | None,
    typer.Option("--experiment", "-e", help="Name or pattern, e.g. 'vision-*'; may be repeated.", show_default=False),
]
ProjectOption = Annotated[
    list[str] | None,
    typer.Option("--project", "-p", help="W&B: entity/project; may be repeated.", show_default=False),
]
AnnotateOption = Annotated[
    bool,
    typer.Option("--annotate", help="W&B folders: also write a log segment that `wandb sync` carries to the server."),
]
AllOption = Annotated[bool, typer.Option("--all", help="Every experiment that can be seen.")]


def read_settings(
    config: Path | None, roles: list[str] | None, artifacts: str | None = None, *, note: bool = False
) -> Settings:
    """Read the file, and lay over it what the command line says.

    Raises
    ------
    SettingsError, UsageError, LocationError
        If a setting is not known, cannot be read, or is the prefix of a tracker's own tags.
    """
    from tracker_diag.settings.settings import load_settings, parse_settings

    settings = load_settings(config)
    check_prefix(settings.prefix)
    chosen: dict[str, object] = {}
    if roles:
        chosen["roles"] = dict(settings.roles) | dict(_pair(role) for role in roles)
    if artifacts is not None:
        chosen["artifacts"] = artifacts
    if note:
        chosen["note"] = True
    if not chosen:
        return settings
    return parse_settings(settings.model_dump(exclude_unset=True) | chosen, where="command line")


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
