"""What does a page show? Every SELECT of the pages, the API and the command line, one file a noun.

A query takes a session, loads what its page shows, sorts totally and never commits.
"""
