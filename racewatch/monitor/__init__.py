"""Watching: file-event hints, process exits and sweeps become one inventory and batches of changes.

Events are hints, rescans are truth: the death of a socket's server raises no file event, queues
overflow, roots are deleted and come back.  Whatever this layer cannot watch it polls, and says so
in its :class:`~racewatch.monitor.batch.SourceHealth`.
"""
