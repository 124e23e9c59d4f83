"""A real PostgreSQL server, where its binary is on the machine."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2

_PASSWORD = "not-a-secret"  # of a server that lives as long as a test, on loopback


@contextlib.contextmanager
def serving_postgres() -> Iterator[str]:
    """Serve an empty database; gives its address, with a password in it."""
    # Not below pytest's folders: each pytest that starts closes them to other accounts again, and ends the server.
    with tempfile.TemporaryDirectory(prefix="tracker-diag-postgres-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield from _serving(folder)


def _serving(folder: Path) -> Iterator[str]:
    data = folder / "data"
    data.mkdir()
    # PostgreSQL refuses to run as root: its own account is used there.
    user = "postgres" if os.geteuid() == 0 else None
    if user is not None:
        account = pwd.getpwnam(user)
        os.chown(data, account.pw_uid, account.pw_gid)
    secret = folder / "secret"
    secret.write_text(_PASSWORD)
    secret.chmod(0o644)
    initdb = shutil.which("initdb") or next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), "initdb")
    subprocess.run(
        [str(initdb), "-D", str(data), "-U", "diag", "-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync"],
        check=True,
        capture_output=True,
        user=user,
        cwd="/",
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    postgres = Path(initdb).with_name("postgres")
    command = [str(postgres), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", "", "-F"]
    process = subprocess.Popen(command, user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    uri = f"postgresql://diag:{_PASSWORD}@127.0.0.1:{port}/postgres"
    try:
        _await(process, uri)
        yield uri
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _await(process: subprocess.Popen[bytes], uri: str) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("PostgreSQL ended at once")
        with contextlib.suppress(psycopg2.OperationalError):
            psycopg2.connect(uri).close()
            return
        time.sleep(0.1)
    raise RuntimeError("PostgreSQL did not start")
