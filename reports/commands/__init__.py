"""The command line: one module a command, with a function of the same name that calls into other packages.

Modules import what their options need; what the command itself needs, which takes seconds to import, comes within it.
"""
