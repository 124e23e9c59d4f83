"""What agents are given: tools over the Model Context Protocol, which read a tracker and quote it as data."""
