"""An administrator names a program that is told, sees what it could not be told, and sends it again."""

import re
from collections.abc import Callable

from driving import ANA, Running, jpeg, settled, shot
from playwright.sync_api import Page, expect

from receiver import Receiver
from servers import until

OpenPage = Callable[..., Page]


def hook(page: Page, station: Running) -> dict[str, object]:
    """The one that there is, as the API tells it."""
    (found,) = page.request.get(f"{station.url}/api/v1/webhooks").json()
    return dict(found)


def test_a_program_is_named_tried_and_told_again_what_it_did_not_take(open_page: OpenPage, station: Running) -> None:
    with Receiver(lambda got: 204 if got.type == "webhook.test" or len(receiver.got) > 2 else 410) as receiver:
        page = open_page(ANA, "/administration?part=webhooks")
        page.get_by_label("Dirección que recibe").fill("https://10.0.0.1/x")
        page.get_by_role("button", name="Añadir webhook").click()
        expect(page.locator(".notice.bad")).to_contain_text("WEBHOOK_NETWORKS")
        page.get_by_label("Dirección que recibe").fill(receiver.url)
        page.get_by_label("Inspección hecha").check()
        page.get_by_role("button", name="Añadir webhook").click()
        secret = page.locator("#secret").inner_text()
        shot(page, "webhooks-desk-es")
        page.get_by_role("button", name="Probar").click()
        expect(page.locator(".notice")).to_contain_text("aceptó")
        expect(page.locator("#secret")).to_have_count(0)  # it was shown once
        assert receiver.got[0].is_signed_by(secret)
        session = page.request.get(f"{station.url}/field/session").json()
        page.request.post(
            f"{station.url}/api/v1/inspections",
            headers={"X-CSRF-Token": session["csrf"], "Origin": station.url},
            multipart={"photo": {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg("banana_fit", 1)}},
        )
        until(lambda: len(receiver.got) == 2, "it is told")
        until(lambda: hook(page, station)["stopped_at"], "it is stopped")
        page.reload()
        settled(page)
        letter = page.locator("li").filter(has=page.locator("code"))
        expect(letter).to_contain_text("Inspección hecha respondió 410")
        expect(page.locator(".chip.off")).to_have_text("detenido")
        shot(page, "webhooks-dead-desk-es")
        letter.get_by_role("button", name="Reenviar").click()
        expect(page.locator(".notice").first).to_contain_text("1")
        expect(letter).to_have_count(0)
        until(lambda: len(receiver.got) == 3, "it is told again")
        assert receiver.got[1].id == receiver.got[2].id
        page.get_by_role("button", name="Renovar secreto").click()
        page.get_by_role("button", name="Sí, renovar secreto").click()
        expect(page.locator("#secret")).to_have_text(re.compile("^whsec_"))
        assert page.locator("#secret").inner_text() != secret
        page.get_by_role("button", name="Quitar").click()
        page.get_by_role("button", name="Sí, quitar").click()
        expect(page.locator(".empty")).to_be_visible()
