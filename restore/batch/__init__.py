"""A night's work: which films are to be restored, in what order, which are done already, and what came of them."""
