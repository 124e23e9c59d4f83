"""What several rules on optimisation mean by progress."""

from __future__ import annotations

#: Above this share of the total improvement, brought by twice the training, the loss still falls at the end: less is
#: noise.
STILL_FALLS = 0.03

#: Share of the baseline loss up to which validation keeps up with training: what is left is then unexplained, and
#: not memorised.
KEEPS_UP = 0.1

#: Share of the baseline loss below which validation stays close to training, in a run that has learned little and so
#: can have left little behind.
STAYS_WITH = 0.05
