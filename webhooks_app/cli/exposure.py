"""What do the programs that deliver warn of when they start? Of a guard that is as good as open."""

from __future__ import annotations

import logging

from webhooks_app.setting_addresses import network_exposure
from webhooks_app.settings import Settings

log = logging.getLogger("webhooks_app")


def warn_of_networks(settings: Settings) -> None:
    """For the worker, and for the clock, which delivers itself while Redis is away."""
    if exposure := network_exposure(settings.allowed_networks, is_production=settings.is_production):
        log.warning(exposure)
