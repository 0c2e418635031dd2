"""Circuits from and to other languages and libraries; one subpackage for each."""
