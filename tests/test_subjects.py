import pytest

from accounts import HERE, Accounts, refused_with
from vistobueno.access import AccessRefused, LinkRefused
from vistobueno.access.entry import Subject
from vistobueno.records.values import SYSTEM


def subject(email: str = "ana@example.org", sub: str = "1") -> Subject:
    return Subject("https://issuer.example", sub, email, "Ana")


def test_a_provider_s_person_is_known_by_e_mail_once_and_by_subject_from_then_on(access: Accounts) -> None:
    person = access.add(role="supervisor")
    _, identity = access.sign_in_subject(subject(), HERE)
    assert (identity.actor.id, identity.role) == (person.id, "supervisor")
    _, again = access.sign_in_subject(subject(email="married@example.org"), HERE)
    assert again.actor.id == person.id


def test_a_provider_s_person_who_was_invited_gets_that_role(access: Accounts) -> None:
    token = access.invite("ana@example.org", "Ana", "supervisor", SYSTEM).rsplit("/", 1)[1]
    _, identity = access.sign_in_subject(subject(), HERE)
    assert identity.role == "supervisor"
    with pytest.raises(LinkRefused):
        access.link(token)


@pytest.mark.parametrize("case", ["stranger", "disabled", "another subject"])
def test_a_provider_s_person_whom_nobody_knows_stays_outside(access: Accounts, case: str) -> None:
    access.add("root@example.org", "admin")
    if case != "stranger":
        person = access.add()
        access.sign_in_subject(subject(sub="first"), HERE)
        if case == "disabled":
            access.disable(person.id, SYSTEM)
    with pytest.raises(AccessRefused) as caught:
        access.sign_in_subject(subject(sub="first" if case == "disabled" else "second"), HERE)
    refused_with("not_invited", caught)
    assert "provider_refused" in access.actions()
