//! A browser of one's own for each test, and what every view is checked for.

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use tempfile::TempDir;

/// What a browser is like.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Window, CSS pixels.
    pub size: (u32, u32),
    /// Pages may run scripts.
    pub javascript: bool,
    /// Cookies of other sites are kept in frames.
    pub third_party_cookies: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            size: (1280, 1000),
            javascript: true,
            third_party_cookies: true,
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

struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Driver {
    /// Starts chromedriver on a free port; none where it is not installed.
    fn start() -> Option<(Self, u16)> {
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
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, port) = line.split_once("on port ")?;
                port.trim_end_matches('.')
                    .parse()
                    .ok()
                    .filter(|port| *port != 0)
            })
            .expect("chromedriver says its port");
        // What it says later is read and dropped: a full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Some((Self(child), port))
    }
}

/// Runs a test in a browser, or says that it was skipped.
pub fn in_browser(test: &str, options: Options, work: impl AsyncFnOnce(&Browser)) {
    let turn = Turn::take();
    let Some((driver, port)) = Driver::start() else {
        assert!(
            std::env::var_os("TEST_REQUIRES_BROWSER").is_none(),
            "{test}: chromedriver is not installed"
        );
        eprintln!("SKIPPED {test}: chromedriver is not installed");
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
    let capabilities = json!({
        "browserName": "chrome",
        "goog:loggingPrefs": { "performance": "ALL", "browser": "ALL" },
        "goog:chromeOptions": {
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
                "--hide-scrollbars", format!("--window-size={width},{height}"), format!("--user-data-dir={}", profile.display()),
            ],
            "prefs": {
                "profile.managed_default_content_settings.javascript": if options.javascript { 1 } else { 2 },
                "profile.cookie_controls_mode": if options.third_party_cookies { 0 } else { 1 },
                "profile.block_third_party_cookies": !options.third_party_cookies,
            },
        },
    });
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

    /// The text of the first element that the selector finds, waited for.
    pub async fn text(&self, css: &str) -> String {
        let element = self.client.wait().for_element(Locator::Css(css)).await;
        let element = element.unwrap_or_else(|error| panic!("{css}: {error}"));
        element.text().await.unwrap()
    }

    pub async fn click(&self, css: &str) {
        let element = self.client.wait().for_element(Locator::Css(css)).await;
        let element = element.unwrap_or_else(|error| panic!("{css}: {error}"));
        element.click().await.unwrap();
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
            std::fs::write(Path::new(&folder).join(format!("{name}.png")), png).unwrap();
        }
    }

    async fn log(&self, kind: &'static str) -> Vec<Value> {
        let entries = self.client.issue_cmd(Log(kind)).await.unwrap();
        entries.as_array().cloned().unwrap_or_default()
    }

    /// Everything that every view must hold: axe-core finds nothing, nothing was asked of another origin, nothing moved, and
    /// the browser complained of nothing.
    pub async fn check(&self, view: &str) {
        self.picture(view).await;
        let here = self.url().await.origin().ascii_serialization();
        for entry in self.log("performance").await {
            let message: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let message = &message["message"];
            if message["method"] == "Network.requestWillBeSent" {
                let url = message["params"]["request"]["url"].as_str().unwrap();
                // The browser's own page of a new tab comes first.
                let is_ours = [here.as_str(), "data:", "chrome://"]
                    .iter()
                    .any(|start| url.starts_with(start));
                assert!(is_ours, "{view} asked {url}");
            }
        }
        let complaints: Vec<Value> = self.log("browser").await;
        assert!(complaints.is_empty(), "{view}: {complaints:?}");
        let shift = self
            .run("return new Promise(done => { let sum = 0; new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value; }).observe({ type: 'layout-shift', buffered: true }); requestAnimationFrame(() => requestAnimationFrame(() => done(sum))); });")
            .await;
        assert_eq!(shift.as_f64(), Some(0.0), "{view}: layout shift");
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

    /// Whether the view can be scrolled sideways.
    pub async fn is_wider_than_the_window(&self) -> bool {
        self.run(
            "return document.documentElement.scrollWidth > document.documentElement.clientWidth;",
        )
        .await
            == true
    }
}
