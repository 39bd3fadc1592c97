"""Great Expectations on raw and learned tables: volume, distribution and drift.

Keys, references and accepted values are dbt's to test.
"""
