//! `rrdtc health`, as a container's health check calls it.

use super::process::{Place, client};
use std::net::TcpListener;

#[test]
fn health_says_what_the_service_says() {
    let place = Place::new();
    place.configure("");
    let process = place.serve(&["--open"]);
    let watched = process.server.metrics.clone().unwrap();
    let address = watched.strip_prefix("http://").unwrap().to_owned();
    let ask = |more: &[&str]| {
        let arguments = [&["health", "--metrics-listen", &address], more].concat();
        place.run(&arguments, &[])
    };
    let (code, told) = ask(&[]);
    assert!(
        code == 0 && told.contains("\"model\":true"),
        "{code} {told}"
    );
    let (code, told) = ask(&["--live"]);
    assert!(code == 0 && told.contains("live"), "{code} {told}");
    // A container sets where to listen for both in the environment; "every address" is asked on loopback.
    let port = address.rsplit_once(':').unwrap().1;
    let everywhere = format!("0.0.0.0:{port}");
    let (code, told) = place.run(&["health"], &[("RRDTC_METRICS__LISTEN", &everywhere)]);
    assert!(code == 0 && told.contains("ready"), "{code} {told}");

    assert!(process.stop().success());
    let (code, told) = ask(&[]);
    assert!(
        code == 1 && told.contains("does not answer"),
        "{code} {told}"
    );
}

#[test]
fn a_service_that_is_not_ready_is_not_healthy_but_lives() {
    let place = Place::new();
    // Nobody answers there, so this client has no key.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let keyless: String = client("a", "")
        .lines()
        .map(|line| match line.starts_with("jwks") {
            true => format!(
                "jku = \"http://127.0.0.1:{port}/keys\"\nallow_http = true\nallow_private_networks = [\"127.0.0.0/8\"]\n"
            ),
            false => format!("{line}\n"),
        })
        .collect();
    place.configure(&format!("external_url = \"https://cds.test\"\n{keyless}"));
    let process = place.serve(&[]);
    let watched = process.server.metrics.clone().unwrap();
    let address = watched.strip_prefix("http://").unwrap();
    let (code, told) = place.run(&["health", "--metrics-listen", address], &[]);
    assert!(
        code == 1 && told.contains("\"keys\":false") && told.contains("not ready"),
        "{code} {told}"
    );
    let (code, told) = place.run(&["health", "--live", "--metrics-listen", address], &[]);
    assert_eq!(code, 0, "{told}");
}

#[test]
fn health_needs_an_address_and_a_service_behind_it() {
    let place = Place::new();
    place.configure("[metrics]\nlisten = \"\"\n");
    let (code, told) = place.run(&["health"], &[]);
    assert!(
        code == 2 && told.contains("metrics.listen is empty"),
        "{code} {told}"
    );

    place.configure("");
    let process = place.serve(&["--open"]);
    // The listener for EHRs is not asked by mistake.
    let (code, told) = place.run(&["health", "--metrics-listen", process.address()], &[]);
    assert!(
        code == 1 && told.contains("not this service"),
        "{code} {told}"
    );
}
