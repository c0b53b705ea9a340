import pytest

from accounts import HERE, TimedAccounts, refused_with
from vistobueno.accounts import AccessRefused, LinkRefused, Throttled
from vistobueno.accounts.authentication import Subject
from vistobueno.core.inspection import SYSTEM


def subject(email: str = "ana@example.org", sub: str = "1") -> Subject:
    return Subject("https://issuer.example", sub, email, "Ana")


def test_a_provider_s_person_is_known_by_e_mail_once_and_by_subject_from_then_on(access: TimedAccounts) -> None:
    person = access.add(role="supervisor")
    _, identity = access.authentication.sign_in_subject(subject(), HERE)
    assert (identity.actor.id, identity.role) == (person.id, "supervisor")
    _, again = access.authentication.sign_in_subject(subject(email="married@example.org"), HERE)
    assert again.actor.id == person.id


def test_a_provider_s_person_who_was_invited_gets_that_role(access: TimedAccounts) -> None:
    token = access.people.invite("ana@example.org", "Ana", "supervisor", SYSTEM).rsplit("/", 1)[1]
    _, identity = access.authentication.sign_in_subject(subject(), HERE)
    assert identity.role == "supervisor"
    with pytest.raises(LinkRefused):
        access.authentication.link(token)


@pytest.mark.parametrize("case", ["ood_score", "disabled", "another subject"])
def test_a_provider_s_person_whom_nobody_knows_stays_outside(access: TimedAccounts, case: str) -> None:
    access.add("root@example.org", "admin")
    if case != "ood_score":
        person = access.add()
        access.authentication.sign_in_subject(subject(sub="first"), HERE)
        if case == "disabled":
            access.people.disable(person.id, SYSTEM)
    with pytest.raises(AccessRefused) as caught:
        access.authentication.sign_in_subject(subject(sub="first" if case == "disabled" else "second"), HERE)
    refused_with("not_invited", caught)
    assert "provider_refused" in access.actions()


@pytest.mark.parametrize(
    ("said", "shown"), [("Ana\u200e Ruiz", "Ana Ruiz"), (" ", "Ana"), ("", "Ana"), ("x" * 300, "x" * 200)]
)
def test_a_name_that_cannot_be_shown_shuts_nobody_out(access: TimedAccounts, said: str, shown: str) -> None:
    access.people.invite("ana@example.org", "Ana", "inspector", SYSTEM)
    _, identity = access.authentication.sign_in_subject(
        Subject("https://issuer.example", "1", "ana@example.org", said), HERE
    )
    assert identity.actor.name == shown


def test_answers_that_are_not_believed_do_not_flood_the_audit_log(access: TimedAccounts) -> None:
    for _ in range(30):
        access.authentication.note_provider_failure("provider_disbelieved", HERE)
    with pytest.raises(Throttled):
        access.authentication.note_provider_failure("provider_disbelieved", HERE)
    written = [event for event in access.audit_log.page(limit=100).items if event.action == "provider_failed"]
    assert len(written) == 30 and written[0].details == {"reason": "provider_disbelieved"}
