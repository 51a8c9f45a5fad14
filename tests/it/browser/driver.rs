//! A browser of one's own for each test, and what every view is checked for.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::error::{CmdError, ErrorStatus};
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A browser that does not get there by then never will.
const PATIENCE: Duration = Duration::from_secs(30);

/// Chromium makes no window narrower than this; a smaller screen is emulated, with the viewport of a phone.
const NARROWEST_WINDOW: u32 = 500;

/// Cumulative layout shift of a view, a tenth of what is called good.
const MOST_LAYOUT_SHIFT: f64 = 0.01;

/// What a browser is like.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Window, CSS pixels.
    pub size: (u32, u32),
    /// Pages may run scripts.
    pub javascript: bool,
    /// Cookies of other sites are kept in frames.
    pub third_party_cookies: bool,
    /// Pages of 127.0.0.1 keep no cookie at all, partitioned or not, while they stand in a frame of localhost.
    pub cookies_in_our_frame: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            size: (1280, 1000),
            javascript: true,
            third_party_cookies: true,
            cookies_in_our_frame: true,
        }
    }
}

/// Headless Chromium with a profile of its own.
pub struct Browser {
    pub client: Client,
    _driver: Driver,
    _profile: TempDir,
    _turn: Turn,
}

/// Few browsers at a time: each takes a core.
struct Turn;

static FREE: (Mutex<u32>, Condvar) = (Mutex::new(2), Condvar::new());

impl Turn {
    fn take() -> Self {
        let (free, given_back) = &FREE;
        let mut free = free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = given_back
                .wait(free)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (free, given_back) = &FREE;
        *free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        given_back.notify_one();
    }
}

struct Driver {
    process: Child,
    port: Option<u16>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It takes its browsers along, also those of a test that failed.
        if let Some(port) = self.port {
            let _ = ureq::get(format!("http://127.0.0.1:{port}/shutdown")).call();
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Driver {
    /// Starts chromedriver on a free port; none where it is not installed.
    fn start() -> Option<(Self, u16)> {
        // It looks for a port that is free by IPv4 and IPv6, and ends when another took it in between.
        for _ in 0..5 {
            let (mut driver, mut lines) = Self::spawn()?;
            let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
                let (_, port) = line.split_once("on port ")?;
                let port = port.trim_end_matches('.').parse().ok();
                port.filter(|port| *port != 0)
            });
            if let Some(port) = port {
                // What it says later is read and dropped: a full pipe would stop it.
                std::thread::spawn(move || lines.for_each(drop));
                driver.port = Some(port);
                return Some((driver, port));
            }
            driver.process.wait().unwrap();
        }
        panic!("chromedriver ends without saying its port");
    }

    fn spawn() -> Option<(Self, Lines<BufReader<ChildStdout>>)> {
        let started = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => panic!("chromedriver: {error}"),
        };
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let driver = Self {
            process: child,
            port: None,
        };
        Some((driver, lines))
    }
}

/// Says that a test was skipped; where nothing may be skipped it fails.
fn skipped(test: &str, why: &str) {
    assert!(
        std::env::var_os("TEST_REQUIRES_BROWSER").is_none(),
        "{test}: {why}"
    );
    eprintln!("SKIPPED {test}: {why}");
}

/// Whether the packages that `tests/browser/package.json` names are not there.
fn packages_are_missing(test: &str) -> bool {
    let is_missing = !std::path::Path::new("tests/browser/node_modules/axe-core").exists();
    if is_missing {
        skipped(test, "no packages: (cd tests/browser && npm ci)");
    }
    is_missing
}

/// Whether html-validate, or the Node that runs it, is not there.
pub fn validator_is_missing(test: &str) -> bool {
    let has_node = Command::new("node").arg("--version").output().is_ok();
    if !has_node {
        skipped(test, "node is not installed");
    }
    !has_node || packages_are_missing(test)
}

/// Runs a test in a browser, or says that it was skipped.
pub fn in_browser(test: &str, options: Options, work: impl AsyncFnOnce(&Browser)) {
    if packages_are_missing(test) {
        return;
    }
    let turn = Turn::take();
    let Some((driver, port)) = Driver::start() else {
        skipped(test, "chromedriver is not installed");
        return;
    };
    actix_web::rt::System::new().block_on(async move {
        let profile = tempfile::tempdir().unwrap();
        let browser = Browser {
            client: connect(port, profile.path(), options).await,
            _driver: driver,
            _profile: profile,
            _turn: turn,
        };
        work(&browser).await;
        browser.client.clone().close().await.unwrap();
    });
}

async fn connect(port: u16, profile: &Path, options: Options) -> Client {
    let (width, height) = options.size;
    let frame = match options.cookies_in_our_frame {
        true => json!({}),
        // 2 is "block".
        false => json!({ "127.0.0.1,localhost": { "setting": 2 } }),
    };
    let mut capabilities = json!({
        "browserName": "chrome",
        "goog:loggingPrefs": { "performance": "ALL", "browser": "ALL" },
        "goog:chromeOptions": {
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
                // Nothing still moves when it is clicked.
                "--force-prefers-reduced-motion",
                "--hide-scrollbars", format!("--window-size={width},{height}"), format!("--user-data-dir={}", profile.display()),
            ],
            "prefs": {
                "profile.managed_default_content_settings.javascript": if options.javascript { 1 } else { 2 },
                "profile.cookie_controls_mode": if options.third_party_cookies { 0 } else { 1 },
                "profile.block_third_party_cookies": !options.third_party_cookies,
                "profile.content_settings.exceptions.cookies": frame,
            },
        },
    });
    if width < NARROWEST_WINDOW {
        capabilities["goog:chromeOptions"]["mobileEmulation"] = json!({ "deviceMetrics": {
            "width": width, "height": height, "pixelRatio": 1.0, "mobile": true, "touch": false,
        } });
    }
    let capabilities = capabilities.as_object().unwrap().clone();
    ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await
        .expect("a session with chromedriver")
}

/// Chromedriver's own command for what the browser logged since the last time.
#[derive(Debug)]
struct Log(&'static str);

impl WebDriverCompatibleCommand for Log {
    fn endpoint(
        &self,
        base_url: &url::Url,
        session_id: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base_url.join(&format!(
            "session/{}/se/log",
            session_id.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (ureq::http::Method, Option<String>) {
        (
            ureq::http::Method::POST,
            Some(json!({ "type": self.0 }).to_string()),
        )
    }
}

impl Browser {
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// The first element that the selector finds, waited for.
    pub async fn find(&self, css: &str) -> Element {
        let element = self.client.wait().for_element(Locator::Css(css)).await;
        match element {
            Ok(element) => element,
            Err(error) => panic!("{css}: {error}\n{}", self.everything().await),
        }
    }

    /// The text of the first element that the selector finds, waited for.
    pub async fn text(&self, css: &str) -> String {
        let mut text = self.find(css).await.text().await;
        // An element of the page that is just being left: found again, on the next one.
        for _ in 0..20 {
            if !matches!(&text, Err(CmdError::Standard(error)) if error.error == ErrorStatus::StaleElementReference)
            {
                break;
            }
            text = self.find(css).await.text().await;
        }
        text.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// An attribute of the first element that the selector finds; empty where it has none.
    pub async fn attribute(&self, css: &str, name: &str) -> String {
        let element = self.find(css).await;
        element.attr(name).await.unwrap().unwrap_or_default()
    }

    /// The texts of all elements that the selector finds now, shown or not.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent.replace(/\\s+/g, ' ').trim());";
        let texts = self.client.execute(script, vec![json!(css)]).await.unwrap();
        serde_json::from_value(texts).unwrap()
    }

    pub async fn has(&self, css: &str) -> bool {
        !self
            .client
            .find_all(Locator::Css(css))
            .await
            .unwrap()
            .is_empty()
    }

    pub async fn click(&self, css: &str) {
        // What is still being laid out, or is of the page before, cannot be clicked yet: found again, a bounded number of times.
        let mut clicked = self.find(css).await.click().await;
        for _ in 0..20 {
            if clicked.is_ok() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            clicked = self.find(css).await.click().await;
        }
        clicked.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Replaces what a field holds.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Chooses an option of a list by its value.
    pub async fn choose(&self, css: &str, value: &str) {
        self.find(css).await.select_by_value(value).await.unwrap();
    }

    /// Presses a key where the focus is.
    pub async fn press(&self, key: Key) {
        self.type_keys(&key).await;
    }

    /// Types where the focus is.
    pub async fn type_keys(&self, text: &str) {
        let mut keys = KeyActions::new("keyboard".into());
        for value in text.chars() {
            keys = keys
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value });
        }
        self.client.perform_actions(keys).await.unwrap();
    }

    /// Clicks a link that opens a tab, and goes on there.
    pub async fn click_to_new_tab(&self, css: &str) {
        let before = self.client.windows().await.unwrap();
        self.click(css).await;
        let given_up = Instant::now() + PATIENCE;
        loop {
            let windows = self.client.windows().await.unwrap();
            if let Some(new) = windows.into_iter().find(|window| !before.contains(window)) {
                return self.client.switch_to_window(new).await.unwrap();
            }
            assert!(Instant::now() < given_up, "{css} opens no tab");
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Closes this tab and goes back to the first.
    pub async fn close_tab(&self) {
        self.client.close_window().await.unwrap();
        let first = self.client.windows().await.unwrap().remove(0);
        self.client.switch_to_window(first).await.unwrap();
    }

    /// Address and text of the page, to be told when a test fails.
    pub async fn everything(&self) -> String {
        let text = self.client.find(Locator::Css("body")).await;
        let text = match text {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        let url = self.client.current_url().await;
        format!("{url:?}: {}", text.chars().take(1_500).collect::<String>())
    }

    pub async fn url(&self) -> url::Url {
        self.client.current_url().await.unwrap()
    }

    /// What a script returns.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// A picture of the whole window, kept in the folder that `SCREENSHOTS` names, if any.
    pub async fn picture(&self, name: &str) {
        if let Some(folder) = std::env::var_os("SCREENSHOTS") {
            let png = self.client.screenshot().await.unwrap();
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(
                Path::new(&folder).join(format!("{}.png", name.replace('/', "_"))),
                png,
            )
            .unwrap();
        }
    }

    async fn log(&self, kind: &'static str) -> Vec<Value> {
        let entries = self.client.issue_cmd(Log(kind)).await.unwrap();
        entries.as_array().cloned().unwrap_or_default()
    }

    /// Every address that was asked for since the last time.
    pub async fn asked(&self) -> Vec<String> {
        let entries = self.log("performance").await;
        let urls = entries.iter().filter_map(|entry| {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &message["message"];
            let is_request = message["method"] == "Network.requestWillBeSent";
            let url = message["params"]["request"]["url"].as_str()?;
            is_request.then(|| url.to_owned())
        });
        urls.collect()
    }

    /// Everything that every view must hold: axe-core finds nothing, nothing was asked of another origin, nothing moved, and
    /// the browser complained of nothing.
    pub async fn check(&self, view: &str) {
        self.picture(view).await;
        let here = self.url().await.origin().ascii_serialization();
        for url in self.asked().await {
            // The browser's own page of a new tab comes first.
            let is_ours = [here.as_str(), "data:", "chrome://"]
                .iter()
                .any(|start| url.starts_with(start));
            assert!(is_ours, "{view} asked {url}");
        }
        let mut complaints: Vec<Value> = self.log("browser").await;
        // That a page about a problem came with the status of the problem, here or on the way here, is no complaint about the
        // page; that a file of a page did not come is one.
        complaints.retain(|entry| {
            let message = entry["message"].as_str().unwrap_or_default();
            let is_answer = message.contains("the server responded with a status of ")
                && message.starts_with(&here)
                && !message.contains("/assets/");
            !is_answer
        });
        assert!(complaints.is_empty(), "{view}: {complaints:?}");
        let shifts = self
            .run("return new Promise(done => { const all = []; new PerformanceObserver(list => { for (const e of list.getEntries()) all.push(e.value + ' ' + e.sources.map(s => (s.node && s.node.outerHTML || '').slice(0, 80)).join(' | ')); }).observe({ type: 'layout-shift', buffered: true }); requestAnimationFrame(() => requestAnimationFrame(() => done(all))); });")
            .await;
        // Columns of a table settle by a few pixels when a busy browser paints half of a page. A move that anybody sees is more.
        let moved: f64 = shifts
            .as_array()
            .into_iter()
            .flatten()
            .map(|shift| {
                let score = shift.as_str().and_then(|shift| shift.split(' ').next());
                score.and_then(|score| score.parse().ok()).unwrap_or(1.0)
            })
            .sum();
        assert!(moved < MOST_LAYOUT_SHIFT, "{view}: layout shift: {shifts}");
        self.check_with_axe(view).await;
    }

    /// axe-core with the rules of WCAG 2.2 A and AA and best practice.
    pub async fn check_with_axe(&self, view: &str) {
        let axe = std::fs::read_to_string("tests/browser/node_modules/axe-core/axe.min.js")
            .expect("axe-core is not installed: (cd tests/browser && npm ci --ignore-scripts)");
        let script = format!(
            "{axe}; return axe.run(document, {{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }}).then(r => r.violations.map(v => v.id + ': ' + v.help + ' ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + ' ' + n.failureSummary).join(' | ')));"
        );
        let violations = self.run(&script).await;
        assert_eq!(violations, json!([]), "{view}");
    }

    /// The view cannot be scrolled sideways.
    pub async fn check_width(&self, view: &str) {
        let widths = self
            .run("return [document.documentElement.scrollWidth, document.documentElement.clientWidth, ...[...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !e.closest('.scroll, pre, .picture, .hidden, .unseen')).slice(0, 3).map(e => e.outerHTML.slice(0, 150))];")
            .await;
        assert!(widths[0].as_u64() <= widths[1].as_u64(), "{view}: {widths}");
    }
}
