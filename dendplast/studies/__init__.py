"""The named in-silico studies, one file each."""
