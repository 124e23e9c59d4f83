"""How a report is shown: pure functions of a Report that decide nothing."""
