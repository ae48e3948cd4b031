"""Teaches FAVC and its changes for cartoons as their papers say: pairs of whole frames, R'G'B', their own losses."""
