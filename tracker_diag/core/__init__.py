"""What everything else is built of: runs, datasets, models, findings, reports as plain data, and text made safe."""
