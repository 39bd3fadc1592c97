"""Suites for raw tables: ``<source>__<table>.py`` with ``suite()``."""
