//! The pictures of the README, made from the running sandbox. Ignored: `docs/pictures/make` runs it.

use super::{Options, in_browser, steps};
use crate::support::{AS_OF, Server};
use std::path::Path;
use std::process::Command;

const PATIENT: &str = "textbook-fdg-only";

/// A picture is no larger than this.
const MOST_BYTES: usize = 200_000;

#[test]
#[ignore = "writes docs/pictures; run docs/pictures/make"]
fn pictures() {
    let server = Server::sandbox();
    let options = Options {
        size: (1500, 1400),
        ..Options::default()
    };
    in_browser("pictures", options, async |browser| {
        steps::open_chart(browser, &server.url, PATIENT).await;
        let card = browser.find("article.card").await;
        keep("card", &card.screenshot().await.unwrap());
        steps::launch(browser).await;
        steps::allow(browser).await;
        browser.client.set_window_size(1000, 1300).await.unwrap();
        keep("assessment", &browser.client.screenshot().await.unwrap());

        let drawn = Command::new(env!("CARGO_BIN_EXE_rrdtc"))
            .args(["model", "nomogram", "--as-of", AS_OF, "--patient"])
            .arg(format!("fixtures/patients/{PATIENT}.json"))
            .output()
            .unwrap();
        assert!(
            drawn.status.success(),
            "{}",
            String::from_utf8_lossy(&drawn.stderr)
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nomogram.html");
        let picture = String::from_utf8(drawn.stdout).unwrap();
        std::fs::write(
            &file,
            format!("<!DOCTYPE html><meta charset=\"utf-8\"><body>{picture}"),
        )
        .unwrap();
        browser.open(&format!("file://{}", file.display())).await;
        let nomogram = browser.find("svg").await;
        keep("nomogram", &nomogram.screenshot().await.unwrap());
    });
}

fn keep(name: &str, png: &[u8]) {
    assert!(png.len() <= MOST_BYTES, "{name}: {} bytes", png.len());
    let file = Path::new("docs/pictures").join(format!("{name}.png"));
    std::fs::write(file, png).unwrap();
}
