"""The pages in a real browser: both one-minute jobs by keyboard, forms, the editor, dark, narrow, and no barrier found.

Needs Debian's `chromium`, the Python package `playwright` and `axe-core` from npm; `make browser` gets all three.
Without them the tests are skipped, with `CI=true` they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).parent.parent
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = ROOT / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = {
    "home": "/",
    "found": "/?q=lung+cancer&modality=ct&use=commercial-use",
    "empty": "/?q=nothing-like-it",
    "archive": "/archive/give-a-scan",
    "large-archive": "/archive/idc",
    "collection": "/collection/lidc-idri",
    "software": "/software/orthanc",
    "organization": "/organization/dkfz",
    "source": "/source/archive-survey-2010",
    "concept": "/condition/lung-cancer",
    "compare": "/compare?thing=archive/tcia&thing=archive/idc&thing=archive/midrc",
    "compare-choice": "/compare",
    "match": "/match?must=dicom-receiver&must=deidentification&nice=open-source",
    "match-form": "/match",
    "questions": "/query",
    "question": "/query/counts-over-time?thing=idc",
    "sparql": "/sparql",
    "overview": "/overview",
    "vocabularies": "/vocabulary",
    "vocabulary": "/vocabulary/access",
    "ontology": "/ontology",
    "history": "/history",
    "data": "/data",
    "about": "/about",
    "interface": "/docs",
    "list": "/software",
    "contribute": "/contribute",
    "contribute-form": "/contribute/archive",
    "mistake": "/mistake?page=/archive/tcia",
    "todo": "/todo",
    "missing": "/archive/give-a-scam",
    "refused": "/?modalty=ct",
}
"""One address of every kind of page, by the name of its picture."""


def chromium() -> str:
    """The browser's program; without one the tests are skipped, or fail where `CI=true`."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        found = None
    if found and AXE.exists():
        return found
    reason = "chromium, playwright or axe-core is missing; `make browser` gets them"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def engine() -> Iterator[Browser]:
    """A browser, headless."""
    program = chromium()
    from playwright.sync_api import sync_playwright

    SCREENSHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


def visit(context: BrowserContext, home: str) -> tuple[Page, list[str]]:
    """A page that notes every message of trouble and every request to another origin."""
    page, trouble = context.new_page(), []
    page.on("console", lambda message: trouble.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on(
        "request",
        lambda request: None if request.url.startswith((home, "data:", "blob:")) else trouble.append(request.url),
    )
    return page, trouble


@pytest.fixture
def page(engine: Browser, home: str) -> Iterator[Page]:
    """A new visitor; nothing may go wrong in the console, and nothing be asked of another origin."""
    context = engine.new_context(base_url=home, viewport={"width": 1280, "height": 900})
    page, trouble = visit(context, home)
    yield page
    context.close()
    assert [each for each in trouble if not each.startswith("Failed to load resource: the server responded with")] == []


def barriers(page: Page) -> list[str]:
    """What axe-core finds on the page: rule, help, and where."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {each['help']} at {each['nodes'][0]['target']} {each['nodes'][0]['html'][:200]}"
        for each in found["violations"]
    ]


def pictured(page: Page, name: str) -> list[str]:
    """The barriers of the page as it looks now, of which a picture is kept."""
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    return barriers(page)


def tab_to(page: Page, selector: str, most: int = 200) -> int:
    """Presses Tab until the element is focused; the number of presses. Fails when it is never reached."""
    for presses in range(1, most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return presses
    raise AssertionError(f"{selector} cannot be reached by keyboard")


class TestNoBarrier:
    @pytest.mark.parametrize("name", PAGES)
    def test_axe(self, page: Page, name: str) -> None:
        """axe-core finds nothing on any kind of page, light, dark or narrow; at 320 px only tables scroll sideways."""
        page.goto(PAGES[name], wait_until="load")
        found = {"light": pictured(page, f"{name}-light")}
        page.emulate_media(color_scheme="dark")
        found["dark"] = pictured(page, f"{name}-dark")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 320, "height": 800})
        found["narrow"] = pictured(page, f"{name}-320")
        assert found == {"light": [], "dark": [], "narrow": []}
        assert page.evaluate("document.documentElement.scrollWidth") <= 320

    def test_everything_open(self, page: Page) -> None:
        """What is folded away holds no barrier either."""
        for path in (PAGES["found"], PAGES["archive"], PAGES["overview"], PAGES["interface"]):
            page.goto(path)
            page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
            assert barriers(page) == []


class TestJobs:
    def test_find_data(self, page: Page) -> None:
        """By keyboard alone: to the search field, the words, Enter, the first find: five interactions."""
        page.goto("/")
        page.keyboard.press("/")
        page.keyboard.type("chest CT of lung cancer that I may use commercially")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?q=**")
        assert "match" in page.locator("#found").inner_text()
        assert page.get_by_role("link", name="LIDC-IDRI").count() == 1
        tab_to(page, ".rows .name a")
        page.keyboard.press("Enter")
        page.wait_for_url("**/collection/**")
        assert page.get_by_role("heading", name="May I use it?").is_visible()
        assert page.locator(".verdicts .answer.yes").first.is_visible()

    def test_choose_software(self, page: Page) -> None:
        """By keyboard alone: choose software, two musts, rank; the first that fit and who runs them are in sight."""
        page.goto("/")
        tab_to(page, ".menu a[href='/match']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/match")
        for name in ("dicom-receiver", "deidentification"):
            tab_to(page, f"select[name={name}]")
            page.keyboard.press("m")
        tab_to(page, "form#requirements button")
        page.keyboard.press("Enter")
        page.wait_for_url("**/match?**")
        assert "must=" not in page.url or "dicom-receiver" in page.url
        first = page.locator(".ranked > li").first
        assert first.locator(".answer.yes").count() == 2
        assert "Run by" in first.inner_text()
        assert page.get_by_role("link", name="XNAT Central").is_visible()

    def test_without_scripts(self, engine: Browser, home: str) -> None:
        """With scripts off the same pages answer both jobs."""
        context = engine.new_context(base_url=home, java_script_enabled=False)
        page = context.new_page()
        page.goto("/")
        page.fill("#q", "chest CT lung cancer commercial use")
        page.press("#q", "Enter")
        assert page.get_by_role("link", name="LIDC-IDRI").is_visible()
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Choose software").click()
        page.select_option("select[name=dicom-receiver]", "must")
        page.select_option("select[name=deidentification]", "must")
        page.get_by_role("button", name="Rank the software").first.click()
        assert page.get_by_role("heading", name="These fit").is_visible()
        page.goto("/sparql")
        page.get_by_role("button", name="Ask").click()
        assert page.locator("#answer table").is_visible()
        context.close()


class TestWays:
    def test_facets(self, page: Page) -> None:
        """Facets are links: one narrows, its chip lets go again."""
        page.goto("/")
        everything = page.locator("#found").inner_text()
        page.locator(".facets").get_by_role("link", name="Computed tomography").click()
        page.wait_for_url("**modality=ct**")
        assert page.locator("#found").inner_text() != everything
        page.locator(".chosen .chip").first.click()
        page.wait_for_url(lambda url: "modality" not in url)
        assert page.locator("#found").inner_text() == everything

    def test_compare(self, page: Page) -> None:
        """Two ticks and a button lead to the table, with date and source in the cells."""
        page.goto("/?type=archive")
        ticks = page.locator("input[name=thing]")
        ticks.nth(0).check()
        assert page.locator("[data-compare]").is_disabled()
        ticks.nth(1).check()
        page.get_by_role("button", name="Compare 2 ticked").click()
        page.wait_for_url("**/compare?**")
        assert page.locator("table.compare thead th").count() == 2
        assert page.locator("table.compare td small").first.is_visible()

    def test_question(self, page: Page) -> None:
        """A question is narrowed by its form, and shows table, picture and SPARQL."""
        page.goto("/query/counts-over-time")
        page.fill("#p-thing", "idc")
        page.get_by_role("button", name="Ask").click()
        page.wait_for_url("**thing=idc")
        assert page.get_by_role("heading", level=1).inner_text().startswith("What is the newest")
        assert page.locator("figure svg").is_visible()
        page.get_by_text("Show the query").click()
        assert "VALUES ?thing" in page.locator("#sparql").inner_text()

    def test_print(self, page: Page) -> None:
        """On paper it is light whatever the screen is; what was looked for is said, and what is folded away is shown."""
        page.emulate_media(media="print", color_scheme="dark")
        page.goto(PAGES["found"])
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.get_by_role("heading", level=1).bounding_box()["height"] > 20  # type: ignore[index]
        assert page.locator(".facets").is_hidden()
        page.goto(PAGES["large-archive"])
        assert page.locator("figure table").first.is_visible()

    def test_pictures_on_a_phone(self, page: Page) -> None:
        """On a phone the letters of pictures can be read, and a picture that is wider than the screen can be moved."""
        page.set_viewport_size({"width": 320, "height": 800})
        page.goto("/overview")
        for picture in page.locator("svg.chart").all():
            scale = picture.evaluate("each => each.getBoundingClientRect().width / each.viewBox.baseVal.width")
            assert 12 * scale >= 8.5
        assert page.locator("figure > .scroll").first.get_attribute("tabindex") == "0"

    def test_dark(self, page: Page) -> None:
        """Dark is one press away, and stays chosen on the next page."""
        page.goto("/")
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.get_by_role("button", name="Dark colors").click()
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.goto("/about")
        assert (light != dark, page.evaluate("getComputedStyle(document.body).backgroundColor")) == (True, dark)


class TestEditor:
    def test_answer(self, page: Page) -> None:
        """Ctrl-Enter asks; the answer is a table with labels that lead to our pages."""
        page.goto("/sparql", wait_until="networkidle")
        page.locator(".CodeMirror").click()
        page.keyboard.press("Control+Enter")
        page.locator("#shown table").wait_for()
        assert page.locator("#outcome").inner_text().endswith("rows")
        assert page.locator("#shown a[href^='/archive/']").count() > 1
        assert page.locator("#shown a[href='/archive/idc']").inner_text() == "NCI Imaging Data Commons"
        assert page.locator("#progress").inner_text().startswith("Answered in")
        assert barriers(page) == []

    def test_completion(self, page: Page) -> None:
        """Properties of the subject's class come first, values from the property's vocabulary; prefixes are added."""
        page.goto("/sparql", wait_until="networkidle")
        page.evaluate("surveyEditor.setValue('SELECT * WHERE { ?x a survey:Software ; survey:cap')")
        page.evaluate("surveyEditor.focus(); surveyEditor.getDoc().setCursor(0, 1000)")
        page.keyboard.press("Control+Space")
        hints = page.locator(".CodeMirror-hint")
        hints.first.wait_for()
        assert "survey:capability" in hints.first.inner_text()
        page.keyboard.press("Enter")
        page.keyboard.type(" dicom-rec")
        page.keyboard.press("Control+Space")
        page.locator(".CodeMirror-hint", has_text="DICOM receiver").wait_for()
        page.keyboard.press("Enter")
        assert "capability:dicom-receiver" in page.evaluate("surveyEditor.getValue()")
        page.wait_for_function("surveyEditor.getValue().includes('PREFIX capability:')")

    def test_mistake(self, page: Page) -> None:
        """A mistake is told with its place, and the page stays."""
        page.goto("/sparql", wait_until="networkidle")
        page.evaluate("surveyEditor.setValue('SELECT WHERE {')")
        page.get_by_role("button", name="Ask").click()
        page.locator("#shown .problem").wait_for()
        assert page.locator("#outcome").inner_text() == "The query is not valid SPARQL"

    def test_stop(self, page: Page) -> None:
        """A long query shows that it runs and can be stopped."""
        page.goto("/sparql", wait_until="networkidle")
        page.evaluate("surveyEditor.setValue('SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }')")
        page.get_by_role("button", name="Ask").click()
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Stopped.").wait_for()
        assert page.get_by_role("button", name="Stop").is_hidden()

    def test_leaving(self, page: Page) -> None:
        """The keyboard is not caught in the editor."""
        page.goto("/sparql", wait_until="networkidle")
        page.locator(".CodeMirror").click()
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.id") == "run"
