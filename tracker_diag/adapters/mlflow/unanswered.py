"""What a request died of that got no answer, in one line that says what to do, and whether to ask again."""

from __future__ import annotations

import requests

from tracker_diag.adapters.base import AwayError, TrackerError
from tracker_diag.adapters.mlflow.refusals import ATTEMPTS, ATTEMPTS_OF_ONE, TransientError, first_line

_ATTEMPTS_TO_REACH = 3  # while the server has never answered: a wrong address is said within seconds
# What releases of OpenSSL say of an answer that is not TLS.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")


def silence(name: str, seconds: float, *, answered: bool) -> TransientError:
    """Tell that a server has not answered in time.

    Parameters
    ----------
    name : str
        Of the server, as it is shown.
    seconds : float
        How long was waited.
    answered : bool
        Whether it has answered before.
    """
    text = f"{name} did not answer within {seconds:g} s (set MLFLOW_HTTP_REQUEST_TIMEOUT to wait longer)"
    return TransientError(AwayError(text), attempts=3 if answered else 1)


def failure_of(name: str, error: Exception, seconds: float, *, answered: bool) -> Exception:
    """Tell what a request died of; texts of the transport are not passed on, they may hold the address whole.

    Parameters
    ----------
    name : str
        As for :func:`silence`.
    error : Exception
        Of MLflow's client, raised while another was handled.
    seconds : float
        As for :func:`silence`.
    answered : bool
        As for :func:`silence`.

    Returns
    -------
    TrackerError or TransientError
        The latter where another attempt may help.
    """
    cause = error.__cause__ or error.__context__
    if isinstance(cause, requests.exceptions.SSLError):
        if any(word in repr(cause).upper() for word in _NOT_TLS):
            plain = f"http://{name.partition('://')[2]}"
            return AwayError(
                f"{name}: no TLS connection: if the server speaks plain http, use {plain}, "
                "else set MLFLOW_TRACKING_SERVER_CERT_PATH"
            )
        return AwayError(f"{name}: its TLS certificate is not trusted; set MLFLOW_TRACKING_SERVER_CERT_PATH")
    if isinstance(cause, requests.exceptions.InvalidHeader):
        return TrackerError("MLFLOW_TRACKING_TOKEN contains characters that an HTTP header cannot carry")
    if isinstance(cause, requests.exceptions.InvalidURL):
        return TrackerError(f"{name} is not an address; give the tracking URI as http://host:port")
    # Where no retries are left to it, the transport calls a silence a connection that failed.
    if isinstance(cause, requests.exceptions.ReadTimeout) or "ReadTimeoutError" in repr(cause):
        return silence(name, seconds, answered=answered)
    if isinstance(cause, requests.exceptions.RequestException):
        return _unreached(name, cause, answered)
    if isinstance(cause, OSError):
        names = "MLFLOW_TRACKING_SERVER_CERT_PATH and MLFLOW_TRACKING_CLIENT_CERT_PATH"
        return TrackerError(f"{name}: a certificate cannot be read; check {names}")
    return TrackerError(f"{name}: {first_line(str(error))}")


def _unreached(name: str, cause: requests.exceptions.RequestException, answered: bool) -> TransientError:
    if _was_connected(cause):
        # A worker that dies of one request breaks its connection; the next request may well be answered.
        return TransientError(
            TrackerError(f"{name} closed the connection; check that the server runs"), ATTEMPTS_OF_ONE
        )
    if answered:
        attempts = ATTEMPTS
    elif isinstance(cause, requests.exceptions.ConnectTimeout):
        attempts = 1  # the system has tried several times in that time
    else:
        attempts = _ATTEMPTS_TO_REACH
    text = f"{name} cannot be reached; check that the server runs, and the tracking URI (MLFLOW_TRACKING_URI)"
    return TransientError(AwayError(text), attempts)


def _was_connected(error: requests.exceptions.RequestException) -> bool:
    """Whether a connection stood before it broke: a fault of the moment, not a wrong address."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return False
    return "NewConnectionError" not in repr(error) and "NameResolutionError" not in repr(error)
