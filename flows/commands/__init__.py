"""One file = one command. Heavy imports stay inside the functions, so that `restore --help` answers at once."""
