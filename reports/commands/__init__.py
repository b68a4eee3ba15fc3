"""The command line: one function per command, each a few lines that call into a package."""
