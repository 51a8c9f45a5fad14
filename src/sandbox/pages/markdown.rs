//! GitHub-flavoured Markdown of a card as HTML that does nothing: no raw HTML, no image, no link but `http(s)`.

use pulldown_cmark::{Alignment, Event, Options, Parser, Tag, TagEnd, html};

/// Renders a card's detail.
pub fn rendered(markdown: &str) -> String {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut shown_links = Vec::new();
    let events = Parser::new_ext(markdown, options).filter_map(|event| match event {
        // Shown as the text that it is.
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => None,
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { ref dest_url, .. }) => {
            let is_web = dest_url.starts_with("https://") || dest_url.starts_with("http://");
            shown_links.push(is_web);
            is_web.then_some(event)
        }
        Event::End(TagEnd::Link) => (shown_links.pop() == Some(true)).then_some(event),
        // Alignment would be a style in the page, which its policy forbids.
        Event::Start(Tag::Table(columns)) => Some(Event::Start(Tag::Table(
            columns.iter().map(|_| Alignment::None).collect(),
        ))),
        other => Some(other),
    });
    let mut out = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut out, events);
    // Text has no "<" any more, so these are tags of the renderer. A wide table scrolls in a box of its own, which the keyboard
    // reaches; the page keeps its width.
    out.replace(
        "<table>",
        "<section class=\"scroll\" aria-label=\"Table of the card\" tabindex=\"0\"><table>",
    )
    .replace("</table>", "</table></section>")
    .replace("<th>", "<th scope=\"col\">")
    .replace(
        "<a href=",
        "<a rel=\"noopener noreferrer\" target=\"_blank\" href=",
    )
}

#[cfg(test)]
mod tests {
    use super::rendered;

    #[test]
    fn nothing_of_it_acts() {
        for (markdown, never) in [
            ("<script>alert(1)</script>", "<script"),
            ("a <img src=x onerror=alert(1)> b", "<img"),
            ("<!-- x --><iframe src=y></iframe>", "<iframe"),
            ("[x](javascript:alert(1))", "href"),
            ("[x](JAVASCRIPT:alert(1))", "href"),
            ("<javascript:alert(1)>", "href"),
            ("[x](data:text/html,y)", "href"),
            ("[x](//evil.example.org)", "href"),
            ("![x](https://evil.example.org/pixel.png)", "<img"),
            (
                "[![x](https://a.example/p.png)](javascript:alert(1))",
                "href",
            ),
            ("[x](https://a.example/\"onclick=alert(1))", "\"onclick"),
            ("| <b>x</b> |\n|---|\n| <table> |", "<b>"),
            ("| x |\n|--:|\n| y |", "style"),
        ] {
            let html = rendered(markdown);
            assert!(!html.contains(never), "{markdown} -> {html}");
        }
    }

    #[test]
    fn what_a_card_has_is_shown() {
        let html = rendered(
            "**a** *b*\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n- [c](https://c.example/?a=1&b=2)",
        );
        for part in [
            "<strong>a</strong>",
            "<em>b</em>",
            "<th scope=\"col\">x</th>",
            "<td>2</td>",
            "href=\"https://c.example/?a=1&amp;b=2\"",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
