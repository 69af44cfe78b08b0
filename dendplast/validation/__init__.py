"""The rule scored against published experiments: rows of a table, simulated, and compared one by one."""
