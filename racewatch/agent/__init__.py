"""The same verbs as JSON-RPC 2.0, one message per line, on standard input and output."""
