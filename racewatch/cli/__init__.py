"""The commands of the public contract."""
