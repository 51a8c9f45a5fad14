//! Two patients in two tabs of one browser never mix, whatever the order of the steps.

use super::*;

const CALLBACK: &str = "https://cds.test/smart/callback";

#[test]
fn two_launches_in_one_browser_never_mix() {
    let (ann, bea) = (
        chart_of("p-1", "Ann Doe"),
        positive_chart_of("p-2", "Bea Roe"),
    );
    let ehr = Ehr::start(Proof::Public, &[ann.clone(), bea.clone()]);
    let site = Site::of(&ehr);
    let mut browser = site.browser();
    let url = |patient: &str| launch_url(&ehr.base(), &ehr.launch(patient));
    // Both leave before either comes back; the second comes back first.
    let back_to_ann = browser.go_until(&url("p-1"), CALLBACK);
    let back_to_bea = browser.go_until(&url("p-2"), CALLBACK);
    let second = browser.go(&back_to_bea);
    let first = browser.go(&back_to_ann);
    for _ in 0..2 {
        for (page, mine, other) in [
            (&first, (&ann, "Ann Doe"), "Bea Roe"),
            (&second, (&bea, "Bea Roe"), "Ann Doe"),
        ] {
            let page = browser.go(&page.url.clone());
            assert_assessment(&page, mine.1, &result_id(mine.0));
            assert!(!page.body.contains(other), "{}", page.body);
        }
    }
    assert_eq!(browser.cookies.len(), 2);

    // A third launch, of the first patient again, changes neither page.
    let third = browser.go(&url("p-1"));
    assert_ne!(third.url, first.url);
    assert_assessment(
        &browser.go(&second.url.clone()),
        "Bea Roe",
        &result_id(&bea),
    );

    // The end of one is the end of that one.
    browser.step("POST", &format!("{}/end", first.url));
    assert_problem(&browser.go(&first.url.clone()), LaunchProblem::NoCookie);
    assert_assessment(
        &browser.go(&second.url.clone()),
        "Bea Roe",
        &result_id(&bea),
    );
    assert_assessment(&browser.go(&third.url.clone()), "Ann Doe", &result_id(&ann));
}

#[test]
fn neither_cookie_nor_code_of_one_launch_opens_another() {
    let (ann, bea) = (chart_of("p-1", "Ann Doe"), chart_of("p-2", "Bea Roe"));
    let ehr = Ehr::start(Proof::Public, &[ann, bea]);
    let site = Site::of(&ehr);
    let url = |patient: &str| launch_url(&ehr.base(), &ehr.launch(patient));
    let mut browser = site.browser();
    let first = browser.go(&url("p-1"));
    let only_first = browser.clone();
    let second = browser.go(&url("p-2"));
    // Who has the address of a page has nothing.
    assert_problem(
        &only_first.clone().go(&second.url.clone()),
        LaunchProblem::NoCookie,
    );
    assert_problem(
        &site.browser().go(&first.url.clone()),
        LaunchProblem::NoCookie,
    );
    // The value of one cookie under the name of another.
    let mut mixed = browser.clone();
    let values: Vec<String> = mixed.cookies.values().rev().cloned().collect();
    mixed.cookies = mixed.cookies.keys().cloned().zip(values).collect();
    for page in [&first, &second] {
        assert_problem(&mixed.go(&page.url.clone()), LaunchProblem::Ended);
    }

    // The code of one with the state of another: the verifier does not fit.
    let (third, fourth) = (
        browser.go_until(&url("p-1"), CALLBACK),
        browser.go_until(&url("p-2"), CALLBACK),
    );
    let part = |url: &str, name: &str| -> String {
        let url = url::Url::parse(url).unwrap();
        let mut pairs = url.query_pairs();
        pairs.find(|(n, _)| n == name).unwrap().1.into_owned()
    };
    let crossed = format!(
        "{CALLBACK}?code={}&state={}",
        part(&third, "code"),
        part(&fourth, "state")
    );
    assert_problem(&browser.go(&crossed), LaunchProblem::TokenFailed);
}
