"""Orchestration: Dagster's definitions and the `crm` command."""
