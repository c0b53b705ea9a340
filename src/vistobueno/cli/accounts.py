"""The verbs of `vistobueno user …` and `key …`: what they take and say of themselves. The work is `people`'s."""

from typing import Annotated

import typer

from ..i18n import user_language

user_app = typer.Typer(
    no_args_is_help=True, help="People: add, invite, list, change role, remove access, give a new password."
)
key_app = typer.Typer(no_args_is_help=True, help="Machines' keys: add, list, revoke.")

Language = Annotated[str, typer.Option("--language", "-l", help="es or en; by default the environment's.")]
EmailArgument = Annotated[str, typer.Argument(help="E-mail of the person.")]


@user_app.command("add")
def user_add(
    email: EmailArgument,
    name: Annotated[str, typer.Option(help="The name others see.")],
    role: Annotated[str, typer.Option(help="inspector, supervisor or admin.")] = "inspector",
    invite: Annotated[bool, typer.Option("--invite", help="Print a link to choose a password with.")] = False,
    language: Language = "",
) -> None:
    """Add a person. The password is prompted for, or read from standard input."""
    from . import people

    people.user_add(email, name, role, invite, language or user_language())


@user_app.command("list")
def user_list(language: Language = "") -> None:
    """List everyone, with role and state, and pending invitations."""
    from . import people

    people.user_list(language or user_language())


@user_app.command("revoke-invitation")
def user_revoke_invitation(email: EmailArgument, language: Language = "") -> None:
    """Revoke an unused invitation: its link stops working."""
    from . import people

    people.user_revoke_invitation(email, language or user_language())


@user_app.command("role")
def user_role(email: EmailArgument, role: str, language: Language = "") -> None:
    """Change a person's role."""
    from . import people

    people.user_role(email, role, language or user_language())


@user_app.command("disable")
def user_disable(
    email: EmailArgument,
    enable: Annotated[bool, typer.Option("--enable", help="Restore access instead.")] = False,
    language: Language = "",
) -> None:
    """Remove a person's access at once: their sessions, keys and links end."""
    from . import people

    people.user_disable(email, enable, language or user_language())


@user_app.command("reset-link")
def user_reset_link(email: EmailArgument, language: Language = "") -> None:
    """Print a one-time link for choosing a new password."""
    from . import people

    people.user_reset_link(email, language or user_language())


@key_app.command("add")
def key_add(
    name: Annotated[str, typer.Argument(help="The machine's name.")],
    owner: Annotated[str, typer.Option(help="E-mail of the person whose key it is.")],
    scope: Annotated[list[str], typer.Option(help="inspect, read, review or infer; may be repeated.")],
    days: Annotated[int, typer.Option(min=0, max=36_500, help="Days it is valid; 0: until revoked.")] = 365,
    line: Annotated[str | None, typer.Option(help="The line for its photographs, unless they name another.")] = None,
    language: Language = "",
) -> None:
    """Create a key; its secret goes to standard output, only this once."""
    from . import people

    people.key_add(name, scope, owner, days, line, language or user_language())


@key_app.command("list")
def key_list(language: Language = "") -> None:
    """List all keys, without their secrets."""
    from . import people

    people.key_list(language or user_language())


@key_app.command("revoke")
def key_revoke(number: Annotated[int, typer.Argument(min=1, max=2**53)], language: Language = "") -> None:
    """Revoke a key."""
    from . import people

    people.key_revoke(number, language or user_language())
