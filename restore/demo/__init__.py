"""Films that the project makes itself, for the demo and the tests: their truth is known."""
