"""Offers on their way out: by MQTT and signed webhooks, at least once, from a queue that a crash leaves whole."""
