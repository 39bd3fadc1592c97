"""`crm sources`: a new source from real files, and what is still open of it."""
