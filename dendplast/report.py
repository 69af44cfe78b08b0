"""A report of a run: one HTML file with its figure and tables, from the result file alone."""

from __future__ import annotations
