"""Recipes: what is done to a reel, as TOML, and their typed form."""
