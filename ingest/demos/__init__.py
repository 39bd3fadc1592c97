"""Demo exports: real data written as an operational system would drop it."""
