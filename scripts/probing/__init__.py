"""What `scripts/probes` trains and diagnoses: see `scripts/probing/__main__.py`."""
