"""Colour that people ask for: read from what they painted or named, kept, and carried through the film."""
