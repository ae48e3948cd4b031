"""A short film of the project's own: photographs and a cartoon, made by code, with the true colours known."""
