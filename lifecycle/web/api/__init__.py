"""The HTTP interface for programs, /api/v1: one router per noun, the same queries and actions as the screens.

A new noun is a file in `routes/` with its `router`, and its name in `application.NOUNS`.
"""
