"""Kinds of activations that several rules tell apart, in the spelling of the vocabulary."""

#: Those whose gradient is nearly nothing far from zero.
SATURATING = ("sigmoid", "tanh", "softsign", "hard_sigmoid")
