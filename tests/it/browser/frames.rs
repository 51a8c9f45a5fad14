//! The app in a frame of an EHR that is another site.

use super::{Browser, Options, in_browser, steps};
use crate::misbehaving::{Misbehaving, Reply};
use crate::support::{Server, clock, settings};
use rrdtc::server::{Application, OpenSmartClient, Startup};
use std::sync::{Arc, OnceLock};

/// An EHR's page at localhost with our app at 127.0.0.1 in a frame: two sites for a browser.
struct Framed {
    page: Misbehaving,
    _sandbox: Server,
}

impl Framed {
    fn of(patient: &str) -> Self {
        let sandbox = Server::sandbox();
        let launch = steps::launch_id(&sandbox, patient, None);
        let address = Arc::new(OnceLock::new());
        let shown = address.clone();
        let page = Misbehaving::start(move |request| {
            if request.target != "/" {
                return Reply::status(404);
            }
            let src: &String = shown.get().unwrap();
            let src = src.replace('&', "&amp;");
            Reply::text(
                "text/html; charset=utf-8",
                format!(
                    "<!DOCTYPE html><html lang=\"en\"><title>EHR</title><iframe src=\"{src}\" title=\"App\" width=\"1200\" height=\"900\"></iframe>"
                ),
            )
        });
        let ehr = page.url("localhost", "").origin().ascii_serialization();
        let iss = format!("{}/fhir", sandbox.url);
        let issuer = iss.parse().unwrap();
        let service = Server::run(async move || {
            Application::build(Startup {
                smart: Some(OpenSmartClient {
                    client_id: "framed".into(),
                    issuers: vec![issuer],
                    frame_ancestors: vec![ehr],
                }),
                ..Startup::new(settings(), clock())
            })
            .await
        });
        address
            .set(steps::launch_url(&service.url, &iss, &launch))
            .unwrap();
        Self {
            page,
            _sandbox: sandbox,
        }
    }

    async fn open(&self, browser: &Browser) {
        browser.open(self.page.url("localhost", "/").as_str()).await;
        browser.client.enter_frame(0).await.unwrap();
    }
}

#[test]
fn a_frame_with_third_party_cookies_blocked_keeps_the_partitioned_one() {
    let framed = Framed::of("textbook-fdg-only");
    let options = Options {
        third_party_cookies: false,
        ..Options::default()
    };
    in_browser("third_party_cookies_blocked", options, async |browser| {
        framed.open(browser).await;
        browser.click("button[value=allow]").await;
        browser.find("section.result").await;
        assert!(browser.has(".score .class.at-or-above-cutoff").await);
        browser.check_with_axe("assessment in a frame").await;
    });
}

#[test]
fn a_frame_that_keeps_no_cookie_offers_a_tab_where_the_launch_goes_on() {
    let framed = Framed::of("textbook-fdg-only");
    let options = Options {
        third_party_cookies: false,
        cookies_in_our_frame: false,
        ..Options::default()
    };
    in_browser("no_cookie_in_a_frame", options, async |browser| {
        framed.open(browser).await;
        let page = browser.text("main").await;
        assert!(page.contains(&steps::problem("no-cookie")), "{page}");
        browser.check_with_axe("no cookie in a frame").await;
        browser.click_to_new_tab("a.offer").await;
        steps::allow(browser).await;
        assert!(browser.has(".score .class.at-or-above-cutoff").await);
        assert_eq!(browser.text(".banner .name").await, "Carmen Synthetic");
    });
}
