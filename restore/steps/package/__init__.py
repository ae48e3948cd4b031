"""Puts the results of a reel into one bag (BagIt 1.0, RFC 8493), with all that an archive wants beside a film."""
