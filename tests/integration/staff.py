"""More ordinary people for the demonstration's world: some in agreement, some not yet pushed."""

from __future__ import annotations

PERSON = """
  - name: {name}
    okta:
      id: {okta_id}
      login: {name}@corp.example
      status: ACTIVE
      profile: {{mobilePhone: "+1 202 555 0160", otherMails: [{name}@example.net]}}
    assigned:
      app: 0oaMicrosoft365Graph
      external_id: object
      profile:
        mobilePhone: "+1 202 555 0160"
        otherMails: [{name}@example.net]
        department: Staff
    entra:
      id: c0000000-0000-4000-8000-{number:012x}
      user_principal_name: {name}@corp.example
      mobile_phone: "+1 202 555 0160"
      other_mails: [{name}@example.net]
"""


def name(number: int) -> str:
    return f"staff.{number:02d}"


def okta_id(number: int) -> str:
    return f"00uStaff{number:02d}".ljust(20, "0")


def staff(count: int = 60) -> str:
    return "".join(
        PERSON.format(name=name(n), okta_id=okta_id(n), number=n + 1) for n in range(count)
    )
