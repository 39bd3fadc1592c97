"""Sources that dlt reads: a module each, with ``source()``, named by a connection."""
