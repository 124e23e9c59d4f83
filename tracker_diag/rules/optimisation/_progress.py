"""What several rules on optimisation mean by progress."""

from __future__ import annotations

#: What twice the training would bring, as a share of the improvement achieved, above which the loss still falls at the
#: end: less is noise.
STILL_FALLS = 0.03

#: Share of the baseline loss up to which validation keeps up with training: what is left is then unexplained, and
#: not learned by heart.
KEEPS_UP = 0.1

#: Share of the baseline loss below which validation stays with training: of a run that has learned little, which can
#: have left little behind.
STAYS_WITH = 0.05
