"""The three nouns of the product: sockets, locks, containers."""
