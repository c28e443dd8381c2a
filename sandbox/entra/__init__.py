"""A simulated Entra tenant: its sign-in authority and the part of Microsoft Graph used here."""
