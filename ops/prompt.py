"""What a person is shown who has to sign in by device code."""

from __future__ import annotations

from lib.entra_sign_in import DevicePrompt
from ops import render


def print_prompt(prompt: DevicePrompt, *, stderr: bool = False) -> None:
    """`stderr`: where standard output is somebody's data."""
    render.console(stderr=stderr).print(
        f"Open {prompt.verification_uri} and enter {prompt.user_code} "
        f"(within {prompt.expires_in // 60} minutes)."
    )


def print_prompt_aside(prompt: DevicePrompt) -> None:
    print_prompt(prompt, stderr=True)
