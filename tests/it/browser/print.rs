//! The assessment on paper: one A4 page for the tumour board.

use super::{Options, in_browser, steps};
use crate::support::Server;
use fantoccini::wd::PrintConfiguration;

#[test]
fn print_to_one_page() {
    let server = Server::sandbox();
    in_browser("print_to_one_page", Options::default(), async |browser| {
        for patient in [
            "textbook-all-present",
            "pet-preliminary-only",
            "history-code-with-metastases",
            "pet-many-lesions-one-observation",
            "no-dtc-metastasis-to-thyroid",
        ] {
            steps::start_app(browser, &server.url, patient).await;
            steps::allow(browser).await;
            let pdf = browser.client.print(PrintConfiguration::default()).await;
            let pdf = pdf.unwrap();
            if let Some(folder) = std::env::var_os("SCREENSHOTS") {
                let file = std::path::Path::new(&folder).join(format!("{patient}.pdf"));
                std::fs::write(file, &pdf).unwrap();
            }
            assert_eq!(pages(&pdf), 1, "{patient}");
        }
        // The count counts: a view that is longer than a page.
        browser.open(&format!("{}/model", server.url)).await;
        let pdf = browser.client.print(PrintConfiguration::default()).await;
        assert!(pages(&pdf.unwrap()) > 3);
    });
}

/// Page objects of a PDF, whose dictionaries Chromium writes as plain text.
fn pages(pdf: &[u8]) -> usize {
    assert!(pdf.starts_with(b"%PDF-"));
    let text = String::from_utf8_lossy(pdf);
    text.matches("/Type /Page\n").count()
}
