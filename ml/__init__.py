"""Learn: pure functions, frames in, frames out."""
