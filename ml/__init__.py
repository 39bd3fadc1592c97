"""Learn: pure functions, frames in, frames out.

One package per model. Its ``training`` says what it READS, which learned tables it
WRITES beside the model, and has ``train()``; its ``scoring`` says what it READS, which
TABLE it makes, and has ``compute()``.
"""
