"""Weights that ship, each with its model card."""
