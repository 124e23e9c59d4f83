"""Dataset: what is fed to the network."""
