//! Markdown to a page: sections with anchors, tables that a screen reader and a phone can use, one style and no script.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A document cut at its headings.
#[derive(Debug, PartialEq)]
pub(super) struct Page {
    /// The heading of the first level.
    pub title: String,
    /// What stands before the first section, HTML.
    pub lead: String,
    /// The sections.
    pub sections: Vec<Section>,
}

/// What stands below a heading of the second level.
#[derive(Debug, PartialEq)]
pub(super) struct Section {
    /// Anchor.
    pub id: String,
    /// Heading.
    pub title: String,
    /// Everything below it, HTML.
    pub html: String,
}

impl Page {
    /// Cuts and renders Markdown. HTML in it is shown, not obeyed.
    pub(super) fn new(markdown: &str) -> Self {
        let mut page = Self {
            title: String::new(),
            lead: String::new(),
            sections: Vec::new(),
        };
        let mut events = Vec::new();
        let mut heading: Option<(HeadingLevel, String)> = None;
        let mut label = String::new();
        for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    heading = Some((level, String::new()));
                }
                Event::End(TagEnd::Heading(_)) => {
                    let Some((level, text)) = heading.take() else {
                        continue;
                    };
                    match level {
                        HeadingLevel::H1 => page.title.clone_from(&text),
                        HeadingLevel::H2 => {
                            page.close(&mut events);
                            let id = page.anchor(&text);
                            page.sections.push(Section {
                                id,
                                title: text.clone(),
                                html: String::new(),
                            });
                        }
                        level => events.extend([
                            Event::Start(Tag::Heading {
                                level,
                                id: None,
                                classes: Vec::new(),
                                attrs: Vec::new(),
                            }),
                            Event::Text(text.clone().into()),
                            Event::End(TagEnd::Heading(level)),
                        ]),
                    }
                    label = text;
                }
                Event::Text(text) | Event::Code(text) if heading.is_some() => {
                    if let Some((_, title)) = &mut heading {
                        title.push_str(&text);
                    }
                }
                // A wide table scrolls by itself, also by the keyboard.
                Event::Start(Tag::Table(columns)) => {
                    let label = label.replace('&', "&amp;").replace('"', "&quot;");
                    let label = label.replace('<', "&lt;");
                    events.push(Event::Html(
                        format!("<div class=\"table\" role=\"group\" tabindex=\"0\" aria-label=\"{label}\">").into(),
                    ));
                    events.push(Event::Start(Tag::Table(columns)));
                }
                Event::End(TagEnd::Table) => {
                    events.push(Event::End(TagEnd::Table));
                    events.push(Event::Html(CowStr::Borrowed("</div>\n")));
                }
                Event::Html(text) | Event::InlineHtml(text) => events.push(Event::Text(text)),
                event => events.push(event),
            }
        }
        page.close(&mut events);
        page
    }

    /// Renders what was collected into the section that ends here.
    fn close(&mut self, events: &mut Vec<Event<'_>>) {
        let mut text = String::new();
        html::push_html(&mut text, events.drain(..));
        let text = with_scopes(&text);
        match self.sections.last_mut() {
            Some(section) => section.html = text,
            None => self.lead = text,
        }
    }

    fn anchor(&self, title: &str) -> String {
        let mut id = String::new();
        for c in title.chars() {
            if c.is_alphanumeric() {
                id.extend(c.to_lowercase());
            } else if !id.is_empty() && !id.ends_with('-') {
                id.push('-');
            }
        }
        let id = id.trim_end_matches('-').to_owned();
        let same = self.sections.iter().filter(|s| s.id.starts_with(&id));
        match same.count() {
            0 => id,
            n => format!("{id}-{}", n + 1),
        }
    }

    /// For the layout.
    pub(super) fn json(&self) -> Value {
        let sections = self.sections.iter();
        let sections = sections.map(|s| json!({ "id": s.id, "title": s.title, "html": s.html }));
        json!({ "title": self.title, "lead": self.lead, "sections": sections.collect::<Vec<_>>() })
    }
}

/// Tables with what assistive technology needs: the first row heads the columns, the first cell of each other row heads the
/// row. An empty corner heads nothing. Columns of numbers get a class, as the policy forbids styles in attributes.
fn with_scopes(html: &str) -> String {
    // Text is escaped: a tag in this text is one of the renderer's.
    let html = html
        .replace(
            "<th style=\"text-align: right\">",
            "<th scope=\"col\" class=\"number\">",
        )
        .replace("<th>", "<th scope=\"col\">")
        .replace("<td style=\"text-align: right\">", "<td class=\"number\">");
    let mut scoped = String::with_capacity(html.len());
    let mut rest = html.as_str();
    while let Some((before, row)) = rest.split_once("<tr><td") {
        scoped.push_str(before);
        scoped.push_str("<tr><th scope=\"row\"");
        let (first, others) = row.split_once("</td>").unwrap_or((row, ""));
        scoped.push_str(first);
        scoped.push_str("</th>");
        rest = others;
    }
    scoped.push_str(rest);
    scoped.replace("<th scope=\"col\"></th>", "<td></td>")
}

/// The `Content-Security-Policy` of a page whose only style is this.
pub(super) fn policy(style: &str) -> String {
    let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_cut_at_its_headings() {
        let page =
            Page::new("# Title\n\nlead\n\n## One & two\n\ntext\n\n### Below\n\n## One two\n");
        assert_eq!(page.title, "Title");
        assert_eq!(page.lead, "<p>lead</p>\n");
        let ids: Vec<&str> = page.sections.iter().map(|s| s.id.as_str()).collect();
        assert_eq!(ids, ["one-two", "one-two-2"]);
        assert_eq!(page.sections[0].title, "One & two");
        assert!(page.sections[0].html.contains("<h3>Below</h3>"));
    }

    #[test]
    fn every_head_of_a_table_has_its_scope_and_nothing_a_style() {
        let page = Page::new("# T\n\n## \"S\"\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n| 3 | 4 |\n");
        let html = &page.sections[0].html;
        assert_eq!(
            html.replace('\n', ""),
            "<div class=\"table\" role=\"group\" tabindex=\"0\" aria-label=\"&quot;S&quot;\"><table><thead><tr>\
             <th scope=\"col\">a</th><th scope=\"col\" class=\"number\">b</th></tr></thead><tbody>\
             <tr><th scope=\"row\">1</th><td class=\"number\">2</td></tr>\
             <tr><th scope=\"row\">3</th><td class=\"number\">4</td></tr></tbody></table></div>"
        );
    }

    #[test]
    fn an_empty_corner_heads_nothing() {
        let page = Page::new("# T\n\n## S\n\n| | a |\n|---|---|\n| 1 | 2 |\n");
        let html = page.sections[0].html.replace('\n', "");
        assert!(
            html.contains("<thead><tr><td></td><th scope=\"col\">a</th></tr></thead>"),
            "{html}"
        );
    }

    #[test]
    fn html_in_markdown_is_shown() {
        let page = Page::new("# T\n\n<script>alert(1)</script>\n\na <b>c</b>\n");
        assert!(!page.lead.contains("<script"), "{}", page.lead);
        assert!(!page.lead.contains("<b>"), "{}", page.lead);
        assert!(page.lead.contains("&lt;b&gt;"), "{}", page.lead);
    }

    #[test]
    fn the_policy_names_the_style() {
        // printf 'p{}' | openssl dgst -sha256 -binary | base64
        let expected = "style-src 'sha256-gG2yISYereRMiG2lMXrbiUgi0Ubw9p7QCeWcroOvy9Y='";
        assert!(policy("p{}").contains(expected));
    }
}
