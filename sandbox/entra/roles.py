"""Directory roles by template id.

Source: the vendor's "Microsoft Entra built-in roles" reference.
"""

from __future__ import annotations

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
AUTHENTICATION_ADMINISTRATOR = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
PASSWORD_ADMINISTRATOR = "966707d0-3269-4727-9be2-8c3a10f19b9d"
HELPDESK_ADMINISTRATOR = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
DIRECTORY_READERS = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
GROUPS_ADMINISTRATOR = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
GUEST_INVITER = "95e79109-95c0-4d8e-aee3-d01accf2d47b"
MESSAGE_CENTER_READER = "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b"
PRIVILEGED_ROLE_ADMINISTRATOR = "e8611ab8-c189-46e8-94e1-60213ab1f814"
REPORTS_READER = "4a5d8f65-41da-4de4-8968-e035b65339cf"
USAGE_SUMMARY_REPORTS_READER = "75934031-6c7e-415a-99d7-48dbd49e875e"
USER_EXPERIENCE_SUCCESS_MANAGER = "27460883-1df1-4691-b032-3b79643e5e63"
GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
SECURITY_ADMINISTRATOR = "194ae4cb-b126-40b2-bd5b-6091b380977d"
SECURITY_READER = "5d6b6bb7-de71-4623-b4af-96380a352509"
HYBRID_IDENTITY_ADMINISTRATOR = "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2"
DIRECTORY_WRITERS = "9360feb5-f418-4baa-8175-e2a00bac4301"

ROLE_NAMES: dict[str, str] = {
    GLOBAL_ADMINISTRATOR: "Global Administrator",
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: "Privileged Authentication Administrator",
    AUTHENTICATION_ADMINISTRATOR: "Authentication Administrator",
    USER_ADMINISTRATOR: "User Administrator",
    PASSWORD_ADMINISTRATOR: "Password Administrator",
    HELPDESK_ADMINISTRATOR: "Helpdesk Administrator",
    DIRECTORY_READERS: "Directory Readers",
    GROUPS_ADMINISTRATOR: "Groups Administrator",
    GUEST_INVITER: "Guest Inviter",
    MESSAGE_CENTER_READER: "Message Center Reader",
    PRIVILEGED_ROLE_ADMINISTRATOR: "Privileged Role Administrator",
    REPORTS_READER: "Reports Reader",
    USAGE_SUMMARY_REPORTS_READER: "Usage Summary Reports Reader",
    USER_EXPERIENCE_SUCCESS_MANAGER: "User Experience Success Manager",
    GLOBAL_READER: "Global Reader",
    SECURITY_ADMINISTRATOR: "Security Administrator",
    "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f": "Security Operator",
    SECURITY_READER: "Security Reader",
    HYBRID_IDENTITY_ADMINISTRATOR: "Hybrid Identity Administrator",
    DIRECTORY_WRITERS: "Directory Writers",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
    "cf1c38e5-3621-4004-a7cb-879624dced7c": "Application Developer",
    "158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
    "7698a772-787b-4ac8-901f-60d6b08affd2": "Cloud Device Administrator",
    "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9": "Conditional Access Administrator",
    "8329153b-31d0-4727-b945-745eb3bc5f31": "Domain Name Administrator",
    "be2f45a1-457d-42af-a067-6ec1fa63bc45": "External Identity Provider Administrator",
    "3a2c62db-5318-420d-8d74-23affee5d9d5": "Intune Administrator",
    "59d46f88-662b-457b-bceb-5c3809e5908f": "Lifecycle Workflows Administrator",
    "d29b2b05-8046-44ba-8758-1e26182fcf32": "Directory Synchronization Accounts",
}

_BY_NAME = {name.casefold(): template_id for template_id, name in ROLE_NAMES.items()}


def role_template(name_or_id: str) -> str:
    """The template id of a role given by name or template id. KeyError when it is neither."""
    lowered = name_or_id.casefold()
    return lowered if lowered in ROLE_NAMES else _BY_NAME[lowered]
