"""Which field a sign-off depends on: written by hand from the guide's research, not from the policy file.

"stale" where the field is in the gate's evidence column (sections 1.4 to 5.4) or among the role's own
fields (section 7.1 and the design's newer fields) with a due stage no later than the gate's; "holds" everywhere else.
"""

from __future__ import annotations

import pytest

from lifecycle.rules.signoffs import cover, stale_keys
from lifecycle.vocabulary import Gate, Role
from tests.rules.building import guide, sign_off
from tests.rules.worksheets import changed, full_worksheet

LINES = """
discovery    business     D01  stale    evidence: the problem itself
discovery    business     D34  stale    evidence: what would make us stop
discovery    business     D38  stale    own: capacity to act
discovery    business     D09  holds    the option without machine learning is nobody's
discovery    business     D16  holds    consumers are not the business owner's
discovery    technology   D17  stale    evidence D17 to D23, first
discovery    technology   D23  stale    evidence D17 to D23, last
discovery    technology   D41  stale    own: controls it replaces
discovery    technology   D24  holds    training comes after D23
discovery    technology   X04  stale    own: update rhythm, due at Discovery
discovery    technology   X05  holds    own, but due at Feasibility
discovery    privacy      D13  stale    evidence: who bears the effect
discovery    privacy      D42  stale    own: adverse step
discovery    privacy      X07  stale    own: personal data in the source
discovery    privacy      X08  holds    own, but due at Feasibility
discovery    privacy      D26  holds    regimes are legal's and compliance's
discovery    legal        D32  stale    evidence: vendors named
discovery    legal        D40  stale    own: authority to decide
discovery    legal        X09  stale    own: end of the agreement
discovery    legal        D25  holds    personal data is privacy's
discovery    compliance   D33  stale    evidence: provisional tier
discovery    compliance   D25  holds    personal data is privacy's
discovery    validation   D36  stale    evidence: concerns
discovery    validation   D14  holds    the horizon is not listed
discovery    validation   F04  holds    own, but of a later stage
feasibility  business     F15  stale    evidence F15 to F18
feasibility  business     D34  holds    evidence at Discovery only
feasibility  business     F12  holds    permission is privacy's and legal's
feasibility  privacy      F12  stale    evidence: purpose confirmed
feasibility  privacy      X20  stale    evidence: the source's record
feasibility  privacy      D13  holds    evidence at Discovery only
feasibility  legal        X03  stale    evidence: origin
feasibility  technology   F14  stale    evidence: integration tried
feasibility  technology   X05  stale    own, due by now
feasibility  technology   X16  holds    own, but due at Design
design       privacy      R03  stale    evidence: data flow
design       privacy      R20  holds    approved uses are legal's
design       legal        R23  stale    evidence: recourse
design       compliance   R28  stale    own: the human check
design       validation   R26  stale    own: foreseen hazards
design       validation   M01  holds    own, but of a later stage
design       technology   R22  stale    evidence: release path
design       business     R29  stale    own: cases per week
design       business     R04  holds    response time is technology's
model        validation   M06  stale    evidence: robustness
model        validation   M12  holds    the experiment log is nobody's
model        privacy      M11  stale    evidence: third-party parts
model        compliance   M14  stale    evidence: findings
model        business     M17  stale    evidence: acceptance
model        technology   M05  holds    group results are not technology's
launch       approver     R21  stale    evidence: the tier
launch       approver     P06  stale    all that the others rely on at this gate
launch       technology   P04  stale    evidence: rollback drill
launch       legal        P19  stale    own: reports owed
launch       privacy      P01  holds    the version is not privacy's
operate      business     P13  stale    evidence: override and non-use
operate      compliance   P09  stale    evidence: incidents
operate      validation   F20  stale    own: share that cannot be scored
operate      legal        P14  holds    delivery figures are technology's
"""
TABLE = [line.split(maxsplit=4)[:4] for line in LINES.strip().splitlines()]


@pytest.mark.parametrize(("gate", "role", "field", "expected"), TABLE, ids=[" ".join(row) for row in TABLE])
def test_sign_off_relies_on_exactly_what_the_guide_says(
    gate: str, role: str, field: str, expected: str
) -> None:
    before = full_worksheet()
    covered = {key: content for key, (_, content) in cover(before, guide(), Gate(gate), Role(role)).items()}
    signed = sign_off(Gate(gate), Role(role), covered)

    found = stale_keys(changed(before, field), guide(), signed)

    key = f"{field}@1" if field.startswith("X") else field
    assert found == ((key,) if expected == "stale" else ())
