"""Statistics of learning curves: arrays in, frozen results out. Imports numpy and SciPy, nothing of ours.

Every function states its null, its policy on values that are not finite, on autocorrelation and on repeated looks.
Input shorter than a statistic needs raises TooShortError instead of giving a bad number.
"""
