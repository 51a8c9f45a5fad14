//! With the keyboard alone: from the list to the dismissed card, and from the card to the assessment.

use super::{Browser, Options, in_browser};
use crate::support::Server;
use fantoccini::key::Key;

/// Steps to anything on a page, at most.
const MOST_TABS: usize = 60;

#[test]
fn keyboard_only() {
    let server = Server::sandbox();
    in_browser("keyboard_only", Options::default(), async |browser| {
        browser.open(&format!("{}/", server.url)).await;
        browser.press(Key::Tab).await;
        assert_focus(browser).await;
        assert!(
            is_focused(browser, ".skip").await,
            "the skip link comes first"
        );
        let top = browser
            .run("return document.activeElement.getBoundingClientRect().top;")
            .await;
        assert!(top.as_f64() >= Some(0.0), "and can be seen: {top}");
        browser.press(Key::Enter).await;
        assert!(
            is_focused(browser, "main").await,
            "and leads to the content"
        );

        tab_to(browser, "#q").await;
        browser.type_keys("textbook-fdg-only").await;
        browser.press(Key::Enter).await;
        browser.find(".search a[href='/']").await;
        tab_to(browser, ".patients th a").await;
        browser.press(Key::Enter).await;
        browser.find("#card").await;

        tab_to(browser, ".links a.button").await;
        tab_to(browser, ".dismiss summary").await;
        browser.press(Key::Enter).await;
        browser.press(Key::Tab).await;
        assert!(is_focused(browser, ".dismiss select").await);
        // The first letters of a reason choose it.
        browser.type_keys("Already").await;
        browser.press(Key::Tab).await;
        browser.type_keys("by keyboard").await;
        browser.press(Key::Tab).await;
        assert!(is_focused(browser, ".dismiss button").await);
        assert_focus(browser).await;
        browser.press(Key::Enter).await;
        let dismissed = browser.text(".card.dismissed").await;
        assert!(dismissed.contains("Already discussed"), "{dismissed}");
        tab_to(browser, "nav a[href='/feedback']").await;
        browser.press(Key::Enter).await;
        let rows = browser.text("section[aria-labelledby=latest]").await;
        assert!(rows.contains("by keyboard"), "{rows}");
    });
}

#[test]
fn keyboard_only_in_the_app() {
    let server = Server::sandbox();
    in_browser(
        "keyboard_only_in_the_app",
        Options::default(),
        async |browser| {
            super::steps::start_app(browser, &server.url, "pet-preliminary-only").await;
            tab_to(browser, "button[value=allow]").await;
            browser.press(Key::Enter).await;
            browser.find("section.result").await;
            browser.press(Key::Tab).await;
            assert!(
                is_focused(browser, ".skip").await,
                "the skip link comes first"
            );
            tab_to(browser, ".print").await;
            tab_to(browser, "[data-whatif] input").await;
            browser.press(Key::Down).await;
            let hypothetical = browser.text(".hypothetical").await;
            assert!(hypothetical.contains("FDG"), "{hypothetical}");
            assert!(is_focused(browser, "[data-whatif] input[value=yes]").await);
            assert_focus(browser).await;
            tab_to(browser, "footer button").await;
            browser.press(Key::Enter).await;
            browser.find("main h1").await;
            assert!(!browser.has("section.result").await, "it was ended");
        },
    );
}

/// Goes on by Tab to what the selector finds; on the way every focus can be seen, and the order is that of the page.
async fn tab_to(browser: &Browser, css: &str) {
    for _ in 0..MOST_TABS {
        browser.run("window.before = document.activeElement;").await;
        browser.press(Key::Tab).await;
        assert_focus(browser).await;
        if is_focused(browser, css).await {
            return;
        }
    }
    panic!("{css} cannot be reached: {}", browser.everything().await);
}

async fn is_focused(browser: &Browser, css: &str) -> bool {
    let script = format!("return document.activeElement.matches({css:?});");
    browser.run(&script).await == true
}

async fn assert_focus(browser: &Browser) {
    let seen = browser.run("\
        const e = document.activeElement, s = getComputedStyle(e);
        if (e === document.body || e.matches(':focus-visible') && s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2) return 'seen';
        return e.outerHTML.slice(0, 200) + s.outline;").await;
    assert_eq!(seen, "seen");
    let order = browser.run("\
        const e = document.activeElement, b = window.before;
        if (!b || e === document.body || b === document.body || b === e || b.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING) return 'after';
        return b.outerHTML.slice(0, 200) + e.outerHTML.slice(0, 200);").await;
    assert_eq!(order, "after", "the order of the focus is that of the page");
}
