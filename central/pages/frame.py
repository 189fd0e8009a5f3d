"""What both pages share: the bar on top, styles, and who may look."""

from __future__ import annotations

from nicegui import ui

from calibration.site import Site
from central.identity.principal import Principal
from contract.tokens import Role

FLOOR_ROLES: tuple[Role, ...] = ("manager", "ops", "admin")
OFFER_ROLES: tuple[Role, ...] = ("manager", "admin")


def frame(site: Site, login: Principal, here: str) -> None:
    """The bar on top of a page."""
    ui.colors(primary="#12505b")
    ui.add_head_html('<link rel="stylesheet" href="/assets/pages.css">')
    places = [("Floor", "/floor", FLOOR_ROLES), ("Offers", "/offers", OFFER_ROLES)]
    with ui.element("nav").classes("bar"):
        ui.html(f"<b>{_plain(site.name)}</b>", sanitize=False)
        for name, address, roles in places:
            if login.role in roles:
                ui.link(name, address).classes("here" if name == here else "")
        with ui.element("span").classes("end"):
            ui.label(f"{login.name} ({login.role})").style("display: inline")
            ui.link("Log out", "/logout")


def allowed(login: Principal, roles: tuple[Role, ...]) -> bool:
    """Whether the role may see the page; says so where not."""
    if login.role in roles:
        return True
    with ui.element("main").classes("room"), ui.element("section").classes("card empty"):
        ui.html("<h2>This page is not for your role</h2>", sanitize=False)
        ui.label(f"You are logged in as {login.role}; it is for {', '.join(roles)}.")
    return False


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
