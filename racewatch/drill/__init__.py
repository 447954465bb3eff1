"""The drill: check-then-delete and racewatch's act race the same respawning things, on throw-away objects.

It shows on this very machine and file system what the act is for: how often a cleaner that looks and then
deletes takes away what has come back in between, and that racewatch never does.

(Nothing is imported here: each life of an adversary is a process of its own, which shall start at once.)
"""
