"""Extract and load: deliveries of exports become immutable raw Parquet."""
