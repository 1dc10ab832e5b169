"""Notices of alerts: one a rule, and the webhook that is told."""

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from services.alerts.notice import notices
from services.alerts.webhook import WebhookError, post
from tests.services.test_alerts import watch_alert


def test_one_notice_a_rule():
    from services.alerts.watch import Changes

    alerts = tuple(replace(watch_alert(), id=i) for i in range(50))
    (notice,) = notices(Changes(raised=alerts), "sample")
    assert (notice["count"], len(notice["alerts"])) == (50, 20)
    assert notice["text"].endswith("and 49 more")
    json.dumps(notice)


class _Receiver(BaseHTTPRequestHandler):
    taken: ClassVar = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/away":
            self.send_response(307)
            self.send_header("Location", "/hook")
        else:
            self.taken.append(json.loads(body))
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_the_webhook_is_told_and_redirects_are_not_followed():
    with HTTPServer(("127.0.0.1", 0), _Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}"
        try:
            post(f"{base}/hook?x=1", {"text": "héllo"})
            with pytest.raises(WebhookError, match="redirects are not followed"):
                post(f"{base}/away", {"text": "secret"})
        finally:
            server.shutdown()
            thread.join()
    assert _Receiver.taken == [{"text": "héllo"}]
    with pytest.raises(WebhookError, match="did not take it"):
        post(base, {})


@pytest.mark.parametrize("url", ["file:///etc/passwd", "hooks.example", "http://", "http://x:99999/"])
def test_only_web_addresses_are_told(url):
    with pytest.raises(ValueError, match="webhook"):
        post(url, {})
