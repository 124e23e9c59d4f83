"""What a sweep is written as for other programs: one file a format."""
