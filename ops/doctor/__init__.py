"""pushproof doctor: the ordinary checks of Okta's article and what Pushproof itself needs.

One module for each area: what it reads goes in, findings come out. Nothing is changed here but by
touch_proof.
"""
