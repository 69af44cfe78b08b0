"""The named in-silico studies: each only composes what is below, and runs its controls beside it."""
