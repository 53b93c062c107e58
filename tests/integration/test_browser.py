"""The page of a request in a real browser: read, decided with a token, and safe to show.

Speaks WebDriver (https://www.w3.org/TR/webdriver2/) to chromedriver, which drives Chromium.
"""
import json
import os
import shutil
import subprocess
import unittest
import urllib.error
import urllib.request

from support import wait_until
from test_pages import TOKENS, PageCase

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the specification's name of a reference


class Browser:
    def __init__(self, directory):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True,
                                       env={**os.environ, "HOME": directory})
        try:
            self.begin(directory)
        except BaseException:
            self.end_driver()
            raise

    def begin(self, directory):
        port = None
        while port is None:
            line = self.driver.stdout.readline()
            if not line:
                raise AssertionError("chromedriver did not start")
            if "started successfully on port" in line:
                port = line.rstrip(".\n").split()[-1]
        self.base = f"http://127.0.0.1:{port}"
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--no-first-run", "--disable-background-networking",
                     f"--user-data-dir={directory}/browser"]
        answer = self.command("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"args": arguments}}}})
        self.base += "/session/" + answer["sessionId"]

    def command(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + path, data, method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)["value"]

    def open(self, address):
        self.command("POST", "/url", {"url": address})

    def find(self, selector):
        found = self.command("POST", "/elements", {"using": "css selector", "value": selector})
        return [element[ELEMENT] for element in found]

    def text(self, selector):
        [element] = self.find(selector)
        return self.command("GET", f"/element/{element}/text")

    def type(self, selector, text):
        [element] = self.find(selector)
        self.command("POST", f"/element/{element}/value", {"text": text})

    def click(self, selector):
        [element] = self.find(selector)
        self.command("POST", f"/element/{element}/click", {})

    def end(self):
        try:
            self.command("DELETE", "")
        finally:
            self.end_driver()

    def end_driver(self):
        self.driver.terminate()
        self.driver.wait(timeout=30)
        self.driver.stdout.close()


class InABrowser(PageCase):
    def setUp(self):
        if shutil.which("chromedriver") is None:
            self.skipTest("chromedriver is not installed (package chromium-driver)")
        super().setUp()
        self.browser = Browser(self.directory)
        self.addCleanup(self.browser.end)

    def shows(self, selector, text):
        """Waits for the page that follows a click."""
        def there():
            try:
                return text in self.browser.text(selector)
            except (ValueError, urllib.error.HTTPError):  # still the page before, or none
                return False
        wait_until(there)

    def page(self, number):
        self.browser.open(f"http://{self.daemon.admin}/page/{number}")

    def test_a_person_reads_a_request_and_approves_it(self):
        number = self.ask()["number"]
        self.browser.open(f"http://{self.daemon.admin}/page")
        self.browser.click(f'a[href="/page/{number}"]')
        self.shows("#state", "pending")
        # What came from outside is text: it is shown as written, and is no element.
        self.assertIn("<script>alert(1)</script> 17 rows", self.browser.text("pre"))
        self.assertIn("<b>everything</b>", self.browser.text("h1"))
        self.assertEqual(self.browser.find("script, h1 b, pre b"), [])
        self.browser.type("input[name=token]", "not the right one at all")
        self.browser.click("button[value=approve]")
        self.shows(".message", "nothing was decided")
        self.assertEqual(self.seen(number)["state"], "pending")
        self.browser.type("input[name=token]", TOKENS["anna"])
        self.browser.click("button[value=approve]")
        self.shows(".message", "Your decision is recorded.")
        self.assertEqual(self.browser.text("#state"), "done")
        self.assertEqual(self.browser.find("form"), [])
        self.assertTrue(self.seen(number)["approved"])

    def test_a_rejection_needs_a_reason_and_says_it(self):
        number = self.ask()["number"]
        self.page(number)
        self.browser.type("input[name=token]", TOKENS["anna"])
        self.browser.click("button[value=reject]")
        self.shows(".message", "REASON")
        self.browser.type("input[name=token]", TOKENS["anna"])
        self.browser.type("input[name=reason]", "not <i>this</i> year")
        self.browser.click("button[value=reject]")
        self.shows("#state", "rejected")
        self.assertIn("not <i>this</i> year", self.browser.text("table"))

    def test_the_code_of_what_was_read_is_typed_from_the_page(self):
        number = self.ask(env="careful")["number"]
        self.page(number)
        code = self.browser.text("pre").split()[-1]
        self.browser.type("input[name=token]", TOKENS["anna"])
        self.browser.type("input[name=code]", code)
        self.browser.click("button[value=approve]")
        self.shows("#state", "done")


if __name__ == "__main__":
    unittest.main()
