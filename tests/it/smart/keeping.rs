//! What is kept of a launch, for how long, and what Redis alone tells.

use super::*;
use crate::auth::replay::RedisServer;

#[test]
fn an_assessment_ends_after_fifteen_minutes() {
    let ehr = Ehr::start(Proof::Public, &[chart_of("p-1", "Ann Doe")]);
    let site = Site::of(&ehr);
    let mut browser = site.browser();
    let page = browser.go(&launch_url(&ehr.base(), &ehr.launch("p-1")));
    assert_eq!(page.status, 200, "{}", page.body);
    // A minute of allowance for the time that the test itself takes.
    site.turn_clock(840);
    assert_eq!(browser.go(&page.url.clone()).status, 200);
    site.turn_clock(60);
    assert_problem(&browser.go(&page.url.clone()), LaunchProblem::Ended);
    site.turn_clock(-60);
    assert_problem(&browser.go(&page.url.clone()), LaunchProblem::Ended);
}

#[test]
fn the_user_ends_it_and_no_other_site_does() {
    let ehr = Ehr::start(Proof::Public, &[chart_of("p-1", "Ann Doe")]);
    let site = Site::of(&ehr);
    let mut browser = site.browser();
    let page = browser.go(&launch_url(&ehr.base(), &ehr.launch("p-1")));
    let end = format!("{}/end", page.url);
    assert!(
        page.body.contains(&format!("action=\"{}\"", path(&end))),
        "{}",
        page.body
    );
    for from in ["cross-site", "same-site", "none"] {
        let refused = browser.step_with("POST", &end, &[("sec-fetch-site", from)]);
        assert_problem(&refused, LaunchProblem::CrossSite);
    }
    let mut stranger = site.browser();
    assert_problem(&stranger.step("POST", &end), LaunchProblem::NoCookie);
    assert_eq!(browser.go(&page.url.clone()).status, 200, "still there");

    let kept = browser.clone();
    let ended = browser.step_with(
        "POST",
        &end,
        &[("sec-fetch-site", "same-origin"), ("origin", "null")],
    );
    assert_eq!(ended.status, 200);
    assert!(ended.body.contains(&words(LaunchProblem::Ended)));
    assert!(browser.cookies.is_empty());
    // Not even with the cookie as it was.
    assert_problem(&kept.clone().go(&page.url.clone()), LaunchProblem::Ended);
    assert_problem(&kept.clone().step("POST", &end), LaunchProblem::Ended);
}

fn path(url: &str) -> String {
    url.strip_prefix(EXTERNAL_URL).unwrap().to_owned()
}

/// Everything that Redis holds: names and values.
fn held(redis: &RedisServer) -> Vec<(String, Vec<u8>)> {
    let keys: Vec<String> = redis::from_redis_value(redis.ask(&["KEYS", "*"])).unwrap();
    keys.into_iter()
        .map(|key| {
            let value = redis::from_redis_value(redis.ask(&["GET", &key])).unwrap();
            (key, value)
        })
        .collect()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn replicas_share_launches_and_redis_alone_tells_nothing() {
    let Some(redis) = RedisServer::start("replicas_share_launches_and_redis_alone_tells_nothing")
    else {
        return;
    };
    let chart = chart_of("p-1", "Ann Doe");
    let ehr = Ehr::start(Proof::Public, std::slice::from_ref(&chart));
    let top = format!("redis_url = \"redis://127.0.0.1:{}/\"\n", redis.port);
    let registered = Registered {
        top: &top,
        ..Registered::at(&ehr)
    };
    let (here, there) = (registered.serve(), registered.serve());
    let callback = format!("{EXTERNAL_URL}/smart/callback");
    crate::operations::process::eventually("Redis answers", || {
        here.browser().go(&start_url(&ehr.base())).status == 200
    });
    redis.ask(&["FLUSHALL"]);

    // Begun here, finished there, seen here.
    let mut browser = here.browser();
    let back = browser.go_until(&launch_url(&ehr.base(), &ehr.launch("p-1")), &callback);
    browser.moves_to(&there.server);
    let page = browser.go(&back);
    assert_assessment(&page, "Ann Doe", &result_id(&chart));
    browser.moves_to(&here.server);
    assert_assessment(
        &browser.go(&page.url.clone()),
        "Ann Doe",
        &result_id(&chart),
    );
    assert_problem(&browser.go(&back), LaunchProblem::UsedState);

    let held_now = held(&redis);
    assert_eq!(
        held_now.len(),
        2,
        "the launch that came back, and the assessment"
    );
    let launch = page.url.rsplit('/').next().unwrap();
    let secret = browser.cookies.values().next().unwrap().clone();
    let result = result_id(&chart);
    for (key, value) in &held_now {
        let (_, hash) = key.rsplit_once(':').unwrap();
        assert!(
            hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()),
            "{key}"
        );
        for text in [
            "Ann Doe",
            "p-1",
            "1970-03-01",
            &result,
            "resultId",
            "ehr",
            launch,
            &secret,
            ehr::TOKEN,
        ] {
            assert!(
                !contains(value, text) && !key.contains(text),
                "{key} tells {text}"
            );
        }
        let seconds: i64 = redis::from_redis_value(redis.ask(&["TTL", key])).unwrap();
        assert!((1..=900).contains(&seconds), "{key} {seconds}");
    }

    // Ended here, it is gone there.
    browser.step("POST", &format!("{}/end", page.url));
    assert_eq!(held(&redis).len(), 1);
}

#[test]
fn without_its_redis_no_launch_is_finished_and_no_page_shown() {
    let test = "without_its_redis_no_launch_is_finished_and_no_page_shown";
    let Some(mut redis) = RedisServer::start(test) else {
        return;
    };
    let ehr = Ehr::start(Proof::Public, &[chart_of("p-1", "Ann Doe")]);
    let top = format!("redis_url = \"redis://127.0.0.1:{}/\"\n", redis.port);
    let site = Registered {
        top: &top,
        ..Registered::at(&ehr)
    }
    .serve();
    let url = || launch_url(&ehr.base(), &ehr.launch("p-1"));
    crate::operations::process::eventually("Redis answers", || {
        site.browser().go(&url()).status == 200
    });
    let mut browser = site.browser();
    let page = browser.go(&url());
    assert_eq!(page.status, 200);
    redis.stop();
    assert_problem(&browser.go(&page.url.clone()), LaunchProblem::Unavailable);
    let asked = ehr.asked().len();
    assert_problem(&site.browser().go(&url()), LaunchProblem::Unavailable);
    let codes = ehr.asked().split_off(asked);
    assert!(
        !codes.iter().any(|request| request.target == "/token"),
        "no code was exchanged"
    );
}
