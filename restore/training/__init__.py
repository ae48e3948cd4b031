"""Teaches networks: data, losses, loop."""
