"""The 99 cross-field checks: one pure function per branch, registered under its id.

A rule takes a `Reading` of the project and returns a `Verdict`. It decides as soon as the known inputs
suffice; what it could not read it names. Texts, severities and gates are content (data/guide/checks.yaml).
"""
