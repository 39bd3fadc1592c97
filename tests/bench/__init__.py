"""Figures for the README: `make bench` measures them all in one go."""
