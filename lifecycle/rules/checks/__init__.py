"""The 99 cross-field checks: one pure function per branch, registered under its id.

A rule takes a `Reading` of the project and returns a `Verdict`. It decides as soon as the known inputs
suffice; what it could not read it names. Texts, severities and gates are content (data/guide/checks.yaml).
"""

from lifecycle.rules.checks import data as data  # each file registers its rules when it is imported
from lifecycle.rules.checks import design as design
from lifecycle.rules.checks import discovery as discovery
from lifecycle.rules.checks import feasibility as feasibility
from lifecycle.rules.checks import model as model
from lifecycle.rules.checks import production as production
