"""Thin typed wrappers of kernel interfaces.  One concept a file; no policy, no verdicts.

Every wrapper's docstring names the interface it reads and what its answer does *not* say.
Functions raise ``OSError`` when the kernel refuses; callers decide what a refusal means.
"""
