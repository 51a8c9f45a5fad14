//! A browser as far as a launch needs one: it keeps cookies as their attributes say, follows redirects and clicks links.

use crate::operations::process::EXTERNAL_URL;
use crate::support::{Server, request};
use std::collections::BTreeMap;

/// Steps of a launch, at most: more would be a circle.
const MOST_STEPS: usize = 8;

/// A browser with a jar. A clone has the same cookies from then on its own.
#[derive(Clone)]
pub struct Browser {
    /// Where the service really is.
    server: String,
    pub cookies: BTreeMap<String, String>,
    /// As a browser does with what stands in a frame of another site.
    pub refuses_cookies: bool,
    /// Every address that was asked for.
    pub visited: Vec<String>,
}

/// What the browser shows in the end.
pub struct Page {
    pub url: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Page {
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(header, _)| header == name);
        header.map(|(_, value)| value.as_str())
    }

    /// `href` of the one link with this class.
    pub fn offer(&self) -> Option<(String, bool)> {
        let (_, rest) = self.body.split_once("<a class=\"offer\" href=\"")?;
        let (link, rest) = rest.split_once('"')?;
        let (attributes, _) = rest.split_once('>')?;
        let is_new_tab = attributes.contains("target=\"_blank\" rel=\"noopener\"");
        Some((unescape(link), is_new_tab))
    }
}

pub fn unescape(text: &str) -> String {
    let text = text.replace("&#x2f;", "/").replace("&quot;", "\"");
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

impl Browser {
    pub fn new(server: &Server) -> Self {
        Self {
            server: server.url.clone(),
            cookies: BTreeMap::new(),
            refuses_cookies: false,
            visited: Vec::new(),
        }
    }

    /// Another replica answers from now on.
    pub fn moves_to(&mut self, server: &Server) {
        self.server.clone_from(&server.url);
    }

    /// Goes to an address and on until a page is shown.
    pub fn go(&mut self, url: &str) -> Page {
        let mut url = url.to_owned();
        for _ in 0..MOST_STEPS {
            let page = self.step("GET", &url);
            match page.header("location") {
                Some(next) => url = next.to_owned(),
                None => return page,
            }
        }
        panic!("a circle: {:?}", self.visited);
    }

    /// Goes on until the next address begins with this, and returns it unvisited.
    pub fn go_until(&mut self, url: &str, stop: &str) -> String {
        let mut url = url.to_owned();
        for _ in 0..MOST_STEPS {
            if url.starts_with(stop) {
                return url;
            }
            let page = self.step("GET", &url);
            match page.header("location") {
                Some(next) => url = next.to_owned(),
                None => panic!("{} shows {}: {}", page.url, page.status, page.body),
            }
        }
        panic!("never at {stop}: {:?}", self.visited);
    }

    /// One request, no redirect followed.
    pub fn step(&mut self, method: &str, url: &str) -> Page {
        self.step_with(method, url, &[])
    }

    pub fn step_with(&mut self, method: &str, url: &str, more: &[(&str, &str)]) -> Page {
        let url = match url.strip_prefix('/') {
            Some(path) => format!("{EXTERNAL_URL}/{path}"),
            None => url.to_owned(),
        };
        self.visited.push(url.clone());
        let ours = url.strip_prefix(EXTERNAL_URL);
        let asked = match ours {
            Some(path) => format!("{}{path}", self.server),
            None => url.clone(),
        };
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let cookies = cookies.join("; ");
        let mut headers = more.to_vec();
        if ours.is_some() && !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        let body = (method == "POST").then(Vec::new);
        let answer = request(&asked, method, &headers, body, 0);
        if ours.is_some() && !self.refuses_cookies {
            for (_, cookie) in answer
                .headers
                .iter()
                .filter(|(name, _)| name == "set-cookie")
            {
                self.keep(cookie);
            }
        }
        Page {
            url,
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
        }
    }

    /// As browsers do: a name with `__Host-` is kept only with these attributes.
    fn keep(&mut self, cookie: &str) {
        let mut parts = cookie.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let attributes: Vec<&str> = parts.collect();
        assert!(name.starts_with("__Host-rrdtc-"), "{name}");
        for attribute in [
            "Path=/",
            "Secure",
            "HttpOnly",
            "SameSite=None",
            "Partitioned",
        ] {
            assert!(attributes.contains(&attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"));
        if attributes.contains(&"Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
