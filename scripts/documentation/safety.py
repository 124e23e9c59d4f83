"""What a run may contain and what a server may answer: the limits, as the code has them."""

from __future__ import annotations

from scripts.documentation.markdown import GENERATED, table
from tracker_diag.adapters import paging
from tracker_diag.adapters.mlflow import (
    answer,
    artifacts,
    files,
    http,
    logged_models,
    meta,
    proxy,
    redirects,
    refusals,
    remote_artifacts,
)
from tracker_diag.adapters.wandb import graphs, log, reading
from tracker_diag.core import model, outgoing, own, plain, section
from tracker_diag.models import mlmodel, summaries
from tracker_diag.settings import file, settings
from tracker_diag.sweeping import notify
from tracker_diag.sweeping.halt import GIVE_UP_AFTER


def safety() -> str:
    """The page."""
    return f"""{GENERATED}# Security

To report a vulnerability, follow the [security policy](/security-policy.md): privately, not in a public issue.

This page says what tracker-diag writes, what it never touches, and what happens when something goes wrong. A sweep runs
unattended over what others wrote: copied folders, logs of killed processes, servers behind proxies. So it treats what
a run contains as data, never as a path, a command or markup. It checks what a server answers before it uses it.

## What is written, and what is read only

tracker-diag writes only this, and only on the runs that you asked for:

- under the prefix, the tags {_words(own.TAGS)};
- in the run's `{own.FOLDER}/`, the files {_words(own.REPORTS)}.

Everything else is read only. This includes other tags under the prefix; {_words(own.USERS)} are yours. A prefix that
begins with `mlflow.` or `wandb.` is refused.

Three options write something outside the prefix:

- `--note`: a section of the run's description (in MLflow the tag `{own.DESCRIPTION}`, in W&B the notes)
- `--view`: a saved view of the experiment (`{own.VIEW}`)
- `--annotate`: a log segment beside each offline run of W&B

The section stands after your text, between two comments that hold its digest. The description is read again just before
the section is written. Once it is there, every later diagnosis renews it, so that it is never out of date. A section or
a view that somebody has changed is theirs: it is neither renewed nor removed, and the command says so. `clean` removes
all of these, and restores your text byte for byte.

Two features create runs, and only if you use them. `sweep --overview` keeps one run for each experiment in the
experiment `tracker-diag`, which holds the experiment's page. `tracker_diag.controls` logs the runs that it trains for
you. `clean` deletes these runs and no others. It recognises them by marks that nothing else has.
[Remove everything](/how-to/remove.md) shows the commands.

If your permissions let you only read the tracker, `sweep --report-dir DIR` keeps the answers in a folder and writes
nothing else.

Nothing is written, replaced or deleted through a symbolic link, or outside the run's own folder. A file is first
written under a random name beside its place and then renamed, so it is there whole or not at all. If a killed sweep
leaves such drafts, the next sweep removes them.

## What goes wrong

{table(("what", "what happens", "exit code"), _TROUBLES)}
With `--log-format json` the log also holds the traceback of each run that failed.

## Limits

What exceeds a limit is left out or refused, and one line says so.

{table(("what", "limit"), _limits())}
A server has {http.ANSWER:g} s for an answer, and {http.FIRST_ANSWER:g} s for the first one.
MLFLOW_HTTP_REQUEST_TIMEOUT replaces both if it is set. Redirects are followed at most {redirects.MOST} times, only to
the same host, and never from https to http. tracker-diag never waits for pipes and devices.

## Secrets

Secrets are removed from every text for a terminal, a log, a report, a tag, a message or a summary: the user part
of anything like an address, and the values of {_words((*outgoing.SECRETS, "--notify"))}. Three things are not
recognised as secrets:

- a password of fewer than {outgoing.SHORTEST} letters, unless it stands in an address
- a password that stands only in a file (`~/.netrc`, `~/.mlflow/credentials`)
- for workers of a remote Dask cluster, what their own environment does not hold

Control characters, line breaks and marks that turn the direction of reading are shown as escapes. In a message, the
name of a run stands in quotes and is cut to {notify.LONGEST_NAME} letters. It cannot contain a mention, a link or
formatting.

## Telemetry and privacy

tracker-diag has no telemetry. It talks to your tracker and, with `--notify`, to the address that you give. A report is
one file that loads nothing from another server. MLflow and W&B, whose packages it uses, may send usage data or errors
of their own: `MLFLOW_DISABLE_TELEMETRY=true` and `WANDB_ERROR_REPORTING=false` turn that off.

## How this is shown

| command | what it shows |
| --- | --- |
| `scripts/fuzz` | random hostile runs raise no error in the diagnosis or in any renderer |
| `scripts/kills` | sweeps killed in the middle leave nothing half done and nothing behind |
| `pytest tests/adapters/poisons` | bad runs beside good ones: the good ones are diagnosed, nothing else is touched |
| `python -m tests.adapters.mlflow.lying` | each lie of a lying server ends in a one-line error, with the time it took |
"""


_TROUBLES = (
    (
        "one run cannot be listed, read, judged or written",
        "it is listed with the reason; the others are diagnosed",
        "4",
    ),
    (
        "artifacts cannot be stored at their address: no such scheme, host or path",
        "the tags are written, and the table says that the report is missing; "
        "it is tried again when the address or the version of tracker-diag changes",
        "0",
    ),
    ("you may read but not write", "one line; `sweep --report-dir DIR` keeps the answers in a folder instead", "3"),
    ("the tracker cannot be reached", "the runs in progress are finished, and the sweep ends", "3"),
    (f"{GIVE_UP_AFTER} writes in a row are refused", "the same", "3"),
    (
        "a sweep of `--every` or `--cron` breaks off",
        "one line, a count in the summary (`failed_sweeps`), one message; the next sweep runs",
        "",
    ),
    ("a bug in tracker-diag", "one line, and the traceback in the log", "4"),
)


def _words(names: tuple[str, ...]) -> str:
    quoted = [f"`{name}`" for name in names]
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _limits() -> list[tuple[str, str]]:
    return [
        ("a metric's file in `mlruns`", _size(files.LARGEST_METRIC)),
        ("a tag's or parameter's file", _size(files.LARGEST_VALUE)),
        ("`meta.yaml`", _size(meta.LARGEST)),
        (f"`{own.PROFILE}`", _size(artifacts.LARGEST[own.PROFILE])),
        (f"`{own.MODEL_SUMMARY}`", _size(artifacts.LARGEST[own.MODEL_SUMMARY])),
        ("the description in a `.keras` file", _size(logged_models.LARGEST_CONFIG)),
        (
            "a network whose `.keras` file a server is asked for",
            f"{logged_models.LARGEST_NETWORK:,} weights, as its summary counts them with the optimiser's",
        ),
        ("what is asked for of a `.keras` file", _size(logged_models.LARGEST_HEAD)),
        ("`MLmodel`", _size(mlmodel.LARGEST)),
        ("layers of a network", f"{model.MAX_LAYERS:,}"),
        ("a model summary whose layers are read", f"{summaries.LETTERS:,} characters"),
        ("a model's file in a store that gives whole files", _size(remote_artifacts.LARGEST_COPY)),
        ("a graph of `wandb.watch`", _size(graphs.LARGEST)),
        ("a W&B log", _size(log.LARGEST_LOG)),
        ("a record in a W&B log", _size(log.LARGEST_RECORD)),
        ("an answer of MLflow", _size(http.LONGEST_JSON)),
        ("a file behind MLflow's proxy", _size(proxy.LONGEST_FILE)),
        ("a file of a W&B server", _size(reading.LONGEST_FILE)),
        ("slowest answer", f"{answer.SLOWEST:g} bytes per second, over {answer.WINDOW:g} s"),
        ("pages of a list in a row without anything new", str(paging.MOST_STALE)),
        ("attempts, where a server as a whole is in trouble", str(refusals.ATTEMPTS)),
        ("attempts, where one request may be to blame", str(refusals.ATTEMPTS_OF_ONE)),
        (
            "a configuration file",
            f"{_size(file.MOST_BYTES)}, {file.DEEPEST} levels, {file.MOST_VALUES:,} values",
        ),
        ("the tag `diag.ignore`", f"{settings.LONGEST_IGNORE:,} letters"),
        (
            "a description that a section is added to",
            f"{section.LONGEST:,} letters with it; it may have {section.LONGEST_BODY:,}",
        ),
        ("a parameter's value", f"{plain.DEEPEST} levels, {plain.MOST_VALUES:,} values"),
    ]


def _size(count: int) -> str:
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:g} {unit}"
    return f"{count} bytes"
