"""Circuits and functions as plain data that JSON holds: dictionaries, lists, strings, finite numbers.

Nothing in a record is a class to import or code to run: each kind of record has a reader of its own, which makes what
it describes by the same checks that the circuit's methods make.
"""
