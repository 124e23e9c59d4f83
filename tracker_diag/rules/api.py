"""What the file of a rule imports, of this package or of another: one place, whatever moves behind it."""

from tracker_diag.core.dataset import WHAT_TO_LOG as WHAT_TO_LOG
from tracker_diag.core.dataset import Dataset as Dataset
from tracker_diag.core.finding import Change as Change
from tracker_diag.core.finding import Finding as Finding
from tracker_diag.core.finding import Prescription as Prescription
from tracker_diag.core.finding import Severity as Severity
from tracker_diag.core.finding import Skip as Skip
from tracker_diag.core.model import Model as Model
from tracker_diag.core.run import Run as Run
from tracker_diag.core.run import Series as Series
from tracker_diag.evidence.baseline import Explained as Explained
from tracker_diag.evidence.curve import Curve as Curve
from tracker_diag.evidence.features import Features as Features
from tracker_diag.evidence.registry import first_of as first_of
from tracker_diag.evidence.registry import rule_input as rule_input
from tracker_diag.evidence.symptoms import Symptoms as Symptoms
from tracker_diag.rules.changes import in_words as in_words
from tracker_diag.rules.changes import stop_at_best as stop_at_best
from tracker_diag.rules.hypothesis import Hypothesis as Hypothesis
from tracker_diag.rules.hypothesis import LikelihoodRatio as LikelihoodRatio
from tracker_diag.rules.hypothesis import Observation as Observation
from tracker_diag.rules.registry import NEVER as NEVER
from tracker_diag.rules.registry import UNSETTLED as UNSETTLED
from tracker_diag.rules.registry import Outcome as Outcome
from tracker_diag.rules.registry import Verdict as Verdict
from tracker_diag.rules.registry import rule as rule
