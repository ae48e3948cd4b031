"""What a network is told about its mistakes: one file = one loss."""
