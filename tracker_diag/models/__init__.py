"""Descriptions of networks, read from what frameworks leave: configurations, summaries, signatures, parameters."""
