"""A headless Chromium for tests and the benchmark of the page: Playwright's, or the system's, without a network."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield a browser; raises RuntimeError where there is none."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise RuntimeError("no Playwright: pip install playwright") from None
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            message = f"no Chromium ({str(error).splitlines()[0]}): apt-get install chromium"
            raise RuntimeError(message) from None
        yield browser
        browser.close()
