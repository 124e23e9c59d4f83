"""What the rules on single features share."""

from __future__ import annotations

#: Features that a prescription changes, the worst first: more are no list that anybody reads.
MOST_CHANGES = 10
#: Features that a text names.
NAMED = 3
#: Share of the baseline that a run has explained which learned all the same: less may be the class shares.
LEARNED = 0.2
