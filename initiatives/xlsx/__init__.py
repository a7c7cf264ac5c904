"""Workbooks as they come from outside: what is let in, and what stands in their cells."""
