"""What is not below `exports/` is fetched before it is landed."""
