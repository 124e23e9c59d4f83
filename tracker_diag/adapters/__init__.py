"""One package a tracker, one protocol for all: see base.py."""
