"""What a customer does on the page, for the tests of it."""

import re

from playwright.sync_api import Page, expect


def sign_in(page: Page, base_url: str, credential: str) -> None:
    page.goto(f"{base_url}/")
    page.locator("input[type=password][name=credential]").fill(credential)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation").first).to_be_visible()
    expect(page).to_have_url(re.compile(re.escape(f"{base_url}/") + "$"))


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def open_view(page: Page, name: str) -> None:
    page.locator("nav.views").get_by_text(name, exact=True).click()
    expect(page.locator("h1")).to_have_text(name)
